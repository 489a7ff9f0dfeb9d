#pragma once
// The third rung of the ladder: the program joulebook-energy-reader, which may read the RAPL
// counters where this one may not, and does nothing else. docs/sensors/cpu.md holds its protocol.
//
// Asking costs one exchange over a socket pair for all counters together; the sensors of one round
// of readings share one answer.
#include <joulebook/result.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "sensor/cpu/counter_source.h"

namespace joulebook {

// The longest answer that is taken, newline included; kept in step with energy_reader.c.
inline constexpr std::size_t kLongestAnswer = 8192;

// The count of `zone` ("intel-rapl:0:1") in "joulebook-energy 1 intel-rapl:0=5 intel-rapl:0:1=7".
// Nothing where the answer is not one line of that form, or the zone is absent or unreadable ("=-").
[[nodiscard]] std::optional<std::uint64_t> count_in_answer(std::string_view answer,
                                                           std::string_view zone);

class EnergyReader : public std::enable_shared_from_this<EnergyReader> {
 public:
  virtual ~EnergyReader() = default;
  // The counter of a zone's directory name. The first reading tells whether the reader has it.
  // Errors of its readings: "sensor.permission" (the reader may not read it either),
  // "sensor.malformed", "sensor.lost" (the reader is gone, or did not answer within a second, and
  // so did another one that was started once in its place).
  // One of the counters tells the reader's CPU time as its own.
  [[nodiscard]] virtual std::unique_ptr<CounterSource> counter(const std::string& zone) = 0;
  [[nodiscard]] virtual const std::string& path() const = 0;
  [[nodiscard]] virtual int pid() const = 0;
};

using OpenEnergyReader = std::function<Result<std::shared_ptr<EnergyReader>>()>;

// Starts the program at `path`. It leaves when the last counter is gone, or this process ends; a
// terminal's interrupt does not reach it, so that the last window can still be closed.
// Errors: no_reading "sensor.missing" (no such program), "sensor.lost" (it cannot be started).
// REQUIRES: the clock outlives the reader.
[[nodiscard]] Result<std::shared_ptr<EnergyReader>> start_energy_reader(const std::string& path,
                                                                        Clock& clock);

// Where the program lies: JOULEBOOK_ENERGY_READER, else beside this program.
[[nodiscard]] std::string energy_reader_path();

}  // namespace joulebook
