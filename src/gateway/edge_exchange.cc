// The way there: a request, to an upstream, while its answer comes back.
#include <fmt/format.h>

#include "gateway/edge_session.h"
#include "gateway/head_edit.h"

namespace joulebook::gateway {
namespace {

constexpr std::size_t kAhead = 64 * 1024;  // of later requests that are read while one is answered

bool is_address(std::string_view host) {
  return host == "localhost" || host.find_first_not_of("0123456789.:abcdefABCDEF") == host.npos;
}

// RFC 9110, section 9.2.2.
bool idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE";
}

}  // namespace

// A client that waits to be asked for the body is asked here: whoever passes the body on can't wait for
// an upstream that may never ask. The upstream's own 100 then goes no further.
bool Session::to_be_invited() const {
  return !request_.done() && in_.empty() && !continued_ && request_.version() == 11 &&
         http::same_name(request_.field("expect"), "100-continue");
}

Task<bool> Session::invite_body() {
  continued_ = true;
  co_return co_await client_->write("HTTP/1.1 100 Continue\r\n\r\n");
}

// A prompt of megabytes is not held while its answer streams.
void Session::forget_body() {
  for (std::string* bytes : {&raw_body_, &payload_, &out_}) {
    bytes->clear();
    give_up(*bytes);
  }
  replaced_.reset();
  written_ = 0;
}

// Each byte that came earns the next one time, at the rate that is the least.
void Session::body_deadline() {
  const double earned_s = static_cast<double>(body_bytes_) / edge_.options.body_rate;
  client_->until(body_began_ + edge_.options.body_patience +
                 std::chrono::duration_cast<Nanos>(std::chrono::duration<double>(earned_s)));
}

// What is here of the body, to be sent with the head; false where it is malformed.
bool Session::take_body(bool seen) {
  const auto add = [this](std::string_view piece) { payload_ += piece; };
  if (!in_.empty()) take_up(raw_body_);
  if (seen && !in_.empty()) take_up(payload_);
  const std::size_t used = seen ? request_.body(in_, add) : request_.body(in_, {});
  raw_body_.append(in_, 0, used);
  in_.erase(0, used);
  body_bytes_ += used;
  kept_whole_ = request_.done();
  return request_.fault() == http::Fault::none;
}

// The rest of the body, where it is to be seen whole; false where the client broke off.
Task<bool> Session::gather_body() {
  while (!kept_whole_ && payload_.size() <= edge_.options.kept_body) {
    body_deadline();
    const bool came = co_await client_->read(in_);
    if (!came) {
      body_late_ = client_->timed_out();
      co_return false;
    }
    if (!take_body(true)) co_return false;
  }
  client_->no_deadline();
  co_return true;
}

bool Session::replaces() const { return replaced_ && exchange_->replaces_for(upstream_index_); }

void Session::add_head_for_upstream(std::string& out) const {
  const UpstreamAddress& address = upstream_->address();
  std::string prefixed;
  if (!address.prefix.empty()) prefixed = with_prefix(request_.head_bytes(), address.prefix);
  const std::string& head = address.prefix.empty() ? request_.head_bytes() : prefixed;
  std::vector<std::string_view> without;
  std::string more;
  if (continued_) without.push_back("expect");
  if (replaces()) {
    without.insert(without.end(), {"content-length", "transfer-encoding"});
    more += fmt::format("Content-Length: {}\r\n", replaced_->size());
  }
  if (!is_address(address.host)) {  // a host that serves many names must be told which
    without.push_back("host");
    const bool usual = address.port == (address.tls ? "443" : "80");
    more += "Host: " + address.host + (usual ? "" : ":" + address.port) + "\r\n";
  }
  append_edited_head(out, head, without, more);
}

