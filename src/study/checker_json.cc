#include "study/checker_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "study/checker.h"

namespace joulebook {
namespace {

const std::vector<std::string> kKeys = {"kind",    "expected", "tolerance", "relative", "at_least",
                                        "at_most", "labels",   "within",    "among"};
const std::vector<std::string> kKinds = {"exact", "number", "regex", "json",    "label",
                                         "spans", "wer",    "cer",   "rouge_l", "nearest"};

tl::unexpected<Error> bad(const std::string& what, std::string cure) {
  return fail(ErrorKind::input, "prompts.bad_check", what, std::move(cure));
}

// A number >= 0 where the member is there.
Status read_number(const Json& json, const char* key, std::optional<double>& into) {
  if (!json.has(key)) return {};
  if (!json[key].is_number() || json[key].as_double() < 0) {
    return bad(fmt::format("'{}' must be a number >= 0", key), "leave it out, or give a number");
  }
  into = json[key].as_double();
  return {};
}

Status read_labels(const Json& json, Checker& checker) {
  if (!json.has("labels")) return {};
  const Json& labels = json["labels"];
  checker.labels.emplace();
  for (const Json& label : labels.items()) {
    if (label.is_string()) checker.labels->emplace_back(label.as_string());
  }
  if (labels.is_array() && checker.labels->size() == labels.items().size()) return {};
  return bad("'labels' must be a list of texts", R"(write "labels": ["yes", "no"])");
}

// at_least and at_most are one limit, by the kind of check.
Status read_limit(const Json& json, Checker& checker) {
  using Kind = Checker::Kind;
  const bool rate = checker.kind == Kind::wer || checker.kind == Kind::cer;
  const char* other = rate ? "at_least" : "at_most";
  if (json.has(other)) {
    return bad(fmt::format("'{}' is no limit of a check of kind {}", other,
                           to_string(checker.kind)),
               rate ? "write 'at_most': an error rate is better when less"
                    : "write 'at_least': a score is better when more");
  }
  return read_number(json, rate ? "at_most" : "at_least", checker.limit);
}

Status read_options(const Json& json, Checker& checker) {
  std::optional<double> tolerance;
  for (const auto& ok : {read_number(json, "tolerance", tolerance),
                         read_number(json, "relative", checker.relative),
                         read_limit(json, checker), read_labels(json, checker)}) {
    if (!ok) return ok;
  }
  if (tolerance && checker.kind != Checker::Kind::number) {
    return bad("'tolerance' is for a check of kind number", "take it out");
  }
  checker.tolerance = tolerance.value_or(0);
  if (json.has("within")) {
    if (!json["within"].is_int()) return bad("'within' must be a whole number", "write 3, say");
    checker.within = json["within"].as_int();
  }
  if (json.has("among")) checker.among = json["among"].dump();
  return {};
}

}  // namespace

Status known_members(const Json& object, const std::vector<std::string>& keys) {
  for (const auto& [key, value] : object.members()) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    const auto close = nearest(key, keys);
    return fail(ErrorKind::input, "prompts.unknown_key", fmt::format("unknown member '{}'", key),
                close ? fmt::format("did you mean '{}'?", *close)
                      : "known members: " + join(keys, ", "));
  }
  return {};
}

Result<Checker> read_checker(const Json& json) {
  if (!json.is_object()) {
    return bad("'check' is no object", R"(write "check": {"kind": "exact", "expected": "yes"})");
  }
  if (auto ok = known_members(json, kKeys); !ok) return fail(std::move(ok.error()));
  const std::string word(json["kind"].as_string());
  const auto kind = checker_kind(word);
  if (!kind) {
    const auto close = nearest(word, kKinds);
    return bad(fmt::format("unknown kind of check '{}'", word),
               close ? fmt::format("did you mean '{}'?", *close)
                     : "known kinds: " + join(kKinds, ", "));
  }
  Checker checker{*kind, {}, 0};
  const Json& expected = json["expected"];
  if (expected.is_string() && *kind != Checker::Kind::json) {
    checker.expected = expected.as_string();
  } else if (!expected.is_null()) {
    checker.expected = expected.dump();
  }
  if (auto ok = read_options(json, checker); !ok) return fail(std::move(ok.error()));
  if (auto ok = validate(checker); !ok) return bad(ok.error().message, ok.error().cure);
  return checker;
}

}  // namespace joulebook
