// Bills: open models by shape over a stated range, closed ones never as one number, sums that are the rows'.
#include "account/usage/usage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace joulebook::account {
namespace {

constexpr const char* kHead = "month,provider,model,region,input_tokens,output_tokens,requests\n";

std::vector<BillRow> bill(const std::string& rows) {
  auto read = parse_bill(kHead + rows, "bill.csv");
  EXPECT_TRUE(read.has_value()) << read.error().message;
  return read.value_or(std::vector<BillRow>{});
}

Usage used(const std::string& rows) { return account_usage(bill(rows), {}, {}).value(); }

TEST(Bill, BadRowsAreRefusedWithTheLine) {
  const auto code = [](const std::string& row) { return parse_bill(kHead + row, "bill.csv").error(); };
  EXPECT_EQ(code("2026-02-31,aws,Llama-3.1-8B,,1,1,1\n").code, "time.day");
  EXPECT_NE(code("2026-02-31,aws,Llama-3.1-8B,,1,1,1\n").message.find("bill.csv:2"), std::string::npos);
  EXPECT_EQ(code("2026-13,aws,Llama-3.1-8B,,1,1,1\n").code, "time.day");
  EXPECT_EQ(code("2026-01,aws,Llama-3.1-8B,,-1,1,1\n").code, "usage.value");
  EXPECT_EQ(code("2026-01,aws,Llama-3.1-8B,,1,many,1\n").code, "usage.value");
  EXPECT_EQ(code("2026-01,aws,Llama-3.1-8B,,1,1,0\n").code, "usage.value");
  EXPECT_EQ(code("2026-01,aws,,,1,1,1\n").code, "usage.value");
  EXPECT_EQ(code("").code, "usage.columns");
  EXPECT_EQ(parse_bill("month,model\n", "x").error().code, "usage.columns");
}

// A spreadsheet's marks: byte order, semicolons, groups of three, quotes.
TEST(Bill, ASpreadsheetsCsvIsRead) {
  const auto read = parse_bill("\xEF\xBB\xBFMonth;provider;model;region;input_tokens;output_tokens;requests\r\n"
                               "2026-01;aws;\"Llama-3.1-8B; tuned, v2\";;1.234.567;12000;1.000\r\n2026-02;own;Llama-3.1-8B;Germany;10,5;1 000;\r\n", "bill.csv");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->at(0).model, "Llama-3.1-8B; tuned, v2");
  EXPECT_EQ(read->at(0).input, 1234567);
  EXPECT_EQ(read->at(0).output, 12000);
  EXPECT_EQ(read->at(0).requests, 1000);
  EXPECT_EQ(read->at(1).input, 10.5);
  EXPECT_EQ(read->at(1).output, 1000);
}

// What no table has is said once, with its line and the nearest name, and what was given counts.
TEST(Usage, UnknownProvidersAndRegionsAreNamed) {
  const Usage u = used("2026-01,aws,Llama-3.1-8B,us-east-1,10,10,1\n2026-01,awss,Llama-3.1-8B,,10,10,1\n2026-02,awss,Llama-3.1-8B,,10,10,1\n"
                       "2026-02,aws,Llama-3.1-8B,mars-1,10,10,1\n2026-02,own,Llama-3.1-8B,Atlantis,10,10,1\n");
  std::string notes;
  for (const auto& n : u.notes) notes += n + "\n";
  for (const char* says : {"line 3: ", "'awss'", "line 5: ", "'mars-1' of aws", "line 6: region 'Atlantis'"}) EXPECT_NE(notes.find(says), std::string::npos) << says << "\n" << notes;
  EXPECT_EQ(notes.find("line 2"), std::string::npos) << notes;
  EXPECT_EQ(notes.find("line 4"), std::string::npos) << notes;
}

TEST(Usage, AnOpenModelIsARange) {
  const Usage u = used("2026-01,aws,Llama-3.1-8B,us-east-1,1000000,500000,1000\n");
  ASSERT_EQ(u.rows.size(), 1U);
  EXPECT_EQ(u.rows[0].how, "shape");
  const Quantity& e = u.rows[0].figures.energy;
  ASSERT_TRUE(e.present()) << e.reason->message;
  EXPECT_EQ(e.tier, Tier::modelled);
  EXPECT_LT(e.interval().lo, *e.value);
  EXPECT_GT(e.interval().hi, *e.value);
  // Between 0.03 and 3 J/token of the GPUs, with host and building.
  EXPECT_GT(*e.value, 0.03 * 500000);
  EXPECT_LT(*e.value, 3 * 500000);
  EXPECT_TRUE(u.rows[0].figures.direct.present());  // us-east-1 is a place
  EXPECT_TRUE(u.rows[0].figures.water.present());
}

