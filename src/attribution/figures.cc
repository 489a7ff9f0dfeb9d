#include <algorithm>
#include <cmath>
#include <utility>

#include "attribution/account.h"

namespace joulebook::attribution {
namespace {

constexpr double kNano = 1e-9;
constexpr double kNormal = 1.96;  // half of 0.95
constexpr double kMicro = 1e-6;

double square(double x) { return x * x; }

std::size_t index(Phase phase) { return static_cast<std::size_t>(phase); }

Reason no_window() {
  return {
      "attribution.no_window", "No metered window held work of this request.",
      "A request shorter than the meter can tell is settled in the windows around it; see that the "
      "upstream's domains are metered."};
}

Reason mostly_unattributed() {
  return {"attribution.unattributed",
          "More than a twentieth of the active energy of its windows is "
          "nobody's that was seen.",
          "Send all traffic through the proxy, name the upstream's devices with --domains, or let "
          "the idle "
          "floor be learned while nothing runs."};
}

struct Spread {
  double fair = 0;  // variances, J^2
  double marginal = 0;
  std::array<double, kPhases> phases{};
};

// Uncertainty constants: what the division cannot see however good its prices are.
constexpr double kForm = 0.03;        // of a request's energy: costs are not linear in their parts
constexpr double kFormUnknown = 0.06;  // the same where prices came from the traffic alone, not from a model's shape
constexpr double kPhaseForm = 0.08;   // of a phase's: the line between two is not seen
constexpr double kPrompt = 0.25;      // of what hangs on when a prompt was begun
constexpr double kPhasePrompt = 0.4;  // the same, for what one phase of it loses to another
constexpr double kUnknown = 0.5;      // of what hangs on counts that nobody told
constexpr double kMarginalForm = 0.08;

// What hangs on when its first and its last token were made: so many steps more or fewer in which it was.
double kept_back(const Account& a, const Course& c) {
  const double work_s = static_cast<double>(c.end - c.from) * kNano;
  return a.late_s > 0 ? a.common * std::min(std::sqrt(2.0) * a.late_s / std::max(work_s, kNano), 1.0) : 0;
}

Spread spread_of(const Account& a, const Course& c, const std::array<double, kPhases>& joules, const std::string& rule) {
  Spread s;
  const double form = rule.starts_with("physics") ? kForm : kFormUnknown;
  for (const auto& [name, d] : a.domains) {
    const double edges = d.edge_variance + square(d.last_share * d.last_edge);
    double fair = 0;
    for (const std::int64_t p : d.posted) fair += static_cast<double>(p) * kMicro;
    s.fair += variance(d.covariance, d.fair_moves) + edges + d.form_variance;
    s.marginal += variance(d.covariance, d.marginal_moves) + edges + d.form_variance;
    for (std::size_t i = 0; i < kPhases; ++i) {
      const double part = fair > 0 ? static_cast<double>(d.posted[i]) * kMicro / fair : 0;
      s.phases[i] +=
          variance(d.covariance, d.moves[i]) + square(part) * edges + part * d.form_variance;
    }
  }
  const double common = square(kPrompt * a.prompt_among) + square(kUnknown * a.unknown) +
                        square(a.beside) + square(kept_back(a, c));
  s.fair += square(form * a.among) + common;
  s.marginal += square(kMarginalForm * a.joules) + common;
  for (std::size_t i = 0; i < kPhases; ++i) {
    if (joules[i] <= 0) continue;
    s.phases[i] += square(kPhaseForm * joules[i]) +
                   square(form * a.among * joules[i] / std::max(a.joules, 1e-12)) +
                   square(kPhasePrompt * a.prompt_edge) + square(kUnknown * a.unknown) + square(kept_back(a, c));
  }
  return s;
}

std::shared_ptr<const Words> words(const Account& a, Tier tier, std::string method) {
  Words w{"J", "request", 0.95, weakest(tier, a.tier), a.boundary, std::move(method), {}, {}};
  for (const auto& [id, sum] : a.shared) w.shared.push_back(id);
  return std::make_shared<const Words>(std::move(w));
}

FigureWords words_of(const Account& a, const std::string& rule) {
  FigureWords out{rule, a.boundary, a.tier, a.page, {}, {}, {}, {}};
  for (const auto& [id, sum] : a.shared) out.shared.push_back(id);
  // Nobody can tell such traffic's joules from those of what passed.
  const char* unseen = a.page ? "" : "; the server has no metrics page: traffic that bypassed the gateway would be in it unseen";
  out.fair = words(a, Tier::apportioned, "fair share, " + rule + unseen);
  out.marginal = words(a, Tier::modelled, "active energy less what it would have been without, " + rule);
  for (std::size_t i = 0; i < kPhases; ++i) {
    out.phases[i] = words(a, Tier::apportioned,
                          "fair share of " + std::string(to_string(static_cast<Phase>(i))) + ", " + rule);
  }
  return out;
}

bool says(const FigureWords& w, const Account& a, const std::string& rule) {
  return w.tier == a.tier && w.page == a.page && w.rule == rule && w.boundary == a.boundary &&
         std::equal(w.shared.begin(), w.shared.end(), a.shared.begin(), a.shared.end(),
                    [](const std::string& id, const auto& part) { return id == part.first; });
}

using SharedFactors = std::shared_ptr<const std::vector<Leverage>>;

SharedFactors factors_of(const Account& a) {
  if (a.shared.empty()) return nullptr;
  std::vector<Leverage> out;
  out.reserve(a.shared.size());
  for (const auto& [id, sum] : a.shared) {
    const double rest = a.joules - sum.joules;  // of windows that did not carry it
    out.push_back({(sum.low + rest) / a.joules, (sum.high + rest) / a.joules});
  }
  return std::make_shared<const std::vector<Leverage>>(std::move(out));
}

Figure energy(const std::shared_ptr<const Words>& words, const SharedFactors& factors, double value, double sd) {
  Figure out;
  out.words = words;
  out.factors = factors;
  out.value = value;
  out.own = {std::max(value - kNormal * sd, 0.0), value + kNormal * sd};
  return out;
}

std::int64_t whole(double x) {
  return static_cast<std::int64_t>(std::llround(std::clamp(x, 0.0, 1e15)));
}

void counts(SettledRequest& out, const Track& t, const Course& c) {
  const auto at = [&](Phase p) -> SettledPhase& { return out.phases[index(p)]; };
  const bool wasted = t.outcome != Outcome::complete;
  const auto seconds = [](std::int64_t from, std::int64_t to) {
    return std::max(static_cast<double>(to - from) * kNano, 0.0);
  };
  const std::int64_t sent = t.sent.value_or(t.begun);
  at(Phase::queue).seconds = seconds(sent, c.prefilled ? c.from : c.end);
  at(Phase::queue).tokens = whole(c.prompt);
  at(Phase::cached).tokens = whole(c.cached);
  const double answered = std::max(c.output - c.reasoning, 0.0);
  const double after = c.prefilled ? seconds(c.first, c.end) : 0;
  const double thought = c.output > 0 ? c.reasoning / c.output : 0;
  if (wasted) {
    at(Phase::wasted).tokens = whole((c.prefilled ? c.computed : 0) + c.output + c.rejected);
    at(Phase::wasted).seconds = c.prefilled ? seconds(c.from, c.end) : 0;
    return;
  }
  at(Phase::prefill).tokens = whole(c.computed);
  at(Phase::prefill).seconds = c.prefilled ? seconds(c.from, c.first) : 0;
  at(Phase::reason).tokens = whole(c.reasoning);
  at(Phase::reason).seconds = after * thought;
  at(Phase::answer).tokens = whole(answered);
  at(Phase::answer).seconds = after * (1 - thought);
  at(Phase::wasted).tokens = whole(c.rejected);
}

std::array<std::int64_t, kPhases> posted_by_phase(const Account& a) {
  std::array<std::int64_t, kPhases> sum{};
  for (const auto& [name, d] : a.domains) {
    for (std::size_t i = 0; i < kPhases; ++i) sum[i] += d.posted[i];
  }
  return sum;
}

// A meter was there, and it showed no work: nothing, up to what an edge hides.
void take_covered(Account& a) {
  if (!a.domains.empty()) return;
  for (const auto& [name, edge] : a.covered) {
    a.domains[name].edge_variance = square(edge);
    if (!a.boundary.empty()) a.boundary += '+';
    a.boundary += name.substr(0, name.find(':'));
  }
}

}  // namespace

const FigureWords& WordBook::of(const Account& account, const std::string& rule) {
  constexpr std::size_t kMost = 64;
  const auto found = std::find_if(known_.rbegin(), known_.rend(),
                                  [&](const FigureWords& w) { return says(w, account, rule); });
  if (found != known_.rend()) return *found;
  if (known_.size() >= kMost) known_.erase(known_.begin());
  return known_.emplace_back(words_of(account, rule));
}

SettledRequest figures_of(const Track& track, const Course& course, Account a, WordBook& book) {
  SettledRequest out;
  take_covered(a);
  out.request = track.id;
  if (track.outcome != Outcome::complete) {  // all that it used was for nothing
    for (auto& [name, d] : a.domains) {
      std::int64_t all = 0;
      for (std::int64_t& p : d.posted) all += std::exchange(p, 0);
      d.posted[index(Phase::wasted)] = all;
      d.moves = {};
      d.moves[index(Phase::wasted)] = d.fair_moves;
    }
  }
  counts(out, track, course);
  const auto posted = posted_by_phase(a);
  std::array<double, kPhases> joules{};
  double marginal = 0;
  for (std::size_t i = 0; i < kPhases; ++i) {
    out.posted.count += posted[i];
    joules[i] = static_cast<double>(posted[i]) * kMicro;
  }
  for (const auto& [name, d] : a.domains) marginal += d.marginal;
  double most = 0;
  for (const auto& [rule, j] : a.rules) {
    if (out.rule.empty() || j > most) out.rule = rule;
    most = std::max(most, j);
  }
  if (a.domains.empty()) {
    static const std::shared_ptr<const Words> kNone = Figure::absent(no_window()).words;
    out.fair = Figure::absent(kNone, 0.0);
    out.marginal = Figure::absent(kNone);
    for (SettledPhase& p : out.phases) p.energy = Figure::absent(kNone);
    return out;
  }
  if (a.joules <= 0) a.shared.clear();  // no factor acts on nothing
  const FigureWords& words = book.of(a, out.rule);
  const SharedFactors factors = factors_of(a);
  const Spread s = spread_of(a, course, joules, out.rule);
  out.fair = energy(words.fair, factors, to_joules(out.posted).value(), std::sqrt(s.fair));
  out.marginal = energy(words.marginal, factors, marginal, std::sqrt(s.marginal));
  for (std::size_t i = 0; i < kPhases; ++i) {
    out.phases[i].energy = energy(words.phases[i], factors, joules[i], std::sqrt(s.phases[i]));
    if (posted[i] == 0 && a.joules > 0) out.phases[i].energy.own = {0, 0};
  }
  out.unattributed = a.active > 0 ? std::clamp(a.unattributed / a.active, 0.0, 1.0) : 0;
  return out;
}

RequestFigures told(const SettledRequest& s) {
  constexpr double kMuch = 0.05;
  RequestFigures out{s.request, s.posted, s.fair.quantity(), s.marginal.quantity(), {}, s.rule, s.unattributed, {}};
  for (std::size_t i = 0; i < kPhases; ++i) {
    out.phases.push_back(
        {static_cast<Phase>(i), s.phases[i].tokens, s.phases[i].seconds, s.phases[i].energy.quantity()});
  }
  if (s.unattributed > kMuch) out.reason = mostly_unattributed();
  return out;
}

Quantity served(const Quantity& fair, MicroJoules fair_in_hour, MicroJoules all_fair,
                const Quantity& idle_in_hour) {
  if (!fair.present()) return fair;
  if (!idle_in_hour.present()) return idle_in_hour;
  if (all_fair.count <= 0 || fair_in_hour.count < 0) {
    return Quantity::absent(
        "J",
        {"attribution.no_fair_share", "No request had a fair share in that hour.",
         "Idle energy is shared by fair share, once some request has one."},
        fair.interval().lo);
  }
  const double part =
      std::min(static_cast<double>(fair_in_hour.count) / static_cast<double>(all_fair.count), 1.0);
  const Quantity parts[] = {fair, scaled(idle_in_hour, part, fair.per)};
  Quantity out = sum(parts);
  out.per = fair.per;
  out.method = "fair share and its part of the hour's idle energy";
  return out;
}

std::string_view to_string(Phase phase) {
  constexpr std::string_view kNames[] = {"queue",  "prefill", "cached",
                                         "reason", "answer",  "wasted"};
  return kNames[index(phase)];
}

}  // namespace joulebook::attribution
