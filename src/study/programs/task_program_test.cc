#include "study/programs/task_program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "study/programs/task_helper.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

Status shout(const TaskCall& call) {
  return answer_items(call, [&](const TaskItem& item) -> Result<std::string> {
    if (item.text == "refuse") return fail(ErrorKind::input, "shout.no", "not this one", "another");
    return item.text + item.file + call.argument(0, "!") + (item.text == "two" ? "\nlines" : "");
  });
}

constexpr TaskVerb kVerbs[] = {{"voice", "shout", "[MARK]", "says it again", shout},
                               {"voice", "whisper", "MARK", "says it low", shout}};

struct Said {
  Status status;
  std::string out;
};

Said say(const std::vector<std::string>& words, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const Status status = run_task_line(words, kVerbs, in, out, err);
  return {status, out.str()};
}

std::string code(const Said& said) { return said.status ? "" : said.status.error().code; }

TEST(TaskProgram, AnswersALineForEachLine) {
  const Said said = say({"voice", "shout"}, "one\ntwo\n\nlast");
  EXPECT_TRUE(said.status);
  EXPECT_EQ(said.out, "ready\none!\ntwo! lines\n!\nlast!\n");
}

TEST(TaskProgram, ReadsAndWritesJsonWhereAsked) {
  const Said said = say({"--json", "voice", "shout", "?"},
                        "{\"text\": \"two\", \"file\": \"/f\"}\n{\"file\": \"g\"}\n");
  EXPECT_TRUE(said.status);
  EXPECT_EQ(said.out, "ready\n\"two/f?\\nlines\"\n\"g?\"\n");
}

TEST(TaskProgram, TakesAllOfItsInputAsOneItem) {
  const Said said = say({"--once", "voice", "shout"}, "a\nb\n");
  EXPECT_EQ(said.out, "a\nb!\n");
}

TEST(TaskProgram, RefusesItemsThatItCannotRead) {
  EXPECT_EQ(code(say({"--json", "voice", "shout"}, "{\n")), "item.syntax");
  EXPECT_EQ(code(say({"--json", "voice", "shout"}, "{\"txet\": \"a\"}\n")), "item.syntax");
  EXPECT_EQ(code(say({"voice", "shout"}, "\xff\n")), "item.utf8");
  EXPECT_EQ(code(say({"voice", "shout"}, std::string(kMostItemBytes + 1, 'a'))), "item.long");
  EXPECT_EQ(say({"voice", "shout"}, std::string(kMostItemBytes, 'a')).out.size(),
            kMostItemBytes + 8);
}

TEST(TaskProgram, AnErrorOfAnItemEndsItBehindTheAnswersSoFar) {
  const Said said = say({"voice", "shout"}, "a\nrefuse\nb\n");
  EXPECT_EQ(code(said), "shout.no");
  EXPECT_EQ(said.out, "ready\na!\n");
}

TEST(TaskProgram, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(code(say({"voice"}, "")), "task.arguments");
  EXPECT_EQ(code(say({"voise", "shout"}, "")), "task.unknown");
  EXPECT_THAT(say({"voise", "shout"}, "").status.error().cure, HasSubstr("'voice'"));
  EXPECT_EQ(code(say({"voice", "shuot"}, "")), "task.verb");
  EXPECT_THAT(say({"voice", "shuot"}, "").status.error().cure, HasSubstr("'shout'"));
  EXPECT_EQ(code(say({"voice", "whisper"}, "")), "task.arguments");
  EXPECT_EQ(code(say({"voice", "shout", "a", "b"}, "")), "task.arguments");
  EXPECT_EQ(code(say({"--jsn", "voice", "shout"}, "")), "task.arguments");
}

TEST(TaskProgram, HelpListsEveryVerb) {
  const Said said = say({"--help"}, "");
  EXPECT_TRUE(said.status);
  EXPECT_THAT(said.out, HasSubstr("voice shout [MARK]"));
  EXPECT_THAT(said.out, HasSubstr("says it low"));
}

TEST(TaskProgram, EveryVerbIsThereOnceAndSaysWhatItDoes) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (const TaskVerb& verb : all_task_verbs()) {
    EXPECT_TRUE(seen.emplace(verb.task, verb.verb).second) << verb.task << " " << verb.verb;
    EXPECT_FALSE(verb.does.empty()) << verb.verb;
    EXPECT_NE(verb.run, nullptr) << verb.verb;
  }
  EXPECT_GT(seen.size(), 10U);
}

TEST(TaskProgram, AHelperThatWasNotBuiltNamesItsPackage) {
  std::istringstream in;
  std::ostringstream out;
  const TaskCall call{"digits", "forest", {}, ItemFormat::line, in, out, out};
  const Status done = become({"joulebook-task-nowhere", "libnowhere-dev"}, call);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "task.not_built");
  EXPECT_THAT(done.error().cure, HasSubstr("libnowhere-dev"));
}

}  // namespace
}  // namespace joulebook
