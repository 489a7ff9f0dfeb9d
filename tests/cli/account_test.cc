// `joulebook account` as a person meets it: an energy becomes grams, litres and money, everything has a
// source, and what makes no sense is refused with the cure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "cli/process.h"
#include "fakes/closed_schema.h"
#include "fakes/golden.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

Doc account(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "account");
  arguments.insert(arguments.end(), {"--json", "-"});
  const Outcome outcome = joulebook(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.code == 0 ? Doc::parse(outcome.out) : Doc();
}

double figure(const Doc& doc, const std::string& id) {
  for (const Doc& f : doc["figures"]) {
    if (f["id"] == id && !f["figure"]["value"].is_null()) return f["figure"]["value"];
  }
  ADD_FAILURE() << "no figure " << id;
  return 0;
}

TEST(Account, AnEnergyOnAGrid) {
  const Doc doc = account({"--energy", "512 J", "--grid", "DE", "--pue", "1.1"});
  EXPECT_NEAR(figure(doc, "energy"), 563.2, 1e-9);
  EXPECT_NEAR(figure(doc, "carbon.location.direct"), 563.2 / 3.6e6 * 0.38095, 1e-15);
  EXPECT_NEAR(figure(doc, "carbon.location.lifecycle"), 563.2 / 3.6e6 * 0.34414, 1e-15);
}

TEST(Account, ItsJsonObeysTheSchema) {
  const Doc doc = account({"--energy", "500-520 J/response", "--grid", "FR", "--provider", "google", "--at", "gpu", "--boundary", "ghg", "--hardware", "H100",
                           "--hardware-time", "2 s", "--price", "0.2 EUR/kWh", "--device", "laptop", "--equivalents", "smartphone", "--instead-of", "flight"});
  const Schema schema("account.schema.json");
  expect_no_open_object(schema.raw(), "");
  expect_closed(schema, doc);
}

TEST(Account, ARunOfTheLedger) {
  const std::string dir = fresh_folder("account-run");
  const std::map<std::string, std::string> ledger{{"JOULEBOOK_LEDGER", dir + "/ledger.db"}};
  ASSERT_EQ(joulebook({"run", "--quiet", "--", "true"}, ledger).code, 0);
  const Outcome outcome = joulebook({"account", "last", "--grid", "SE", "--json", "-"}, ledger);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Doc doc = Doc::parse(outcome.out);
  EXPECT_EQ(doc["of"]["kind"], "run");
  EXPECT_EQ(Schema("account.schema.json").explain(doc), "");
}

TEST(Account, ASeriesOverTime) {
  const std::string file = fresh_folder("account-series") + "/grid.csv";
  std::ofstream(file) << "time,gCO2e/kWh\n2026-01-01T00:00Z,100\n2026-01-01T01:00Z,300\n2026-01-01T02:00Z,500\n";
  const auto at = [&](const char* since, const char* until) {
    return figure(account({"--energy", "1 kWh", "--grid", file, "--since", since, "--until", until}), "carbon.location.direct");
  };
  EXPECT_NEAR(at("2026-01-01T00:00Z", "2026-01-01T02:00Z"), 0.2, 1e-12);
  EXPECT_NEAR(at("2026-01-01T03:00+01:00", "2026-01-01T04:00+01:00"), 0.5, 1e-12);
}

