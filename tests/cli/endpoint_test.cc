// Endpoints that misbehave, and one that answers: exit codes, messages, absences.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "core/clock.h"
#include "fakes/json_schema.h"
#include "fakes/power_plant.h"
#include "fakes/scripted_endpoint.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

Outcome ask(const ScriptedEndpoint& endpoint, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"ask", "-m", endpoint.address(), "hello"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return joulebook(arguments, {{"OPENAI_API_KEY", "sk-secret-key"}});
}

void expect_engine_failure(const ScriptedReply& reply, const std::string& says) {
  const ScriptedEndpoint endpoint({reply});
  const Outcome outcome = ask(endpoint);
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(says));
  EXPECT_THAT(outcome.err, HasSubstr("cure: "));
  EXPECT_THAT(outcome.err, testing::Not(HasSubstr("sk-secret-key")));
}

TEST(Endpoint, RefusedNamesTheAddress) {
  const Outcome outcome = joulebook({"ask", "-m", "http://127.0.0.1:9", "hello"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1:9"));
}
TEST(Endpoint, Unauthorized) { expect_engine_failure(ScriptedReply::json("{}", 401), "401"); }
TEST(Endpoint, NotFound) { expect_engine_failure(ScriptedReply::json("{}", 404), "404"); }
TEST(Endpoint, Throttled) {
  ScriptedReply reply = ScriptedReply::json("{}", 429);
  reply.headers.push_back("Retry-After: 0");
  expect_engine_failure(reply, "429");
}
TEST(Endpoint, Failed) { expect_engine_failure(ScriptedReply::json("{}", 500), "500"); }
TEST(Endpoint, CutInTheMiddle) {
  ScriptedReply reply = ScriptedReply::answer({"half an", " answer"});
  reply.chunks.resize(1);
  reply.cut = true;
  expect_engine_failure(reply, "cut");
}

// The ledger knows neither shape nor device of an endpoint: whoever asks names them.
TEST(Endpoint, ItsRunIsExplainedWhereShapeAndDeviceAreNamed) {
  ScriptedReply reply = ScriptedReply::answer({"Because ", "of ", "scattering."});
  reply.delay = std::chrono::milliseconds(100);
  const ScriptedEndpoint endpoint({reply});
  const std::string root = fresh_folder("explained") + "/root";
  PowerPlant plant(root, system_clock().now(),
                   {{.directory = "intel-rapl:0", .name = "package-0", .power = PowerFunction::constant(400)}});
  plant.run(system_clock());
  const std::map<std::string, std::string> environment{{"JOULEBOOK_LEDGER", root + "/ledger.db"}};
  const Outcome asked = joulebook({"ask", "-m", endpoint.address(), "hello", "--sysroot", root}, environment);
  plant.stop();
  ASSERT_EQ(asked.code, 0) << asked.err;
  const auto explained = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"explain", "last", "--sysroot", root});
    return joulebook(more, environment);
  };
  for (const std::vector<std::string>& lacking : {std::vector<std::string>{}, {"--gpu", "H100"}, {"--shape", "Llama-3.1-8B"}}) {
    const Outcome outcome = explained(lacking);
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("--shape MODEL --gpu NAME"));
  }
  EXPECT_EQ(explained({"--shape", "Llama-3.1-8B", "--gpu", "H100", "--batch", "0"}).code, 2);
  const Outcome outcome = explained({"--shape", "Llama-3.1-8B", "--gpu", "H100", "--batch", "8", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto answer = nlohmann::json::parse(outcome.out)["answers"][0];
  EXPECT_EQ(answer["device"], "H100 SXM5 80GB");
  double sum = 0;
  for (const auto& cause : answer["causes"]) sum += cause["share"].get<double>();
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST(Endpoint, AnswersAndIsMetered) {
  const ScriptedEndpoint endpoint({ScriptedReply::answer({"Because ", "of ", "scattering."})});
  const std::string json = fresh_folder("ask") + "/ask.json";
  const Outcome outcome = ask(endpoint, {"--json", json});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Because of scattering."));
  const auto document = nlohmann::json::parse(std::ifstream(json));
  EXPECT_EQ(document["mean"]["prompt_tokens"], 7);
  EXPECT_EQ(JsonSchema(JOULEBOOK_SOURCE_DIR "/docs/schema/ask.schema.json").explain(document), "");
  EXPECT_TRUE(document["total"].contains("value"));
  // Neither the prompt nor the answer nor the key is written down unless asked for.
  EXPECT_THAT(document.dump(), testing::Not(HasSubstr("scattering")));
  EXPECT_THAT(document.dump(), testing::Not(HasSubstr("sk-secret-key")));
}

TEST(Endpoint, JsonOnStandardOutputStandsAlone) {
  const ScriptedEndpoint endpoint({ScriptedReply::answer({"ok"})});
  const Outcome outcome = ask(endpoint, {"--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << outcome.out;
}

TEST(Endpoint, InvalidUtf8IsRepaired) {
  const ScriptedEndpoint endpoint({ScriptedReply::answer({"a\xff\xfe z"})});
  const Outcome outcome = ask(endpoint);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\xEF\xBF\xBD"));
}

// A study against a scripted endpoint, interrupted by its failure, then resumed.
class EndpointStudy : public testing::Test {
 protected:
  EndpointStudy() {
    std::ofstream(prompts_)
        << R"({"id":"a","kind":"arithmetic","prompt":"2+2?","check":{"kind":"number","expected":"4"}})"
        << "\n"
        << R"({"id":"b","kind":"chat","prompt":"Hi"})" << "\n";
  }
  Outcome study(const std::string& address, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"study",
                                          "--model",
                                          address,
                                          "--prompts",
                                          prompts_,
                                          "--baseline",
                                          "0.05",
                                          "--max-rounds",
                                          "2",
                                          "--html",
                                          folder_ + "/r.html",
                                          "--json",
                                          folder_ + "/r.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return joulebook(arguments, {{"JOULEBOOK_LEDGER", ledger_}});
  }
  std::string folder_ = fresh_folder("study");
  std::string prompts_ = folder_ + "/prompts.jsonl";
  std::string ledger_ = folder_ + "/ledger.db";
};

TEST_F(EndpointStudy, EndsWithAReportAndABalancedLedger) {
  const ScriptedEndpoint endpoint({ScriptedReply::answer({"The answer ", "is ", "4."})});
  const Outcome outcome = study(endpoint.address());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = nlohmann::json::parse(std::ifstream(folder_ + "/r.json"));
  EXPECT_EQ(document["schema"], "joulebook.study/1");
  EXPECT_EQ(document["trials"].size(), 8u);
  EXPECT_TRUE(document["complete"]);
  EXPECT_GT(std::filesystem::file_size(folder_ + "/r.html"), 100'000u);
  const Outcome verified = joulebook({"ledger", "verify"}, {{"JOULEBOOK_LEDGER", ledger_}});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  for (const std::string format : {"json", "jsonl", "csv", "arms-csv", "markdown", "html"}) {
    const Outcome exported =
        joulebook({"export", "last", "--format", format}, {{"JOULEBOOK_LEDGER", ledger_}});
    EXPECT_EQ(exported.code, 0) << format << exported.err;
    EXPECT_GT(exported.out.size(), 100u) << format;
  }
  const Outcome shown = joulebook({"show"}, {{"JOULEBOOK_LEDGER", ledger_}});
  EXPECT_EQ(shown.out, outcome.out);
  EXPECT_THAT(joulebook({"list"}, {{"JOULEBOOK_LEDGER", ledger_}}).out, HasSubstr("study"));
}

TEST_F(EndpointStudy, AnEndpointThatDiesLosesNothingAndResumes) {
  const auto good = ScriptedReply::answer({"It ", "is ", "4."});
  const auto bad = ScriptedReply::json("{}", 500);
  {
    const ScriptedEndpoint dying({good, good, good, bad});
    const Outcome outcome = study(dying.address());
    EXPECT_EQ(outcome.code, 5) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("--resume"));
  }
  const Outcome verified = joulebook({"ledger", "verify"}, {{"JOULEBOOK_LEDGER", ledger_}});
  EXPECT_EQ(verified.code, 0) << verified.out;
}

}  // namespace
}  // namespace joulebook::fakes
