// The claims that come with the program: each row of data/claims.csv and each figure that the articles
// behind this project open with has its audit; verdicts follow from the values.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "account/audit/audit.h"
#include "account/audit/judge.h"
#include "core/csv_table.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "fakes/closed_schema.h"

namespace joulebook::account {
namespace {

const std::map<std::string, Audit>& shipped() {
  static const auto audits = [] {
    std::map<std::string, Audit> all;
    for (const auto& entry : std::filesystem::directory_iterator(JOULEBOOK_CLAIMS_DIR)) {
      const auto claim = parse_claim(*read_file(entry.path().string()), entry.path().string());
      EXPECT_TRUE(claim) << (claim ? "" : claim.error().message);
      if (!claim) continue;
      auto a = audit(*claim);
      EXPECT_TRUE(a) << (a ? "" : a.error().message);
      EXPECT_EQ(claim->id + ".toml", entry.path().filename().string());
      if (a) all.emplace(claim->id, std::move(*a));
    }
    return all;
  }();
  return audits;
}

// "308185.51 vs 49.53" stands for their ratio where the claim is one.
std::optional<double> number_of_row(const CsvTable::Row& row, const Claim& claim) {
  const std::string value(row.text("value")), unit(row.text("unit"));
  const auto versus = value.find(" vs ");
  const std::string first = versus == std::string::npos ? value : value.substr(0, versus);
  if (versus != std::string::npos && claim.value.unit.dimension.none()) return *parse_double(first) / *parse_double(value.substr(versus + 4));
  const auto m = Measure::parse(first + " " + (unit.starts_with("J/token at") ? "J/token" : unit));
  if (!m || !same_kind(m->unit.dimension, claim.value.unit.dimension)) return std::nullopt;
  return m->value;
}

TEST(Shipped, EveryRowOfTheTableOfClaimsIsAudited) {
  const auto text = read_file(JOULEBOOK_DATA_DIR "/claims.csv");
  ASSERT_TRUE(text);
  const auto table = CsvTable::parse(*text, "claims", {"id", "value", "unit", "audit_note"});
  ASSERT_TRUE(table);
  EXPECT_EQ(table->size(), 37u);
  for (std::size_t i = 0; i < table->size(); ++i) {
    const auto row = table->row(i);
    const auto found = shipped().find(std::string(row.text("id")));
    ASSERT_NE(found, shipped().end()) << row.text("id");
    const auto number = number_of_row(row, found->second.claim);
    ASSERT_TRUE(number) << row.text("id");
    EXPECT_NEAR(*number, found->second.claim.value.value, 0.01 * std::abs(*number)) << row.text("id");
    EXPECT_FALSE(found->second.claim.note.empty()) << row.text("id");
  }
}

TEST(Shipped, EveryFigureOfTheArticlesIsAudited) {
  std::set<std::string> figures;
  for (const auto& [id, a] : shipped()) figures.insert(a.claim.figure);
  for (const char* figure : {"17,800 J", "512 J", "+41 %", "+87 %", "half a million kWh a day", "17,000 households", "29.3 TWh", "1,438 pounds",
                             "88 times too high", "2.907 kWh/1000", "0.007 kWh/1000", "0.32 g", "2.66 g", "4.67 g", "28 GB shrunk to 7.28",
                             "400 W against 60", "storage +2,400 %", "half of all electricity", "one phone charge an image", "ten minutes of video",
                             "8-GPU boundary and constant RAM", "model card with 2.6 g/kWh", "1/30 of the cost", "95 % fewer GPUs", "5 % of parameters",
                             "17,800 J and 512 J are no comparison"}) {
    EXPECT_TRUE(figures.contains(figure)) << figure;
  }
}

// Computed, not declared: ten times as much, or a tenth, is judged otherwise, or lies within the range
// and the report says so; what was outside already is so many times further out, or comes in.
TEST(Shipped, TenTimesAndATenthAreJudgedAnew) {
  for (const auto& [id, a] : shipped()) {
    ASSERT_EQ(a.tried.size(), 2u);
    for (const Tried& t : a.tried) {
      if (t.judged.verdict != a.judged.verdict || t.judged.within) continue;
      EXPECT_EQ(to_string(t.judged.verdict), "inconsistent") << id << " x " << t.times;
      EXPECT_NE(t.judged.off, a.judged.off) << id << " x " << t.times;
      EXPECT_NE(t.judged.because, a.judged.because) << id << " x " << t.times;
    }
  }
}

TEST(Shipped, NothingAssumedIsReproduced) {
  std::map<std::string, int> counts;
  for (const auto& [id, a] : shipped()) {
    ++counts[std::string(to_string(a.judged.verdict))];
    EXPECT_TRUE(a.computed) << id;
    if (a.judged.verdict != Verdict::reproduced) {
      EXPECT_FALSE(a.judged.because.empty()) << id;
      continue;
    }
    EXPECT_TRUE(a.computed->trace.assumed.empty()) << id;
    EXPECT_TRUE(a.computed->trace.missing.empty()) << id;
    for (const ClaimInput& in : a.claim.inputs) EXPECT_TRUE(in.assumed.empty()) << id << " " << in.name;
  }
  EXPECT_EQ(counts.size(), 4u);  // all four verdicts are met
}

TEST(Shipped, WhatCannotBeCheckedSaysWhatWouldNarrowIt) {
  for (const auto& [id, a] : shipped()) {
    if (a.judged.verdict != Verdict::not_checkable) continue;
    EXPECT_GT(a.computed->hi, a.computed->lo) << id;
    EXPECT_FALSE(a.narrowing.empty()) << id;
    EXPECT_GE(a.computed->contributions.front().factor, a.computed->contributions.back().factor) << id;
  }
}

// Every number that went in names its source.
TEST(Shipped, EveryNumberHasASource) {
  for (const auto& [id, a] : shipped()) {
    for (const UsedSource& s : a.computed->trace.sources) EXPECT_FALSE(s.source.empty()) << id << " " << s.what;
  }
}

TEST(Shipped, RecordsObeyTheirClosedSchema) {
  std::vector<Audit> audits;
  for (const auto& [id, a] : shipped()) audits.push_back(a);
  for (const char* bare : {"[claim]\nvalue = \"5 J\"\n", "[claim]\nvalue = \"3 Wh/query\"\n", "[claim]\nvalue = \"0 J/response\"\n"}) {
    const auto claim = parse_claim(bare, "bare.toml");
    ASSERT_TRUE(claim);
    audits.push_back(*audit(*claim));
  }
  const fakes::Schema schema("audit.schema.json");
  fakes::expect_no_open_object(schema.raw(), "");
  EXPECT_EQ(schema.explain(fakes::Doc::parse(audits_json(audits).dump())), "");
}

struct Expected {
  std::string_view id, verdict;
};
TEST(Shipped, VerdictsAreThoseOfTheResearch) {
  for (const auto& [id, verdict] : {Expected{"C01", "consistent"}, {"C03", "consistent"}, {"C04", "reproduced"}, {"C08", "inconsistent"}, {"C14", "not checkable"},
                                    {"C23", "inconsistent"}, {"C29", "reproduced"}, {"C31", "inconsistent"}, {"C32", "inconsistent"}, {"C37", "inconsistent"},
                                    {"task-study-image", "inconsistent"}, {"nas-88", "reproduced"}, {"households-17000", "consistent"},
                                    {"joules-no-comparison", "consistent"}}) {
    const auto found = shipped().find(std::string(id));
    ASSERT_NE(found, shipped().end()) << id;
    EXPECT_EQ(to_string(found->second.judged.verdict), verdict) << id << ": " << found->second.judged.because;
  }
}

}  // namespace
}  // namespace joulebook::account
