#include "engine/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace joulebook {
namespace {

std::vector<std::string> events(const std::vector<std::string>& chunks, std::size_t limit = 4096) {
  std::vector<std::string> out;
  SseParser parser(
      [&](std::string_view data, std::string_view name) {
        out.push_back(std::string(name) + "|" + std::string(data));
      },
      limit);
  for (const auto& chunk : chunks) {
    if (!parser.feed(chunk)) out.emplace_back("overlong");
  }
  parser.finish();
  return out;
}

using Lines = std::vector<std::string>;

const std::string kMixed =
    ": hello\r\n\r\ndata: one\r\n\r\ndata:two\ndata: 2\n\nevent: end\rdata:  three\r\rid: 7\n\n"
    "data\n\ndata: last";

TEST(Sse, KnowsLineEndsCommentsNamesAndSeveralLines) {
  EXPECT_EQ(events({kMixed}), (Lines{"|one", "|two\n2", "end| three", "|", "|last"}));
}

TEST(Sse, AnyChunkingGivesTheSame) {
  const auto whole = events({kMixed});
  for (std::size_t i = 0; i <= kMixed.size(); ++i) {
    EXPECT_EQ(events({kMixed.substr(0, i), kMixed.substr(i)}), whole) << i;
  }
  std::vector<std::string> bytes;
  for (const char c : kMixed) bytes.emplace_back(1, c);
  EXPECT_EQ(events(bytes), whole);
}

TEST(Sse, IsBounded) {
  EXPECT_EQ(events({"data: " + std::string(100, 'x')}, 64), (Lines{"overlong"}));
  std::string many;
  for (int i = 0; i < 20; ++i) many += "data: 12345\n";
  EXPECT_EQ(events({many}, 64), (Lines{"overlong"}));
}

RC_GTEST_PROP(SseFuzz, TextWithoutLineEndsComesThrough, (const std::vector<std::string>& texts)) {
  std::string stream;
  Lines want;
  for (auto text : texts) {
    std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, '_');
    stream += "data: " + text + "\n\n";
    want.push_back("|" + text);
  }
  RC_ASSERT(events({stream}, 1 << 20) == want);
}

}  // namespace
}  // namespace joulebook
