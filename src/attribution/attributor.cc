#include "attribution/attributor.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "attribution/account.h"
#include "attribution/engines.h"
#include "attribution/learner.h"
#include "core/breath.h"

namespace joulebook::attribution {
namespace {

constexpr double kNormal = 1.96;

double dot(const Parts& a, const Parts& b) {
  double sum = 0;
  for (std::size_t i = 0; i < kParts; ++i) sum += a[i] * b[i];
  return sum;
}

// How a share of `total` moves with the factors on the prices.
Parts gradient(const Parts& parts, double share, const Parts& all, double weight) {
  Parts g{};
  for (std::size_t i = 0; i < kParts; ++i) g[i] = (parts[i] - share * all[i]) / weight;
  return g;
}

Parts times(const Parts& parts, double k) {
  Parts out = parts;
  for (double& x : out) x *= k;
  return out;
}

// s of the window in which models of what `e` covers were loaded.
double loading_s(const ActiveEnergy& e, std::vector<WindowWork::Load> loads) {
  std::sort(loads.begin(), loads.end(), [](const auto& a, const auto& b) { return a.from < b.from; });
  std::int64_t ns = 0, until = INT64_MIN;
  for (const auto& load : loads) {
    if (!covers(e, load.upstream) || load.until <= until) continue;
    ns += load.until - std::max(load.from, until);
    until = load.until;
  }
  return static_cast<double>(ns) * 1e-9;
}

// Loading beside work, as a weight beside its: a second of the one counts as one of the other.
double load_weight(double loading_s, double busy_s, double work) {
  if (!(loading_s > 0)) return 0;
  return work > 0 && busy_s > 0 ? work * loading_s / busy_s : 1;
}

void sum(Parts& into, const Parts& parts) {
  for (std::size_t i = 0; i < kParts; ++i) into[i] += parts[i];
}

Reason nobody() {
  return {"attribution.no_work", "Energy above idle was drawn while no request was seen at work.",
          "The idle floor is learned while nothing runs; other users of the device show with "
          "--domains or "
          "in the engine's metrics page."};
}

// Traffic has shown enough to tell these requests' shares apart.
bool identified(const Sharers& sharers, const std::map<std::uint32_t, Learner::Known>& factors,
                double total) {
  constexpr double kLeastWindows = 20, kError = 0.1;
  double error = 0, given = 0;
  for (const RequestWork* r : sharers.requests) {
    const Factors& f = factors.at(r->upstream).fair;
    if (f.windows < kLeastWindows) return false;
    const double share = dot(r->total, f.value) / total;
    error += std::sqrt(variance(f.covariance, gradient(r->total, share, sharers.all.at(r->upstream), total)));
    given += share;
  }
  return given > 0 && error <= kError * given;
}

// How well the line between engines is known: as far as windows told what each of them costs, relative to its
// own part. What always runs side by side is never told apart. On seeds 101 to 124 of the simulated engine.
std::map<std::uint32_t, double> lines_between(const Sharers& sharers,
                                              const std::map<std::uint32_t, Learner::Known>& factors, double total) {
  constexpr double kKnown = 0.7, kMost = 0.25;  // of its factors' spread; of what others have
  std::map<std::uint32_t, double> out;
  for (const RequestWork* r : sharers.requests) out[r->upstream] += dot(r->total, factors.at(r->upstream).fair.value);
  for (auto& [upstream, own] : out) {
    const double others = out.size() > 1 && total > 0 ? std::clamp(1 - own / total, 0.0, 1.0) : 0;
    const Parts& all = sharers.all.at(upstream);
    const Factors& f = factors.at(upstream).fair;
    const double spread = std::sqrt(variance(f.covariance, all)) / std::max(dot(all, f.value), 1e-12);
    own = std::min(kKnown * spread, kMost * others);
  }
  return out;
}

}  // namespace

struct Attributor::State {
  explicit State(Options given)
      : options(std::move(given)), engines(options), tracks(options), learner(engines) {}

