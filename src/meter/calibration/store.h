#pragma once
// Where calibrations are kept: one JSON file, at most kMost machines in it, the newest first.
#include <optional>
#include <string>
#include <vector>

#include "core/file_tree.h"
#include "meter/calibration/record.h"
#include "sensor/sensor.h"

namespace joulebook {

inline constexpr std::size_t kMostCalibrations = 32;
inline constexpr std::size_t kMostCalibrationBytes = std::size_t{4} << 20;

// JOULEBOOK_CALIBRATION, else joulebook/calibration.json under $XDG_STATE_HOME or
// ~/.local/state; empty where neither is known.
[[nodiscard]] std::string default_calibration_path();

// What `machine` is known by.
[[nodiscard]] MachineKey machine_key(const FileTree& files);

[[nodiscard]] Json store_json(const std::vector<Calibration>& all);
// Errors: input "calibration.malformed"; those of parse_json.
[[nodiscard]] Result<std::vector<Calibration>> parse_store(std::string_view text);
// No file is an empty store. Errors: as parse_store and read_file.
[[nodiscard]] Result<std::vector<Calibration>> read_store(const std::string& path);
// Puts one in front and lets the older one of the same machine go. Makes the folder where it is
// missing; the file is replaced in one step. Errors: those of writing a file; a store that cannot
// be read is not overwritten.
[[nodiscard]] Status save_calibration(const std::string& path, const Calibration& calibration);

// What is known about this machine.
struct CalibrationState {
  std::optional<Calibration> calibration;  // of this machine
  double age_days = 0;
  Finding finding;  // ok, or: none, of another machine, old, unreadable
  [[nodiscard]] Json json() const;
};

inline constexpr double kOldCalibrationDays = 30;

// `now_ns`: wall clock. Codes: calibration.ok, .none, .old, .other_machine, .malformed.
[[nodiscard]] CalibrationState calibration_state(const std::string& path, const MachineKey& machine,
                                                 std::int64_t now_ns);

// "3 days ago", "2 hours ago".
[[nodiscard]] std::string age_words(double days);

}  // namespace joulebook
