#pragma once
// What a server of a given CPU draws, learnt from published results: a Gaussian process (kriging)
// on the logarithm of watts, whose covariance says how alike two servers are: same CPU, same
// generation, same platform, same vendor, near in years, in threads a chip, in chips, in memory.
// The prediction is a weighted mean of the catalogue's rows; the weights name the relatives used.
//
// Intervals do not trust the process's own variance: its standard deviations are scaled by the
// weighted quantile of the residuals that leaving-out gives in the same situation (this CPU left
// out; its whole generation left out; this very configuration left out), each CPU weighted once.
//
// Method: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. 2.25-2.26 and
// 5.12 (leave-one-out); blocks left out at once: O. Dubrule, Math. Geology 15 (1983) 687.
// Pure functions of the catalogue; thread-safe; deterministic.
#include <joulebook/quantity.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/model/cpu_catalogue.h"

namespace joulebook {

enum class PowerTarget { idle, full, active };  // active: full less idle

// How near the nearest relatives are.
enum class Nearness { same_cpu, same_generation, distant };

[[nodiscard]] std::string_view to_string(Nearness nearness);

// A prediction in natural logarithms of watts of the whole server.
struct LogPower {
  double mean = 0;
  double sd = 0;  // of the process; scale by PowerRegression::quantile
  Nearness nearness = Nearness::distant;

  [[nodiscard]] double watts() const;
};

// One row of the leave-one-out table.
struct LeftOut {
  const CatalogueRow* row = nullptr;
  double weight = 0;  // each CPU's rows sum to 1
  LogPower predicted;
  double actual = 0;  // W
};

class PowerRegression {
 public:
  // The regression over the built-in catalogue, made on first use (some 0.1 s) and kept.
  [[nodiscard]] static const PowerRegression& of(PowerTarget target);
  // Over other rows, which must outlive it. REQUIRES: rows of at least two CPUs.
  PowerRegression(PowerTarget target, std::span<const CatalogueRow> rows);

  // A CPU whose name hides its generation is predicted as the mixture of three eras: the year that
  // its threads a chip suggest, and four years to either side.
  [[nodiscard]] LogPower predict(const ServerShape& shape) const;
  // Standard deviations each side that hold `level` of the left-out residuals. 0 < level < 1.
  [[nodiscard]] double quantile(Nearness nearness, double level) const;
  // Watts at mean +- quantile.
  [[nodiscard]] Interval interval(const LogPower& power, double level) const;
  // The published CPU names that weigh most in the prediction, heaviest first.
  [[nodiscard]] std::vector<std::string> relatives(const ServerShape& shape,
                                                   std::size_t count) const;
  // Every catalogue row predicted from all other CPUs' rows.
  [[nodiscard]] const std::vector<LeftOut>& left_out() const { return left_out_; }

 private:
  // Rows of one CPU in one configuration, averaged: one point of the process.
  struct Point {
    ServerShape shape;
    double log_watts = 0;  // less offset_
    std::vector<const CatalogueRow*> rows;
  };
  struct Residual {
    double z = 0;  // |actual - predicted| in standard deviations
    double weight = 0;
  };

  void gather(std::span<const CatalogueRow> rows);
  void factor();
  void calibrate(Nearness nearness);
  void note_left_out(const Point& point, const LogPower& predicted, Nearness nearness);
  [[nodiscard]] LogPower predict_dated(const ServerShape& shape) const;
  [[nodiscard]] std::vector<double> covariances(const ServerShape& shape) const;
  [[nodiscard]] std::vector<LogPower> leave_out(const std::vector<std::size_t>& block) const;
  [[nodiscard]] std::vector<std::vector<std::size_t>> blocks(Nearness nearness) const;
  // `left_out`: as if no row had this CPU.
  [[nodiscard]] Nearness nearness_of(const ServerShape& shape, bool left_out) const;

  PowerTarget target_;
  double offset_ = 0;  // mean log watts of the points
  std::vector<Point> points_;
  std::map<std::string, double> rows_of_;  // how many rows each CPU has
  std::vector<double> inverse_;            // of the covariance matrix, row by row
  std::vector<double> alpha_;              // inverse x log watts
  std::vector<Residual> residuals_[3];
  std::vector<LeftOut> left_out_;
};

}  // namespace joulebook
