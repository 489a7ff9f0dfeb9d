#include "study/versus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/or_null.h"
#include "core/text.h"
#include "study/estimates.h"
#include "study/split.h"

namespace joulebook {
namespace {

constexpr double kAlpha = 1 - kStudyLevel;

tl::unexpected<Error> bad(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::input, std::move(code), std::move(message), std::move(cure));
}

// The repeats of one side as an arm that was asked one thing.
struct Repeats {
  std::vector<TrialRecord> trials;
  ArmTrials arm;
  std::array<std::size_t, 1> prompts{0};

  explicit Repeats(const std::vector<VersusRun>& runs) : trials(runs.size()) {
    arm.by_prompt.resize(1);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      trials[i].energy = runs[i].energy;
      arm.by_prompt[0].push_back(&trials[i]);
    }
  }
  Repeats(const Repeats&) = delete;
  Repeats& operator=(const Repeats&) = delete;

  static Quantity reading(const TrialRecord& trial) { return trial.energy; }
  [[nodiscard]] Quantity mean() const { return total_reading(arm, prompts, reading); }
  [[nodiscard]] Ragged joules() const { return gather(arm, prompts, energy_joules); }
  [[nodiscard]] double meter() const { return meter_variance(arm, prompts, reading); }
  // The mean with the interval that its repeats give it.
  [[nodiscard]] Quantity figure() const {
    Quantity q = mean();
    if (!q.present() || *q.value <= 0) return q;
    const Ragged values = joules();
    const std::array sides = {Side{{{&values, 1}}}};
    return estimate(std::move(q), sides, meter(), kAlpha).these;
  }
};

// Shared errors that can't be one and the same on both sides take the side's letter.
void tell_apart(VersusSide& a, VersusSide& b) {
  const bool one_machine = a.machine == b.machine;
  const bool one_code = a.code == b.code;
  const auto mark = [&](Quantity& q, const std::string& side) {
    for (auto& part : q.shared) {
      const bool mix = part.id.starts_with("instruction_mix");
      if (!one_machine || (mix && !one_code)) part.id += "@" + side;
    }
  };
  for (auto* side : {&a, &b}) {
    const std::string letter = side == &a ? "A" : "B";
    for (auto& run : side->runs) mark(run.energy, letter);
    if (side->figure) mark(*side->figure, letter);
  }
}

Quantity ratio_of_repeats(const Repeats& a, const Repeats& b) {
  Quantity q = ratio(b.mean(), a.mean());
  if (!q.present()) return q;
  const Ragged below = a.joules();
  const Ragged above = b.joules();
  const std::array sides = {Side{{{&below, -1}}}, Side{{{&above, 1}}}};
  return estimate(std::move(q), sides, a.meter() + b.meter(), kAlpha).these;
}

double mean_seconds(const VersusSide& side) {
  if (side.runs.empty()) return side.seconds;
  double sum = 0;
  for (const auto& run : side.runs) sum += run.seconds;
  return sum / static_cast<double>(side.runs.size());
}

Against judged(const Quantity& ratio, const std::optional<double>& max_increase) {
  if (!max_increase) return Against::not_asked;
  if (!ratio.present()) return Against::undecided;
  const Interval whole = ratio.interval();
  const double limit = 1 + *max_increase;
  if (whole.lo > limit) return Against::above;
  return whole.hi <= limit ? Against::within : Against::undecided;
}

std::string factor(double x) { return std::isfinite(x) ? fmt::format("{:.3g}", x) : "any"; }

std::string percent(double x) { return fmt::format("{:+.3g} %", 100 * x); }

std::string verdict_of(const Versus& v) {
  if (!v.max_increase) return "";
  const std::string limit = percent(*v.max_increase);
  switch (v.against) {
    case Against::above:
      return fmt::format(" The whole interval lies above the limit of {}.", limit);
    case Against::within:
      return fmt::format(" The whole interval lies within the limit of {}.", limit);
    default:
      return fmt::format(" Whether that exceeds the limit of {} can't be said.", limit);
  }
}

