#include "load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace joulebook::load {

std::size_t Histogram::index_of(std::uint64_t value) {
  if (value < kSteps) return static_cast<std::size_t>(value);
  const int shift =
      static_cast<int>(std::bit_width(value)) - 1 - kStepBits;  // value >> shift is in [64, 128)
  return static_cast<std::size_t>(shift) * kSteps + static_cast<std::size_t>(value >> shift);
}

double Histogram::middle_of(std::size_t index) {
  if (index < kSteps) return static_cast<double>(index);
  const auto shift = static_cast<int>(index / kSteps) - 1;
  const double lowest = std::ldexp(static_cast<double>(kSteps + index % kSteps), shift);
  return lowest + (std::ldexp(1.0, shift) - 1) / 2;
}

void Histogram::add(std::int64_t ns) {
  ns = std::max<std::int64_t>(0, ns);
  const std::size_t index = index_of(static_cast<std::uint64_t>(ns));
  if (index >= counts_.size()) counts_.resize(index + 1);
  ++counts_[index];
  least_ = count_ == 0 ? ns : std::min(least_, ns);
  most_ = std::max(most_, ns);
  ++count_;
  sum_ += static_cast<double>(ns);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  least_ = count_ == 0 ? other.least_ : std::min(least_, other.least_);
  most_ = std::max(most_, other.most_);
  count_ += other.count_;
  sum_ += other.sum_;
}

std::optional<double> Histogram::mean() const {
  if (count_ == 0) return std::nullopt;
  return sum_ / static_cast<double>(count_);
}

std::optional<std::int64_t> Histogram::least() const {
  if (count_ == 0) return std::nullopt;
  return least_;
}

std::optional<std::int64_t> Histogram::most() const {
  if (count_ == 0) return std::nullopt;
  return most_;
}

double Histogram::order_statistic(std::uint64_t rank) const {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    below += counts_[i];
    if (rank < below) {
      return std::clamp(middle_of(i), static_cast<double>(least_), static_cast<double>(most_));
    }
  }
  return static_cast<double>(most_);
}

std::optional<double> Histogram::quantile(double q) const {
  if (count_ == 0) return std::nullopt;
  const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(count_ - 1);
  const auto below = static_cast<std::uint64_t>(rank);
  const double low = order_statistic(below);
  const double part = rank - static_cast<double>(below);
  if (part <= 0) return low;
  return low + part * (order_statistic(below + 1) - low);
}

}  // namespace joulebook::load