TEST(Usage, AClosedModelIsNeverOneNumber) {
  const Usage u = used("2026-01,openai,gpt-4o,,1000000,500000,1000\n2026-01,anthropic,claude-opus,,1000000,500000,\n");
  EXPECT_EQ(u.rows[0].how, "published");
  EXPECT_EQ(u.rows[0].figures.energy.tier, Tier::published);
  EXPECT_EQ(u.rows[1].how, "range of shapes");
  EXPECT_EQ(u.rows[1].figures.energy.tier, Tier::modelled);
  for (const UsageRow& row : u.rows) {
    const Interval i = row.figures.energy.interval();
    EXPECT_GT(i.hi, 2 * i.lo) << row.bill.model;
    EXPECT_TRUE(i.contains(*row.figures.energy.value));
  }
  // Of 1,000 requests: the published 0.16 to 0.60 Wh lie inside.
  const Interval i = u.rows[0].figures.energy.interval();
  EXPECT_LE(i.lo, 0.16 * 3600 * 1000);
  EXPECT_GE(i.hi, 0.60 * 3600 * 1000);
}

TEST(Usage, SumsAreTheRows) {
  const Usage u = used(
      "2026-01,aws,Llama-3.1-8B,DE,1000000,500000,1000\n2026-02,aws,Llama-3.1-8B,DE,2000000,1000000,2000\n"
      "2026-02,own,Llama-3.1-70B,FR,1000000,500000,1000\n");
  double all = 0, months = 0, models = 0, scopes = 0, rows = 0;
  for (const UsageRow& r : u.rows) rows += *r.figures.energy.value;
  for (const UsageSum& s : u.sums) {
    (s.by == "all" ? all : s.by == "month" ? months : s.by == "model" ? models : scopes) += *s.figures.energy.value;
  }
  for (const double sum : {all, months, models, scopes}) EXPECT_NEAR(sum, rows, 1e-9 * rows);
  EXPECT_EQ(u.sums.back().by, "all");
  EXPECT_EQ(u.rows[2].scope, "scope 2");
  EXPECT_EQ(std::ranges::count(usage_csv(u), '\n'), 1 + 3 + 2 + 2 + 2 + 1);
}

TEST(Usage, WhatIsUnknownIsAnAbsence) {
  const Usage u = used("2026-01,aws,Llama-3.1-8B,,1000000,0,\n2026-01,aws,Llama-3.1-8B,,1000000,1000,10\n");
  EXPECT_EQ(u.rows[0].figures.energy.reason->code, "usage.no_output");
  EXPECT_FALSE(u.sums.back().figures.energy.present());
  EXPECT_GT(u.sums.back().figures.energy.known_lo.value_or(0), 0);
  EXPECT_EQ(account_usage(bill("2026-01,aws,Llama-3.1-8B,,1,1,1\n"), {{8}, {"H1000"}, {"Llama-3.1-8B"}, 500}, {}).error().code, "hardware.unknown");
}

RC_GTEST_PROP(UsageProperties, TwiceTheTokensAreTwiceTheJoules, ()) {
  const int n = *rc::gen::inRange(1, 1000), k = *rc::gen::inRange(2, 50);
  const auto row = [](int m) { return fmt::format("2026-01,aws,Llama-3.1-8B,DE,{},{},{}\n", 300 * m, 200 * m, m); };
  const Quantity one = used(row(n)).rows[0].figures.energy, many = used(row(n * k)).rows[0].figures.energy;
  RC_ASSERT(std::abs(*many.value - k * *one.value) <= 1e-9 * *many.value);
  RC_ASSERT(std::abs(many.interval().hi - k * one.interval().hi) <= 1e-9 * many.interval().hi);
}

TEST(Bill, HeadsAreReadAsSpreadsheetsWriteThem) {
  const auto bill = parse_bill("Month;Provider;Model;Region;Input Tokens;Output-Tokens\n2026-01;aws;Llama-3.1-70B;eu-central-1;1.200.000;300.000\n", "bill.csv");
  ASSERT_TRUE(bill) << bill.error().message;
  EXPECT_EQ(bill->at(0).input, 1.2e6);
  EXPECT_EQ(bill->at(0).output, 3e5);
}

}  // namespace
}  // namespace joulebook::account
