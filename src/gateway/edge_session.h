#pragma once
// One client's connection: its requests, one after another. For the edge's thread alone.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/edge.h"
#include "gateway/net.h"
#include "gateway/upstream.h"
#include "http/message_parser.h"

namespace joulebook::gateway {

// What sessions share.
struct EdgeState {
  EdgeOptions options;
  Metering* metering = nullptr;
  Readiness readiness;  // before what has connections
  std::vector<std::unique_ptr<Upstream>> upstreams;
  asio::ssl::context upstream_tls{asio::ssl::context::tls_client};
  std::uint64_t refused = 0;
  bool draining = false;
};

class Session {
 public:
  Session(EdgeState& edge, std::shared_ptr<Wire> client, std::string peer)
      : edge_(edge),
        client_(std::move(client)),
        peer_(std::move(peer)),
        request_(http::MessageParser::Kind::request),
        answer_(http::MessageParser::Kind::answer) {}

  // Until the connection is over.
  Task<void> run();
  // Tells a peer that speaks no TLS where it should.
  Task<void> wants_tls();
  // Between two requests: may be closed without harm.
  [[nodiscard]] bool idle() const { return idle_; }
  [[nodiscard]] Wire& client() { return *client_; }
  [[nodiscard]] Wire* server() { return server_.get(); }
  // Called now and then: an answer that is waited for at two calls in a row is given up once its client
  // has gone. Whoever writes to a client that went before hears of it then.
  void look_after_client() {
    if (hear_later_ && std::exchange(waits_, true)) hear_client();
  }

 private:
  static SteadyTime now() { return system_clock().now(); }
  enum class Read { whole, closed, malformed };
  Task<Read> read_head();
  Task<bool> serve_one();  // whether another request may follow
  Task<bool> answer_own(const Metering::Own& own);
  Task<bool> refuse(int status, const Error& error);
  Task<bool> refuse_late(const char* what);
  Task<bool> refuse_body();

  bool take_body(bool seen);
  // The request's body where it is to be seen whole; false where the client broke off.
  Task<bool> gather_body();
  [[nodiscard]] bool to_be_invited() const;
  Task<bool> invite_body();
  void body_deadline();
  void forget_body();
  Task<bool> exchange();
  // A connection to an upstream that takes the request, and its answer's head; `again`: nothing came
  // of it, and it is to be sent once more on a fresh connection.
  enum class Tried { over, again, answered };
  Task<Tried> try_upstream(bool& follows);
  Task<bool> exchange_failed(Read read);
  [[nodiscard]] Error what_failed(Read read) const;
  [[nodiscard]] bool may_repeat() const;

  // Beside the answer: the rest of the request, to the upstream, and after it whether the client
  // leaves. Until end_hearing(), which waits where it has to.
  void hear_client();
  void hear_client_later();
  Task<void> hear(std::uint64_t turn);
  Task<bool> pass_body();
  Task<void> watch(std::uint64_t turn);
  Task<void> end_hearing();
  // Nothing is left to be heard later; whether end_hearing() is needed.
  bool hears() {
    hear_later_ = false;
    return hearing_ != Hearing::none;
  }
  [[nodiscard]] bool over(std::uint64_t turn) const { return stop_ || turn != turn_; }
  void tell_sent();
  void all_sent();

  Task<Read> read_answer_head();
  Task<bool> pass_answer();
  Task<bool> pass_payload(std::string out);  // `out`: what goes first
  Task<bool> broken_answer(const std::string& out);
  Task<bool> tunnel();
  void add_head_for_upstream(std::string& out) const;
  [[nodiscard]] bool replaces() const;
  [[nodiscard]] bool may_follow() const;
  [[nodiscard]] bool client_failed() const;
  void over(Finish how);

  EdgeState& edge_;
  std::shared_ptr<Wire> client_;
  std::shared_ptr<Wire> server_;
  std::string peer_;
  http::MessageParser request_;
  http::MessageParser answer_;
  std::string in_;    // from the client, not yet understood
  std::string back_;  // from the upstream
  bool idle_ = true;

  // Of the exchange under way:
  std::unique_ptr<Exchange> exchange_;
  std::vector<HeaderField> fields_;  // of the head that is told of
  std::vector<std::size_t> order_;   // of upstreams
  Upstream* upstream_ = nullptr;
  std::uint32_t upstream_index_ = 0;
  std::string raw_body_;  // as it came, framing and all, as far as it was read
  std::string payload_;   // the same without framing
  std::optional<std::string> replaced_;
  std::string out_;           // what the upstream is sent first: head and body as far as they are here
  std::size_t written_ = 0;   // of it
  SteadyTime body_began_{0};
  std::uint64_t body_bytes_ = 0;  // that the client sent, framing and all
  bool kept_whole_ = false;  // out_ is all of it
  bool told_sent_ = false;
  bool sent_whole_ = false;  // to this upstream
  bool continued_ = false;   // we answered 100-continue
  bool framed_ = false;
  std::string added_;      // header lines for the answer
  bool client_gone_ = false;
  bool body_late_ = false;
  bool something_came_ = false;  // from the upstream
  bool answered_ = false;  // the client was sent a part of the answer
  bool reuse_ = false;     // the upstream's connection may be kept
  // The coroutine beside: a watch of a plain socket is only cancelled, and sees by its turn that it
  // is over; whatever else it does is waited for.
  enum class Hearing { none, busy, watching };
  Hearing hearing_ = Hearing::none;
  std::uint64_t turn_ = 0;
  bool stop_ = false;
  bool hear_later_ = false;  // nothing is left to pass on: it is enough to watch a slow answer's client
  bool waits_ = false;       // it was so when last looked after
};

}  // namespace joulebook::gateway
