#pragma once
// How alike two servers' power is: the covariance of log watts. Private to the regression.
#include "sensor/model/power_regression.h"

namespace joulebook {

// Variances (log watts squared) and length scales.
struct CovarianceTerms {
  double constant;        // of the level
  double chips;           // slope with log chips
  double threads;         // slope with log threads a chip
  double memory;          // slope with log memory a thread
  double low_power;       // both parts are low-power ones
  double year;            // smooth in the year of the generation
  double year_length;     // years
  double shape;           // smooth in year, threads a chip and chips together
  double threads_length;  // of that, in log threads a chip
  double cpu;             // same CPU
  double generation;      // same generation
  double platform;        // same vendor and platform
  double vendor;          // same vendor
  double line;            // same generation and platform, near in memory a thread
  double memory_length;   // of that, in log memory a thread
  double noise;           // between two servers alike in all this
};

// Where the name hides the generation: the year in which chips had as many threads (a line through
// the catalogue's single-thread chips of 2006 and its 256-thread ones of 2025).
[[nodiscard]] double guessed_year(const ServerShape& shape);

[[nodiscard]] const CovarianceTerms& covariance_terms(PowerTarget target);
[[nodiscard]] double covariance(const CovarianceTerms& terms, const ServerShape& a,
                                const ServerShape& b);

}  // namespace joulebook
