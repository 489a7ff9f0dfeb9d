// `joulebook load` as a person runs it, against servers in this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "fakes/json_schema.h"
#include "fakes/mock_upstream.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;
using testing::Not;

MockOptions quick() {
  MockOptions options;
  options.first = std::chrono::milliseconds(5);
  options.gap = std::chrono::milliseconds(1);
  return options;
}

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void expect_schema(const nlohmann::json& document) {
  const JsonSchema schema(std::string(JOULEBOOK_SOURCE_DIR) + "/docs/schema/load.schema.json");
  EXPECT_EQ(schema.explain(document), "");
}

TEST(Load, SweepIsMeteredWrittenDownAndObeysItsSchema) {
  const MockUpstream server(quick());
  const std::string folder = fresh_folder("load");
  const std::string json = folder + "/load.json";
  const std::string raw = folder + "/raw.jsonl";
  const std::string ledger = folder + "/ledger.db";
  const Outcome outcome =
      joulebook({"load", server.address(), "--sweep", "concurrency=1,3", "--requests", "60",
                 "--repeats", "2", "--output-tokens", "8", "--slo", "ttft=1s", "--json", json,
                 "--out", raw, "--ledger", ledger},
                {{"OPENAI_API_KEY", "sk-secret-key"}});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("J/output token"));
  const auto document = nlohmann::json::parse(text_of(json));
  expect_schema(document);
  ASSERT_EQ(document["points"].size(), 2U);
  EXPECT_EQ(document["points"][1]["plan"]["concurrency"], 3);
  EXPECT_EQ(document["points"][1]["repeats"][0]["measured"], 60);
  EXPECT_EQ(document["points"][1]["repeats"][0]["output_tokens"], 480);
  EXPECT_EQ(document["points"][1]["input_accuracy"], 1.0);
  for (const auto& repeat : document["points"][0]["repeats"]) {
    EXPECT_TRUE(repeat["figures"]["gross"]["total"].contains("value"));
  }
  const std::string lines = text_of(raw);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2 * (61 + 63));  // warm-up included
  for (const auto& output : {lines, text_of(json), outcome.out, outcome.err, text_of(ledger)}) {
    EXPECT_THAT(output, Not(HasSubstr("sk-secret-key")));
    EXPECT_THAT(output, Not(HasSubstr("\"prompt\":")));
  }
  EXPECT_EQ(joulebook({"ledger", "verify", "--ledger", ledger}).code, 0);
  EXPECT_THAT(joulebook({"list", "--ledger", ledger}).out, HasSubstr("mock-1b"));
}

TEST(Load, OpenLoopTraceAndPromptsOfOnesOwn) {
  const MockUpstream server(quick());
  const std::string folder = fresh_folder("load_files");
  const std::string json = folder + "/load.json";
  std::ofstream(folder + "/trace.jsonl")
      << "{\"timestamp\":0,\"input_length\":50,\"output_length\":4}\n"
         "{\"timestamp\":300,\"input_length\":60,\"output_length\":5}\n";
  std::ofstream(folder + "/prompts.jsonl")
      << "{\"prompt\":\"a secret of mine\",\"output_tokens\":3}\n";
  const auto run = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"load", server.address(), "--json", json};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = joulebook(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const auto document = nlohmann::json::parse(text_of(json));
    expect_schema(document);
    return document;
  };
  const auto open =
      run({"--rate", "100", "--arrivals", "gamma", "--burstiness", "0.5", "--requests", "50"});
  EXPECT_EQ(open["points"][0]["plan"]["burstiness"], 0.5);
  EXPECT_EQ(open["points"][0]["repeats"][0]["measured"], 50);
  const auto trace = run({"--trace", folder + "/trace.jsonl"});
  EXPECT_EQ(trace["points"][0]["repeats"][0]["prompt_tokens"], 110);
  EXPECT_EQ(trace["points"][0]["repeats"][0]["output_tokens"], 9);
  EXPECT_EQ(trace["points"][0]["repeats"][0]["steady"]["verdict"], "not judged");
  const std::string raw = folder + "/raw.jsonl";
  const std::vector<std::string> own = {
      "--prompts", folder + "/prompts.jsonl", "--requests", "5", "--out", raw};
  EXPECT_EQ(run(own)["points"][0]["repeats"][0]["output_tokens"], 15);
  EXPECT_THAT(text_of(raw), Not(HasSubstr("secret")));
  std::vector<std::string> kept = own;
  kept.emplace_back("--keep-text");
  run(kept);
  EXPECT_THAT(text_of(raw), HasSubstr("a secret of mine"));
}

TEST(Load, WhatMakesNoSenseIsRefusedWithItsCure) {
  const auto refused = [](std::vector<std::string> more, int code, const std::string& says) {
    std::vector<std::string> arguments = {"load", "http://127.0.0.1:9"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = joulebook(arguments);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(says));
    EXPECT_THAT(outcome.err, HasSubstr("cure: "));
  };
  refused({}, 5, "127.0.0.1:9");
  refused({"--sweep", "batch=1"}, 2, "no sweep");
  refused({"--sweep", "concurrency=1,0.5"}, 2, "no sweep");
  refused({"--sweep", "rate=1", "--rate", "2"}, 2, "one too many");
  refused({"--requests", "5", "--duration", "5s"}, 2, "both end");
  refused({"--slo", "ttft=fast"}, 2, "no objective");
  refused({"--input-tokens", "many"}, 2, "no length");
  refused({"--warmup", "long"}, 2, "no warm-up");
  refused({"--body", "[1]"}, 2, "no JSON object");
  refused({"--trace", "/nowhere"}, 3, "/nowhere");
  EXPECT_EQ(joulebook({"load", "model.gguf"}).code, 2);
}

}  // namespace
}  // namespace joulebook::fakes
