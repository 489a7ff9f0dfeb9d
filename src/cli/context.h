#pragma once
// What every command is given: settings, the options all commands share, and the ways out.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/settings.h"
#include "core/clock.h"
#include "core/file_tree.h"
#include "core/json.h"
#include "meter/meter.h"
#include "sensor/discover.h"

namespace joulebook {

struct Context {
  Settings settings;
  std::string json;  // --json FILE; "-" for standard output; empty: none
  bool quiet = false;
  std::vector<std::string> devices;  // --devices; empty: those in use

  // Whether standard output is for a person (no --json -).
  [[nodiscard]] bool prints() const { return json != "-"; }
  // Progress and warnings, to standard error unless --quiet.
  void say(std::string_view line) const;
  void warn(std::string_view line) const;
  void warn(std::string_view line, std::string_view cure) const;
  // Result text, to standard output unless it belongs to --json -.
  void print(std::string_view text) const;
  // Writes the result document where --json asked for it.
  [[nodiscard]] Status emit(const Json& document) const;
  // Finds out before the work whether the outputs can be written.
  [[nodiscard]] Status check_outputs(std::initializer_list<std::string> others = {}) const;
  [[nodiscard]] std::shared_ptr<const FileTree> files() const;
  [[nodiscard]] SensorChoice sensor_choice() const;
  // Between two rounds of readings.
  [[nodiscard]] Nanos period() const;
  // Meters outside, as --sensor names them.
  [[nodiscard]] std::vector<std::string> sensor_specs() const;
  // Opens a meter over the chosen sensors. `publish`: as MeterOptions has it.
  [[nodiscard]] Result<std::unique_ptr<Meter>> open_meter(
      std::function<void(std::string_view)> publish = {}) const;
};

// Set by the first SIGINT or SIGTERM; the second ends the process.
[[nodiscard]] const std::atomic<bool>& cancelled();
// The signal that set it, 0 for none.
[[nodiscard]] int cancelling_signal();
void catch_signals();

// Prints "joulebook: message" and the cure, and returns the exit code.
int report_error(const Error& error);

// Whether a stream is a terminal that wants colour (NO_COLOR obeyed).
[[nodiscard]] bool wants_colour(int fd);
// Columns of the terminal on standard output, else on standard error, else 100.
[[nodiscard]] int terminal_width();

}  // namespace joulebook
