#include "account/footprint/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/footprint/reckon.h"
#include "account/footprint/when.h"
#include "core/clock.h"
#include "core/csv_records.h"
#include "core/text.h"

namespace joulebook::account {
namespace {

constexpr double kNanos = 1e9;

struct Columns {
  std::size_t time = 0, value = 0, count = 0;
  Unit unit;
};

tl::unexpected<Error> bad_columns(const std::string& origin, std::string what) {
  return fail(ErrorKind::input, "series.columns", fmt::format("{}: {}", origin, what),
              "head it 'time,gCO2e/kWh': times with their zone, and a column named by its unit");
}

Result<Columns> columns_of(const std::string& origin, const std::vector<std::string>& heads) {
  Columns c;
  c.count = heads.size();
  std::optional<std::size_t> time, value;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::string_view head = trim(heads[i]);
    if (lower(head) == "time") {
      time = i;
    } else if (!value && head.find('/') != std::string_view::npos) {
      auto unit = intensity_unit(head);
      if (!unit) return fail(unit.error());
      c.unit = std::move(*unit);
      value = i;
    }
  }
  if (!time) return bad_columns(origin, "there is no column 'time'");
  if (!value) return bad_columns(origin, "no column is named by a unit of intensity");
  c.time = *time, c.value = *value;
  return c;
}

tl::unexpected<Error> at_line(const std::string& origin, std::size_t line, Error error) {
  error.message = fmt::format("{}:{}: {}", origin, line, error.message);
  return fail(std::move(error));
}

// Checks that this row follows in step.
Status in_step(const IntensitySeries& s, std::int64_t time, std::size_t line) {
  const std::string at = fmt::format("{}:{}: {}", s.origin, line, iso8601(time));
  if (s.kg_per_j.empty()) return {};
  if (s.kg_per_j.size() == 1) {
    if (time > s.begin_ns) return {};
    return fail(ErrorKind::input, "series.step", at + " is not after the row before it", "sort the rows by time, each once");
  }
  if (time == s.end_ns()) return {};
  return fail(ErrorKind::input, "series.step", fmt::format("{} does not follow: expected {}", at, iso8601(s.end_ns())),
              "give every step from the first row to the last, in order, each once");
}

// Of a table with ';' a comma is the decimal point. An intensity is not grouped: "200.125" stays what it is.
std::string decimal(std::string_view cell, char separator) {
  const bool comma = cell.find(',') != std::string_view::npos;
  return comma ? csv_number(cell, separator) : std::string(trim(cell));
}

}  // namespace

Result<IntensitySeries> parse_series(std::string_view csv, std::string origin, std::optional<int> zone) {
  IntensitySeries s;
  s.origin = std::move(origin);
  std::string_view rest = without_byte_order_mark(csv);
  std::size_t line = 1;
  char separator = ',';
  std::optional<Columns> columns;
  while (!rest.empty()) {
    const CsvRecord record = next_csv_record(rest, line);
    if (trim(record.text).empty()) continue;
    if (!columns) separator = csv_separator(record.text);
    const auto cells = csv_cells(record.text, separator);
    if (!columns) {
      auto read = columns_of(s.origin, cells);
      if (!read) return fail(read.error());
      columns = std::move(*read);
      continue;
    }
    if (cells.size() != columns->count) {
      return at_line(s.origin, record.line, {ErrorKind::input, "series.columns", fmt::format("{} cells, not {}", cells.size(), columns->count), "give every row a cell for each column"});
    }
    const auto time = parse_instant(cells[columns->time], zone);
    if (!time) return at_line(s.origin, record.line, time.error());
    const auto value = parse_double(decimal(cells[columns->value], separator));
    if (!value || !std::isfinite(*value) || *value < 0) {
      return at_line(s.origin, record.line, {ErrorKind::input, "series.value", fmt::format("'{}' is no intensity", cells[columns->value]), "write a number of at least 0; leave no cell empty"});
    }
    if (auto ok = in_step(s, *time, record.line); !ok) return fail(ok.error());
    if (s.kg_per_j.empty()) s.begin_ns = *time;
    if (s.kg_per_j.size() == 1) s.step_ns = *time - s.begin_ns;
    s.kg_per_j.push_back(*value * columns->unit.factor);
  }
  if (s.kg_per_j.size() < 2) return fail(ErrorKind::input, "series.step", s.origin + " has fewer than two rows", "two rows at least say how long each holds");
  return s;
}

Result<double> integral(const IntensitySeries& s, std::int64_t from_ns, std::int64_t to_ns) {
  if (from_ns < s.begin_ns || to_ns > s.end_ns() || from_ns > to_ns) {
    return fail(ErrorKind::input, "series.span",
                fmt::format("{} covers {} to {}, not {} to {}", s.origin, iso8601(s.begin_ns), iso8601(s.end_ns()), iso8601(from_ns), iso8601(to_ns)),
                "give a series that covers the whole span, or a shorter span");
  }
  double sum = 0;
  for (std::int64_t at = from_ns; at < to_ns;) {
    const auto row = (at - s.begin_ns) / s.step_ns;
    const std::int64_t next = std::min(to_ns, s.begin_ns + (row + 1) * s.step_ns);
    sum += s.kg_per_j[static_cast<std::size_t>(row)] * static_cast<double>(next - at) / kNanos;
    at = next;
  }
  return sum;
}

Result<double> mean_intensity(const IntensitySeries& series, const std::vector<TimedEnergy>& energies) {
  const bool any = std::ranges::any_of(energies, [](const TimedEnergy& e) { return e.joules > 0; });
  double weighted = 0, weights = 0;
  for (const TimedEnergy& e : energies) {
    const auto area = integral(series, e.from_ns, e.to_ns);
    if (!area) return fail(area.error());
    const double seconds = static_cast<double>(e.to_ns - e.from_ns) / kNanos;
    const double weight = any ? e.joules : seconds;
    weighted += weight * *area / seconds;
    weights += weight;
  }
  return weighted / weights;
}

}  // namespace joulebook::account
