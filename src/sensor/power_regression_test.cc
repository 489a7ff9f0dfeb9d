#include "sensor/power_regression.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "sensor/linear_algebra.h"
#include "sensor/server_power.h"

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

class LeaveOneCpuOut : public testing::TestWithParam<std::pair<PowerTarget, const char*>> {};

TEST_P(LeaveOneCpuOut, CoversAsClaimedAndBeatsWattsPerThread) {
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

INSTANTIATE_TEST_SUITE_P(Targets, LeaveOneCpuOut,
                         testing::Values(std::pair{PowerTarget::idle, "idle"},
                                         std::pair{PowerTarget::full, "full"},
                                         std::pair{PowerTarget::active, "active"}),
                         [](const auto& test) { return std::string(test.param.second); });

}  // namespace
}  // namespace joulebook
