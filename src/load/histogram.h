#pragma once
// A histogram of durations in bounded memory: log-linear, 64 steps to each power of two, so that a
// value read back is within 1/128 (0.79 %) of the one put in; below 64 ns it is exact. At most 29
// KiB whatever was put in, and two can be merged without loss.
//
// The idea is G. Tene's HdrHistogram (hdrhistogram.org); the code is our own. Not thread-safe.
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace joulebook::load {

class Histogram {
 public:
  // Nanoseconds; a negative value counts as 0.
  void add(std::int64_t ns);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // Exact. Nothing where nothing was put in.
  [[nodiscard]] std::optional<double> mean() const;
  [[nodiscard]] std::optional<std::int64_t> least() const;
  [[nodiscard]] std::optional<std::int64_t> most() const;
  // The quantile between order statistics (R's type 7: rank q (n - 1), linear between neighbours),
  // in nanoseconds, each order statistic within 1/128. REQUIRES: 0 <= q <= 1.
  [[nodiscard]] std::optional<double> quantile(double q) const;

  static constexpr double kRelativeError = 1.0 / 128;

 private:
  static constexpr int kStepBits = 6;  // 64 steps to a power of two
  static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;

  [[nodiscard]] static std::size_t index_of(std::uint64_t value);
  [[nodiscard]] static double middle_of(std::size_t index);
  [[nodiscard]] double order_statistic(std::uint64_t rank) const;  // from 0

  std::vector<std::uint64_t> counts_;  // as long as the greatest value needs
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::int64_t least_ = 0;
  std::int64_t most_ = 0;
};

}  // namespace joulebook::load
