// The real transport against a real server in this process: whole campaigns over sockets.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fakes/mock_upstream.h"
#include "fakes/scripted_endpoint.h"
#include "load/campaign.h"

namespace joulebook::load {
namespace {

using fakes::MockOptions;
using fakes::MockUpstream;

Result<LoadResult> load(const std::string& address, LoadPlan plan, std::int64_t tokens,
                        std::vector<RequestRecord>* records = nullptr) {
  HttpStreamOptions options;
  options.url = address + "/v1/chat/completions";
  options.watched_header = "x-joulebook-request-id";
  auto transport = open_http_transport(std::move(options));
  if (!transport) return fail(transport.error());
  Campaign campaign;
  campaign.plans = {std::move(plan)};
  campaign.work.input = Lengths::fixed(100);
  campaign.work.output = Lengths::fixed(tokens);
  campaign.body.model = "mock-1b";
  campaign.address = address;
  CampaignHooks hooks;
  hooks.unmetered = Reason{"engine.remote", "elsewhere", "run it there"};
  hooks.say = [](const std::string&) {};
  if (records != nullptr) {
    hooks.record = [records](const RequestRecord& r, int, int, int) { records->push_back(r); };
  }
  return run_campaign(std::move(campaign), **transport, hooks);
}

TEST(HttpLoad, LatenciesAreThoseTheServerWasSetTo) {
  MockOptions options;
  options.first = std::chrono::milliseconds(40);
  options.gap = std::chrono::milliseconds(8);
  options.request_id = "jb-";
  const MockUpstream server(options);
  LoadPlan plan;
  plan.concurrency = 4;
  plan.requests = 40;
  std::vector<RequestRecord> records;
  const auto result = load(server.address(), plan, 11, &records);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const LoadPoint& point = result->points[0];
  const LoadFigures& f = point.repeats[0].figures;  // steady or not
  EXPECT_EQ(server.answered(), 42U);                // and two to learn how it counts
  // Never early; late by as much as a busy machine makes it.
  EXPECT_GE(*f.ttft.p50.value, 0.0395);
  EXPECT_LT(*f.ttft.p50.value, 0.120);
  EXPECT_GT(*f.tpot.p50.value, 0.0075);
  EXPECT_LT(*f.tpot.p50.value, 0.030);
  EXPECT_EQ(point.repeats[0].flow.span.output_tokens, 440);
  EXPECT_EQ(point.repeats[0].flow.span.prompt_tokens, 4000);  // exactly as asked
  EXPECT_EQ(*point.input_accuracy(), 1);
  EXPECT_EQ(server.most_connections(), 4);  // kept and used again
  ASSERT_EQ(records.size(), 40U);
  EXPECT_TRUE(records[0].energy_id.starts_with("jb-"));
}

TEST(HttpLoad, AThousandStreamsSideBySide) {
  MockOptions options;
  options.first = std::chrono::milliseconds(20);
  options.gap = std::chrono::milliseconds(100);
  const MockUpstream server(options);
  ASSERT_TRUE(room_for_streams(2500));  // both ends are here
  LoadPlan plan;
  plan.concurrency = 1000;
  plan.requests = 2000;
  const auto result = load(server.address(), plan, 8);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->points[0].repeats[0].flow.span.ended_well, 2000);
  EXPECT_EQ(server.most_connections(), 1000);
}

TEST(HttpLoad, AQueueInTheServerIsInFlight) {
  MockOptions options;
  options.first = std::chrono::milliseconds(5);
  options.gap = std::chrono::milliseconds(5);
  options.slots = 2;
  const MockUpstream server(options);
  LoadPlan plan;
  plan.concurrency = 8;
  plan.requests = 80;
  const auto result = load(server.address(), plan, 9);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  const LoadFigures& f = result->points[0].repeats[0].figures;
  EXPECT_LT(*f.answering.value, 2.2);  // 2 slots
  EXPECT_GT(*f.in_flight.value, 5);
}

// Servers close kept connections when it suits them; no request is lost by it.
TEST(HttpLoad, AClosedConnectionIsNoFailure) {
  MockOptions options;
  options.answers_a_connection = 3;
  const MockUpstream server(options);
  LoadPlan plan;
  plan.concurrency = 4;
  plan.requests = 100;
  const auto result = load(server.address(), plan, 2);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->points[0].repeats[0].flow.span.ended_well, 100);
  EXPECT_TRUE(result->points[0].repeats[0].flow.first_error.empty());
}

TEST(HttpLoad, ARefusalIsToldOnce) {
  const ScriptedEndpoint server(
      {ScriptedReply::json(R"({"error":{"message":"no such key"}})", 401)});
  LoadPlan plan;
  plan.requests = 5;
  const auto result = load(server.address(), plan, 5);
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("no such key"), std::string::npos)
      << result.error().message;
  EXPECT_EQ(server.requests().size(), 1U);  // the first question was enough
}

TEST(HttpLoad, NobodyThere) {
  LoadPlan plan;
  plan.requests = 5;
  const auto result = load("http://127.0.0.1:9", plan, 5);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::engine);
}

TEST(HttpLoad, AnswersCutInTheMiddleAreCountedApart) {
  ScriptedReply cut = ScriptedReply::answer({"half", " of"});
  cut.chunks.resize(1);
  cut.cut = true;
  const ScriptedReply good = ScriptedReply::answer({"whole", " answer"});
  const ScriptedEndpoint server({good, good, cut, good, cut, good});
  LoadPlan plan;
  plan.requests = 4;
  const auto result = load(server.address(), plan, 5);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->points[0].repeats[0].flow.span.errors.at("endpoint.cut"), 2);
  EXPECT_EQ(result->points[0].repeats[0].flow.span.ended_well, 2);
}

}  // namespace
}  // namespace joulebook::load
