#pragma once
// One cumulative count that can be read, wherever it comes from: a file of the kernel, a perf_event
// descriptor, the energy reader. The sensor around it judges and repeats readings; the sources
// differ only in how one is taken.
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

class CounterSource {
 public:
  virtual ~CounterSource() = default;
  // One try. Errors: no_reading with a sensor.* or file.* code; the message says what was seen.
  // No allocation on the success path.
  [[nodiscard]] virtual Result<RawReading> read() = 0;
  // As Sensor::own_cpu_seconds.
  [[nodiscard]] virtual double own_cpu_seconds() const { return 0; }
};

// The sensor that reads `source`. A malformed or backward read is repeated once before it is
// judged; file.* codes become sensor.* ones; every message names the sensor.
[[nodiscard]] std::unique_ptr<Sensor> make_counter_sensor(SensorInfo info,
                                                          std::unique_ptr<CounterSource> source);

// A file that holds one whole number. REQUIRES: the clock outlives the source.
[[nodiscard]] std::unique_ptr<CounterSource> file_counter(std::unique_ptr<KeptFile> file,
                                                          Clock& clock);

// Several counters of one unit added up, for hardware that counts each core apart. The reading
// begins with the first and ends with the last: the true sum lies between theirs. All must answer.
// REQUIRES: at least one part.
[[nodiscard]] std::unique_ptr<CounterSource> sum_counter(
    std::vector<std::unique_ptr<CounterSource>> parts);

}  // namespace joulebook
