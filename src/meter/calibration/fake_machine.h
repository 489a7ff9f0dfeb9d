#pragma once
// A machine in closed form for tests of calibration, in simulated time: its load, its warmth and
// its power are known functions of time, and so are its sensors' ticks, averaging windows and lags.
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "meter/calibration/gpu_load.h"
#include "meter/calibration/load.h"
#include "sensor/sensor.h"

namespace joulebook::test {

struct MachineTruth {
  double idle_w = 20;    // at the ambient temperature
  double thread_w = 15;  // a busy thread adds
  double slope = 0.25;   // W/K above ambient
  double ambient = 40;   // degrees
  double warm = 12;      // K that a busy thread adds in the end
  double tau = 4;        // s
  int threads = 4;
  std::map<WorkKind, double> rate = {{WorkKind::spin, 1},       {WorkKind::triad, 10e9},
                                     {WorkKind::fma_f64, 50e9}, {WorkKind::fma_f32, 100e9},
                                     {WorkKind::dot_int8, 200e9}};  // a thread
};

class FakeMachine final : public LoadGenerator {
 public:
  FakeMachine(FakeClock& clock, MachineTruth truth) : clock_(clock), truth_(std::move(truth)) {
    edges_.push_back({clock.now(), 0, truth_.ambient, 0, 0, 0});
  }

  [[nodiscard]] int threads() const override { return truth_.threads; }
  [[nodiscard]] Status prepare(WorkKind) override { return {}; }
  void set(WorkKind kind, int busy) override { set_at(clock_.now(), kind, busy); }
  // REQUIRES: no edge is later.
  void set_at(SteadyTime now, WorkKind kind, int busy) {
    edges_.push_back({now, busy, celsius(now), joules(now), work_at(now), truth_.rate.at(kind)});
  }
  [[nodiscard]] double work() const override { return work_at(clock_.now()); }
  [[nodiscard]] std::int64_t working_set(WorkKind) const override { return 1 << 20; }

  [[nodiscard]] double celsius(SteadyTime t) const {
    const Edge& e = before(t);
    const double target = truth_.ambient + truth_.warm * e.busy;
    return target + (e.celsius - target) * std::exp(-since(e, t) / truth_.tau);
  }
  // J since the machine was made; before that it was at rest.
  [[nodiscard]] double joules(SteadyTime t) const {
    const Edge& e = before(t);
    const double dt = since(e, t);
    const double target = truth_.ambient + truth_.warm * e.busy;
    const double kelvin_s = (target - truth_.ambient) * dt +
                            (dt > 0 ? (e.celsius - target) * truth_.tau *
                                          (1 - std::exp(-dt / truth_.tau))
                                    : 0);
    return e.joules + (truth_.idle_w + truth_.thread_w * e.busy) * dt + truth_.slope * kelvin_s;
  }
  [[nodiscard]] double watts(SteadyTime t) const {
    return truth_.idle_w + truth_.thread_w * before(t).busy +
           truth_.slope * (celsius(t) - truth_.ambient);
  }
  [[nodiscard]] double work_before(SteadyTime t) const { return work_at(t); }
  [[nodiscard]] const MachineTruth& truth() const { return truth_; }
  [[nodiscard]] FakeClock& clock() const { return clock_; }

 private:
  struct Edge {
    SteadyTime at;
    int busy = 0;
    double celsius = 0;
    double joules = 0;
    double work = 0;
    double rate = 0;
  };
  static double since(const Edge& e, SteadyTime t) { return Seconds(t - e.at).count(); }
  [[nodiscard]] const Edge& before(SteadyTime t) const {
    auto it = std::upper_bound(edges_.begin(), edges_.end(), t,
                               [](SteadyTime x, const Edge& e) { return x < e.at; });
    return it == edges_.begin() ? edges_.front() : *std::prev(it);
  }
  [[nodiscard]] double work_at(SteadyTime t) const {
    const Edge& e = before(t);
    return e.work + e.rate * e.busy * std::max(0.0, since(e, t));
  }

  FakeClock& clock_;
  MachineTruth truth_;
  std::vector<Edge> edges_;
};

// Updates at every tick, give or take `jitter` of it, with what was true `lag` ago.
struct SensorTruth {
  std::string id = "test:package:0";
  std::string device = "cpu";
  SensorKind kind = SensorKind::energy_counter;
  Nanos tick = std::chrono::milliseconds(1);
  Nanos nominal = std::chrono::milliseconds(1);
  Nanos averaging{0};
  Nanos lag{0};
  double jitter = 0;
  double share = 1;  // of the machine's power
};

class FakeSensor final : public Sensor {
 public:
  FakeSensor(const FakeMachine& machine, SensorTruth truth) : machine_(machine), truth_(truth) {
    info_.id = truth.id;
    info_.domain = truth.id.substr(5);
    info_.name = info_.domain;
    info_.device = truth.device;
    info_.kind = truth.kind;
    info_.scale = truth.kind == SensorKind::power_gauge ? 1e-3 : 1e-6;
    info_.tick = truth.nominal;
    info_.max_watts = 1000;
    info_.method = "closed form";
  }
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override {
    const SteadyTime now = machine_.clock().now();
    const SteadyTime seen = update_before(now) - truth_.lag;
    double raw = machine_.joules(seen) * 1e6 + 1e9;
    if (truth_.kind == SensorKind::power_gauge) {
      const double w = Seconds(truth_.averaging).count();
      raw = 1e3 * (w > 0 ? (machine_.joules(seen) - machine_.joules(seen - truth_.averaging)) / w
                         : machine_.watts(seen));
    }
    return RawReading{static_cast<std::uint64_t>(raw * truth_.share), now, now};
  }