std::string sentence_of(const Versus& v) {
  if (!v.ratio.present()) {
    return fmt::format("No ratio: {} ({}).{}", v.ratio.reason->message, v.ratio.reason->code,
                       verdict_of(v));
  }
  const Interval whole = v.ratio.interval();
  return fmt::format("{} took {} [{}, {}] times the energy of {} per {} ({}, {}).{}", v.name_b,
                     factor(*v.ratio.value), factor(whole.lo), factor(whole.hi), v.name_a, v.per,
                     to_string(v.ratio.tier), v.ratio.boundary, verdict_of(v));
}

void warn(Versus& v, const VersusSide& a, const VersusSide& b) {
  if (a.machine != b.machine) {
    v.warnings.emplace_back("the machines differ: no error of theirs cancels");
  }
  const bool runs = !a.runs.empty() && !b.runs.empty();
  if (runs && a.runs.size() + b.runs.size() < 4) {
    v.warnings.emplace_back(
        "with fewer than two repeats a side nothing says how far another would differ: -n 10");
  }
  if (v.ratio.present() && v.ratio.tier == Tier::modelled) {
    v.warnings.emplace_back(
        "no sensor measured this: the ratio is one of CPU time, by a model of the machine");
  }
}

// The sides of a run: its repeats.
Result<VersusSide> side_of_run(const Json& run) {
  std::vector<std::size_t> all(run["repeats"].items().size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  if (all.empty() || !run.has("command")) {
    return bad("compare.no_runs",
               all.empty() ? "no command was run in it, so there is nothing to repeat"
                           : "two commands were run in it (--vs), which are compared already",
               "measure with: joulebook run -n 10 -- COMMAND");
  }
  const std::string name(run["command"].at(0).as_string("command"));
  return side_of_repeats(run, all, name, run["command"].dump());
}

constexpr std::array<std::pair<const char*, const char*>, 5> kFigures = {{
    {"response", "j_per_response"},
    {"correct answer", "j_per_correct"},
    {"output token", "j_per_output_token"},
    {"total token", "j_per_total_token"},
    {"word", "j_per_word"},
}};

Result<VersusSide> side_of_study(const Json& study, const std::string& arm,
                                 const std::string& per) {
  const auto figure = std::ranges::find(kFigures, per, [](const auto& f) { return f.first; });
  if (figure == kFigures.end()) {
    return bad("compare.per", fmt::format("a study has no figure per {}", per),
               "response, correct answer, output token, total token or word");
  }
  std::vector<std::string> names;
  for (const Json& item : study["arms"].items()) {
    names.emplace_back(item["spec"]["name"].as_string());
    if (!arm.empty() && names.back() != arm) continue;
    auto quantity = quantity_from_json(item[figure->second]["these"]);
    if (!quantity) return fail(quantity.error());
    VersusSide side;
    side.name = names.back();
    side.code = item["spec"].dump();
    side.machine = study["machine"].dump();
    side.figure = std::move(*quantity);
    side.seconds = item["seconds"].as_double();
    side.count = item["trials"].as_int();
    return side;
  }
  const auto close = nearest(arm, names);
  return bad("compare.arm", fmt::format("the study has no arm '{}'", arm),
             close ? fmt::format("did you mean '{}'?", *close) : "its arms: " + join(names, ", "));
}

}  // namespace

std::string_view to_string(Against against) {
  constexpr std::array<std::string_view, 4> kWords = {"not asked", "within", "undecided", "above"};
  return kWords[static_cast<std::size_t>(against)];
}

VersusSide side_of_repeats(const Json& run, const std::vector<std::size_t>& mine, std::string name,
                           std::string code) {
  VersusSide side;
  side.name = std::move(name);
  side.code = std::move(code);
  side.machine = run["machine"].dump();
  for (const std::size_t i : mine) {
    const Json& repeat = run["repeats"].at(i);
    auto energy = quantity_from_json(repeat["total"]);
    const Reason unread{"repeat.unread", "a repeat has no total", "measure the command again"};
    side.runs.push_back({energy ? std::move(*energy) : Quantity::absent("J", unread),
                         repeat["duration_s"].as_double()});
  }
  side.count = static_cast<std::int64_t>(mine.size());
  return side;
}