TEST(Account, EveryConstantHasASource) {
  const Outcome outcome = joulebook({"account", "--explain", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Doc doc = Doc::parse(outcome.out);
  EXPECT_GT(doc["constants"].size(), 700U);
  for (const Doc& c : doc["constants"]) {
    for (const char* member : {"source", "date", "licence"}) EXPECT_FALSE(c[member].get<std::string>().empty()) << c["id"];
  }
}

// Whatever goes into a figure stands among the constants with its source: what its interval is from, and what its method names.
TEST(Account, EveryFigureTracesToItsSources) {
  const Doc doc = account({"--energy", "0.3-0.4 Wh/response", "--grid", "DE", "--market", "20 g/kWh", "--hardware", "A100", "--devices", "8", "--hardware-time", "2 s", "--network", "5 J/response",
                           "--device", "laptop", "--price", "0.25 EUR/kWh", "--provider", "aws", "--region", "eu-central-1", "--at", "gpu", "--boundary", "full-stack", "--equivalents", "all"});
  std::set<std::string> sourced;
  for (const Doc& c : doc["constants"]) {
    for (const char* member : {"source", "date", "licence"}) EXPECT_FALSE(c[member].get<std::string>().empty()) << c["id"];
    sourced.insert(c["id"].get<std::string>());
  }
  std::set<std::string> used;
  for (const Doc& f : doc["figures"]) {
    const Doc& q = f["figure"];
    if (q["value"].is_null()) continue;
    const std::string id = f["id"].get<std::string>(), method = q["method"].get<std::string>();
    EXPECT_FALSE(method.empty()) << id;
    for (const Doc& part : q["shared"]) used.insert(part["id"].get<std::string>());
    // "energy x grid.DEU.direct.2023 (2023)"
    const auto times = method.find(" x ");
    if (method.starts_with("energy") && times != std::string::npos) used.insert(method.substr(times + 3, method.find(' ', times + 3) - times - 3));
  }
  EXPECT_GT(used.size(), 10U);
  for (const std::string& id : used) EXPECT_TRUE(sourced.contains(id)) << id;
  for (const Doc& e : doc["equivalents"]) EXPECT_FALSE(e["source"]["source"].get<std::string>().empty()) << e["item"];
}

TEST(Account, WhatAPersonReads) {
  const auto text = [](std::vector<std::string> arguments) { return joulebook(std::move(arguments)).out; };
  const std::string golden = std::string(JOULEBOOK_SOURCE_DIR) + "/tests/golden/account/";
  expect_golden(golden + "energy.txt", text({"account", "--energy", "512 J/response", "--at", "gpu", "--grid", "DE", "--provider", "google", "--equivalents", "smartphone"}));
  expect_golden(golden + "back-test.txt", text({"scenario", "--back-test"}));
}

TEST(Account, ABillIsARangeAndItsSums) {
  const std::string dir = fresh_folder("account-usage");
  std::ofstream(dir + "/bill.csv") << "month,provider,model,region,input_tokens,output_tokens,requests\n"
                                      "2026-01,aws,Llama-3.1-8B,us-east-1,1200000,400000,1000\n2026-01,openai,gpt-4o,,500000,200000,400\n"
                                      "2026-02,anthropic,claude,,500000,200000,\n";
  const Outcome outcome = joulebook({"account", "--usage", dir + "/bill.csv", "--grid", "US", "--csv", dir + "/out.csv", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Doc doc = Doc::parse(outcome.out);
  const Schema schema("usage.schema.json");
  expect_no_open_object(schema.raw(), "");
  Doc planted = doc;  // so that an absence is met, too
  planted["rows"][0]["figures"]["water"] = Doc::parse(R"({"value": null, "unit": "m3", "lo": 1, "reason": {"code": "a", "message": "b", "cure": "c"}})");
  expect_closed(schema, planted);
  double rows = 0;
  for (const Doc& row : doc["rows"]) {
    const Doc& energy = row["figures"]["energy"];
    rows += energy["value"].get<double>();
    EXPECT_LT(energy["lo"], energy["hi"]) << row;
  }
  EXPECT_NEAR(doc["sums"].back()["figures"]["energy"]["value"], rows, 1e-9 * rows);
  std::ifstream csv(dir + "/out.csv");
  EXPECT_EQ(std::count(std::istreambuf_iterator<char>(csv), {}, '\n'), 1 + 3 + 2 + 3 + 1 + 1);
}

TEST(Account, AModelsLifeAgainstAnother) {
  const std::string file = fresh_folder("account-life") + "/tuned.toml";
  std::ofstream(file) << "name = 'tuned'\nanswer = 'normal(2, 0.1) J/response'\n[once]\ntuning = '50 MJ'\n"
                         "[service]\nanswers_per_year = '1e8 response/year'\nyears = '2 years'\nanswers_per_user = '500 response/year'\n";
  const std::vector<std::string> arguments{"account", "--life", file, "--against", "answer=lognormal(5, 1.1) J/response", "--grid", "DE", "--price", "0.25 EUR/kWh",
                                           "--json", "-"};
  const Outcome outcome = joulebook(arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(joulebook(arguments).out, outcome.out);  // seeded
  Doc doc = Doc::parse(outcome.out);
  EXPECT_NEAR(doc["break_even"]["value"], 50e6 / 3, 1e6);
  // Every energy of it in grams and money: tuning, inference, the whole, an answer, a user's year.
  ASSERT_EQ(doc["footprints"].size(), 5);
  EXPECT_EQ(doc["footprints"][3]["of"], "per_answer");
  EXPECT_NEAR(figure(doc["footprints"][3], "carbon.location.direct"), doc["per_answer"]["value"].get<double>() / 3.6e6 * 0.38095, 1e-12);
  EXPECT_NEAR(figure(doc["footprints"][4], "money"), doc["user_year"]["value"].get<double>() / 3.6e6 * 0.25, 1e-9);
  EXPECT_NEAR(figure(doc["footprints"][0], "carbon.location.direct") / figure(doc["footprints"][2], "carbon.location.direct"),
              doc["phases"][0]["energy"]["value"].get<double>() / doc["whole"]["value"].get<double>(), 1e-9);
  const Schema schema("life.schema.json");
  expect_no_open_object(schema.raw(), "");
  doc["user_year"] = Doc::parse(R"({"value": null, "unit": "J", "reason": {"code": "a", "message": "b", "cure": "c"}})");
  doc["whole"]["shared"] = Doc::parse(R"([{"id": "a", "lo": 1, "hi": 1}])");
  expect_closed(schema, doc);
  const Outcome bad = joulebook({"account", "--training", "discrete(1:0.5, 2:0.4) MWh", "--answer", "1 J/response"});
  EXPECT_EQ(bad.code, 3);
  EXPECT_THAT(bad.err, HasSubstr("sum to 0.9"));
}

TEST(Scenario, AFanWithItsDriversAndItsPage) {
  const std::string dir = fresh_folder("scenario"), file = std::string(JOULEBOOK_SOURCE_DIR) + "/examples/scenarios/data-centres-2010.toml";
  const Outcome outcome = joulebook({"scenario", file, "--html", dir + "/page.html", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  Doc doc = Doc::parse(outcome.out);
  EXPECT_TRUE(doc["back_test"][0]["inside"]);
  std::ifstream page(dir + "/page.html");
  const std::string html(std::istreambuf_iterator<char>(page), {});
  EXPECT_THAT(html, HasSubstr("class=\"fan-outer\""));
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  const Schema schema("scenario.schema.json");
  expect_no_open_object(schema.raw(), "");
  doc["years"][0]["energy"]["shared"] = Doc::parse(R"([{"id": "a", "lo": 1, "hi": 1}])");
  expect_closed(schema, doc);
}

TEST(Scenario, EveryExampleRunsAndBothBackTestsHold) {
  for (const char* name : {"assistants", "data-centres-2010", "search-2023"}) {
    const Outcome outcome = joulebook({"scenario", std::string(JOULEBOOK_SOURCE_DIR) + "/examples/scenarios/" + name + ".toml"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("draws, seed"));
  }
  EXPECT_EQ(joulebook({"scenario", "--back-test"}).code, 0);
  EXPECT_EQ(joulebook({"scenario"}).code, 2);
}

TEST(Scenario, ATrendThatMissesWhatHappenedSaysNo) {
  const std::string file = fresh_folder("scenario-slow") + "/slow.toml";
  std::ofstream(file) << "start = 2010\nend = 2018\n[demand]\nanswers = '1 response/year'\ngrowth = 0.26\n[efficiency]\nanswer = '1 J/response'\n"
                         "[observed]\nyear = 2018\nenergy_ratio = 1.06\nsource = 'Masanet et al. 2020'\n";
  EXPECT_EQ(joulebook({"scenario", file}).code, 1);
}

TEST(Account, BadInputIsRefusedWithACure) {
  const std::string file = fresh_folder("account-bad") + "/grid.csv";
  std::ofstream(file) << "time,gCO2e/kWh\n2026-02-31T00:00Z,100\n2026-03-01T00:00Z,300\n";
  const std::vector<std::pair<std::vector<std::string>, std::string>> bad{
      {{"--energy", "512 J", "--pue", "-1.1"}, "a number from 1"},
      {{"--energy", "512 J", "--grid", "0.8 lb/kWh"}, "pounds"},
      {{"--energy", "512 J", "--grid", "Germoney"}, "did you mean 'germany'?"},
      {{"--energy", "512 J", "--provider", "aws", "--region", "us-eest-1"}, "us-east-1"},
      {{"--energy", "512 J", "--grid", file}, "February 2026 has 28 days"},
      {{"--energy", "512"}, "J"},
      {{"--energy", "512 W"}, "J"},
      {{"--energy", "-512 J"}, "at least 0"},
      {{"--energy", "512 J", "--price", "3 EUR"}, "0.25 EUR/kWh"},
      {{"--energy", "512 J", "--hardware", "H100", "--hardware-time", "2 s", "--utilisation", "1.5"}, "share above 0"},
      {{"--energy", "512 J", "--grid", "-300 g/kWh"}, "at least 0"},
      {{"--energy", "512 J", "--instead-of", "cinema"}, ".toml"},
      {{"--energy", "512 J", "--equivalents", "smartfone charge"}, "Smartphone charge"},
  };
  for (const auto& [arguments, cure] : bad) {
    std::vector<std::string> all{"account"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = joulebook(all);
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(cure));
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(joulebook({"account"}).code, 2);
  EXPECT_EQ(joulebook({"account", "--energy", "1 J", "--at", "nowhere"}).code, 2);
}

}  // namespace
}  // namespace joulebook::fakes
