#include "sensor/model/model_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/csv_records.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::array<std::string_view, 4> kColumns = {"cpu", "chips", "threads", "memory_gb"};
constexpr std::string_view kAppended = ",idle_w,idle_lo,idle_hi,full_w,full_lo,full_hi";
constexpr double kMost = 1e6;  // chips or threads

struct Header {
  std::array<std::size_t, kColumns.size()> at{};
  std::size_t columns = 0;
};

Result<Header> find_columns(const std::vector<std::string>& names) {
  Header header{.columns = names.size()};
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    const auto at = std::ranges::find_if(
        names, [&](const std::string& name) { return lower(trim(name)) == kColumns[i]; });
    if (at == names.end())
      return fail(ErrorKind::input, "csv.column",
                  fmt::format("the CSV has no column `{}`", kColumns[i]),
                  "give a first line with cpu,chips,threads,memory_gb, separated by commas");
    header.at[i] = static_cast<std::size_t>(at - names.begin());
  }
  return header;
}

// A whole number from 1 to kMost, or nothing.
std::optional<int> count_of(std::string_view cell) {
  const auto value = parse_double(cell);
  if (!value || !(*value >= 1 && *value <= kMost) || *value != std::floor(*value))
    return std::nullopt;
  return static_cast<int>(*value);
}

double memory_of(std::string_view cell) {
  const double memory = parse_double(cell).value_or(0);
  return std::isfinite(memory) ? std::clamp(memory, 0.0, 1e9) : 0;
}

// The server that a row names, or why it names none.
tl::expected<ServerShape, std::string> shape_of(const Header& header,
                                                const std::vector<std::string>& cells) {
  const auto cell = [&](std::size_t column) {
    const std::size_t at = header.at[column];
    return at < cells.size() ? trim(cells[at]) : std::string_view{};
  };
  if (cells.size() > header.columns)
    return tl::unexpected(
        fmt::format("{} cells under {} columns (a comma in a cell needs quotes around the cell)",
                    cells.size(), header.columns));
  for (const std::size_t column : {1U, 2U}) {
    if (!count_of(cell(column)))
      return tl::unexpected(
          fmt::format("{} is '{}', no whole number from 1 on", kColumns[column], cell(column)));
  }
  const int chips = *count_of(cell(1));
  const int threads = *count_of(cell(2));
  if (threads < chips)
    return tl::unexpected(fmt::format("{} chips have only {} threads; threads are those of all "
                                      "chips together",
                                      chips, threads));
  return ServerShape{.cpu = parse_cpu_name(cell(0)),
                     .chips = chips,
                     .threads = threads,
                     .memory_gb = plausible_memory_gb(memory_of(cell(3)), threads)};
}

std::string cells_of(const std::optional<ServerPower>& power) {
  if (!power) return ",,,,,,";
  const auto& [idle, full, relatives, nearness] = *power;
  return fmt::format(",{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g}", idle.watts, idle.interval.lo,
                     idle.interval.hi, full.watts, full.interval.lo, full.interval.hi);
}

ModelCsvRow row_of(std::size_t line, const Header& header, const std::vector<std::string>& cells) {
  ModelCsvRow row{.line = line};
  if (header.at[0] < cells.size()) row.cpu = trim(cells[header.at[0]]);
  const auto shape = shape_of(header, cells);
  if (shape) {
    row.power = server_power(*shape, kModelCsvLevel);
  } else {
    row.refusal = shape.error();
  }
  return row;
}

}  // namespace

Result<ModelCsv> append_model_columns(std::string_view text) {
  ModelCsv out;
  Header header;
  auto csv = append_csv_columns(
      text, {.names = kAppended,
             .cure = "give a first line with cpu,chips,threads,memory_gb",
             .header =
                 [&](const std::vector<std::string>& names) -> Status {
               auto found = find_columns(names);
               if (!found) return fail(found.error());
               header = *found;
               return {};
             },
             .row =
                 [&](const std::vector<std::string>& cells, std::size_t line) {
                   out.rows.push_back(row_of(line, header, cells));
                   return cells_of(out.rows.back().power);
                 }});
  if (!csv) return fail(csv.error());
  out.csv = std::move(*csv);
  return out;
}

}  // namespace joulebook
