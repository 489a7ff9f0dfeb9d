#include "study/checker.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "core/file_tree.h"
#include "core/json.h"
#include "core/text.h"
#include "study/prompts.h"

namespace joulebook {
namespace {

std::map<std::string, Json> cases() {
  std::map<std::string, Json> out;
  const auto file = read_file(std::string(JOULEBOOK_TEST_DATA) + "/checker_cases.jsonl");
  for (const auto line : split(file.value(), '\n')) {
    if (line.empty()) continue;
    auto json = parse_json(line).value();
    const std::string id(json["id"].as_string());
    out.emplace(id, std::move(json));
  }
  return out;
}

TEST(Checker, EveryCheckOfTheFortyAcceptsThreeAnswersAndRefusesThree) {
  const auto all = cases();
  std::size_t checkable = 0;
  for (const auto& prompt : forty_prompts()) {
    if (prompt.checker.kind == Checker::Kind::none) continue;
    ++checkable;
    const auto it = all.find(prompt.id);
    ASSERT_NE(it, all.end()) << prompt.id << " has no cases";
    EXPECT_GE(it->second["accept"].items().size(), 3U) << prompt.id;
    EXPECT_GE(it->second["refuse"].items().size(), 3U) << prompt.id;
    for (const auto& answer : it->second["accept"].items()) {
      EXPECT_EQ(check(prompt.checker, answer.as_string()), true)
          << prompt.id << ": " << answer.as_string();
    }
    for (const auto& answer : it->second["refuse"].items()) {
      EXPECT_EQ(check(prompt.checker, answer.as_string()), false)
          << prompt.id << ": " << answer.as_string();
    }
    EXPECT_EQ(check(prompt.checker, ""), false) << prompt.id;
  }
  EXPECT_EQ(checkable, all.size());
  EXPECT_GE(checkable, 24U);
}

TEST(Checker, NothingToCheckIsNoVerdict) {
  EXPECT_EQ(check({Checker::Kind::none, "", 0}, "anything"), std::nullopt);
}

TEST(Checker, ToleranceIsInclusive) {
  const Checker pi{Checker::Kind::number, "3.14", 0.01};
  EXPECT_EQ(check(pi, "about 3.15"), true);
  EXPECT_EQ(check(pi, "about 3.2"), false);
  EXPECT_EQ(check({Checker::Kind::number, "1234", 0}, "1,234 metres"), true);
  EXPECT_EQ(check({Checker::Kind::number, "36", 0}, "Answer: 12 x 3 = 36 coins of 100"), true);
  EXPECT_EQ(check({Checker::Kind::number, "12", 0}, "Answer: 12 x 3 = 36 coins"), false);
}

TEST(Checker, ATinyNumberIsNotNothing) {
  const Checker charge{Checker::Kind::number, "1.6e-19", 0};
  EXPECT_EQ(check(charge, "1.6e-19 C"), true);
  EXPECT_EQ(check(charge, "0"), false);
  EXPECT_EQ(check(charge, "3e-10"), false);
  EXPECT_EQ(check({Checker::Kind::number, "1.1", 0.1}, "1.0"), true);
  EXPECT_EQ(check({Checker::Kind::number, "0", 0}, "1e400"), false);
  EXPECT_EQ(check({Checker::Kind::number, "0.5", 0}, "thus \\boxed{\\frac{1}{2}}"), true);
}

TEST(Checker, ASignIsPartOfTheNumber) {
  EXPECT_EQ(check({Checker::Kind::exact, "-5", 0}, "5"), false);
  EXPECT_EQ(check({Checker::Kind::exact, "-5", 0}, "**\u22125**"), true);
  EXPECT_EQ(check({Checker::Kind::exact, "Zürich", 0}, "»ZÜRICH«"), true);
}

TEST(Checker, ArraysKeepTheirOrderAndMayHoldMore) {
  const Checker list{Checker::Kind::json, R"(["a", {"n": 1}])", 0};
  EXPECT_EQ(check(list, R"(["x", "A.", {"n": 1.0, "m": 2}])"), true);
  EXPECT_EQ(check(list, R"([{"n": 1}, "a"])"), false);
}

TEST(Checker, ValidateRefusesWhatCouldNeverBeApplied) {
  const auto code = [](Checker::Kind kind, const char* expected) {
    const auto status = validate({kind, expected, 0});
    return status ? std::string() : status.error().code;
  };
  EXPECT_EQ(code(Checker::Kind::exact, " "), "check.empty");
  EXPECT_EQ(code(Checker::Kind::exact, "?!"), "check.empty");
  EXPECT_EQ(code(Checker::Kind::number, "twelve"), "check.number");
  EXPECT_EQ(code(Checker::Kind::regex, "a(b"), "check.pattern");
  EXPECT_EQ(code(Checker::Kind::regex, "(a+)+b"), "check.pattern");
  EXPECT_EQ(code(Checker::Kind::regex, "((a*)b)*"), "check.pattern");
  EXPECT_EQ(code(Checker::Kind::regex, "(a+b)?[(*+)]+"), "");
  EXPECT_EQ(code(Checker::Kind::json, "{"), "check.json");
  EXPECT_EQ(code(Checker::Kind::json, R"({"a": 1})"), "");
}

TEST(Checker, ALongAnswerIsCutBeforeThePatternSeesIt) {
  const std::string long_text(200'000, 'a');
  EXPECT_EQ(check({Checker::Kind::regex, "b", 0}, long_text + "b"), false);
}

RC_GTEST_PROP(Checker, AWordEqualsItselfWhateverItsDress, (bool upper)) {
  const auto word = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', '{')));
  std::string shown = word;
  if (upper) {
    for (auto& c : shown) c = static_cast<char>(c - 'a' + 'A');
  }
  const Checker exact{Checker::Kind::exact, word, 0};
  RC_ASSERT(check(exact, " **" + shown + "**.\n") == true);
  RC_ASSERT(check(exact, word + "x") == false);
}

RC_GTEST_PROP(Checker, NormalisingTwiceChangesNothing, (const std::string& text)) {
  RC_ASSERT(normalised(normalised(text)) == normalised(text));
}

}  // namespace
}  // namespace joulebook
