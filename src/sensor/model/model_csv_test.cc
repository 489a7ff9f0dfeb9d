#include "sensor/model/model_csv.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <cmath>
#include <string>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr const char* kHeader = "cpu,chips,threads,memory_gb\n";
constexpr const char* kAppended = ",idle_w,idle_lo,idle_hi,full_w,full_lo,full_hi";

// 0 < lo < value < hi for both, and full above idle.
void expect_sensible(const ServerPower& power, const std::string& about) {
  for (const PowerRange& range : {power.idle, power.full}) {
    EXPECT_GT(range.interval.lo, 0) << about;
    EXPECT_LT(range.interval.lo, range.watts) << about;
    EXPECT_GT(range.interval.hi, range.watts) << about;
    EXPECT_TRUE(std::isfinite(range.interval.hi)) << about;
  }
  EXPECT_GT(power.full.watts, power.idle.watts) << about;
}

ModelCsv of(const std::string& text) {
  auto out = append_model_columns(text);
  EXPECT_TRUE(out) << out.error().message;
  return out.value_or(ModelCsv{});
}

TEST(ModelCsv, AppendsSixColumnsAndKeepsWhatWasThere) {
  const ModelCsv out = of(
      "id,CPU , chips,threads,memory_gb,note\r\n"
      "7,\"AMD EPYC 9654, 96-Core\",2,384,768,\"said \"\"yes\"\"\"\r\n");
  const auto lines = split(out.csv, '\n');
  ASSERT_EQ(lines.size(), 3U);  // the last line end
  EXPECT_EQ(lines[0], "id,CPU , chips,threads,memory_gb,note" + std::string(kAppended) + "\r");
  EXPECT_TRUE(lines[1].starts_with("7,\"AMD EPYC 9654, 96-Core\",2,384,768,\"said \"\"yes\"\"\","));
  EXPECT_TRUE(lines[1].ends_with("\r"));
  const auto fields = parse_csv_line(trim(lines[1]));
  ASSERT_EQ(fields.size(), 12U);
  EXPECT_EQ(fields[5], "said \"yes\"");
  const ServerPower& power = out.rows.at(0).power.value();
  EXPECT_NEAR(parse_double(fields[6]).value(), power.idle.watts, 0.001);
  EXPECT_NEAR(parse_double(fields[11]).value(), power.full.interval.hi, 0.01);
  EXPECT_GT(power.full.watts, 500);
  EXPECT_LT(power.full.watts, 1000);
}

TEST(ModelCsv, ARefusedRowHasEmptyCellsAndSaysWhy) {
  const ModelCsv out = of(std::string(kHeader) +
                          "Intel Xeon Gold 6530,none,128,512\n"
                          "Intel Xeon Gold 6530,2,0,512\n"
                          "Intel Xeon Gold 6530,2,1.5,512\n"
                          "Intel Xeon Gold 6530,8,4,512\n"
                          "Intel Xeon Processor (Skylake, IBRS),2,8,512\n"
                          "Intel Xeon Gold 6530,2\n"
                          "Intel Xeon Gold 6530,-2,8,512\n"
                          "Intel Xeon Gold 6530,2,1e99,512\n"
                          "Intel Xeon Gold 6530,2,nan,512\n");
  const char* const reasons[] = {"chips",     "threads", "threads", "only 4",  "5 cells",
                                 "threads is ''", "chips",   "threads", "threads"};
  const auto lines = split(out.csv, '\n');
  ASSERT_EQ(out.rows.size(), std::size(reasons));
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    EXPECT_FALSE(out.rows[i].power) << lines[i + 1];
    EXPECT_NE(out.rows[i].refusal.find(reasons[i]), std::string::npos) << out.rows[i].refusal;
    EXPECT_EQ(out.rows[i].line, i + 2);
    EXPECT_TRUE(lines[i + 1].ends_with(",,,,,,")) << lines[i + 1];
  }
  EXPECT_EQ(parse_csv_line(lines[6]).size(), 10U);  // the short row was filled up
}

