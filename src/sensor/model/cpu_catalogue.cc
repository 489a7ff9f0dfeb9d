#include "sensor/model/cpu_catalogue.h"

#include <utility>
#include <vector>

#include "core/text.h"

namespace joulebook {
namespace {

// Columns of cpu_power.csv: cpu,architecture,chips,cores,threads,mhz,memory_gb,idle_w,full_w,...
// The architecture column is not used: it was joined by name and is wrong in places.
constexpr std::size_t kName = 0, kChips = 2, kThreads = 4, kMemory = 6, kIdle = 7, kFull = 8;

std::vector<CatalogueRow> parse_catalogue(std::string_view csv) {
  std::vector<CatalogueRow> rows;
  bool header = true;
  for (const std::string_view line : split(csv, '\n')) {
    const auto fields = parse_csv_line(trim(line));
    if (fields.size() <= kFull || std::exchange(header, false)) continue;
    CatalogueRow row{.name = fields[kName]};
    row.shape.cpu = parse_cpu_name(row.name);
    row.shape.chips = static_cast<int>(parse_int(fields[kChips]).value_or(0));
    row.shape.threads = static_cast<int>(parse_int(fields[kThreads]).value_or(0));
    row.shape.memory_gb =
        plausible_memory_gb(parse_double(fields[kMemory]).value_or(0), row.shape.threads);
    row.idle_w = parse_double(fields[kIdle]).value_or(0);
    row.full_w = parse_double(fields[kFull]).value_or(0);
    const bool sound = row.shape.chips > 0 && row.shape.threads > 0 && row.idle_w > 0;
    if (sound && row.full_w > row.idle_w) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

double plausible_memory_gb(double stated, int threads) {
  return stated > 0 && stated <= 3 && threads >= 64 ? stated * 1024 : stated;
}

std::span<const CatalogueRow> cpu_catalogue() {
  static const std::vector<CatalogueRow> rows = parse_catalogue(cpu_power_csv());
  return rows;
}

}  // namespace joulebook