  const WindowWork& work(const ActiveEnergy& e) {
    if (e.begin.ns == work_begin && e.end.ns == work_end && cached) return *cached;
    const bool is_new =
        e.begin.ns >= learned;  // each window is learned from once, whatever its domains
    if (is_new) tracks.learn(e.begin.ns, e.end.ns);
    learned = std::max(learned, e.end.ns);
    cached = window_work(tracks, learner.prices(), bypass.over(e.begin.ns, e.end.ns, tracks), e.begin.ns,
                         e.end.ns);
    work_begin = e.begin.ns;
    work_end = e.end.ns;
    return *cached;
  }

  // What was known of the traffic is more now.
  void changed() {
    cached.reset();
    for (const auto& change : tracks.take_changes()) bypass.changed(change);
  }

  [[nodiscard]] std::string rule(const Sharers& sharers, bool identified) const;
  struct Weighed {
    const std::map<std::uint32_t, Learner::Known>& factors;
    const std::map<std::uint32_t, Parts>& all;
    double total;  // of all, by fair factors
    double marginal_total;
    std::map<std::uint32_t, Factors>& paces;  // by upstream, of this window
    const std::map<std::uint32_t, double>& beside;  // of an upstream's part, relative: sd of the line to the others'
  };
  void post(const ActiveEnergy& e, const RequestWork& w, const Weighed& by,
            std::span<const std::int64_t> parts, Division& out);
  void post_marginal(DomainAccount& d, const RequestWork& w, const Weighed& by, double joules);
  void cover(const ActiveEnergy& e);
  void unattributed(const ActiveEnergy& e, const std::vector<const RequestWork*>& shared,
                    double joules);

