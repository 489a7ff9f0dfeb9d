#include "engine/recorder.h"

#include <gmock/gmock.h>

namespace joulebook {
namespace {

using std::chrono::milliseconds;

constexpr SteadyTime at(int ms) { return {ms * 1'000'000LL}; }

void expect_tiled(const Generation& g) {
  for (std::size_t i = 1; i < g.phases.size(); ++i) {
    EXPECT_EQ(g.phases[i].begin, g.phases[i - 1].end) << i;
  }
}

std::vector<Phase> phases(const Generation& g) {
  std::vector<Phase> out;
  for (const auto& span : g.phases) out.push_back(span.phase);
  return out;
}

TEST(Recorder, TilesQueuePrefillReasonAnswer) {
  GenerateRequest request;
  Recorder r(request, false, at(0));
  r.queued_until(at(5));
  r.prompt({10}, {4});
  int ms = 20;
  for (const auto* token : {"<", "think", ">", "hm", "</", "think", ">", "\n", "yes"}) {
    r.output(at(ms), token, {1});
    ms += 10;
  }
  r.end_of_output();
  const auto g = r.finish(at(110), Finish::stop, "engine");
  expect_tiled(g);
  EXPECT_EQ(phases(g), (std::vector{Phase::queue, Phase::cached, Phase::prefill, Phase::reason,
                                    Phase::answer}));
  EXPECT_EQ(g.reasoning, "hm");
  EXPECT_EQ(g.answer, "yes");
  EXPECT_EQ(g.phases[2].end, at(20));
  EXPECT_EQ(g.phases[2].tokens, Tokens{6});
  EXPECT_EQ(g.phases[3].end, at(80));
  EXPECT_EQ(g.reasoning_tokens, Tokens{7});
  EXPECT_EQ(g.answer_tokens, Tokens{2});
  EXPECT_EQ(g.end(), at(110));
  EXPECT_EQ(g.token_times.size(), 9U);
  EXPECT_TRUE(g.reasoning_marked);
}

TEST(Recorder, AnUnopenedCloseTurnsWhatCameBeforeIntoThinking) {
  GenerateRequest request;
  Recorder r(request, false, at(0));
  r.output(at(10), "so", {1});
  r.output(at(20), " hm", {1});
  r.output(at(30), "</think>", {1});
  r.output(at(40), "yes", {1});
  r.end_of_output();
  const auto g = r.finish(at(40), Finish::stop, "engine");
  expect_tiled(g);
  EXPECT_EQ(g.reasoning, "so hm");
  EXPECT_EQ(g.answer, "yes");
  EXPECT_EQ(g.reasoning_tokens, Tokens{3});
  EXPECT_EQ(g.answer_tokens, Tokens{1});
  EXPECT_EQ(phases(g), (std::vector{Phase::prefill, Phase::reason, Phase::answer}));
}

TEST(Recorder, RecountSharesWhatTheAuthorityLeftOpen) {
  GenerateRequest request;
  Recorder r(request, false, at(0));
  r.reasoning(at(10), "abc", {1});
  r.output(at(20), "x", {1});
  r.end_of_output();
  r.recount({10}, Tokens{0});
  r.prefill_took(milliseconds(4));
  const auto g = r.finish(at(30), Finish::stop, "usage");
  expect_tiled(g);
  EXPECT_EQ(g.reasoning_tokens, Tokens{5});
  EXPECT_EQ(g.answer_tokens, Tokens{5});
  EXPECT_EQ(phases(g), (std::vector{Phase::queue, Phase::prefill, Phase::reason, Phase::answer}));
  EXPECT_EQ(g.phases[1].begin, at(6));
}

TEST(Recorder, HiddenThinkingGetsTokensButNoTime) {
  GenerateRequest request;
  Recorder r(request, false, at(0));
  r.output(at(10), "x", {1});
  r.end_of_output();
  r.recount({101}, Tokens{100});
  const auto g = r.finish(at(30), Finish::stop, "usage");
  expect_tiled(g);
  EXPECT_EQ(phases(g), (std::vector{Phase::prefill, Phase::reason, Phase::answer}));
  EXPECT_EQ(g.phases[1].begin, g.phases[1].end);
  EXPECT_EQ(g.phases[1].tokens, Tokens{100});
  EXPECT_EQ(g.answer_tokens, Tokens{1});
  EXPECT_EQ(g.warnings.size(), 1U);
}

TEST(Recorder, OnePieceForBothIsSharedByCharacters) {
  GenerateRequest request;
  Recorder r(request, false, at(0));
  r.output(at(10), "<think>aaa</think>b", {1});
  r.end_of_output();
  r.recount({8}, std::nullopt);
  const auto g = r.finish(at(30), Finish::stop, "usage");
  EXPECT_EQ(g.reasoning_tokens, Tokens{6});
  EXPECT_EQ(g.answer_tokens, Tokens{2});
  expect_tiled(g);
}

TEST(Recorder, TellsTheListenerEachTokenOnce) {
  GenerateRequest request;
  std::string reason, answer;
  std::int64_t tokens = 0;
  request.on_token = [&](const TokenEvent& e) {
    (e.phase == Phase::reason ? reason : answer) += e.text;
    tokens += e.tokens.count;
  };
  Recorder r(request, true, at(0));
  for (const auto* token : {"a", "b", "</th", "ink>", "c", "\xE2", "\x82\xAC"}) {
    r.output(at(1), token, {1});
  }
  r.end_of_output();
  EXPECT_EQ(reason, "ab");
  EXPECT_EQ(answer, "c\xE2\x82\xAC");
  EXPECT_EQ(tokens, 7);
}

}  // namespace
}  // namespace joulebook
