#pragma once
// One GPU on the bench: its sensors as discovery makes them, a load, and a record of what was seen.
//
// Environment: JOULEBOOK_EVIDENCE names a file to which each test appends one line of JSON;
// JOULEBOOK_DEVICE_SECONDS is how long one measurement takes (default 10); JOULEBOOK_DEVICE_FAKES
// names a folder for the scripts of the stand-ins, and says that this is no real GPU.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/json.h"
#include "sensor/gpu/cuda_driver.h"
#include "sensor/gpu/nvml.h"
#include "sensor/sensor.h"

namespace joulebook::device {

struct Point {
  double at = 0;     // s of steady time, the middle of the read
  double value = 0;  // J or W
};

// What a sensor showed over a window, read as fast as `every` allows.
struct Record {
  std::vector<Point> counter, gauge;
  // J and s from the first reading to the last.
  [[nodiscard]] double counted() const { return counter.back().value - counter.front().value; }
  [[nodiscard]] double seconds() const { return counter.back().at - counter.front().at; }
  [[nodiscard]] double watts() const { return counted() / seconds(); }
  [[nodiscard]] double integrated() const;  // trapezoid of the gauge
};

// Intervals between changes of the value, ascending, in s.
[[nodiscard]] std::vector<double> ticks(const std::vector<Point>& points);
[[nodiscard]] double quantile(const std::vector<double>& ascending, double q);

class Rig {
 public:
  // Nothing where this machine has no GPU with counter, gauge and CUDA; `why` then says so.
  [[nodiscard]] static std::unique_ptr<Rig> open(std::string& why);

  // A context on the GPU, with its kernels; until let_go().
  [[nodiscard]] Status hold();
  void let_go() { context_.reset(); }
  [[nodiscard]] double measure_seconds() const { return seconds_; }
  [[nodiscard]] Sensor* history() const { return history_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }  // the first failed reading

  // Reads counter and gauge for `seconds`, keeping the GPU busy for `duty` of each `period`
  // seconds (0: no load). A kernel is launched and reading goes on beside it.
  [[nodiscard]] Record watch(double seconds, double duty = 0, double period = 0.1,
                             Nanos every = std::chrono::milliseconds(1));
  // One line of evidence: the test's name and its numbers, with device, driver, versions, date.
  void evidence(const std::string& test, Json values) const;

 private:
  Rig() = default;
  void read(Sensor& sensor, std::vector<Point>& points);

  Discovery found_;
  std::shared_ptr<CudaDriver> cuda_;
  std::unique_ptr<CudaContext> context_;
  GpuBoard board_;
  std::string driver_;
  int ordinal_ = 0;
  double seconds_ = 10;
  bool fake_ = false;
  Sensor* counter_ = nullptr;
  Sensor* gauge_ = nullptr;
  Sensor* history_ = nullptr;
  std::string trouble_;
};

}  // namespace joulebook::device
