#pragma once
// What the screen shows: every table and line is a pure function of records or of their JSON and of
// the screen's width, so that it can be compared with a golden text. No terminal is touched here.
//
// Energy, power, carbon, water and money always come with interval and tier, or with the reason
// why there is no reading. Text is UTF-8, lines end with '\n'.
#include <joulebook/quantity.h>

#include <optional>
#include <span>
#include <string>

#include "core/json.h"
#include "ledger/ledger.h"
#include "meter/calibration/record.h"
#include "sensor/read_cost.h"
#include "sensor/sensor.h"
#include "study/records.h"

namespace joulebook {

struct ScreenStyle {
  int width = 80;       // columns; text is wrapped and tables are stacked to fit
  bool colour = false;  // SGR sequences; the caller decides (a terminal, NO_COLOR unset)
};

// The result of a study side by side by arm: figures, the split, kinds, the sentence, warnings.
[[nodiscard]] std::string study_table(const StudyResult& study, const ScreenStyle& style);

// One answered prompt: tokens, seconds and joules by phase, and what the total means.
[[nodiscard]] std::string ask_summary(const TrialRecord& trial, const ScreenStyle& style);

// What an energy means, in one line of plain physics ("About what a 10 W lamp uses in 3.1 s ...").
// An absence says what is missing and what would cure it.
[[nodiscard]] std::string plain_line(const Quantity& energy);

// `run`, after perf stat: one line a domain, the total, own overhead. `run` as the contract's JSON
// of a run.
[[nodiscard]] std::string run_table(const Json& run, const ScreenStyle& style);

// Which devices a document's total covers and why, and what the others took meanwhile: its
// "devices", "device_choice" and "devices_apart".
[[nodiscard]] std::string device_lines(const Json& document, const ScreenStyle& style);

// `sensors`: what can be read here, and what each reading costs, in the same order; `costs` may be empty.
[[nodiscard]] std::string sensors_table(std::span<const SensorInfo> sensors, std::span<const ReadCost> costs,
                                        const ScreenStyle& style);
// `doctor`: what is missing and the cure of each.
[[nodiscard]] std::string doctor_table(std::span<const Finding> findings, const ScreenStyle& style);
// `calibrate`: what is known about this machine, and how old it is.
[[nodiscard]] std::string calibration_table(const Calibration& calibration, const Finding& age,
                                            const ScreenStyle& style);
// `list`: runs and studies in the ledger, newest first as given.
[[nodiscard]] std::string list_table(std::span<const RunSummary> runs, const ScreenStyle& style);

// How far a study is.
struct ProgressState {
  std::string what;          // "direct · arithmetic-3"
  std::int64_t done = 0;     // trials ended
  std::int64_t planned = 0;  // trials planned at most; 0: unknown
  double elapsed_s = 0;
  std::optional<double> left_s;  // by the runner's own estimate; else from done and elapsed
};

// One line without a line end, at most style.width columns:
// "[######------]  48/160  30 %  1 min 12 s, about 2 min 48 s left  direct · arithmetic-3".
[[nodiscard]] std::string progress_line(const ProgressState& progress, const ScreenStyle& style);

}  // namespace joulebook
