#include "sensor/model/server_power.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr double kCsvLevel = 0.8;
constexpr std::size_t kRelatives = 3;

PowerRange range_of(PowerTarget target, const ServerShape& shape, double level) {
  const PowerRegression& regression = PowerRegression::of(target);
  const LogPower power = regression.predict(shape);
  return {power.watts(), regression.interval(power, level)};
}

constexpr std::array<std::string_view, 4> kColumns = {"cpu", "chips", "threads", "memory_gb"};
using Columns = std::array<std::size_t, kColumns.size()>;

Result<Columns> find_columns(const std::vector<std::string>& header) {
  Columns columns{};
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const auto at = std::ranges::find_if(
        header, [&](const std::string& name) { return trim(name) == kColumns[i]; });
    if (at == header.end())
      return fail(ErrorKind::input, "csv.column",
                  fmt::format("the CSV has no column `{}`", kColumns[i]),
                  "give a header with cpu,chips,threads,memory_gb");
    columns[i] = static_cast<std::size_t>(at - header.begin());
  }
  return columns;
}

std::string_view cell(const std::vector<std::string>& fields, std::size_t at) {
  return at < fields.size() ? trim(fields[at]) : std::string_view{};
}

std::optional<int> positive(std::string_view text) {
  const auto value = parse_double(text);
  if (!value || !(*value >= 1 && *value <= 1e6)) return std::nullopt;
  return static_cast<int>(*value);
}

std::string model_cells(const std::vector<std::string>& fields, const Columns& columns) {
  const auto chips = positive(cell(fields, columns[1]));
  const auto threads = positive(cell(fields, columns[2]));
  if (!chips || !threads) return ",,,,,,";
  const double memory = parse_double(cell(fields, columns[3])).value_or(0);
  const ServerShape shape{.cpu = parse_cpu_name(cell(fields, columns[0])),
                          .chips = *chips,
                          .threads = *threads,
                          .memory_gb = plausible_memory_gb(std::max(memory, 0.0), *threads)};
  const ServerPower p = server_power(shape, kCsvLevel);
  return fmt::format(",{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g}", p.idle.watts, p.idle.interval.lo,
                     p.idle.interval.hi, p.full.watts, p.full.interval.lo, p.full.interval.hi);
}

}  // namespace

ServerPower server_power(const ServerShape& shape, double level) {
  const PowerRegression& full = PowerRegression::of(PowerTarget::full);
  return {.idle = range_of(PowerTarget::idle, shape, level),
          .full = range_of(PowerTarget::full, shape, level),
          .relatives = full.relatives(shape, kRelatives),
          .nearness = full.predict(shape).nearness};
}

Result<std::string> append_model_columns(std::string_view csv) {
  std::string out;
  std::optional<Columns> columns;
  for (std::string_view line : split(csv, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) continue;
    const auto fields = parse_csv_line(line);
    out += line;
    if (columns) {
      out += model_cells(fields, *columns);
    } else {
      auto found = find_columns(fields);
      if (!found) return fail(found.error());
      columns = *found;
      out += ",idle_w,idle_lo,idle_hi,full_w,full_lo,full_hi";
    }
    out += '\n';
  }
  if (!columns) return fail(find_columns({}).error());
  return out;
}

}  // namespace joulebook
