#include "export/card/subject.h"

#include <algorithm>
#include <cmath>

#include "core/json_strings.h"
#include "core/quantile.h"

namespace joulebook::card {
namespace {

const Reason kNoAnswers{"card.no_answers", "it does not say how many answers the energy paid for",
                        "name them in the facts file: [serving] requests"};
const Reason kNoTokens{"card.no_tokens", "it does not say how many tokens the energy paid for",
                       "name them in the facts file: [serving] prompt_tokens, output_tokens"};
const Reason kNothing{"card.no_energy", "no answer with a figure is in it", ""};

std::optional<double> output_of(const Answer& a) {
  if (!a.answer_tokens) return std::nullopt;
  return *a.answer_tokens + a.reasoning_tokens.value_or(0);
}

Json number_or_null(const std::optional<double>& x) {
  if (!x) return {};
  const double whole = std::round(*x);
  if (whole == *x && std::abs(whole) < 9e15) return Json(static_cast<std::int64_t>(whole));
  return Json(*x);
}

// `per` of so many units of a total over `count` of them.
Json per(const Quantity& total, double count, double units, const std::string& name,
         const Reason& none) {
  if (count > 0) return to_json(scaled(total, units / count, name));
  Quantity absent = Quantity::absent("J", total.present() ? none : total.reason.value_or(none));
  absent.per = name;
  return to_json(absent);
}

Json spread_json(const std::vector<double>& lengths) {
  if (lengths.empty()) return {};
  double sum = 0;
  for (const double x : lengths) sum += x;
  return Json::object({{"mean", sum / static_cast<double>(lengths.size())},
                       {"p10", quantile(lengths, 0.1)},
                       {"median", quantile(lengths, 0.5)},
                       {"p90", quantile(lengths, 0.9)},
                       {"most", quantile(lengths, 1)}});
}

}  // namespace

void Subject::add(const Answer& a) {
  ++added_;
  answers_ += a.answers;
  for (std::size_t i = 0; i < bases_.size(); ++i) add_basis(i, a);
  for (const auto& phase : a.phases) {
    auto it = std::find_if(phases_.begin(), phases_.end(),
                           [&phase](const auto& p) { return p.first == phase.phase; });
    if (it == phases_.end()) it = phases_.insert(it, {phase.phase, PhaseSums{0, 0, QuantitySum(alike_)}});
    it->second.tokens += static_cast<double>(phase.tokens);
    it->second.seconds += phase.seconds;
    it->second.energy.add(phase.energy);
  }
  const auto count = [](Count& into, const std::optional<double>& n) {
    if (!n) return;
    into.sum += *n;
    ++into.known;
  };
  count(prompt_, a.prompt_tokens);
  count(cached_, a.cached_tokens);
  count(reasoning_, a.reasoning_tokens);
  count(answer_, a.answer_tokens);
  if (!a.lengths) return;
  if (a.prompt_tokens) prompt_lengths_.push_back(*a.prompt_tokens);
  if (const auto output = output_of(a)) output_lengths_.push_back(*output);
}

void Subject::add_basis(std::size_t i, const Answer& a) {
  const Quantity& energy = a.energies[i];
  Sums& sums = sums_[i];
  sums.energy.add(energy);
  if (!energy.present()) return;
  sums.answers += a.answers;
  const auto output = output_of(a);
  if (!output) return;
  sums.of_output.add(energy);
  sums.output_tokens += *output;
  if (!a.prompt_tokens) return;
  sums.of_tokens.add(energy);
  sums.all_tokens += *output + *a.prompt_tokens;
}

Json Subject::basis_json(std::size_t i) const {
  const Sums& s = sums_[i];
  const Quantity total = s.energy.total(kNothing);
  return Json::object(
      {{"basis", bases_[i].id},
       {"what", bases_[i].what},
       {"answers", number_or_null(s.answers)},
       {"without_figure", s.energy.absent()},
       {"reasons", reasons_json(s.energy.reasons())},
       {"total", to_json(total)},
       {"per_request", per(total, s.answers, 1, "request", kNoAnswers)},
       {"per_1000_requests", per(total, s.answers, 1000, "1000 requests", kNoAnswers)},
       {"per_million_output_tokens", per(s.of_output.total(kNoTokens), s.output_tokens, 1e6,
                                         "1000000 output tokens", kNoTokens)},
       {"per_million_tokens", per(s.of_tokens.total(kNoTokens), s.all_tokens, 1e6,
                                  "1000000 input and output tokens", kNoTokens)},
       {"tiers", s.energy.tiers()}});
}

Json Subject::phases_json() const {
  double all = 0;
  for (const auto& [phase, p] : phases_) all += p.energy.total(kNothing).value.value_or(0);
  Json list = Json::array();
  for (const auto& [phase, p] : phases_) {
    const Quantity total = p.energy.total(kNothing);
    const bool share = total.present() && all > 0;
    list.push(Json::object({{"phase", phase},
                            {"tokens", number_or_null(p.tokens)},
                            {"seconds", p.seconds},
                            {"energy", to_json(total)},
                            {"per_request", per(total, answers_, 1, "request", kNoAnswers)},
                            {"share", share ? Json(*total.value / all) : Json()}}));
  }
  return list;
}

Json Subject::tokens_json() const {
  const auto sum_of = [](const Count& c) {
    return c.known > 0 ? number_or_null(c.sum) : Json();
  };
  const bool output = answer_.known > 0;
  return Json::object(
      {{"prompt", sum_of(prompt_)},
       {"cached", sum_of(cached_)},
       {"reasoning", sum_of(reasoning_)},
       {"answer", sum_of(answer_)},
       {"output", output ? number_or_null(answer_.sum + reasoning_.sum) : Json()},
       {"answers_without_count", added_ - std::min(prompt_.known, answer_.known)}});
}

Json Subject::lengths_json() const {
  return Json::object({{"prompt_tokens", spread_json(prompt_lengths_)},
                       {"output_tokens", spread_json(output_lengths_)}});
}

Json Subject::json() const {
  Json energy = Json::array();
  for (std::size_t i = 0; i < bases_.size(); ++i) energy.push(basis_json(i));
  const Json checked =
      correct ? Json::object({{"correct", correct->first}, {"checkable", correct->second}}) : Json();
  return Json::object({{"name", name},
                       {"kind", kind},
                       {"key", key},
                       {"parameters", parameters > 0 ? number_or_null(parameters) : Json()},
                       {"quantisation", text_or_null(quantisation)},
                       {"records", strings(records)},
                       {"from", text_or_null(from)},
                       {"to", text_or_null(to)},
                       {"engine", text_or_null(engine)},
                       {"upstream", text_or_null(upstream)},
                       {"answers", answers_ > 0 ? number_or_null(answers_) : Json()},
                       {"apart", reasons_json(apart)},
                       {"apart_energy", to_json(apart_energy)},
                       {"tokens", tokens_json()},
                       {"lengths", lengths_json()},
                       {"batch", Json::object({{"mean", batch.mean ? Json(*batch.mean) : Json()},
                                               {"most", number_or_null(batch.most)},
                                               {"how", batch.how}})},
                       {"checked", checked},
                       {"devices", devices},
                       {"machine", machine},
                       {"energy", std::move(energy)},
                       {"phases", phases_json()}});
}

}  // namespace joulebook::card
