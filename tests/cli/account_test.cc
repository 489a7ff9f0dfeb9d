// `joulebook account` as a person meets it: an energy becomes grams, litres and money, everything has a
// source, and what makes no sense is refused with the cure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "cli/process.h"
#include "fakes/closed_schema.h"

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
                           "--hardware-time", "2 s", "--price", "0.2 EUR/kWh", "--device", "laptop"});
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
