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
    case 504: return "Gateway Timeout";
    default: return "Status";
  }
}

std::string own_head(int status, std::string_view type, std::string_view more) {
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}", status, reason_of(status), type, more);
}

// GCC 12 destroys some temporaries of a coroutine twice (braced lists, and conditionals in expressions
// that wait): here such things are built outside, or before the wait.
Metering::Own refusal(int status, const Error& error, const std::string& added) {
  Metering::Own own = error_answer(status, error.code.c_str(), error.message, error.cure.c_str(), "joulebook");
  own.fields = added + "Connection: close\r\n";
  return own;
}

Error malformed(const char* what) {
  return {ErrorKind::input, "http.malformed", fmt::format("the request{} is not well-formed HTTP/1.1", what),
          "see what the client sends"};
}

constexpr Nanos kLinger = std::chrono::seconds(5);
constexpr Nanos kAskAgain = std::chrono::milliseconds(2);

}  // namespace

Task<void> Session::run() {
  bool peer_closed = false;
  for (;;) {
    idle_ = in_.empty();
    const Read read = co_await read_head();
    idle_ = false;
    if (read == Read::malformed) {
      ++edge_.refused;
      const Error error = malformed("");
      co_await refuse(http::status_of(request_.fault()), error);
    } else if (read == Read::closed) {
      peer_closed = !client_->timed_out();
      if (!peer_closed && !in_.empty()) co_await refuse_late("head");
    }
    if (read != Read::whole) break;
    const bool follows = co_await serve_one();
    if (!follows) break;
    if (edge_.draining && in_.empty() && !client_->pending()) break;
  }
  // What it sent and nobody read would take the answer with it.
  const bool unread = !request_.done() || !in_.empty() || client_->pending();
  if (!peer_closed && !client_gone_ && (client_->tls() || unread)) co_await client_->linger(kLinger);
  client_->close();
}

Task<void> Session::wants_tls() {
  ++edge_.refused;
  idle_ = false;
  const Error error{ErrorKind::input, "http.plain", "this port speaks TLS, and the client does not",
                    "write https:// in place of http://"};
  co_await refuse(400, error);
  co_await client_->linger(kLinger);
}

Task<Session::Read> Session::read_head() {
  request_.restart();
  added_.clear();
  client_->no_deadline();
  bool begun = !in_.empty();
  if (begun) {
    client_->until(now() + edge_.options.head_patience);
  } else {
    client_->patience(edge_.options.idle_patience);
  }
  for (;;) {
    std::size_t empty = 0;  // lines before a request, RFC 9112, section 2.2
    while (std::string_view(in_).substr(empty).starts_with("\r\n")) empty += 2;
    in_.erase(0, empty);
    const std::size_t used = request_.head(in_);
    if (request_.fault() != http::Fault::none) co_return Read::malformed;
    if (used > 0) {
      in_.erase(0, used);
      client_->no_deadline();
      co_return Read::whole;
    }
    if (!begun && idle_ == false) {
      begun = true;
      client_->no_deadline();
      client_->until(now() + edge_.options.head_patience);
    }
    if (!co_await client_->read(in_)) co_return Read::closed;
    idle_ = false;
  }
}

Task<bool> Session::refuse(int status, const Error& error) {
  const Metering::Own own = refusal(status, error, added_);
  co_await answer_own(own);
  co_return false;
}

Task<bool> Session::answer_own(const Metering::Own& own) {
  const bool head_only = request_.head_done() && request_.method() == "HEAD";
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
  hear_client();
  std::uint64_t cursor = own.cursor;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  const bool events = own.content_type.starts_with("text/event-stream");
  SteadyTime last = now();
  while (!client_gone_ && !edge_.draining) {
    if (events && now() - last > std::chrono::seconds(15)) add(":\n\n");
    if (!out.empty()) {
      if (!co_await client_->write(out)) break;
      out.clear();
      last = now();
    }
    timer.expires_after(std::chrono::milliseconds(100));
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    add(edge_.metering->next(cursor));
  }
  co_await end_hearing();
  co_return false;
}

Task<bool> Session::serve_one() {
  exchange_.reset();
  forget_body();
  added_.clear();
  body_bytes_ = 0;
  kept_whole_ = continued_ = framed_ = client_gone_ = answered_ = body_late_ = told_sent_ = reuse_ = false;
  server_.reset();
  upstream_ = nullptr;
  fields_.clear();
  for (const auto& field : request_.fields()) fields_.push_back({field.name, field.value});
  const RequestHead head{request_.method(), request_.target(), fields_, peer_};
  if (edge_.metering != nullptr) {
    std::optional<Metering::Own> own = edge_.metering->own(head);
    while (own && own->later) {
      co_await pause(kAskAgain);
      own = edge_.metering->own(head);
    }
    if (own) {
      const bool follows = co_await answer_own(*own);
      co_return follows;
    }
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

Task<bool> Session::refuse_body() {
  ++edge_.refused;
  over(Finish::refused);
  const Error error = malformed("'s body");
  co_return co_await refuse(400, error);
}

Task<bool> Session::refuse_late(const char* what) {
  ++edge_.refused;
  const Error error{ErrorKind::input, "http.late", fmt::format("the request's {} did not come in time", what),
                    "see what holds the client up, or allow more with --head-s, --body-s and --body-rate"};
  over(Finish::client_gone);
  co_return co_await refuse(408, error);
}

}  // namespace joulebook::gateway