Task<bool> Session::exchange() {
  const Wants wants = exchange_ ? exchange_->wants() : Wants{};
  kept_whole_ = request_.done();
  if (!kept_whole_) body_began_ = now();
  if (wants.body && request_.has_body() &&
      request_.length().value_or(0) <= edge_.options.kept_body) {
    bool gathered = true;
    if (to_be_invited()) gathered = co_await invite_body();
    if (gathered) gathered = take_body(true);
    if (gathered && !kept_whole_) gathered = co_await gather_body();
    if (!gathered) {
      if (body_late_) co_return co_await refuse_late("body");
      if (request_.fault() != http::Fault::none) co_return co_await refuse_body();
      over(Finish::client_gone);
      co_return false;
    }
    if (kept_whole_) replaced_ = exchange_->body(payload_);
  } else if (wants.body && kept_whole_) {
    replaced_ = exchange_->body({});
  } else if (!kept_whole_ && !take_body(false)) {
    co_return co_await refuse_body();
  }
  if (replaced_ && *replaced_ == payload_) replaced_.reset();
  const auto wanted = exchange_ ? exchange_->upstreams() : std::span<const std::uint32_t>();
  Error fault;
  order_of(edge_.upstreams, wanted, now(), order_);
  for (const std::size_t i : order_) {
    upstream_ = edge_.upstreams[i].get();
    upstream_index_ = static_cast<std::uint32_t>(i);
    for (bool fresh = false;; fresh = true) {
      if (!fresh) {
        const Nanos rest = upstream_->rest(now());
        if (rest > Nanos(0)) co_await pause(rest);
        server_ = upstream_->kept(now());
      }
      if (!server_) {
        auto reached = co_await upstream_->connect(edge_.upstream_tls, edge_.readiness, edge_.options);
        if (!reached) {
          upstream_->failed();
          fault = std::move(reached.error());
          break;
        }
        server_ = std::move(*reached);
      }
      upstream_->counts.reachable = true;
      if (!fresh) ++upstream_->counts.requests;
      ++upstream_->counts.running;
      bool follows = false;
      const Tried tried = co_await try_upstream(follows);
      if (tried == Tried::answered) follows = co_await pass_answer();
      --upstream_->counts.running;
      if (hears()) co_await end_hearing();
      server_.reset();
      if (tried != Tried::again) co_return follows;
    }
  }
  if (exchange_) {
    bool ignored = false;
    added_ = exchange_->head({503, {}}, now(), ignored);
  }
  co_return co_await refuse(503, fault);
}

// The body goes beside the answer, so that neither waits for the other; what the kernel takes at once,
// which is all of a usual request, costs nothing more.
Task<Session::Tried> Session::try_upstream(bool& follows) {
  back_.clear();
  something_came_ = sent_whole_ = reuse_ = false;
  server_->no_deadline();
  server_->mark();
  out_.clear();
  take_up(out_);
  add_head_for_upstream(out_);
  out_ += replaces() ? *replaced_ : raw_body_;
  written_ = server_->write_now(out_);
  if (written_ == out_.size() && request_.done()) all_sent();
  if (to_be_invited()) {
    const bool invited = co_await invite_body();
    if (!invited) client_gone_ = true;
  }
  hear_client_later();
  const Read read = co_await read_answer_head();
  if (read == Read::whole && !client_failed()) {
    if (sent_whole_) forget_body();
    co_return Tried::answered;
  }
  if (server_->was_kept() && !something_came_) upstream_->broke(*server_, now());
  if (may_repeat()) co_return Tried::again;
  follows = co_await exchange_failed(read);
  co_return Tried::over;
}

bool Session::client_failed() const {
  return client_gone_ || body_late_ || request_.fault() != http::Fault::none;
}

// A kept connection may have been closed by its upstream while the request was on its way (RFC 9112,
// section 9.3.1). It is sent once more, on a fresh one, where no byte of an answer came and that does
// no harm: its method is idempotent, or the upstream's TCP has acknowledged not one byte of it, so
// that nobody there can have read it whole. Whatever else may have been acted upon is not repeated.
bool Session::may_repeat() const {
  return server_->was_kept() && kept_whole_ && !something_came_ && !client_failed() && !server_->timed_out() &&
         (idempotent(request_.method()) || server_->unheard());
}

Error Session::what_failed(Read read) const {
  Error error{ErrorKind::engine, "gateway.answer", "", "see the upstream's log"};
  if (server_->timed_out()) {
    error.code = "gateway.silent";
    error.message = "the upstream said nothing for as long as it may be silent";
    error.cure = "see what it is doing, or allow more with --silent-s";
  } else if (read == Read::malformed) {
    error.message = "the upstream's answer is not well-formed HTTP/1.1";
  } else if (something_came_) {
    error.message = "the upstream closed within the head of its answer";
  } else if (server_->was_kept()) {
    error.message = "the upstream closed a kept connection without an answer; the request was not repeated, since "
                    "it may have been acted upon";
    error.cure = "send it again, and let the upstream keep idle connections for longer";
  } else {
    error.message = "the upstream closed without an answer";
  }
  return error;
}

