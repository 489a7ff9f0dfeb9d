#pragma once
// The seam to perf_event_open(2), for counting events of one CPU's socket, system-wide. Everything
// that opens a perf event goes through here; fakes stand in for the kernel in tests.
#include <joulebook/result.h>

#include <cstdint>
#include <memory>

namespace joulebook {

struct PerfEvent {
  std::uint32_t type = 0;    // of the PMU: its `type` file
  std::uint64_t config = 0;  // of the event: "event=0x02" is 2
  int cpu = 0;               // a CPU of the socket meant

  bool operator==(const PerfEvent&) const = default;
};

// One open event. Counts from 0 at its opening; 64 bits, never wraps.
class PerfCounter {
 public:
  virtual ~PerfCounter() = default;
  // No allocation on success. Errors: no_reading "sensor.lost".
  [[nodiscard]] virtual Result<std::uint64_t> read() = 0;
};

class PerfEvents {
 public:
  virtual ~PerfEvents() = default;
  // Errors: no_reading with "sensor.permission" (neither CAP_PERFMON nor perf_event_paranoid <= 0,
  // or a container's filter), "sensor.unsupported" (no such event here), "sensor.lost" (others).
  [[nodiscard]] virtual Result<std::unique_ptr<PerfCounter>> open(const PerfEvent& event) = 0;
};

// The kernel's own. Lives for ever; thread-safe.
[[nodiscard]] PerfEvents& kernel_perf_events();

}  // namespace joulebook
