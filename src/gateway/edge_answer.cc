// The way back: an upstream's answer, to the client.
#include <array>
#include <utility>

#include "gateway/edge_session.h"
#include "gateway/head_edit.h"

namespace joulebook::gateway {

Task<Session::Read> Session::read_answer_head() {
  for (;;) {
    answer_.restart();
    if (request_.method() == "HEAD") answer_.without_body();
    for (;;) {
      const std::size_t used = answer_.head(back_);
      if (answer_.fault() != http::Fault::none) co_return Read::malformed;
      if (used > 0) {
        back_.erase(0, used);
        break;
      }
      if (!co_await server_->read(back_)) co_return Read::closed;
      something_came_ = true;
    }
    if (answer_.status() >= 200 || answer_.status() == 101) co_return Read::whole;
    // An interim answer passes by itself, but for a 100 that the client has had from us.
    if (answer_.status() == 100 && continued_) continue;
    if (!co_await client_->write(answer_.head_bytes())) {
      client_gone_ = true;
      co_return Read::closed;
    }
  }
}

Task<bool> Session::pass_answer() {
  tell_sent();  // an upstream that answers early has heard what it needs
  fields_.clear();
  for (const auto& field : answer_.fields()) fields_.push_back({field.name, field.value});
  if (exchange_) added_ = exchange_->head({answer_.status(), fields_}, now(), framed_);
  if (answer_.status() == 101) co_return co_await tunnel();
  framed_ = framed_ && answer_.has_body();
  std::string out;
  take_up(out);
  if (framed_) {
    static constexpr std::array<std::string_view, 2> kFraming{"content-length", "transfer-encoding"};
    if (request_.version() == 11) added_ += "Transfer-Encoding: chunked\r\n";
    append_edited_head(out, answer_.head_bytes(), kFraming, added_);
  } else {
    append_edited_head(out, answer_.head_bytes(), {}, added_);
  }
  answered_ = true;
  co_return co_await pass_payload(std::move(out));
}

// The head goes with what came behind it, and whatever one read brought is one write and one chunk.
Task<bool> Session::pass_payload(std::string out) {
  const bool chunks = request_.version() == 11;
  struct {
    Exchange* exchange;
    SteadyTime at;
    std::string edited;
  } shown{exchange_.get(), {}, {}};
  std::string& edited = shown.edited;
  const http::MessageParser::Payload show = [&shown](std::string_view piece) {
    if (shown.exchange != nullptr) shown.exchange->payload(piece, shown.at, shown.edited);
  };
  const auto frame = [&] {
    chunks ? append_chunk(out, edited) : void(out += edited);
    edited.clear();
  };
  bool whole = answer_.done();
  while (!whole) {
    if (!back_.empty()) {
      shown.at = now();
      take_up(edited);
      const std::size_t used = answer_.body(back_, show);
      if (!framed_) out.append(back_, 0, used);
      back_.erase(0, used);
      whole = answer_.done();
    }
    if (out.empty()) take_up(out);
    frame();
    if (whole || answer_.fault() != http::Fault::none) break;
    if (!out.empty()) {
      std::string_view rest = out;
      bool written = client_->write_all_now(rest);
      if (!written) written = co_await client_->write(rest);
      if (!written) {
        client_gone_ = true;
        break;
      }
      out.clear();
      give_up(out);
    }
    give_up(edited);
    if (!co_await server_->read(back_)) {
      whole = !client_failed() && server_->clean_end() && answer_.end_of_stream();
      break;
    }
  }
  if (!whole) co_return co_await broken_answer(out);
  if (exchange_) {
    std::string trailer;
    exchange_->last(now(), edited, trailer);
    frame();
    if (framed_ && chunks) out += "0\r\n" + trailer + "\r\n";
  }
  // Kept before the client can know that it may ask again.
  reuse_ = sent_whole_ && answer_.keep_alive() && back_.empty() && !answer_.until_close();
  if (reuse_) upstream_->keep(std::move(server_), now(), answer_.chunked());
  std::string_view rest = out;
  bool sent = client_->write_all_now(rest);
  if (!sent) sent = co_await client_->write(rest);
  out.clear();
  give_up(out);
  give_up(edited);
  over(sent ? Finish::complete : Finish::client_gone);
  co_return sent && may_follow();
}

// A broken end must look broken to the client too: no last chunk.
Task<bool> Session::broken_answer(const std::string& out) {
  const bool client = client_failed();
  if (!client) {
    upstream_->failed();
    co_await client_->write(out);
  }
  server_->close();
  over(client ? Finish::client_gone : Finish::upstream_gone);
  co_return false;
}

bool Session::may_follow() const {
  // What is left of a body that the upstream did not wait for would be taken for a request.
  if (!request_.done() || !request_.keep_alive() || client_gone_) return false;
  if (framed_) return request_.version() == 11;
  return answer_.keep_alive() && !answer_.until_close();
}

// After a 101 both sides speak another protocol: bytes pass until one of them closes.
Task<bool> Session::tunnel() {
  co_await end_hearing();
  answered_ = true;
  const std::string head = edited_head(answer_.head_bytes(), {}, added_) + back_;
  bool open = co_await client_->write(head);
  if (open) open = co_await server_->write(in_);
  in_.clear();
  back_.clear();
  const auto executor = co_await asio::this_coro::executor;
  asio::co_spawn(
      executor,
      [](std::shared_ptr<Wire> from, std::shared_ptr<Wire> to) -> Task<void> {
        std::string bytes;
        for (bool goes_on = true; goes_on; bytes.clear()) {
          goes_on = co_await from->read(bytes);
          if (goes_on) goes_on = co_await to->write(bytes);
        }
        to->close();
        from->close();
      }(client_, server_),
      asio::detached);
  client_->no_deadline();
  server_->no_deadline();
  while (open) {
    open = co_await server_->read(back_);
    if (open) open = co_await client_->write(back_);
    back_.clear();
  }
  server_->close();
  co_return false;
}

}  // namespace joulebook::gateway
