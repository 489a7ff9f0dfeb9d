#include "account/life/life.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/text.h"

namespace joulebook::account {
namespace {

constexpr double kLevel = 0.95;
constexpr double kMostYears = 100;
constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr std::string_view kRules[] = {"by-answer", "by-year", "none"};

// What one draw came to.
struct Drawn {
  std::vector<double> once;
  double answers = 0, inference = 0, per_answer = 0, user_year = 0, parity = 0, break_even = 0;
  [[nodiscard]] double spent_once() const {
    double sum = 0;
    for (const double x : once) sum += x;
    return sum;
  }
};

// answers a year, growing, over whole and parts of years.
double answers_over(double first_year, double years, double growth) {
  if (growth == 0) return first_year * years;
  return first_year * (std::pow(1 + growth, years) - 1) / std::log1p(growth);
}

double break_even_of(double once_a, double answer_a, double once_b, double answer_b) {
  const double debt = once_a - once_b, saved = answer_b - answer_a;
  if (debt <= 0) return saved >= 0 ? 0 : -1;  // 0: at once; -1: the other one is repaid, not this
  return saved > 0 ? debt / saved : kNever;
}

class Simulation {
 public:
  Simulation(const LifeModel& model, const Service& service, const std::optional<LifeModel>& against, const Draws& draws)
      : model_(model), service_(service), against_(against) {
    drawn_.reserve(draws.count);
    Rng rng(draws.seed);
    for (std::size_t i = 0; i < draws.count; ++i) drawn_.push_back(one(rng));
    method_ = certain() ? "as stated" : fmt::format("Monte Carlo, {} draws, seed {}; median, 2.5th and 97.5th percentile", draws.count, draws.seed);
  }

  // The quantity of what `of` picks from each draw.
  template <class Of>
  Quantity quantity(std::string unit, std::string per, Of of) const {
    std::vector<double> values;
    values.reserve(drawn_.size());
    for (const Drawn& d : drawn_) values.push_back(of(d));
    std::ranges::sort(values);
    const auto at = [&](double share) { return values[static_cast<std::size_t>(std::floor(share * static_cast<double>(values.size() - 1)))]; };
    Quantity q = Quantity::exact(at(0.5), std::move(unit));
    q.own = {at((1 - kLevel) / 2), at((1 + kLevel) / 2)};
    q.level = certain() ? 1 : kLevel;
    q.per = std::move(per);
    q.tier = Tier::modelled;
    q.boundary = "as its inputs";
    q.method = method_;
    return q;
  }

  template <class Of>
  [[nodiscard]] double share_of(Of of) const {
    return static_cast<double>(std::ranges::count_if(drawn_, of)) / static_cast<double>(drawn_.size());
  }

 private:
  [[nodiscard]] bool certain() const {
    const auto model = [](const LifeModel& m) { return m.answer.certain() && std::ranges::all_of(m.once, [](const Once& o) { return o.joules.certain(); }); };
    return model(model_) && (!against_ || model(*against_)) && (!service_.answers || service_.answers->certain()) && service_.length.certain() &&
           (!service_.answers_per_user || service_.answers_per_user->certain());
  }

  Drawn one(Rng& rng) const {
    Drawn d;
    for (const Once& o : model_.once) d.once.push_back(o.joules.draw(rng));
    const double answer = model_.answer.draw(rng), years = service_.length.draw(rng) / kYear, first = service_.answers ? service_.answers->draw(rng) * kYear : 0;
    const double spent = d.spent_once();
    d.answers = answers_over(first, years, service_.growth);
    d.inference = answer * d.answers;
    // By year, each of the first year's answers bears its part of a year's share.
    const double borne = service_.amortisation == Amortisation::none      ? 0
                         : service_.amortisation == Amortisation::by_year ? spent / years / first
                                                                          : spent / d.answers;
    d.per_answer = answer + borne;
    d.user_year = service_.answers_per_user ? kYear * service_.answers_per_user->draw(rng) * d.per_answer : 0;
    d.parity = answer > 0 ? spent / answer : kNever;
    if (against_) {
      double once_b = 0;
      for (const Once& o : against_->once) once_b += o.joules.draw(rng);
      d.break_even = break_even_of(spent, answer, once_b, against_->answer.draw(rng));
    }
    return d;
  }

