#pragma once
// Published training runs (data/training.csv, built in), what they imply, and what that says about
// runs to come. Parsed once, on first use; thread-safe from then on.
#include <joulebook/result.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::training {

struct TrainingRun {
  std::string name, hardware, status, source;
  std::size_t line = 0;
  std::optional<double> parameters, active;  // of the model
  std::optional<double> tokens;
  std::optional<double> devices, device_hours;
  std::optional<double> watts;  // mean, a device
  std::optional<double> joules;
  std::optional<double> pue;
  std::optional<double> kg_co2e;
};

[[nodiscard]] std::span<const TrainingRun> published_runs();
// Reads such a file. Error: input "training.csv", naming the line and what is wrong with it.
[[nodiscard]] Result<std::vector<TrainingRun>> parse_training_runs(std::string_view csv);

// Outside of these a row is flagged. Utilisation and intensity: the audit rules of
// docs/physics-training.md; watts: from a device that idles to one with its host and network.
struct PlausibleRange {
  double lo = 0, hi = 0;
};
inline constexpr PlausibleRange kUtilisation{0.05, 0.65};  // 6 N D over hours x 16-bit peak
inline constexpr PlausibleRange kIntensity{20, 900};       // gCO2e/kWh
inline constexpr PlausibleRange kPowerShare{0.2, 1.5};     // W over TDP
inline constexpr double kEnergyTolerance = 0.05;           // J against hours x W (x PUE)

struct Implied {
  std::optional<double> flops;  // 6 N D
  std::optional<double> hours;  // as given, else energy / (W x PUE)
  bool hours_derived = false;
  std::optional<double> utilisation;
  std::optional<double> intensity;    // g/kWh
  std::optional<double> power_share;  // of TDP
  std::optional<bool> pue_inside;     // whether energy is hours x W with the PUE, or without
  std::vector<std::string> doubts;    // why it is implausible; empty: nothing speaks against it
};
[[nodiscard]] Implied implied_by(const TrainingRun& run);

// Middle and 80 % range over the plausible rows.
struct Spread {
  double middle = 0, lo = 0, hi = 0;
  std::size_t rows = 0;
};
// Utilisation of rows of at least 10^9 parameters on GPUs.
[[nodiscard]] Spread utilisation_of_runs();
// Share of TDP that was measured: rows below it (a card's "hours x TDP" is no measurement).
[[nodiscard]] Spread power_share_of_runs();

}  // namespace joulebook::training