 private:
  [[nodiscard]] SteadyTime update(std::int64_t k) const {
    auto noise = static_cast<std::uint64_t>(k) * 0x9E3779B97F4A7C15U;  // splitmix64
    noise = (noise ^ (noise >> 30)) * 0xBF58476D1CE4E5B9U;
    noise = (noise ^ (noise >> 27)) * 0x94D049BB133111EBU;
    noise ^= noise >> 31;
    const double share = (static_cast<double>(noise >> 40) / (1 << 24) - 0.5) * 2 * truth_.jitter;
    return {k * truth_.tick.count() +
            static_cast<std::int64_t>(share * static_cast<double>(truth_.tick.count()))};
  }
  [[nodiscard]] SteadyTime update_before(SteadyTime t) const {
    std::int64_t k = t.ns / truth_.tick.count() + 1;
    while (update(k) > t) --k;
    return update(k);
  }

  const FakeMachine& machine_;
  SensorTruth truth_;
  SensorInfo info_;
};

// A GPU whose multiprocessors are the threads of such a machine. A context adds nothing; where one is made
// anew it has no kernels, as CUDA has it. It has no 16-bit matrix unit.
class FakeGpu final : public GpuLoad {
 public:
  explicit FakeGpu(FakeMachine& machine) : machine_(machine) {}
  [[nodiscard]] const std::vector<Device>& devices() const override { return devices_; }
  [[nodiscard]] Status hold() override {
    if (fails_) return fail(ErrorKind::no_reading, "cuda.failed", "told to fail");
    devices_[0].multiprocessors = machine_.threads();
    held_ = true;
    prepared_.clear();
    return {};
  }
  void release() override { held_ = false; }
  [[nodiscard]] Status prepare(std::size_t, CudaKernel kernel) override {
    prepared_.insert(kernel);
    if (kernel != CudaKernel::mma_f16) return {};
    return fail(ErrorKind::no_reading, "cuda.kernel", "no such unit");
  }
  [[nodiscard]] Status start(std::size_t, CudaKernel kernel, int busy, Nanos duration) override {
    if (!held_) return fail(ErrorKind::no_reading, "cuda.failed", "no context is held");
    if (!prepared_.contains(kernel)) return fail(ErrorKind::no_reading, "cuda.failed", "cuLaunchKernel answered 400");
    const SteadyTime from = std::max(until_, machine_.clock().now());
    machine_.set_at(from, kind_of(kernel), busy);
    until_ = from + duration;
    machine_.set_at(until_, kind_of(kernel), 0);
    return {};
  }
  // A unit of the machine's work is a round.
  [[nodiscard]] Result<double> wait(std::size_t) override {
    machine_.clock().sleep_until(until_);
    const double done = machine_.work_before(machine_.clock().now());
    return done - std::exchange(waited_, done);
  }
  [[nodiscard]] std::int64_t working_set(std::size_t, CudaKernel) const override { return 0; }
  [[nodiscard]] std::optional<double> celsius(std::string_view device) const override {
    if (device != devices_[0].device) return std::nullopt;
    return std::round(machine_.celsius(machine_.clock().now()));  // as NVML, whole degrees
  }
  void break_down() { fails_ = true; }
  [[nodiscard]] bool held() const { return held_; }

 private:
  static WorkKind kind_of(CudaKernel kernel) {
    switch (kernel) {
      case CudaKernel::fma_f32: return WorkKind::fma_f32;
      case CudaKernel::fma_f64: return WorkKind::fma_f64;
      case CudaKernel::triad: return WorkKind::triad;
      default: return WorkKind::dot_int8;
    }
  }
  FakeMachine& machine_;
  std::vector<Device> devices_ = {{"gpu:GPU-1", 0}};
  bool held_ = false, fails_ = false;
  std::set<CudaKernel> prepared_;
  SteadyTime until_{0};
  double waited_ = 0;
};

// /proc and /sys of such a machine: its name and its thermal zone; no CPU times.
class FakeFiles final : public FileTree {
 public:
  explicit FakeFiles(const FakeMachine* machine = nullptr) : machine_(machine) {}
  [[nodiscard]] Result<std::string> read(const std::string& path) const override {
    if (path == "/proc/sys/kernel/osrelease") return "6.1.0-test\n";
    if (path == "/proc/cpuinfo") return "processor\t: 0\nmodel name\t: Closed Form 9000\n\n";
    if (machine_ != nullptr && path == "/sys/class/thermal/thermal_zone0/type") {
      return "x86_pkg_temp\n";
    }
    if (machine_ != nullptr && path == "/sys/class/thermal/thermal_zone0/temp") {
      return std::to_string(std::lround(1000 * machine_->celsius(machine_->clock().now()))) + "\n";
    }
    return missing();
  }
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& path) const override {
    if (path == "/sys/class/thermal") return std::vector<std::string>{"thermal_zone0"};
    return missing();
  }
  [[nodiscard]] Result<std::string> link(const std::string&) const override { return missing(); }
  [[nodiscard]] bool exists(const std::string& path) const override { return read(path).has_value(); }
  [[nodiscard]] Result<std::unique_ptr<KeptFile>> keep(const std::string&) const override {
    return missing();
  }
  [[nodiscard]] std::string root() const override { return "/closed-form"; }

 private:
  static tl::unexpected<Error> missing() {
    return fail(ErrorKind::no_reading, "file.missing", "not on this machine");
  }
  const FakeMachine* machine_;
};

}  // namespace joulebook::test
