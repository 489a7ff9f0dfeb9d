#pragma once
// One client's connection: its requests, one after another. For the edge's thread alone.
#include <memory>
#include <string>
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
  // Between two requests: may be closed without harm.
  [[nodiscard]] bool idle() const { return idle_; }
  [[nodiscard]] Wire& client() { return *client_; }
  [[nodiscard]] Wire* server() { return server_.get(); }

 private:
  static SteadyTime now() { return system_clock().now(); }
  enum class Read { whole, closed, malformed };
  Task<Read> read_head();
  Task<bool> serve_one();  // whether another request may follow
  Task<bool> answer_own(const Metering::Own& own);
  Task<bool> refuse(int status, const char* code, const char* message, const char* cure);

  // The request's body where it is to be seen whole; false where the client broke off.
  Task<bool> gather_body();
  Task<bool> invite_body();
  Task<bool> refuse_body();
  void forget_body();
  Task<bool> exchange();
  Task<bool> reach_upstream();
  Task<bool> send_request(std::string_view request);
  Task<bool> pass_rest_of_body();
  Task<Read> read_answer_head();
  Task<bool> pass_answer();
  Task<bool> pass_payload(std::string out);
  Task<bool> tunnel();
  void watch_client();
  [[nodiscard]] std::string head_for_upstream() const;
  [[nodiscard]] bool may_follow() const;
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
  std::vector<HeaderField> fields_;
  Upstream* upstream_ = nullptr;
  std::uint32_t upstream_index_ = 0;
  std::string raw_body_;  // as it came, framing and all, as far as it was read
  std::string payload_;   // the same without framing
  std::optional<std::string> replaced_;
  bool kept_whole_ = false;  // raw_body_ is all of it
  bool continued_ = false;   // we answered 100-continue
  bool framed_ = false;
  std::string added_;      // header lines for the answer
  bool client_gone_ = false;
  bool answered_ = false;  // the client was sent a part of the answer
};

}  // namespace joulebook::gateway
