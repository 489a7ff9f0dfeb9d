// Any bytes as what kernels and the energy reader write: a CPU list, an event of the energy PMU, an
// answer. To be shown to find: a list whose range is not bounded before it is filled, and an
// answer that is taken without its end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sensor/cpu/cpu_topology.h"
#include "sensor/cpu/energy_reader.h"
#include "sensor/cpu/perf_pmu.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto cpus = joulebook::parse_cpu_list(text)) {
    if (cpus->empty() || cpus->size() > 16384) std::abort();
    for (const int cpu : *cpus) {
      if (cpu < 0 || cpu > 1'000'000) std::abort();
    }
  }
  if (const auto event = joulebook::parse_perf_event(text); event && *event > 0xff) std::abort();
  // An answer is a whole line: a count found in it is not found without its end.
  const std::string_view zone = "intel-rapl:0";
  if (joulebook::count_in_answer(text, zone) &&
      joulebook::count_in_answer(text.substr(0, size - 1), zone)) {
    std::abort();
  }
  return 0;
}
