#include "study/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace joulebook {
namespace {

using testing::HasSubstr;

Error error_of(std::string_view jsonl) {
  auto prompts = parse_prompts(jsonl, "mine.jsonl");
  EXPECT_FALSE(prompts) << jsonl;
  return prompts ? Error{} : prompts.error();
}

TEST(Prompts, TheFortyAreEightKindsOfFive) {
  std::map<std::string, int> kinds;
  int checkable = 0;
  for (const auto& p : forty_prompts()) {
    ++kinds[p.kind];
    checkable += p.checker.kind != Checker::Kind::none ? 1 : 0;
  }
  EXPECT_EQ(forty_prompts().size(), 40U);
  EXPECT_EQ(kinds.size(), 8U);
  for (const auto& [kind, count] : kinds) EXPECT_EQ(count, 5) << kind;
  EXPECT_GE(checkable, 24);
}

TEST(Prompts, ReadsEveryMember) {
  const auto prompts = parse_prompts(
      "\xEF\xBB\xBF\n{\"id\":\"a\",\"kind\":\"k\",\"prompt\":\"p\",\"check\":{\"kind\":\"number\","
      "\"expected\":12.5,\"tolerance\":0.5}}\r\n\n"
      R"({"id":"b","kind":"k","prompt":"q","check":{"kind":"json","expected":"x"}})",
      "mine.jsonl");
  ASSERT_TRUE(prompts) << prompts.error().message;
  ASSERT_EQ(prompts->size(), 2U);
  EXPECT_EQ(prompts->at(0).checker.expected, "12.5");
  EXPECT_EQ(prompts->at(0).checker.tolerance, 0.5);
  EXPECT_EQ(prompts->at(1).checker.expected, "\"x\"");
}

TEST(Prompts, EveryErrorNamesItsLineAndCure) {
  const std::string good = R"({"id":"a","kind":"k","prompt":"p"})";
  const std::map<std::string, std::string> bad = {
      {R"({"id":"b")", "prompts.syntax"},
      {R"(["b"])", "prompts.syntax"},
      {R"({"id":"b","kind":"k"})", "prompts.syntax"},
      {R"({"id":7,"kind":"k","prompt":"p"})", "prompts.syntax"},
      {"{\"id\":\"\xff\",\"kind\":\"k\",\"prompt\":\"p\"}", "prompts.syntax"},
      {R"({"id":"b","kind":"k","prompt":" "})", "prompts.empty"},
      {R"({"id":"a","kind":"k","prompt":"p"})", "prompts.duplicate_id"},
      {R"({"id":"b","kind":"k","promt":"p"})", "prompts.unknown_key"},
      {R"({"id":"b","kind":"k","prompt":"p","check":{"kind":"exakt","expected":"y"}})",
       "prompts.bad_check"},
      {R"({"id":"b","kind":"k","prompt":"p","check":{"kind":"regex","expected":"("}})",
       "prompts.bad_check"},
      {R"({"id":"b","kind":"k","prompt":"p","check":{"kind":"exact"}})", "prompts.bad_check"},
      {R"({"id":"b","kind":"k","prompt":"p","check":{"kind":"exact","expected":"y","tolerance":1}})",
       "prompts.bad_check"},
      {R"({"id":"b","kind":"k","prompt":"p","check":"yes"})", "prompts.bad_check"},
  };
  for (const auto& [line, code] : bad) {
    const Error error = error_of(good + "\n" + line + "\n");
    EXPECT_EQ(error.code, code) << line;
    EXPECT_THAT(error.message, HasSubstr("mine.jsonl:2:")) << line;
    EXPECT_FALSE(error.cure.empty()) << line;
    EXPECT_EQ(error.kind, ErrorKind::input);
  }
  EXPECT_EQ(error_of("\n \n").code, "prompts.empty");
  EXPECT_THAT(error_of(R"({"id":"b","kind":"k","promt":"p"})").cure, HasSubstr("'prompt'"));
}

TEST(Prompts, ALoadedFileThatIsNotThereIsSaid) {
  EXPECT_EQ(load_prompts(testing::TempDir() + "/no-such.jsonl").error().code, "file.missing");
}

TEST(Prompts, DigestTellsSetsApart) {
  auto prompts = forty_prompts();
  const auto before = digest(prompts);
  EXPECT_EQ(before.size(), 16U);
  EXPECT_EQ(digest(forty_prompts()), before);
  prompts[3].text += ".";
  EXPECT_NE(digest(prompts), before);
}

}  // namespace
}  // namespace joulebook
