// Any bytes as a CSV of servers: every row has sensible watts or a reason, and what comes out can be
// read again with as many rows. Where the first byte is odd, the rest are the numbers of a server
// whose CPU is known. Fault planted on 2026-11-25: the bound on a number dropped, found within a
// second (5,563 inputs).
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sensor/model/model_csv.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool sensible(const joulebook::PowerRange& range) {
  return range.interval.lo > 0 && range.interval.lo <= range.watts &&
         range.watts <= range.interval.hi && std::isfinite(range.interval.hi);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 400) return 0;  // a prediction takes a millisecond
  const std::string text = std::string("cpu,chips,threads,memory_gb\n") +
                           (data[0] % 2 == 1 ? "AMD EPYC 7742," : "") +
                           std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto out = joulebook::append_model_columns(text);
  if (!out) return 0;
  for (const auto& row : out->rows) {
    require(row.power.has_value() == row.refusal.empty());
    if (row.power) require(sensible(row.power->idle) && sensible(row.power->full));
  }
  const auto again = joulebook::append_model_columns(out->csv);
  require(again && again->rows.size() == out->rows.size());
  return 0;
}
