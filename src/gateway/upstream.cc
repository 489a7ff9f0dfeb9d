#include "gateway/upstream.h"

#include <algorithm>

#include "core/text.h"

namespace joulebook::gateway {
namespace {

tl::unexpected<Error> not_reached(const std::string& why) {
  return fail(ErrorKind::engine, "gateway.upstream", "no upstream can be reached: " + why,
              "start the server behind the gateway, or mend its --upstream");
}

tl::unexpected<Error> no_tls(const std::string& why) {
  return fail(ErrorKind::engine, "gateway.certificate", "the upstream is not trusted: " + why,
              "name who signed its certificate with --upstream-ca, and in --upstream the host that it is for");
}

}  // namespace

std::shared_ptr<Wire> Upstream::kept(SteadyTime now) {
  while (!kept_.empty()) {
    const auto newest = std::prev(kept_.end());
    const auto place = rests(**newest, now) ? kept_.begin() : newest;
    if (rests(**place, now)) return nullptr;
    auto wire = std::move(*place);
    kept_.erase(place);
    if (wire->stale()) {
      broke(*wire, now);
      continue;
    }
    const bool stood = wire->streamed() && now >= wire->kept_at() + kEndShows;
    if (stood && after_streams_ == AfterStreams::unknown) after_streams_ = AfterStreams::keeps;
    return wire;
  }
  return nullptr;
}

Nanos Upstream::rest(SteadyTime now) const {
  if (after_streams_ != AfterStreams::unknown || kept_.empty()) return Nanos(0);
  if (!rests(*kept_.front(), now) || !rests(*kept_.back(), now)) return Nanos(0);
  return Nanos(kept_.front()->kept_at().ns - now.ns) + kEndShows;
}

void Upstream::broke(const Wire& wire, SteadyTime now) {
  if (wire.streamed() && now < wire.kept_at() + kSoon) after_streams_ = AfterStreams::closes;
}

Task<Result<std::shared_ptr<Wire>>> Upstream::connect(asio::ssl::context& context, Readiness& readiness,
                                                      const EdgeOptions& patience) {
  const auto executor = co_await asio::this_coro::executor;
  constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
  tcp::resolver resolver(executor);
  auto [unknown, places] = co_await resolver.async_resolve(address_.host, address_.port, kResult);
  if (unknown) co_return not_reached("its name has no address: " + unknown.message());
  auto wire = std::make_shared<Wire>(tcp::socket(executor), patience.write_patience);
  // The connection is watched by itself: the sweep sees only those of sessions.
  asio::steady_timer timer(executor, patience.connect_patience);
  timer.async_wait([weak = std::weak_ptr(wire)](const Code& code) {
    if (const auto held = weak.lock(); held && !code) held->close();
  });
  auto [refused, endpoint] = co_await asio::async_connect(wire->socket(), places, kResult);
  bool good = !refused;
  if (good) {
    Code ignored;
    wire->socket().set_option(tcp::no_delay(true), ignored);
    wire->socket().non_blocking(true, ignored);
    if (address_.tls) good = co_await wire->connect_tls(context, address_.host);
  }
  timer.cancel();
  if (good && !address_.tls) wire->plain(readiness);
  if (wire->closed()) co_return not_reached("it did not answer in time");
  if (refused) co_return not_reached(refused.message());
  if (!good) co_return no_tls(wire->tls_fault());
  co_return wire;
}

void Upstream::keep(std::shared_ptr<Wire> wire, SteadyTime now, bool streamed) {
  wire->no_deadline();
  wire->kept(now, streamed);
  if (kept_.size() < kMostKept && !wire->closed()) kept_.push_back(std::move(wire));
}

void Upstream::failed() {
  ++counts.failures;
  counts.reachable = false;
  rest_until_ = system_clock().now() + kRest;
}

void order_of(const std::vector<std::unique_ptr<Upstream>>& all, std::span<const std::uint32_t> wanted, SteadyTime now,
              std::vector<std::size_t>& order) {
  order.clear();
  if (all.size() == 1) return order.push_back(0);
  for (const auto i : wanted) {
    if (i < all.size() && std::find(order.begin(), order.end(), i) == order.end()) order.push_back(i);
  }
  if (order.empty()) {
    for (std::size_t i = 0; i < all.size(); ++i) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const auto& x = all[a]->counts;
      const auto& y = all[b]->counts;
      return std::pair(x.running, x.requests) < std::pair(y.running, y.requests);
    });
  }
  std::stable_partition(order.begin(), order.end(),
                        [&](std::size_t i) { return !all[i]->resting(now); });
}

}  // namespace joulebook::gateway
