// `sensors --model-csv`: the CSV on standard output, refused rows on standard error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string csv(const std::string& text) {
  const std::string path = fresh_folder("csv") + "/servers.csv";
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TEST(ModelCsv, AppendsWattsAndSaysWhichRowsItRefused) {
  const std::string file = csv(
      "cpu,chips,threads,memory_gb\nAMD EPYC 9654,2,384,768\nIntel Xeon Gold 6530,two,128,512\n");
  const Outcome outcome = joulebook({"sensors", "--model-csv", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("cpu,chips,threads,memory_gb,idle_w,idle_lo,idle_hi,full_w,"
                                      "full_lo,full_hi\nAMD EPYC 9654,2,384,768,"));
  EXPECT_THAT(outcome.out, HasSubstr("Intel Xeon Gold 6530,two,128,512,,,,,,\n"));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":3: chips is 'two'"));
}

TEST(ModelCsv, JsonHasQuantities) {
  const Outcome outcome = joulebook(
      {"sensors", "--model-csv", csv("cpu,chips,threads,memory_gb\nAMD EPYC 9654,2,384,768\n"),
       "--json", "-"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto full = nlohmann::json::parse(outcome.out)["rows"][0]["full"];
  EXPECT_EQ(full["tier"], "modelled");
  EXPECT_EQ(full["boundary"], "node");
  EXPECT_EQ(full["level"], 0.8);
  EXPECT_LT(full["lo"], full["value"]);
  EXPECT_THAT(full["method"].get<std::string>(), HasSubstr("EPYC"));
}

TEST(ModelCsv, WhatCannotBeUsedIsBadInput) {
  for (const char* text : {"", "cpu,chips,memory_gb\nAMD EPYC 9654,2,768\n",
                           "cpu,chips,threads,memory_gb\nAMD EPYC 9654,2,none,768\n"}) {
    const Outcome outcome = joulebook({"sensors", "--model-csv", csv(text)});
    EXPECT_EQ(outcome.code, 3) << text;
    EXPECT_THAT(outcome.err, HasSubstr("cure: ")) << text;
  }
  EXPECT_EQ(joulebook({"sensors", "--model-csv", "/no/such.csv"}).code, 3);
  // Standard input of the tests is empty.
  EXPECT_EQ(joulebook({"sensors", "--model-csv", "-"}).code, 3);
}

}  // namespace
}  // namespace joulebook::fakes
