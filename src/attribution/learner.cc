#include "attribution/learner.h"

#include <algorithm>
#include <cmath>

namespace joulebook::attribution {
namespace {

constexpr double kNormal = 1.96;
constexpr double kLeastBusy = 0.1;  // of a window: less is an error of the wire's times
// Of what a power limit may have kept: steps within a window lie above and below its mean power, and
// the limit acts on each.
constexpr double kLimitDoubt = 0.3;
constexpr double kBypassDoubt = 0.3;  // of what bypassed: when it came the page doesn't say
constexpr std::size_t kMostDomains = 256, kMostWaiting = 1024;

// Of an engine that nobody knows windows may say as much as if they left this part of the error that is expected of linear
// prices, where they leave no more.
constexpr double kLeastNoise = 0.6;

constexpr std::size_t kMostUpstreams = 8;  // with factors of their own, on one domain

double sum_of(const std::map<std::uint32_t, Parts>& parts) {
  double sum = 0;
  for (const auto& [upstream, of] : parts) {
    for (const double j : of) sum += j;
  }
  return sum;
}

}  // namespace

bool covers(const ActiveEnergy& e, std::uint32_t upstream) {
  return e.upstreams.empty() ||
         std::find(e.upstreams.begin(), e.upstreams.end(), upstream_of(upstream)) != e.upstreams.end();
}

Sharers sharers_of(const ActiveEnergy& e, const WindowWork& work) {
  Sharers out;
  for (const auto& [upstream, parts] : work.bypass) {
    if (covers(e, upstream)) out.bypass.emplace(upstream, parts);
  }
  out.all = out.bypass;
  for (const RequestWork& r : work.requests) {
    if (!covers(e, r.upstream)) continue;
    out.requests.push_back(&r);
    Parts& all = out.all[r.upstream];
    for (std::size_t i = 0; i < kParts; ++i) all[i] += r.total[i];
  }
  return out;
}

double edge_error(const Quantity& q) {
  if (!q.present() || !std::isfinite(q.own.width())) return 0;
  const double half = std::max(q.own.width(), 0.0) / 2;
  return q.level >= 1 ? half / 2 / std::sqrt(3.0) : half / kNormal / std::sqrt(2.0);
}

Learner::Learner(const Engines& engines) {
  prices_.other = common_prices();
  for (const auto& [engine, model] : engines.known()) prices_.prices[engine] = prices_of(model->work);
}

void Learner::measured(const ActiveEnergy& e) {
  constexpr std::int64_t kFirst = 2'000'000'000;
  if (e.begin.ns < edge_ || learned_.contains({e.begin.ns, e.domain})) return;
  waiting_.push_back({e, e.end.ns + kFirst});
  if (waiting_.size() > kMostWaiting) waiting_.pop_front();
}

void Learner::catch_up(const Tracks& tracks, const BypassWatch& bypass) {
  WindowWork work;
  std::int64_t begin = INT64_MIN, end = INT64_MIN;
  const std::int64_t now = tracks.now();
  for (Waiting& w : waiting_) {
    if (w.next > now) continue;
    const ActiveEnergy& e = w.energy;
    if (e.begin.ns != begin || e.end.ns != end) {
      begin = e.begin.ns;
      end = e.end.ns;
      work = window_work(tracks, prices_, bypass.over(begin, end, tracks), begin, end);
    }
    learn(e, work, sharers_of(e, work));
    w.next = now + 3 * (now - e.end.ns);  // each time four times as old
  }
  std::erase_if(waiting_, [&](const Waiting& w) {
    return learned_.contains({w.energy.begin.ns, w.energy.domain});
  });
}

void Learner::learn(const ActiveEnergy& e, const WindowWork& work, const Sharers& sharers) {
  if (!work.known || learned_.contains({e.begin.ns, e.domain})) return;
  learn_time(e, work);
  const double joules = to_joules(e.active).value();
  if (!(joules > 0) || (!fits_.contains(e.domain) && fits_.size() >= kMostDomains)) return;
  learned_.emplace(e.begin.ns, e.domain);
  const double window_s = static_cast<double>((e.end - e.begin).count()) * 1e-9;
  const double busy_s = std::max({work.busy_s, kLeastBusy * window_s, 1e-9});
  const double limited = bent(sharers, joules / busy_s);
  const double all = sum_of(sharers.all), bypassed = all > 0 ? sum_of(sharers.bypass) / all : 0;
  const double error = std::hypot(std::sqrt(2.0) * edge_error(e.energy) / joules, kLimitDoubt * limited,
                                  kBypassDoubt * bypassed);
  Fits& fit = fits_[e.domain];
  enrol(fit.upstreams, sharers);
  std::vector<Parts> priced(fit.upstreams.size());
  for (const auto& [upstream, parts] : sharers.all) {
    Parts& into = priced[place(fit.upstreams, upstream)];
    for (std::size_t i = 0; i < kParts; ++i) into[i] += parts[i];
  }
  const WindowSpan span{e.begin.ns, e.end.ns};
  fit.fair.add(priced, joules, error, limited, span);
  fit.marginal.add(priced, joules, error, limited, span);
}

void Learner::learn_time(const ActiveEnergy& e, const WindowWork& work) {
  if (!learned_.emplace(e.begin.ns, std::string()).second) return;
  time_.add(work.step_parts, work.busy_s, 0.01, 0);
}

// Share of what was due that a power limit may have kept from a window at this power, at the
// softest knee that the serving model allows (its `power_cap_sharpness`, docs/physics-serving.md).
// Of a device that nobody named no limit is known: one guessed just above the most that was seen would
// take the busiest windows, which say most of prompts, for doubtful.
double Learner::bent(const Sharers& sharers, double watts) const {
  constexpr double kSoftest = 4, kAtMost = 0.97;
  double limit = 0;
  for (const RequestWork* r : sharers.requests)
    limit = std::max(limit, prices_.of(r->upstream).limit_w);
  if (limit <= 0) return 0;
  const double at = std::min(watts / limit, kAtMost);
  return 1 - std::pow(1 - std::pow(at, kSoftest), 1 / kSoftest);
}

void Learner::enrol(std::vector<std::uint32_t>& upstreams, const Sharers& sharers) {
  for (const auto& [upstream, parts] : sharers.all) {
    const bool known = std::find(upstreams.begin(), upstreams.end(), upstream) != upstreams.end();
    if (!known && upstreams.size() < kMostUpstreams) upstreams.push_back(upstream);
  }
}

std::size_t Learner::place(const std::vector<std::uint32_t>& upstreams, std::uint32_t upstream) {
  const auto at = std::find(upstreams.begin(), upstreams.end(), upstream);
  return std::min(static_cast<std::size_t>(at - upstreams.begin()), upstreams.size() - 1);
}

std::map<std::uint32_t, Learner::Known> Learner::factors(const ActiveEnergy& e,
                                                         const Sharers& sharers) const {
  static const Fits kNone;
  const auto found = fits_.find(e.domain);
  const Fits& fits = found == fits_.end() ? kNone : found->second;
  std::vector<std::uint32_t> upstreams = fits.upstreams;
  enrol(upstreams, sharers);
  std::vector<PriorPrices> before;
  for (const std::uint32_t upstream : upstreams) {
    const Prices& prices = prices_.of(upstream);
    before.push_back({prices.spread, prices.doubt, prices.known ? 1 : kLeastNoise});
  }
  const auto fair = fits.fair.solve(before), marginal = fits.marginal.solve(before);
  std::map<std::uint32_t, Known> out;
  for (const auto& [upstream, parts] : sharers.all) {
    const std::size_t at = place(upstreams, upstream);
    out[upstream] = {fair[at], marginal[at]};
  }
  return out;
}

Factors Learner::step_time(std::uint32_t upstream) const {
  return time_.solve(prices_.of(upstream).spread);
}

void Learner::forget(std::int64_t edge) {
  edge_ = std::max(edge_, edge);
  std::erase_if(waiting_, [&](const Waiting& w) { return w.energy.begin.ns < edge; });
  learned_.erase(learned_.begin(), learned_.lower_bound({edge, std::string()}));
}

}  // namespace joulebook::attribution