  Options options;
  Engines engines;
  Tracks tracks;
  BypassWatch bypass;
  Learner learner;
  std::unordered_map<RequestId, Account> accounts;
  WordBook words;
  std::optional<WindowWork> cached;
  std::int64_t work_begin = 0, work_end = 0;
  std::int64_t learned = INT64_MIN;
};

Attributor::Attributor(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Attributor::~Attributor() = default;
Attributor::Attributor(Attributor&&) noexcept = default;
Attributor& Attributor::operator=(Attributor&&) noexcept = default;

void Attributor::remark(const Remark& remark) {
  if (std::holds_alternative<Arrived>(remark.what)) {
    Remark placed = remark;
    auto& arrived = std::get<Arrived>(placed.what);
    arrived.upstream = state_->engines.of(arrived);
    state_->tracks.remark(placed);
  } else {
    state_->tracks.remark(remark);
  }
  state_->changed();
}

void Attributor::reading(const EngineReading& reading) {
  State& s = *state_;
  s.tracks.now(reading.end.ns);
  if (reading.running && reading.upstream < Engines::kMostUpstreams) {
    s.tracks.page(reading.upstream, reading.begin.ns, reading.end.ns, *reading.running + reading.waiting.value_or(0));
  }
  s.changed();
  s.bypass.reading(reading, s.tracks);
}

void Attributor::now(SteadyTime at) {
  state_->tracks.now(at.ns);
  state_->changed();
}

bool Attributor::ready(SteadyTime end) const {
  const std::int64_t now = state_->tracks.now();
  if (now < end.ns) return false;
  if (now - end.ns >= state_->options.horizon.count()) return true;
  return !state_->tracks.open_before(end.ns) && state_->bypass.ready(end.ns, now);
}

void Attributor::measured(const ActiveEnergy& energy) {
  state_->learner.measured(energy);
  state_->learner.catch_up(state_->tracks, state_->bypass);
}

std::string Attributor::State::rule(const Sharers& sharers, bool identified) const {
  std::set<std::string> names;
  for (const RequestWork* r : sharers.requests) {
    const ServedModel* model = engines.model(r->upstream);
    if (model == nullptr || !learner.prices().of(r->upstream).known) return identified ? "fitted" : "tokens";
    names.insert(model->name);
  }
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "physics:" : "+") + name;
  return out.empty() ? "physics:" : out;
}

Division Attributor::divide(const ActiveEnergy& e) {
  State& s = *state_;
  Division out;
  const WindowWork& work = s.work(e);
  const Sharers sharers = sharers_of(e, work);
  const auto& shared = sharers.requests;
  s.learner.learn(e, work, sharers);
  const auto factors = s.learner.factors(e, sharers);
  double total = 0, marginal_total = 0, bypassed = 0;
  for (const auto& [upstream, f] : factors) {
    total += dot(sharers.all.at(upstream), f.fair.value);
    marginal_total += dot(sharers.all.at(upstream), f.marginal.value);
  }
  for (const auto& [upstream, parts] : sharers.bypass)
    bypassed += dot(parts, factors.at(upstream).fair.value);
  out.rule = s.rule(sharers, identified(sharers, factors, total));
  std::vector<double> weights;
  weights.reserve(shared.size() * kPhases + 2);
  for (const RequestWork* r : shared) {
    for (const Parts& phase : r->phases)
      weights.push_back(dot(phase, factors.at(r->upstream).fair.value));
  }
  weights.push_back(bypassed);
  weights.push_back(load_weight(loading_s(e, work.loads), work.busy_s, total + bypassed));
  const auto parts = divide_whole(std::max<std::int64_t>(e.active.count, 0), weights);
  out.load = {parts.back()};
  out.other = {parts[parts.size() - 2]};
  std::int64_t given = out.load.count + out.other.count;
  std::map<std::uint32_t, Factors> paces;
  const auto beside = lines_between(sharers, factors, total);
  for (std::size_t i = 0; i < shared.size(); ++i) {
    const auto own = std::span(parts).subspan(i * kPhases, kPhases);
    for (const std::int64_t p : own) given += p;
    s.post(e, *shared[i], {factors, sharers.all, total, marginal_total, paces, beside}, own, out);
  }
  s.cover(e);
  out.unattributed = {e.active.count - given};
  if (out.unattributed.count != 0) out.reason = nobody();
  s.unattributed(e, shared, to_joules(out.unattributed).value());
  return out;
}

void Attributor::State::cover(const ActiveEnergy& e) {
  const double edge = edge_error(e.energy);
  for (const Track* t : tracks.within(e.begin.ns, e.end.ns)) {
    if (!covers(e, t->arrived.upstream)) continue;
    double& widest = accounts[t->id].covered[e.domain];
    widest = std::max(widest, edge);
  }
}

void Attributor::State::post(const ActiveEnergy& e, const RequestWork& w, const Weighed& by,
                             std::span<const std::int64_t> parts, Division& out) {
  const double joules = std::max(to_joules(e.active).value(), 0.0);
  const Factors& f = by.factors.at(w.upstream).fair;
  const Parts& all = by.all.at(w.upstream);
  const double total = by.total;
  if (!(total > 0)) return;  // no joules are an amount too: the domain stands in the boundary, its edges in the interval
  Account& account = accounts[w.request];
  DomainAccount& d = account.domains[e.domain];
  const double share = dot(w.total, f.value) / total;
  for (std::size_t i = 0; i < kPhases; ++i) {
    const double part = dot(w.phases[i], f.value) / total;
    if (part == 0) continue;  // most phases of most requests: nothing, and nothing moves it
    const Parts g = times(gradient(w.phases[i], part, all, total), joules);
    sum(d.moves[i], g);
    d.posted[i] += parts[i];
    if (parts[i] > 0) {
      out.shares.push_back({w.request,
                            static_cast<Phase>(i),
                            {parts[i]},
                            kNormal * std::sqrt(variance(f.covariance, g))});
    }
  }
  sum(d.fair_moves, times(gradient(w.total, share, all, total), joules));
  post_marginal(d, w, by, joules);
  d.covariance = f.covariance;
  const double edge = edge_error(e.energy);
  const bool joins = d.last_end == e.begin.ns;
  const double step = joins ? share - d.last_share : share;
  d.edge_variance += step * step * edge * edge;
  if (!joins) d.edge_variance += d.last_share * d.last_share * d.last_edge * d.last_edge;
  d.last_share = share;
  d.last_edge = edge;
  d.last_end = e.end.ns;
  const double mine = share * joules;
  const double form = mine * (1 - share) * f.noise;
  d.form_variance += form * form;
  account.joules += mine;
  account.rules[out.rule] += mine;
  account.among += mine * (1 - share);
  account.beside += mine * by.beside.at(w.upstream);
  const double edge_j = w.prompt_edge * f.value[kTime] / total * joules;
  account.prompt_edge += edge_j;
  account.prompt_among += edge_j * (1 - share);
  account.common += (w.total[kStep] * f.value[kStep] + w.total[kTime] * f.value[kTime]) / total * joules * (1 - share);
  account.unknown += w.untold ? mine : w.unknown * f.value[kPrompt] / total * joules;
  account.tier = e.energy.present() ? weakest(account.tier, e.energy.tier) : account.tier;
  const std::string kind = e.domain.substr(0, e.domain.find(':'));
  if (account.boundary.empty())
    account.boundary = kind;
  else if (("+" + account.boundary + "+").find("+" + kind + "+") == std::string::npos)
    account.boundary += "+" + kind;
  for (const SharedPart& p : e.energy.shared) {
    SharedSum& sum = account.shared[p.id];
    sum.low += p.lo * mine;
    sum.high += p.hi * mine;
    sum.joules += mine;
  }
}

// Without it: what it did alone, its own parts, and the time by which it made steps longer.
void Attributor::State::post_marginal(DomainAccount& d, const RequestWork& w, const Weighed& by,
                                      double joules) {
  const auto [known, is_new] = by.paces.try_emplace(w.upstream);
  if (is_new) known->second = learner.step_time(w.upstream);
  const Factors& time = known->second;
  Parts absent = w.among;
  absent[kStep] = 0;
  absent[kTime] = dot(w.lengthened, time.value) * learner.prices().of(w.upstream).joules[kTime];
  if (!(by.marginal_total > 0)) return;
  const auto& [fair, without] = by.factors.at(w.upstream);
  const Parts& all = by.all.at(w.upstream);
  const double among = dot(absent, without.value) / by.marginal_total;
  // Alone there is nothing to tell apart: it is the fair share, by the same factors.
  const double alone = dot(w.alone, fair.value) / by.total;
  d.marginal += (alone + among) * joules;
  sum(d.marginal_moves, times(gradient(absent, among, all, by.marginal_total), joules));
  sum(d.marginal_moves, times(gradient(w.alone, alone, all, by.total), joules));
}

void Attributor::State::unattributed(const ActiveEnergy& e,
                                     const std::vector<const RequestWork*>& shared, double joules) {
  for (const RequestWork* r : shared) {
    const auto found = accounts.find(r->request);
    if (found == accounts.end()) continue;
    found->second.active += std::max(to_joules(e.active).value(), 0.0);
    found->second.unattributed += std::max(joules, 0.0);
  }
}

std::vector<SettledRequest> Attributor::over(SteadyTime edge) {
  State& s = *state_;
  s.cached.reset();
  std::vector<SettledRequest> out;
  for (const auto& [track, course] : s.tracks.over(edge.ns)) {
    breathe();
    const auto found = s.accounts.find(track.id);
    Account account = found == s.accounts.end() ? Account{} : std::move(found->second);
    if (found != s.accounts.end()) s.accounts.erase(found);
    account.late_s = s.tracks.pace(track.arrived.upstream).late_s();
    account.page = s.bypass.read(track.arrived.upstream);
    out.push_back(figures_of(track, course, std::move(account), s.words));
  }
  s.bypass.forget(edge.ns, s.tracks);
  s.learner.forget(edge.ns);
  return out;
}

std::vector<RequestFigures> Attributor::settled(SteadyTime edge) {
  std::vector<RequestFigures> out;
  for (const auto& request : over(edge)) out.push_back(told(request));
  return out;
}

std::size_t Attributor::followed() const { return state_->tracks.size(); }
std::uint64_t Attributor::not_followed() const { return state_->tracks.refused(); }

}  // namespace joulebook::attribution
