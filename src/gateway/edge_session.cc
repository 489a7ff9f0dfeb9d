#include "gateway/edge_session.h"

#include <fmt/format.h>

#include "core/text.h"
#include "gateway/head_edit.h"
#include "gateway/own_answer.h"

namespace joulebook::gateway {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

std::string own_head(int status, std::string_view type, std::string_view more) {
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}", status, reason_of(status), type, more);
}

// GCC 12 destroys some temporaries of a coroutine twice (braced lists, and conditionals in expressions
// that wait): here such things are built outside, or before the wait.
Metering::Own refusal(int status, const char* code, const char* message, const char* cure,
                      const std::string& added) {
  Metering::Own own = error_answer(status, code, message, cure, "joulebook");
  own.fields = added + "Connection: close\r\n";
  return own;
}

bool is_address(std::string_view host) {
  return host == "localhost" || host.find_first_not_of("0123456789.:abcdefABCDEF") == host.npos;
}

}  // namespace

Task<void> Session::run() {
  for (;;) {
    idle_ = in_.empty();
    const Read read = co_await read_head();
    if (read == Read::closed) break;
    if (read == Read::malformed) {
      ++edge_.refused;
      co_await refuse(http::status_of(request_.fault()), "http.malformed",
                      "the request is not well-formed HTTP/1.1", "see what the client sends");
      break;
    }
    client_->no_deadline();
    if (!co_await serve_one()) break;
    if (edge_.draining && in_.empty()) break;
  }
  client_->close();
}

Task<Session::Read> Session::read_head() {
  request_.restart();
  client_->patience(in_.empty() ? edge_.options.idle_patience : edge_.options.head_patience);
  for (;;) {
    while (in_.starts_with("\r\n")) in_.erase(0, 2);  // RFC 9112, section 2.2
    const std::size_t used = request_.head(in_);
    if (request_.fault() != http::Fault::none) co_return Read::malformed;
    if (used > 0) {
      in_.erase(0, used);
      co_return Read::whole;
    }
    const bool first = in_.empty();
    if (!co_await client_->read(in_)) co_return Read::closed;
    if (first) client_->patience(edge_.options.head_patience);
    idle_ = false;
  }
}

Task<bool> Session::refuse(int status, const char* code, const char* message, const char* cure) {
  const Metering::Own own = refusal(status, code, message, cure, added_);
  client_->patience(edge_.options.write_patience);
  co_await answer_own(own);
  co_return false;
}

Task<bool> Session::answer_own(const Metering::Own& own) {
  const bool head_only = request_.head_done() && request_.method() == "HEAD";
  client_->patience(edge_.options.write_patience);
  if (!own.live) {
    std::string whole = own_head(own.status, own.content_type, own.fields) +
                        fmt::format("Content-Length: {}\r\n\r\n", own.body.size());
    if (!head_only) whole += own.body;
    const bool sent = co_await client_->write(whole);
    // A body that nobody read would be taken for the next request.
    co_return sent && request_.head_done() && !request_.has_body() && request_.keep_alive();
  }
  const bool chunked = request_.version() == 11;
  std::string out = own_head(own.status, own.content_type,
                             own.fields + (chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                                                   : "Connection: close\r\n\r\n"));
  const auto add = [&](std::string_view bytes) {
    chunked ? append_chunk(out, bytes) : void(out += bytes);
  };
  add(own.body);
  watch_client();
  std::uint64_t cursor = own.cursor;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const bool events = own.content_type.starts_with("text/event-stream");
  SteadyTime last = now();
  while (!client_gone_ && !edge_.draining) {
    if (events && now() - last > std::chrono::seconds(15)) add(":\n\n");
    if (!out.empty()) {
      client_->patience(edge_.options.write_patience);
      if (!co_await client_->write(out)) break;
      client_->no_deadline();
      out.clear();
      last = now();
    }
    timer.expires_after(std::chrono::milliseconds(100));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    add(edge_.metering->next(cursor));
  }
  co_return false;
}

// Notices that the client has gone while an answer is waited for.
void Session::watch_client() {
  asio::co_spawn(
      client_->socket().get_executor(),
      [](std::shared_ptr<Wire> client, Session* session) -> Task<void> {
        // The session outlives this: it cancels the wait before it goes on.
        if (!co_await client->gone()) co_return;
        session->client_gone_ = true;
        if (session->server_) session->server_->close();
      }(client_, this),
      asio::detached);
}

Task<bool> Session::serve_one() {
  exchange_.reset();
  raw_body_.clear();
  payload_.clear();
  replaced_.reset();
  added_.clear();
  kept_whole_ = continued_ = framed_ = client_gone_ = answered_ = false;
  server_.reset();
  upstream_ = nullptr;
  fields_.clear();
  for (const auto& field : request_.fields()) fields_.push_back({field.name, field.value});
  const RequestHead head{request_.method(), request_.target(), fields_, peer_};
  if (edge_.metering != nullptr) {
    if (const auto own = edge_.metering->own(head)) co_return co_await answer_own(*own);
    exchange_ = edge_.metering->begin(head, now());
  }
  const bool again = co_await exchange();
  over(again || answered_ ? Finish::complete : Finish::refused);
  co_return again;
}

void Session::over(Finish how) {
  if (!exchange_) return;
  exchange_->over(how, now());
  exchange_.reset();
}

