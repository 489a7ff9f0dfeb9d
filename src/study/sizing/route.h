#pragma once
// The rule that sends each kind of prompt to its cheapest sufficient arm, and what a day would take
// by it, against the largest arm and against the best single one. docs/right-sizing.md.
//
// A rule that is chosen and valued on the same prompts looks better than it is: of arms that are
// alike the one that was lucky is chosen. So it is *cross-fitted* (V. Chernozhukov et al.,
// Econometrics J. 21, 2018; the same idea as M. Stone, J. R. Stat. Soc. B 36, 1974): the prompts of
// each kind are halved, the rule is chosen on one half and valued on the other, and the other way
// round, for 64 random halvings, averaged. What comes out has no such bias; it is about rules
// chosen on half of the prompts, so the rule that is handed out, chosen on all of them, should do no
// worse. *Optimism* is the value on the very prompts less the cross-fitted one.
//
// A kind with one prompt has no other half: there the best single arm of the other half stands in.
//
// Pure functions, the halvings drawn from the study's seed; thread-safe.
#include <map>

#include "study/sizing/policy.h"
#include "study/sizing/sizing.h"

namespace joulebook {

inline constexpr int kSplits = 64;

// How many prompts of each kind a day brings.
using Day = std::map<std::string, double>;

struct RouteOptions {
  SizingOptions sizing;
  std::optional<Day> day;  // else every prompt of the study kEachPrompt times
  std::string largest;     // name of the arm that is "the largest"; empty: most parameters, of
                           // equals and where none are known the dearest
};
inline constexpr double kEachPrompt = 1000;

struct RuleLine {
  std::string kind;
  double count = 0;   // prompts of the day
  std::size_t prompts = 0;  // of the study
  Pick pick;
  Quality quality;    // of the arm on the study's prompts of the kind
  Estimate joules;    // J per response, likewise
  double stable = 0;  // share of the halves that chose the same arm
};

// One way of sending the day's prompts.
struct DayLine {
  Quantity joules;              // per day
  std::optional<Valued> grade;  // of the measure
};

struct Route {
  RouteOptions options;
  std::vector<RuleLine> rules;  // in the study's order of kinds; those of the day alone
  Pick otherwise;               // the best single arm, for kinds the study has not seen
  std::size_t largest = 0;      // index into the study's arms
  bool largest_by_size = false;  // by parameters, not by joules
  double count = 0;             // prompts of the day

  DayLine route;        // cross-fitted
  DayLine route_here;   // on the very prompts it was chosen on
  DayLine always_largest;
  DayLine single;       // best single arm, cross-fitted
  Quantity to_largest;  // joules of the route over those of the largest, cross-fitted; unit "1"
  Quantity to_single;
  Quantity to_largest_here;          // on the very prompts
  std::optional<Valued> grade_to_largest;  // differences of grades, cross-fitted
  std::optional<Valued> grade_to_single;
  double optimism_joules = 0;           // to_largest_here / to_largest - 1: negative, too rosy
  std::optional<double> optimism_grade;  // grade on the very prompts less the cross-fitted one
  std::vector<std::string> notes;
  std::string sentence;
};

// Errors, kind input: as size_arms; "route.kind" (a kind of the day that the study has not; the
// nearest named), "route.empty_day" (no prompt at all), "route.arm" (no such arm as the largest).
[[nodiscard]] Result<Route> route_study(const StudyResult& study, const RouteOptions& options);

[[nodiscard]] Json to_json(const Route& route, const StudyResult& study);
// What a gateway can read: TOML, a table `rule` for each kind, `otherwise` for the rest.
[[nodiscard]] std::string rule_toml(const Route& route, const StudyResult& study);

// "code=300,chat=700". Errors: usage "route.day" (no KIND=COUNT, a kind twice, a count that is no
// number from 0 to 1e15).
[[nodiscard]] Result<Day> parse_day(std::string_view text);
// As a flag gives it: a mix, or the path of a CSV file where it ends in ".csv". Errors: also as read_file.
[[nodiscard]] Result<Day> read_day(const std::string& given);
// CSV of two columns, "kind,count" first. Errors: input "route.day" with the line.
[[nodiscard]] Result<Day> parse_day_csv(std::string_view text, const std::string& origin);

}  // namespace joulebook
