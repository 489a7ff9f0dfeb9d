#include "study/checker.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <regex>
#include <vector>

#include "core/json.h"
#include "core/text.h"
#include "study/answer_text.h"
#include "study/graded.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostRegexText = 4096;
constexpr std::array<std::string_view, 11> kKinds = {"none",  "exact", "number",  "regex",
                                                     "json",  "label", "spans",   "wer",
                                                     "cer",   "rouge_l", "nearest"};

bool matches_exact(const std::string& expected, std::string_view answer) {
  const std::string wanted = normalised(expected);
  const auto all = candidates(answer);
  return std::ranges::any_of(all, [&](std::string_view c) { return normalised(c) == wanted; });
}

bool matches_number(const Checker& checker, std::string_view answer) {
  const auto wanted = parse_double(checker.expected);
  const auto got = number_in(answer);
  if (!got || !wanted) return false;
  const double allowed =
      std::max(checker.tolerance, checker.relative.value_or(0) * std::abs(*wanted));
  const double rounding = 1e-9 * std::max(std::abs(*wanted), allowed);
  return std::abs(*got - *wanted) <= allowed + rounding;
}

std::optional<std::regex> compile(const std::string& pattern) try {
  return std::regex(pattern, std::regex::ECMAScript | std::regex::icase);
} catch (const std::regex_error&) {
  return std::nullopt;
}

bool matches_regex(const std::string& pattern, std::string_view answer) try {
  const auto regex = compile(pattern);
  const auto text = answer.substr(0, kMostRegexText);
  return regex && std::regex_search(text.begin(), text.end(), *regex);
} catch (const std::regex_error&) {  // too much work for this text: not found
  return false;
}

bool contains(const Json& got, const Json& wanted);

bool contains_members(const Json& got, const Json& wanted) {
  return got.is_object() && std::ranges::all_of(wanted.members(), [&](const auto& member) {
           return got.has(member.first) && contains(got[member.first], member.second);
         });
}

// The expected items occur in this order, others may stand between them.
bool contains_items(const Json& got, const Json& wanted) {
  std::size_t found = 0;
  for (const Json& item : got.items()) {
    if (found < wanted.items().size() && contains(item, wanted.at(found))) ++found;
  }
  return got.is_array() && found == wanted.items().size();
}

bool contains(const Json& got, const Json& wanted) {
  if (wanted.is_object()) return contains_members(got, wanted);
  if (wanted.is_array()) return contains_items(got, wanted);
  if (wanted.is_string()) {
    return got.is_string() && normalised(got.as_string()) == normalised(wanted.as_string());
  }
  if (wanted.is_number()) return got.is_number() && got.as_double() == wanted.as_double();
  return got == wanted;
}

bool matches_json(const std::string& expected, std::string_view answer) {
  const auto wanted = parse_json(expected);
  const auto got = first_json(answer);
  return wanted && got && contains(*got, *wanted);
}

// A group that holds a repeat and is itself repeated without end backtracks exponentially.
bool nests_repeats(std::string_view pattern) {
  std::vector<bool> open(1, false);  // whether the group has a repeat inside
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(') {
      open.push_back(false);
    } else if (c == ')' && open.size() > 1) {
      const bool inner = open.back();
      open.pop_back();
      const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
      if (inner && (next == '*' || next == '+' || next == '{')) return true;
      if (inner) open.back() = true;
    } else if (c == '*' || c == '+') {
      open.back() = true;
    }
  }
  return false;
}

Status bad(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::input, std::move(code), std::move(message), std::move(cure));
}

Status validate_pattern(const std::string& pattern) {
  if (!compile(pattern)) {
    return bad("check.pattern", "'" + pattern + "' is no regular expression",
               "write an ECMAScript pattern");
  }
  if (nests_repeats(pattern)) {
    return bad("check.pattern", "'" + pattern + "' repeats a group that itself holds a repeat",
               "take one of the two repeats out: it could run for ever");
  }
  return {};
}

Status validate_expected(const Checker& checker) {
  if (checker.kind == Checker::Kind::none) return {};
  if (trim(checker.expected).empty()) {
    return bad("check.empty", "the check expects nothing", "set \"expected\"");
  }
  switch (checker.kind) {
    case Checker::Kind::exact:
      if (!normalised(checker.expected).empty()) return {};
      return bad("check.empty", "the expected text is all punctuation", "expect a word");
    case Checker::Kind::number:
      if (parse_double(checker.expected)) return {};
      return bad("check.number", "'" + checker.expected + "' is no number",
                 "write the number in digits, with '.' as the decimal mark");
    case Checker::Kind::regex:
      return validate_pattern(checker.expected);
    case Checker::Kind::json:
      if (parse_json(checker.expected)) return {};
      return bad("check.json", "the expected value is no JSON", "write a JSON value");
    default:
      return validate_graded(checker);
  }
}

Status validate_options(const Checker& checker) {
  using Kind = Checker::Kind;
  const Kind kind = checker.kind;
  const bool limited =
      kind == Kind::spans || kind == Kind::wer || kind == Kind::cer || kind == Kind::rouge_l;
  const std::pair<std::string_view, bool> misplaced[] = {
      {"relative", checker.relative && kind != Kind::number},
      {"at_least or at_most", checker.limit && !limited},
      {"labels", checker.labels && kind != Kind::label},
      {"within", checker.within && kind != Kind::nearest},
      {"among", checker.among && kind != Kind::nearest},
  };
  for (const auto& [name, wrong] : misplaced) {
    if (!wrong) continue;
    return bad("check.limit",
               "a check of kind " + std::string(to_string(kind)) + " takes no " + std::string(name),
               "take it out, or choose the kind that it goes with");
  }
  if (checker.relative && !(*checker.relative >= 0)) {
    return bad("check.limit", "'relative' is less than 0", "0.01 allows one per cent");
  }
  return {};
}

}  // namespace

std::string_view to_string(Checker::Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Checker::Kind> checker_kind(std::string_view word) {
  const auto it = std::ranges::find(kKinds, word);
  if (it == kKinds.end()) return std::nullopt;
  return static_cast<Checker::Kind>(it - kKinds.begin());
}

Status validate(const Checker& checker) {
  if (auto ok = validate_options(checker); !ok) return ok;
  return validate_expected(checker);
}

std::optional<Grade> judge(const Checker& checker, std::string_view answer) {
  switch (checker.kind) {
    case Checker::Kind::exact:
      return Grade{matches_exact(checker.expected, answer), {}};
    case Checker::Kind::number:
      return Grade{matches_number(checker, answer), {}};
    case Checker::Kind::regex:
      return Grade{matches_regex(checker.expected, answer), {}};
    case Checker::Kind::json:
      return Grade{matches_json(checker.expected, answer), {}};
    case Checker::Kind::none:
      return std::nullopt;
    default:
      return judge_graded(checker, answer);
  }
}

std::optional<bool> check(const Checker& checker, std::string_view answer) {
  const auto verdict = judge(checker, answer);
  return verdict ? std::optional(verdict->correct) : std::nullopt;
}

}  // namespace joulebook