// A client that waits to be asked for the body is asked here: whoever passes the body on can't wait for
// an upstream that may never ask. The upstream's own 100 then goes no further.
Task<bool> Session::invite_body() {
  const bool waits = request_.version() == 11 && in_.empty() && !request_.done() && !continued_ &&
                     http::same_name(request_.field("expect"), "100-continue");
  if (!waits) co_return true;
  continued_ = true;
  client_->patience(edge_.options.write_patience);
  co_return co_await client_->write("HTTP/1.1 100 Continue\r\n\r\n");
}

// A prompt of megabytes is not held while its answer streams.
void Session::forget_body() {
  std::string().swap(raw_body_);
  std::string().swap(payload_);
  replaced_.reset();
}

Task<bool> Session::refuse_body() {
  ++edge_.refused;
  co_return co_await refuse(400, "http.malformed", "the request's body is not well-formed",
                            "see what the client sends");
}

Task<bool> Session::gather_body() {
  const auto add = [this](std::string_view piece) { payload_ += piece; };
  if (!co_await invite_body()) co_return false;
  client_->patience(edge_.options.head_patience);
  while (!request_.done()) {
    const std::size_t used = request_.body(in_, add);
    raw_body_.append(in_, 0, used);
    in_.erase(0, used);
    if (request_.fault() != http::Fault::none) co_return false;
    if (request_.done() || payload_.size() > edge_.options.kept_body) break;
    if (!co_await client_->read(in_)) co_return false;
    client_->patience(edge_.options.head_patience);
  }
  client_->no_deadline();
  kept_whole_ = request_.done();
  co_return true;
}

std::string Session::head_for_upstream() const {
  std::string head = request_.head_bytes();
  const UpstreamAddress& address = upstream_->address();
  if (!address.prefix.empty()) head = with_prefix(head, address.prefix);
  std::vector<std::string_view> without;
  std::string more;
  if (continued_) without.push_back("expect");
  if (replaced_) {
    without.insert(without.end(), {"content-length", "transfer-encoding"});
    more += fmt::format("Content-Length: {}\r\n", replaced_->size());
  }
  if (!is_address(address.host)) {  // a host that serves many names must be told which
    without.push_back("host");
    const bool usual = address.port == (address.tls ? "443" : "80");
    more += "Host: " + address.host + (usual ? "" : ":" + address.port) + "\r\n";
  }
  return without.empty() ? head : edited_head(head, without, more);
}

Task<bool> Session::exchange() {
  const Wants wants = exchange_ ? exchange_->wants() : Wants{};
  kept_whole_ = request_.done();
  if (wants.body && request_.has_body() &&
      request_.length().value_or(0) <= edge_.options.kept_body) {
    if (!co_await gather_body()) {
      if (request_.fault() != http::Fault::none) {
        co_return co_await refuse_body();
      }
      over(Finish::client_gone);
      co_return false;
    }
    if (kept_whole_) replaced_ = exchange_->body(payload_);
  } else if (wants.body && kept_whole_) {
    replaced_ = exchange_->body({});
  }
  if (replaced_ && *replaced_ == payload_) replaced_.reset();
  if (!co_await reach_upstream()) co_return false;
  forget_body();
  ++upstream_->counts.running;
  const bool again = co_await pass_answer();
  --upstream_->counts.running;
  client_->cancel();  // the watch
  co_return again;
}

// Finds an upstream that takes the request. A kept connection may have gone stale unseen: what was
// sent on it without an answer is sent once more on a fresh one.
Task<bool> Session::reach_upstream() {
  const auto wanted = exchange_ ? exchange_->upstreams() : std::span<const std::uint32_t>();
  for (const std::size_t i : order_of(edge_.upstreams, wanted, now())) {
    upstream_ = edge_.upstreams[i].get();
    upstream_index_ = static_cast<std::uint32_t>(i);
    server_ = co_await upstream_->connect(edge_.upstream_tls, edge_.options.connect_patience, false);
    if (!server_) {
      upstream_->failed();
      continue;
    }
    upstream_->counts.reachable = true;
    ++upstream_->counts.requests;
    const std::string request = head_for_upstream() + (replaced_ ? *replaced_ : raw_body_);
    if (co_await send_request(request)) co_return true;
    server_ = co_await upstream_->connect(edge_.upstream_tls, edge_.options.connect_patience, true);
    if (server_) {
      if (co_await send_request(request)) co_return true;
    }
    upstream_->failed();
  }
  if (exchange_) {
    bool ignored = false;
    added_ = exchange_->head({503, {}}, now(), ignored);
  }
  co_return co_await refuse(503, "gateway.upstream", "no upstream can be reached",
                            "start the server behind the gateway, or mend its --upstream");
}

Task<bool> Session::send_request(std::string_view request) {
  server_->patience(edge_.options.write_patience);
  co_return co_await server_->write(request);
}

// What of the body was not kept: it passes as it comes.
Task<bool> Session::pass_rest_of_body() {
  if (!co_await invite_body()) co_return false;
  while (!request_.done()) {
    const std::size_t used = request_.body(in_, {});
    if (request_.fault() != http::Fault::none) co_return false;
    if (used > 0) {
      server_->patience(edge_.options.write_patience);
      // An upstream that answers before it has heard all may listen no more.
      if (!co_await server_->write(std::string_view(in_).substr(0, used))) co_return true;
      in_.erase(0, used);
    } else {
      client_->patience(edge_.options.head_patience);
      if (!co_await client_->read(in_)) co_return false;
    }
  }
  client_->no_deadline();
  co_return true;
}

}  // namespace joulebook::gateway