  const LifeModel& model_;
  const Service& service_;
  const std::optional<LifeModel>& against_;
  std::vector<Drawn> drawn_;
  std::string method_;
};

Status valid(const Service& s, const Draws& draws) {
  if (draws.count < 100 || draws.count > 1'000'000) return fail(ErrorKind::input, "life.draws", fmt::format("{} draws", draws.count), "give --draws from 100 to 1000000");
  const auto positive = [](const Distribution& d) { return std::ranges::all_of(d.numbers, [](double x) { return x > 0; }); };
  if (s.answers && !positive(*s.answers)) return fail(ErrorKind::input, "life.answers", "nobody is answered", "give --answers '1e6 response/year' above 0");
  const bool too_long = std::ranges::any_of(s.length.numbers, [](double x) { return x > kMostYears * kYear; });
  if (!positive(s.length) || too_long) return fail(ErrorKind::input, "life.years", "a service life of 0, or of more than a century", "give --service '2 years'");
  if (!(s.growth > -1) || !(s.growth <= 10)) return fail(ErrorKind::input, "life.growth", fmt::format("a growth of {:g} a year", s.growth), "give a growth above -1 and at most 10: 0.2 is 20 % more each year");
  return {};
}

// Nobody said how many answers: what needs them is not known.
void leave_out_answers(Life& life) {
  const Reason why{"life.answers", "how many answers it gives is not known", "give --answers '1e6 response/year'"};
  for (auto& phase : life.phases) {
    phase.share = Quantity::absent("1", why);
    if (phase.phase == "inference") phase.energy = Quantity::absent("J", why);
  }
  life.answers = Quantity::absent("1", why);
  for (Quantity* q : {&life.whole, &life.per_answer, &life.user_year}) *q = Quantity::absent("J", why);
}

void add_break_even(Life& life, const Simulation& s, const std::optional<LifeModel>& against) {
  const auto none = [&](const char* code, std::string message, std::string cure) { life.break_even = Quantity::absent("1", {code, std::move(message), std::move(cure)}); };
  if (!against) return none("life.alone", "no other model was named", "give --against B.toml, or 'answer=3 J/response'");
  life.never = s.share_of([](const Drawn& d) { return d.break_even == kNever || d.break_even < 0; });
  life.at_once = s.share_of([](const Drawn& d) { return d.break_even == 0; });
  constexpr double kHalf = 0.5;
  if (life.never > kHalf) {
    return none("life.never", fmt::format("it is not repaid in {:.0f} % of the draws: an answer takes no less than the other's", 100 * life.never), "");
  }
  if (life.at_once > kHalf) return none("life.at_once", "there is nothing to repay: it takes no more at first, nor by the answer", "");
  life.break_even = s.quantity("1", "", [](const Drawn& d) { return d.break_even < 0 ? kNever : d.break_even; });
  life.break_even.method += "; answers after which it has taken less than " + (against->name.empty() ? "the other" : against->name);
}

}  // namespace

std::string_view to_string(Amortisation rule) { return kRules[static_cast<std::size_t>(rule)]; }

std::string_view sentence_of(Amortisation rule) {
  constexpr std::string_view kSentences[] = {"each answer of the service life bears the same part of what was spent once",
                                             "each year bears the same part of what was spent once, shared by the first year's answers",
                                             "what was spent once is left beside the answers"};
  return kSentences[static_cast<std::size_t>(rule)];
}

Result<Amortisation> amortisation_of(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kRules); ++i) {
    if (kRules[i] == text) return static_cast<Amortisation>(i);
  }
  return fail(ErrorKind::input, "life.amortisation", fmt::format("'{}' is no rule", text), "by-answer, by-year or none");
}

Result<Life> life_of(const LifeModel& model, const Service& service, const std::optional<LifeModel>& against, const Draws& draws) {
  if (auto ok = valid(service, draws); !ok) return fail(ok.error());
  const Simulation s(model, service, against, draws);
  Life life;
  const auto whole = [](const Drawn& d) { return d.spent_once() + d.inference; };
  life.whole = s.quantity("J", "", whole);
  const auto add = [&](std::string name, auto of) {
    life.phases.push_back({std::move(name), s.quantity("J", "", of), s.quantity("1", "", [&](const Drawn& d) { return whole(d) > 0 ? of(d) / whole(d) : 0; })});
  };
  for (std::size_t i = 0; i < model.once.size(); ++i) add(model.once[i].name, [i](const Drawn& d) { return d.once[i]; });
  add("inference", [](const Drawn& d) { return d.inference; });
  life.answers = s.quantity("1", "", [](const Drawn& d) { return d.answers; });
  life.per_answer = s.quantity("J", "response", [](const Drawn& d) { return d.per_answer; });
  life.user_year = service.answers_per_user ? s.quantity("J", "user-year", [](const Drawn& d) { return d.user_year; })
                                            : Quantity::absent("J", {"life.users", "answers of a user are not known", "give --per-user '1000 response/year'"});
  life.parity = s.quantity("1", "", [](const Drawn& d) { return d.parity; });
  if (!std::isfinite(*life.parity.value)) life.parity = Quantity::absent("1", {"life.free", "an answer takes nothing", "give --answer '2 J/response'"});
  if (!service.answers) leave_out_answers(life);
  add_break_even(life, s, against);
  life.notes.emplace_back(sentence_of(service.amortisation));
  return life;
}

}  // namespace joulebook::account
