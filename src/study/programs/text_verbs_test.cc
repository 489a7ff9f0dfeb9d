#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "study/programs/task_helper.h"
#include "study/programs/task_program.h"

namespace joulebook {
namespace {

struct Said {
  std::string code;
  std::string out;
};

Said say(const std::vector<std::string>& words, const std::string& input) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const Status status = run_task_line(words, all_task_verbs(), in, out, err);
  return {status ? "" : status.error().code, out.str()};
}

TEST(TextVerbs, AnswerAsTheirChecksWant) {
  EXPECT_EQ(say({"extraction", "rules"}, "Dear Ana, 5 euros by 3 May\nnone here\n").out,
            "ready\n[\"Ana\",\"5 euros\",\"3 May\"]\n[]\n");
  EXPECT_EQ(say({"--once", "question", "sentence"}, "It rains. Gulls nest.\nQuestion: Who nests?").out,
            "Gulls nest.\n");
  EXPECT_EQ(say({"summary", "lead", "2"}, "One. Two. Three.\n").out, "ready\nOne. Two.\n");
  EXPECT_EQ(say({"--json", "summary", "textrank"}, "{\"text\": \"One.\\nTwo.\"}\n").out,
            "ready\n\"One.\"\n");
}

TEST(TextVerbs, Bm25AnswersWithIds) {
  const std::string path = testing::TempDir() + "/text_verbs_documents.jsonl";
  std::ofstream(path) << R"({"id": "a", "text": "Sheep give wool."})" << '\n'
                      << R"({"id": "b", "text": "Moths eat wool, not cotton."})" << '\n';
  EXPECT_EQ(say({"retrieval", "bm25", path}, "cotton or wool?\nsilk\n").out,
            "ready\n[\"b\",\"a\"]\n[]\n");
  EXPECT_EQ(say({"retrieval", "bm25", path + ".not"}, "").code, "file.missing");
}

TEST(TextVerbs, RefuseWhatTheyCannotAnswer) {
  EXPECT_EQ(say({"question", "sentence"}, "It rains.\n").code, "question.none");
  for (const auto* count : {"0", "two", "-1", "100000"}) {
    EXPECT_EQ(say({"summary", "lead", count}, "One.\n").code, "summary.sentences") << count;
  }
}

}  // namespace
}  // namespace joulebook
