#pragma once
// Where requests go: an upstream's kept connections, and which one is to be tried. For the edge's thread alone.
#include <joulebook/result.h>

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gateway/edge.h"
#include "gateway/net.h"
#include "gateway/upstream_address.h"

namespace joulebook::gateway {

class Upstream {
 public:
  explicit Upstream(UpstreamAddress address) : address_(std::move(address)) {}

  // A kept connection that still stands; null: there is none. Some servers (llama-server) close after every
  // streamed answer without a word: until one is known to keep such connections, each rests for a moment
  // before it is used again, so that its end is seen and no request goes out on it.
  [[nodiscard]] std::shared_ptr<Wire> kept(SteadyTime now);
  // How long to wait for one that rests, as long as nothing is known: a server that has one connection at a
  // time would never hear a second. 0: no wait.
  [[nodiscard]] Nanos rest(SteadyTime now) const;
  // A new one. Errors: engine
  // "gateway.upstream" (no such host, nobody listens, too late), "gateway.certificate" (or no TLS);
  // they name no address, since clients read them.
  Task<Result<std::shared_ptr<Wire>>> connect(asio::ssl::context& context, Readiness& readiness, const EdgeOptions& patience);
  // Takes back a connection on which a message ended and another may follow.
  void keep(std::shared_ptr<Wire> wire, SteadyTime now, bool streamed);
  // A kept connection broke under a request.
  void broke(const Wire& wire, SteadyTime now);
  void forget_kept() { kept_.clear(); }

  // Failed a moment ago: others are tried first.
  [[nodiscard]] bool resting(SteadyTime now) const { return now < rest_until_; }
  void failed();
  [[nodiscard]] const UpstreamAddress& address() const { return address_; }

  UpstreamCounts counts;

 private:
  static constexpr std::size_t kMostKept = 1024;  // a thousand answers end at once, and their clients ask again
  static constexpr Nanos kRest = std::chrono::seconds(1);
  static constexpr Nanos kEndShows = std::chrono::milliseconds(20);  // of a connection that its server closes at once
  static constexpr Nanos kSoon = std::chrono::seconds(1);  // servers close idle connections after longer than this
  enum class AfterStreams { unknown, keeps, closes };
  [[nodiscard]] bool rests(const Wire& wire, SteadyTime now) const {
    return after_streams_ != AfterStreams::keeps && wire.streamed() && now < wire.kept_at() + kEndShows;
  }
  UpstreamAddress address_;
  std::vector<std::shared_ptr<Wire>> kept_;  // the oldest first
  AfterStreams after_streams_ = AfterStreams::unknown;
  SteadyTime rest_until_{0};
};

// Indices of upstreams in the order in which they are to be tried: those asked for as they were asked
// for, else the least busy first; those that rest come last.
void order_of(const std::vector<std::unique_ptr<Upstream>>& all, std::span<const std::uint32_t> wanted, SteadyTime now,
              std::vector<std::size_t>& order);

}  // namespace joulebook::gateway
