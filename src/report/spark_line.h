#pragma once
// A series on one line of a terminal, in eighths of its height. Pure.
#include <span>
#include <string>

namespace joulebook {

struct SparkLine {
  std::string text;  // as many columns as asked for, or as there are values where those are fewer
  double lo = 0;     // of the columns
  double hi = 0;
  bool any = false;  // whether any value was there
};

// Each column is the mean of its part of the values, of those that are there (not NaN); a column
// without any is "·". Heights go from the least column to the greatest; all alike: half.
[[nodiscard]] SparkLine spark_line(std::span<const double> values, int width);

}  // namespace joulebook