TEST(ModelCsv, UnknownMemoryAndUnknownNamesArePredictedWidely) {
  const ModelCsv out = of(std::string(kHeader) + "AMD EPYC 7742,2,256,\nAMD EPYC 7742,2,256,0\n" +
                          "AMD EPYC 7742,2,256,-1\nAMD EPYC 7742,2,256,lots\n" +
                          "AMD EPYC 7742,2,256\n,1,16,\nQuantum Foo 9000,2,64,128");
  ASSERT_EQ(out.rows.size(), 7U);
  for (const ModelCsvRow& row : out.rows) expect_sensible(row.power.value(), row.cpu);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(out.rows[i].power->idle, out.rows[0].power->idle);
  const auto width = [](const PowerRange& r) { return r.interval.hi / r.interval.lo; };
  EXPECT_GT(width(out.rows[5].power->full), 1.3 * width(out.rows[0].power->full));
}

TEST(ModelCsv, TakesMarkLinesWithinCellsAndBlankLines) {
  const ModelCsv out = of("\xEF\xBB\xBF\n" + std::string(kHeader) +
                          "\n\"AMD EPYC\r\n7742\",2,256,512\n \nAMD EPYC 7742,x,256,512");
  EXPECT_TRUE(out.csv.starts_with("cpu,"));
  ASSERT_EQ(out.rows.size(), 2U);
  EXPECT_TRUE(out.rows[0].power);
  EXPECT_EQ(out.rows[0].line, 4U);
  EXPECT_EQ(out.rows[1].line, 7U);
}

TEST(ModelCsv, NamesTheMissingColumn) {
  const auto out = append_model_columns("cpu,chips,memory_gb\n");
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, "csv.column");
  EXPECT_NE(out.error().message.find("threads"), std::string::npos);
  EXPECT_FALSE(out.error().cure.empty());
  EXPECT_EQ(append_model_columns("cpu;chips;threads;memory_gb\n").error().code, "csv.column");
  for (const char* nothing : {"", "\n\n", "\xEF\xBB\xBF"})
    EXPECT_EQ(append_model_columns(nothing).error().code, "csv.empty");
}

TEST(ModelCsv, AnOpenQuoteIsNamedWithItsLine) {
  const auto out = append_model_columns(std::string(kHeader) + "\"AMD EPYC 7742,2,256,512\n\n");
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, "csv.quote");
  EXPECT_NE(out.error().message.find("line 2"), std::string::npos);
}

TEST(ModelCsv, EverySpellingOfACpuIsOneCpu) {
  const ModelCsv out = of(std::string(kHeader) +
                          "AMD EPYC 7742 64-Core Processor,2,256,512\n"
                          "amd epyc 7742,2,256,512\n"
                          "AMD EPYC(TM) 7742 @ 2.25GHz,2,256,512\n"
                          "  AMD EPYC\xE2\x84\xA2 7742  64-Core  Processor ,2,256,512\n"
                          "EPYC 7742,2,256,512\n"
                          "Advanced Micro Devices EPYC 7742,2,256,512\n");
  for (const ModelCsvRow& row : out.rows)
    EXPECT_EQ(row.power->full, out.rows[0].power->full) << row.cpu;
}

RC_GTEST_PROP(ModelCsv, AnyMakeUpIsSensible, ()) {
  const auto name = *rc::gen::element<std::string>(
      "AMD EPYC 9755", "Intel(R) Xeon(R) CPU E5-2650 v2 @ 2.60GHz", "AWS Graviton3", "Intel N100",
      "Ampere Altra Q80-30", "AMD Ryzen 7 7840U w/ Radeon 780M Graphics", "", "Foo", "Cortex-A72");
  ServerShape shape{.cpu = parse_cpu_name(name)};
  shape.chips = *rc::gen::inRange(1, 9);
  shape.threads = shape.chips * *rc::gen::inRange(1, 513);
  shape.memory_gb = *rc::gen::inRange(0, 8000);
  expect_sensible(server_power(shape, kModelCsvLevel), name);
}

RC_GTEST_PROP(ModelCsv, AnyTextIsTakenOrRefused, (const std::string& text)) {
  static_cast<void>(append_model_columns(text));
  static_cast<void>(append_model_columns(kHeader + text));
}

}  // namespace
}  // namespace joulebook
