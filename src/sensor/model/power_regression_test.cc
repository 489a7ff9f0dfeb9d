#include "sensor/model/power_regression.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/text.h"
#include "sensor/model/linear_algebra.h"
#include "sensor/model/server_power.h"

namespace joulebook {
namespace {

constexpr double kLevel = 0.8;

struct Weighted {
  double value;
  double weight;
};

double quantile(std::vector<Weighted> values, double q) {
  std::ranges::sort(values, {}, &Weighted::value);
  double total = 0;
  for (const Weighted& v : values) total += v.weight;
  double seen = 0;
  for (const Weighted& v : values)
    if ((seen += v.weight) >= q * total) return v.value;
  return values.back().value;
}

double mean(const std::vector<Weighted>& values) {
  double sum = 0;
  double total = 0;
  for (const Weighted& v : values) {
    sum += v.value * v.weight;
    total += v.weight;
  }
  return sum / total;
}

struct Score {
  double coverage;
  double median_error;
  double mean_width;  // (hi - lo) / best
};

struct Prediction {
  double watts;
  Interval interval;
};

template <class Predict>
Score score(const std::vector<LeftOut>& rows, Predict predict) {
  std::vector<Weighted> hits, errors, widths;
  for (const LeftOut& row : rows) {
    const Prediction p = predict(row);
    hits.push_back({p.interval.contains(row.actual) ? 1.0 : 0.0, row.weight});
    errors.push_back({std::abs(p.watts / row.actual - 1), row.weight});
    widths.push_back({p.interval.width() / p.watts, row.weight});
  }
  return {mean(hits), quantile(errors, 0.5), mean(widths)};
}

Score model_score(PowerTarget target) {
  const PowerRegression& regression = PowerRegression::of(target);
  return score(regression.left_out(), [&](const LeftOut& row) {
    return Prediction{row.predicted.watts(), regression.interval(row.predicted, kLevel)};
  });
}

// The plain rule: the median, and the 10 % and 90 % points, of watts a thread of all other CPUs.
Score plain_score(PowerTarget target) {
  const std::vector<LeftOut>& rows = PowerRegression::of(target).left_out();
  std::map<std::string, std::array<double, 3>> rules;
  for (const LeftOut& left : rows) {
    const std::string& key = left.row->shape.cpu.key;
    if (rules.contains(key)) continue;
    std::vector<Weighted> others;
    for (const LeftOut& row : rows)
      if (row.row->shape.cpu.key != key)
        others.push_back({row.actual / row.row->shape.threads, row.weight});
    rules[key] = {quantile(others, 0.1), quantile(others, 0.5), quantile(others, 0.9)};
  }
  return score(rows, [&](const LeftOut& row) {
    const auto& rule = rules.at(row.row->shape.cpu.key);
    const double threads = row.row->shape.threads;
    return Prediction{rule[1] * threads, {rule[0] * threads, rule[2] * threads}};
  });
}

void print(const char* what, const char* rule, const Score& s) {
  fmt::print("| {} | {} | {:.1f} % | {:.1f} % | {:.2f} |\n", what, rule, 100 * s.coverage,
             100 * s.median_error, s.mean_width);
}

class LeaveOneCpuOutTable : public testing::TestWithParam<std::pair<PowerTarget, const char*>> {};

TEST_P(LeaveOneCpuOutTable, CoversAsClaimedAndBeatsWattsPerThread) {
  const auto [target, name] = GetParam();
  const Score model = model_score(target);
  const Score plain = plain_score(target);
  fmt::print("| watts | rule | coverage of 80 % | median error | mean relative width |\n");
  print(name, "model", model);
  print(name, "watts a thread", plain);
  EXPECT_GE(model.coverage, 0.70);
  EXPECT_LE(model.coverage, 0.90);
  EXPECT_LT(model.median_error, plain.median_error / 3);
  EXPECT_LT(model.mean_width, plain.mean_width / 3);
}

INSTANTIATE_TEST_SUITE_P(Targets, LeaveOneCpuOutTable,
                         testing::Values(std::pair{PowerTarget::idle, "idle"},
                                         std::pair{PowerTarget::full, "full"},
                                         std::pair{PowerTarget::active, "active"}),
                         [](const auto& test) { return std::string(test.param.second); });

// The rows of every CPU that `wanted` accepts.
template <class Wanted>
std::vector<CatalogueRow> rows_where(Wanted wanted) {
  std::vector<CatalogueRow> rows;
  std::ranges::copy_if(cpu_catalogue(), std::back_inserter(rows),
                       [&](const CatalogueRow& row) { return wanted(row.shape.cpu.key); });
  return rows;
}

std::map<std::string, int> fold_of_cpus(int folds) {
  std::map<std::string, int> fold;
  for (const CatalogueRow& row : cpu_catalogue()) fold.try_emplace(row.shape.cpu.key, 0);
  int next = 0;
  for (auto& [key, value] : fold) value = next++ % folds;
  return fold;
}

// The situation that counts: neither the means nor the widths have seen the CPUs asked about.
TEST(UnseenCpus, IntervalsLearntFromFourFifthsHoldForTheRest) {
  constexpr int kFolds = 5;
  std::map<std::string, int> fold = fold_of_cpus(kFolds);
  for (const PowerTarget target : {PowerTarget::idle, PowerTarget::full}) {
    std::vector<Weighted> hits, errors;
    for (int held = 0; held < kFolds; ++held) {
      const auto rows = rows_where([&](const std::string& key) { return fold[key] != held; });
      const PowerRegression learnt(target, rows);
      for (const LeftOut& left : PowerRegression::of(target).left_out()) {
        if (fold[left.row->shape.cpu.key] != held) continue;
        const LogPower p = learnt.predict(left.row->shape);
        const bool hit = learnt.interval(p, kLevel).contains(left.actual);
        hits.push_back({hit ? 1.0 : 0.0, left.weight});
        errors.push_back({std::abs(p.watts() / left.actual - 1), left.weight});
      }
    }
    fmt::print("unseen CPUs, {}: coverage {:.1f} %, median error {:.1f} %\n",
               target == PowerTarget::idle ? "idle" : "full", 100 * mean(hits),
               100 * quantile(errors, 0.5));
    EXPECT_GE(mean(hits), 0.70);
    EXPECT_LE(mean(hits), 0.90);
  }
}

// Leaving out in closed form is the same as learning again without the CPU.
TEST(LeaveOneCpuOut, IsWhatARegressionWithoutThatCpuSays) {
  for (const char* name : {"AMD EPYC 9754", "Intel Xeon E5-2699 v4", "Intel Xeon L5630"}) {
    const std::string key = parse_cpu_name(name).key;
    const auto rows = rows_where([&](const std::string& other) { return other != key; });
    ASSERT_LT(rows.size(), cpu_catalogue().size()) << name;
    const PowerRegression learnt(PowerTarget::full, rows);
    for (const LeftOut& left : PowerRegression::of(PowerTarget::full).left_out()) {
      if (left.row->shape.cpu.key != key) continue;
      const LogPower again = learnt.predict(left.row->shape);
      EXPECT_NEAR(again.mean, left.predicted.mean, 0.01) << name;
      EXPECT_NEAR(again.sd, left.predicted.sd, 1e-6) << name;
    }
  }
}

TEST(Regression, ACpuInTheCatalogueIsPredictedNearItsOwnResults) {
  const ServerShape shape{parse_cpu_name("AMD EPYC 7742 64-Core Processor"), 1, 128, 128};
  const ServerPower power = server_power(shape, kLevel);
  EXPECT_EQ(power.nearness, Nearness::same_cpu);
  EXPECT_TRUE(power.full.interval.contains(214)) << power.full.watts;
  EXPECT_LT(power.full.interval.hi / power.full.interval.lo, 1.6);
  EXPECT_EQ(power.relatives.front(), "AMD EPYC 7742");
}

TEST(Regression, NearerRelativesMakeNarrowerIntervals) {
  const auto width = [](const char* name) {
    const Interval i = server_power({parse_cpu_name(name), 2, 128, 256}, kLevel).full.interval;
    return i.hi / i.lo;
  };
  EXPECT_LT(width("Intel Xeon Platinum 8380"), width("Intel Xeon Gold 6534"));
  EXPECT_LT(width("Intel Xeon Gold 6534"), width("Intel Xeon Processor"));
}

TEST(Regression, WiderClaimsMakeWiderIntervals) {
  const PowerRegression& idle = PowerRegression::of(PowerTarget::idle);
  for (const Nearness n : {Nearness::same_cpu, Nearness::same_generation, Nearness::distant}) {
    EXPECT_GT(idle.quantile(n, 0.8), idle.quantile(n, 0.5)) << to_string(n);
    EXPECT_GT(idle.quantile(n, 0.95), idle.quantile(n, 0.8)) << to_string(n);
  }
}

TEST(Catalogue, IsTheWholeFileAndHasNoUnnamedServerButTheNamelessOnes) {
  EXPECT_EQ(cpu_catalogue().size(), 840U);
  for (const CatalogueRow& row : cpu_catalogue())
    EXPECT_EQ(row.shape.cpu.generation.empty(), row.shape.cpu.key.empty()) << row.name;
}

TEST(Catalogue, UndoesTheMemoryUnitSlip) {
  EXPECT_EQ(plausible_memory_gb(1, 384), 1024);
  EXPECT_EQ(plausible_memory_gb(4, 384), 4);
  EXPECT_EQ(plausible_memory_gb(2, 2), 2);
  EXPECT_EQ(plausible_memory_gb(0, 384), 0);
}

TEST(LinearAlgebra, InverseTimesMatrixIsOne) {
  const std::vector<double> a = {4, 1, 0.5, 1, 3, -0.2, 0.5, -0.2, 2};
  const std::vector<double> b = inverse(a, 3);
  for (std::size_t column = 0; column < 3; ++column) {
    const std::vector<double> x = {b[column], b[3 + column], b[6 + column]};
    const std::vector<double> product = multiply(a, x);
    for (std::size_t row = 0; row < 3; ++row)
      EXPECT_NEAR(product[row], row == column ? 1 : 0, 1e-12);
  }
}

}  // namespace
}  // namespace joulebook
