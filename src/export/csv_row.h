#pragma once
// Rows of CSV, cell by cell, with the columns that one quantity takes. Inside of the export room.
#include <joulebook/quantity.h>

#include <optional>
#include <string>
#include <string_view>

#include "export/metric_table.h"

namespace joulebook {

// The shortest text that reads back as the same double; "inf" where there is no end.
[[nodiscard]] std::string csv_number(double value);

class CsvRow {
 public:
  CsvRow& text(std::string_view cell);  // quoted where it must be
  CsvRow& number(double value) { return text(csv_number(value)); }
  CsvRow& whole(std::int64_t value) { return text(std::to_string(value)); }
  CsvRow& empty() { return text({}); }
  // The cells of a metric, in the order of header().
  CsvRow& metric(MetricType type, const Quantity& q);
  CsvRow& interval(const std::optional<Interval>& i);
  CsvRow& header(MetricType type, std::string_view id);
  // The row with its line end.
  [[nodiscard]] std::string line() const { return line_ + "\n"; }

 private:
  std::string line_;
  bool first_ = true;
};

}  // namespace joulebook
