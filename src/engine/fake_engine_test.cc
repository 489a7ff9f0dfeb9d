#include "fakes/fake_engine.h"

#include <gmock/gmock.h>

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

GenerateRequest ask(std::string user) {
  GenerateRequest request;
  request.user = std::move(user);
  return request;
}

TEST(FakeEngine, SpansTileAndAreExactOnAFakeClock) {
  FakeClock clock;
  FakeEngine engine(clock);
  engine.otherwise({.reasoning = "let me see", .answer = "four", .queue = milliseconds(3)});
  const SteadyTime start = clock.now();
  const auto out = engine.generate_one(ask("two and two"));
  ASSERT_TRUE(out.has_value());
  ASSERT_EQ(out->phases.size(), 4U);
  EXPECT_EQ(out->begin(), start);
  for (std::size_t i = 1; i < out->phases.size(); ++i) {
    EXPECT_EQ(out->phases[i].begin, out->phases[i - 1].end);
  }
  EXPECT_EQ(out->end() - start, milliseconds(3 + 10 + 4 * 5));
  EXPECT_EQ(clock.now(), out->end());
  EXPECT_EQ(out->reasoning, "let me see");
  EXPECT_EQ(out->reasoning_tokens, Tokens{3});
  EXPECT_EQ(out->answer_tokens, Tokens{1});
  EXPECT_EQ(out->prompt_tokens, Tokens{3});
  EXPECT_EQ(out->finish, Finish::stop);
}

TEST(FakeEngine, StopsAtTheLimitAndWhenCancelled) {
  FakeClock clock;
  FakeEngine engine(clock);
  engine.otherwise({.answer = "a b c d e"});
  auto request = ask("x");
  request.max_tokens = 2;
  auto out = engine.generate_one(request);
  EXPECT_EQ(out->answer, "a b");
  EXPECT_EQ(out->finish, Finish::length);

  std::atomic<bool> cancel{false};
  request.max_tokens = 99;
  request.cancel = &cancel;
  request.on_token = [&](const TokenEvent& e) { cancel = e.text == " c"; };
  out = engine.generate_one(request);
  EXPECT_EQ(out->answer, "a b c");
  EXPECT_EQ(out->finish, Finish::cancelled);
}

TEST(FakeEngine, RunsSideBySideAndKeepsErrorsApart) {
  FakeClock clock;
  FakeEngine engine(clock);
  engine.when("bad", {.error = Error{ErrorKind::engine, "endpoint.failed", "no", ""}});
  engine.then({.answer = "first"});
  const std::vector<GenerateRequest> requests = {ask("one"), ask("bad"), ask("three")};
  const SteadyTime start = clock.now();
  const auto out = engine.generate(requests);
  EXPECT_EQ(out[0]->answer, "first");
  EXPECT_EQ(out[1].error().code, "endpoint.failed");
  EXPECT_EQ(out[2]->answer, "forty two");
  EXPECT_EQ(clock.now() - start, milliseconds(10 + 2 * 5));
  EXPECT_EQ(engine.requests().size(), 3U);
}

}  // namespace
}  // namespace joulebook