Result<Versus> versus(VersusSide a, VersusSide b, const VersusOptions& options,
                      const std::string& per) {
  tell_apart(a, b);
  const Repeats runs_a(a.runs);
  const Repeats runs_b(b.runs);
  Versus out;
  out.per = per;
  out.name_a = a.name;
  out.name_b = b.name == a.name ? b.name + " (B)" : b.name;
  out.a = a.figure ? *a.figure : runs_a.figure();
  out.b = b.figure ? *b.figure : runs_b.figure();
  out.a.per = out.b.per = per;
  out.seconds_a = mean_seconds(a);
  out.seconds_b = mean_seconds(b);
  out.count_a = a.count;
  out.count_b = b.count;
  if (out.a.present() && out.b.present() && out.a.boundary != out.b.boundary) {
    return bad("compare.boundary",
               fmt::format("A covers {}, B covers {}: their ratio would mean nothing",
                           out.a.boundary, out.b.boundary),
               "measure both with the same sensors (--sensors) and devices (--devices)");
  }
  out.ratio = a.figure ? ratio(out.b, out.a) : ratio_of_repeats(runs_a, runs_b);
  out.ratio.unit = std::string("1");
  out.ratio.per.clear();
  out.max_increase = options.max_increase;
  out.against = judged(out.ratio, options.max_increase);
  warn(out, a, b);
  out.sentence = sentence_of(out);
  return out;
}

Result<Versus> versus_documents(const Json& a, const Json& b, const VersusOptions& options) {
  const std::string kind(a["schema"].as_string("no schema"));
  const std::string other(b["schema"].as_string("no schema"));
  const bool study = kind == "joulebook.study/1";
  if (kind != other || (!study && kind != "joulebook.run/1")) {
    return bad("compare.kind", fmt::format("A is a {}, B a {}", kind, other),
               "compare two runs (joulebook run) or two studies (joulebook study)");
  }
  auto left = study ? side_of_study(a, options.arm_a, options.per) : side_of_run(a);
  if (!left) return fail(left.error());
  auto right = study ? side_of_study(b, options.arm_b, options.per) : side_of_run(b);
  if (!right) return fail(right.error());
  return versus(std::move(*left), std::move(*right), options, study ? options.per : "run");
}

Json to_json(const Versus& v) {
  const auto side = [](const std::string& name, const Quantity& energy, double seconds,
                       std::int64_t count) {
    return Json::object(
        {{"name", name}, {"energy", to_json(energy)}, {"seconds", seconds}, {"count", count}});
  };
  Json warnings = Json::array();
  for (const auto& text : v.warnings) warnings.push(text);
  Json out = Json::object({{"schema", kCompareSchema}, {"per", v.per}});
  out.set("a", side(v.name_a, v.a, v.seconds_a, v.count_a));
  out.set("b", side(v.name_b, v.b, v.seconds_b, v.count_b));
  out.set("ratio", to_json(v.ratio));
  out.set("max_increase", or_null(v.max_increase));
  out.set("against", std::string(to_string(v.against)));
  out.set("sentence", v.sentence).set("warnings", std::move(warnings));
  return out;
}

std::string to_text(const Versus& v) {
  std::string out;
  const auto line = [&](const char* letter, const std::string& name, const Quantity& q,
                        double seconds, std::int64_t count) {
    out += fmt::format("{}  {}: {} per {}, {:.4g} s, of {}\n", letter, name, human(q), v.per,
                       seconds, count);
  };
  line("A", v.name_a, v.a, v.seconds_a, v.count_a);
  line("B", v.name_b, v.b, v.seconds_b, v.count_b);
  out += v.sentence + "\n";
  for (const auto& text : v.warnings) out += "note: " + text + "\n";
  return out;
}

Result<double> parse_increase(std::string_view text) {
  std::string_view digits = trim(text);
  const bool in_percent = digits.ends_with('%');
  if (in_percent) digits = trim(digits.substr(0, digits.size() - 1));
  const auto number = parse_double(digits);
  const double share = number.value_or(-1) / (in_percent ? 100 : 1);
  const bool forgot = number && !in_percent && std::isfinite(share) && std::abs(share) >= 1;
  if (number && std::isfinite(share) && share > -1 && !forgot) return share;
  if (forgot) {
    return fail(ErrorKind::usage, "compare.limit",
                fmt::format("'{}' as a share would be {}", text, percent(share)),
                fmt::format("did you mean {}%? A share is below 1", digits));
  }
  return fail(ErrorKind::usage, "compare.limit",
              fmt::format("'{}' is no limit of an increase", text),
              "write 5%, 0.05, or -10% for at least a tenth less");
}

}  // namespace joulebook