Task<bool> Session::exchange_failed(Read read) {
  const Error error = what_failed(read);
  const int status = server_->timed_out() ? 504 : 502;
  co_await end_hearing();
  server_->close();
  if (client_gone_) {
    over(Finish::client_gone);
    co_return false;
  }
  if (body_late_) co_return co_await refuse_late("body");
  if (request_.fault() != http::Fault::none) co_return co_await refuse_body();
  upstream_->failed();
  if (exchange_) {
    bool ignored = false;
    added_ = exchange_->head({status, {}}, now(), ignored);
    over(Finish::upstream_gone);
  }
  co_return co_await refuse(status, error);
}

void Session::tell_sent() {
  if (exchange_ && !told_sent_) exchange_->sent(upstream_index_, now());
  told_sent_ = true;
}

void Session::all_sent() {
  sent_whole_ = true;
  server_->patience(edge_.options.silent_patience);  // until then the body's deadline holds
  tell_sent();
  // Only on a kept connection may it be needed once more.
  if (!server_->was_kept()) forget_body();
}

// A coroutine beside each quick answer would cost more than the answer.
void Session::hear_client_later() {
  hear_later_ = sent_whole_ && !client_->tls();
  waits_ = false;
  if (!hear_later_) hear_client();
}

void Session::hear_client() {
  hear_later_ = false;
  ++turn_;
  stop_ = false;
  const bool only_watches = (!server_ || sent_whole_) && !client_->tls();
  hearing_ = only_watches ? Hearing::watching : Hearing::busy;
  asio::co_spawn(client_->socket().get_executor(), hear(turn_), asio::detached);
}

Task<void> Session::hear(std::uint64_t turn) {
  bool heard = true;
  if (!over(turn) && server_ && !sent_whole_) {
    heard = co_await pass_body();
    if (heard) all_sent();
    if (client_failed()) server_->close();  // wakes who waits for an answer
  }
  if (heard) co_await watch(turn);
  if (turn == turn_) hearing_ = Hearing::none;
}

// False where the client broke off, or where the upstream listens no more: its answer, if there is
// one, says why.
Task<bool> Session::pass_body() {
  if (written_ < out_.size()) {
    if (!co_await server_->write(std::string_view(out_).substr(written_))) co_return false;
    written_ = out_.size();
  }
  while (!stop_ && !request_.done()) {
    const std::size_t used = request_.body(in_, {});
    if (request_.fault() != http::Fault::none) co_return false;
    if (used > 0) {
      if (!co_await server_->write(std::string_view(in_).substr(0, used))) co_return false;
      in_.erase(0, used);
      body_bytes_ += used;
    } else {
      body_deadline();
      if (!co_await client_->read(in_)) {
        (client_->timed_out() ? body_late_ : client_gone_) = true;
        co_return false;
      }
    }
  }
  client_->no_deadline();
  co_return true;
}

// Notices that the client has gone while an answer is waited for, and reads what it sends ahead.
Task<void> Session::watch(std::uint64_t turn) {
  while (!over(turn) && in_.size() < kAhead) {
    if (!client_->tls()) hearing_ = Hearing::watching;
    const bool something = co_await client_->something();
    if (over(turn) || !something) co_return;
    bool came = false;
    if (client_->tls()) {
      came = co_await client_->read(in_);
    } else {
      came = client_->take(in_);
    }
    if (came) continue;
    if (over(turn)) co_return;
    client_gone_ = true;
    if (server_) server_->close();
    co_return;
  }
}

Task<void> Session::end_hearing() {
  hear_later_ = false;
  if (hearing_ == Hearing::none) co_return;
  stop_ = true;
  // A connection to which half a request was written is of no more use.
  if (hearing_ == Hearing::busy && server_ && !sent_whole_) server_->close();
  client_->cancel();
  while (hearing_ == Hearing::busy) co_await asio::post(asio::use_awaitable);
  hearing_ = Hearing::none;
}

}  // namespace joulebook::gateway
