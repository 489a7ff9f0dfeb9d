#include "sensor/model/covariance.h"

#include <algorithm>
#include <cmath>

namespace joulebook {
namespace {

// Found by maximising the marginal likelihood (Rasmussen and Williams, eq. 5.8) of all the
// catalogue's log watts, with weak log-normal priors on each term, rounded to two or three digits.
constexpr CovarianceTerms kIdle = {4.24, 0.53,   0.25,   0.024, 0.018, 0.74,  8.2,  0.26,
                                   4.2,  0.0083, 0.0071, 0.19,  0.026, 0.049, 0.86, 0.037};
constexpr CovarianceTerms kFull = {4.21, 0.51,   0.37,   0.0135, 0.060,  0.36,  11.7, 0.45,
                                   2.1,  0.0116, 0.0032, 0.063,  0.0114, 0.011, 0.88, 0.0073};
constexpr CovarianceTerms kActive = {5.40, 0.61,  0.56,   0.0115, 0.079, 0.32,  6.1,  0.36,
                                     1.4,  0.024, 0.0095, 0.041,  0.047, 0.013, 0.66, 0.0070};

constexpr double kCentreThreads = 3.0;  // log threads a chip about which slopes turn
constexpr double kCentreChips = 0.7;
constexpr double kChipsLength = 1.5;
constexpr double kTypicalMemory = 2;  // GB a thread, where unknown

struct Features {
  double year, chips, threads, memory;
};

Features features(const ServerShape& s) {
  const double threads = std::log(static_cast<double>(s.threads) / s.chips);
  const double memory = s.memory_gb > 0 ? s.memory_gb / s.threads : kTypicalMemory;
  return {s.cpu.year > 0 ? s.cpu.year : guessed_year(s), std::log(s.chips), threads,
          std::log(memory)};
}

double bell(double distance, double length) {
  return std::exp(-0.5 * (distance / length) * (distance / length));
}

bool same(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

}  // namespace

double guessed_year(const ServerShape& shape) {
  const double threads = static_cast<double>(shape.threads) / shape.chips;
  return std::clamp(2006 + 2.4 * std::log2(threads), 2006.0, 2026.0);
}

const CovarianceTerms& covariance_terms(PowerTarget target) {
  if (target == PowerTarget::idle) return kIdle;
  return target == PowerTarget::full ? kFull : kActive;
}

double covariance(const CovarianceTerms& t, const ServerShape& a, const ServerShape& b) {
  const Features x = features(a);
  const Features y = features(b);
  const double by_year = bell(x.year - y.year, t.year_length);
  const bool same_generation = same(a.cpu.generation, b.cpu.generation);
  const bool same_vendor = a.cpu.vendor != CpuVendor::unknown && a.cpu.vendor == b.cpu.vendor;
  const bool same_platform = same_vendor && same(a.cpu.platform, b.cpu.platform);
  double k = t.constant + t.year * by_year;
  k += t.chips * (x.chips - kCentreChips) * (y.chips - kCentreChips);
  k += t.threads * (x.threads - kCentreThreads) * (y.threads - kCentreThreads);
  k += t.memory * x.memory * y.memory;
  k += t.low_power * a.cpu.low_power * b.cpu.low_power;
  k += t.shape * by_year * bell(x.threads - y.threads, t.threads_length) *
       bell(x.chips - y.chips, kChipsLength);
  if (same(a.cpu.key, b.cpu.key)) k += t.cpu;
  if (same_generation) k += t.generation;
  if (same_vendor) k += t.vendor;
  if (same_platform) k += t.platform;
  if (same_platform && same_generation) k += t.line * bell(x.memory - y.memory, t.memory_length);
  return k;
}

}  // namespace joulebook
