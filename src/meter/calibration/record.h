#pragma once
// What `joulebook calibrate` learnt about one machine, and its JSON (docs/formats/calibration.md).
// Every figure is a quantity: what could not be measured is an absence with its reason. Plain
// values.
#include <joulebook/quantity.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "sensor/sensor.h"

namespace joulebook {

// What a calibration belongs to: figures of another CPU or under another kernel are not reused.
struct MachineKey {
  std::string cpu;     // as the system names it
  int threads = 0;     // hardware threads
  std::string kernel;  // release

  bool operator==(const MachineKey&) const = default;
};

struct ResponsePoint {
  int busy = 0;    // threads that compute; of a GPU: multiprocessors
  Quantity power;  // W
};

struct SensorCalibration {
  std::string id;
  std::string domain;
  SensorKind kind = SensorKind::energy_counter;
  Quantity tick;       // s between two updates; own: 5 to 95 % of them
  Quantity averaging;  // s that a gauge's reading averages over
  Quantity lag;        // s from the end of that window until the reading shows it
  Quantity duty;       // 1: share of time that a gauge observes
  Quantity idle;       // W at rest; own reaches over 5 to 95 % of its slices
  Quantity context;    // W of a GPU at rest on which a context is held
  Quantity slope;      // W/K: how the idle power follows the temperature
  Quantity celsius;    // Cel: the temperature at which the floor was taken (median)
  std::vector<ResponsePoint> response;
};

struct DomainPower {
  std::string domain;
  Quantity power;  // W
};

struct WorkCalibration {
  std::string kind;            // "triad", "fma-f64", "fma-f32", "dot-int8", "mma-f16", "mma-int8"
  std::string device = "cpu";  // as SensorInfo names it
  int threads = 0;             // of a GPU: multiprocessors
  std::int64_t working_set = 0;  // bytes, all threads together
  Quantity rate;                 // B/s, FLOP/s or OP/s; own: 5 to 95 % of the slices
  std::vector<DomainPower> power;
};

struct Calibration {
  MachineKey machine;
  std::string measured_utc;      // ISO 8601
  std::int64_t measured_ns = 0;  // since 1970 UTC
  double duration_s = 0;
  bool quick = false;
  std::vector<SensorCalibration> sensors;
  std::vector<WorkCalibration> work;
  Reason gpu;  // why no GPU was put under load; empty code where one was
  std::vector<std::string> warnings;

  [[nodiscard]] const SensorCalibration* find(std::string_view sensor) const;
};

[[nodiscard]] Json to_json(const Calibration& calibration);
// Errors: input "calibration.malformed".
[[nodiscard]] Result<Calibration> calibration_from_json(const Json& json);

}  // namespace joulebook
