#include "meter/calibration/calibrator.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/reason.h"
#include "meter/calibration/fits.h"
#include "meter/calibration/gpu_work.h"
#include "meter/calibration/plan.h"
#include "meter/calibration/square_wave.h"
#include "meter/calibration/store.h"
#include "meter/calibration/thermometer.h"
#include "meter/device_choice.h"
#include "meter/sampler.h"

namespace joulebook {
namespace {

constexpr Nanos kPeriod = std::chrono::milliseconds(10);
constexpr Nanos kKernel = std::chrono::milliseconds(100);
// An H100 kept its clocks, and 48 W, for 1.5 s after its last context had gone (docs/sensors/gpu.md).
constexpr Nanos kLinger = std::chrono::milliseconds(2000);
constexpr Nanos kSpacing = std::chrono::microseconds(150);
constexpr double kOtherLoad = 0.1;  // busy threads beside us that make a floor doubtful

bool chosen(const std::string& id, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& prefix) {
           return id.starts_with(prefix);
         });
}

class Calibrator {
 public:
  Calibrator(std::vector<std::unique_ptr<Sensor>> sensors, std::shared_ptr<const FileTree> files,
             LoadGenerator& load, Clock& clock, const CalibrateOptions& options)
      : sensors_(std::move(sensors)),
        files_(std::move(files)),
        load_(load),
        clock_(clock),
        options_(options),
        times_(CalibrationTimes::of(options.quick)),
        thermometer_(files_) {
    std::erase_if(sensors_, [&](const auto& s) { return !chosen(s->info().id, options.only); });
    for (const auto& sensor : sensors_) {
      infos_.push_back(sensor->info());
      out_.sensors.push_back({infos_.back().id, infos_.back().domain, infos_.back().kind});
    }
    slices_.resize(infos_.size());
  }

  Result<Calibration> run() {
    const SteadyTime start = clock_.now();
    const Anchor anchor = clock_.anchor();
    out_.machine = machine_key(*files_);
    out_.measured_ns = anchor.wall_ns;
    out_.measured_utc = iso8601(anchor.wall_ns);
    out_.quick = options_.quick;
    if (options_.gpus == nullptr) out_.gpu = options_.no_gpus;
    learn_ticks();
    sampler_.emplace(std::move(sensors_), MeterOptions{.period = kPeriod, .most_share = 1}, clock_, files_);
    options_.progress("idle floor");
    rest();
    respond();
    if (auto worked = work(); !worked) return fail(worked.error());
    load_gpus();
    options_.progress("idle again, warm");
    rest();
    finish_idle();
    out_.duration_s = Seconds(clock_.now() - start).count();
    if (!options_.stop()) return std::move(out_);
    return fail(ErrorKind::interrupted, "calibration.stopped", "the calibration was stopped",
                "run it again; the calibration on file is as it was");
  }

 private:
  // --- ticks and averaging windows ---

  void learn_ticks() {
    DenseReadings dense;
    gpus_ = options_.gpus;
    hold_gpus();
    for (std::size_t i = 0; gpus_ != nullptr && i < gpus_->devices().size(); ++i) {
      loaded_.push_back(gpus_->devices()[i].device);
    }
    const int busy = std::max(1, load_.threads() - 1);  // one thread is left for the reading
    const auto densely = [&](const std::vector<LoadPiece>& plan) {
      read_densely(sensors_, plan, busy, kSpacing, load_, gpus_, clock_,
                   options_.stop, dense);
    };
    options_.progress("ticks: a first look");
    densely(steady_plan(times_.look));
    const bool gauges = std::any_of(infos_.begin(), infos_.end(), [](const SensorInfo& info) {
      return info.kind == SensorKind::power_gauge;
    });
    if (gauges) {
      const auto groups = gauge_ticks(infos_, dense, loaded_);
      for (const Nanos tick : groups) {
        options_.progress(
            fmt::format("averaging: square waves about {:.3g} ms", Seconds(tick).count() * 1e3));
        densely(aliasing_plan(tick, times_.waves / static_cast<std::int64_t>(groups.size())));
      }
      densely(step_plan(times_.steps));
    }
    release_gpus();
    for (std::size_t i = 0; i < infos_.size(); ++i) learn_tick(i, dense);
  }

  void learn_tick(std::size_t i, const DenseReadings& dense) {
    SensorCalibration& s = out_.sensors[i];
    const SensorInfo& info = infos_[i];
    const Reason model{"calibration.model", "a model has no tick of its own", ""};
    const Reason counter{"calibration.counter", "a counter averages over nothing", ""};
    const bool modelled = info.kind == SensorKind::busy_time;
    s.tick = modelled ? Quantity::absent("s", model) : fit_tick(dense.readings[i]);
    const bool loaded = std::find(loaded_.begin(), loaded_.end(), info.device) != loaded_.end();
    const Reason& none = modelled ? model : !loaded ? out_.gpu : counter;
    s.averaging = Quantity::absent("s", none);
    s.lag = Quantity::absent("s", none);
    s.duty = Quantity::absent("1", none);
    if (info.kind != SensorKind::power_gauge || !loaded) return;
    const Nanos tick(s.tick.present() ? static_cast<std::int64_t>(*s.tick.value * 1e9)
                                      : info.tick.count());
    AveragingFit fit = fit_averaging(dense.readings[i], dense.edges, tick);
    s.averaging = std::move(fit.window);
    s.lag = std::move(fit.lag);
    s.duty = std::move(fit.duty);
  }

  // --- windows ---

  void round(bool fresh) {
    for (const auto& event : sampler_->read_all(fresh)) sampler_->apply(event);
  }

  void sample_until(SteadyTime until) {
    for (SteadyTime next = clock_.now(); next < until && !options_.stop(); next = next + kPeriod) {
      clock_.sleep_until(next);
      round(false);
    }
    clock_.sleep_until(until);
    round(true);
  }

  // Until `t` is closed, or cannot be.
  void settle(SteadyTime t) {
    const SteadyTime latest = t + sampler_->core().closing() + 2 * kPeriod;
    do {
      clock_.sleep_until(clock_.now() + kPeriod);
      round(true);
    } while (!sampler_->core().settled(t) && clock_.now() < latest && !options_.stop());
  }

  // What a window of `length` from now on says, the load left as it is.
  WindowEnergy window(const char* name, Nanos length) {
    round(true);
    const SteadyTime begin = clock_.now();
    sample_until(begin + length);
    settle(begin + length);
    return sampler_->core().energy({name, begin, begin + length});
  }

  // --- rest ---

  void rest() {
    SteadyTime calm = clock_.now() + times_.calm;
    if (released_) calm = std::max(calm, *released_ + kLinger);
    sample_until(calm);
    const SteadyTime begin = clock_.now();
    std::vector<SteadyTime> edges{begin};
    std::vector<std::vector<std::optional<double>>> celsius;
    while (edges.back() < begin + times_.rest && !options_.stop()) {
      sample_until(edges.back() + times_.slice);
      edges.push_back(edges.back() + times_.slice);
      celsius.emplace_back();
      for (const auto& info : infos_) celsius.back().push_back(celsius_of(info.device));
    }
    settle(edges.back());
    for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
      keep_slices(sampler_->core().energy({"rest", edges[k], edges[k + 1]}), celsius[k]);
    }
    const auto whole = sampler_->core().energy({"rest", begin, edges.back()});
    if (rest_.domains.empty()) rest_ = whole;
    doubt_rest(whole);
  }

  void keep_slices(const WindowEnergy& slice, const std::vector<std::optional<double>>& celsius) {
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      const Quantity& power = slice.domains[i].mean_power;
      if (power.present()) slices_[i].push_back({*power.value, celsius[i]});
    }
    if (rest_.domains.empty()) first_rest_ = slices_.empty() ? 0 : slices_[0].size();
  }

  void doubt_rest(const WindowEnergy& whole) {
    if (whole.cpu.machine < 0) return;
    const double own = std::max(0.0, whole.cpu.self);
    const double busy = (whole.cpu.machine - own) / whole.window.duration().count();
    if (busy <= kOtherLoad || !out_.warnings.empty()) return;
    out_.warnings.push_back(fmt::format(
        "calibration.not_idle: other processes kept {:.2g} threads busy while the idle floor was "
        "measured, so it is too high; calibrate on a quiet machine",
        busy));
  }

  void finish_idle() {
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      SensorCalibration& s = out_.sensors[i];
      s.slope = temperature_slope(slices_[i]);
      s.slope.boundary = std::string(domain_kind(infos_[i].domain));
      const auto first = std::min(first_rest_, slices_[i].size());
      const std::span<const IdleSlice> cold = std::span(slices_[i]).first(first);
      s.idle = idle_floor(cold, rest_.domains[i].mean_power);
      s.celsius = median_temperature(cold);
    }
  }

  // --- load ---

  void respond() {
    for (const int busy : response_levels(load_.threads())) {
      if (options_.stop()) return;
      options_.progress(fmt::format("response: {} of {} threads busy", busy, load_.threads()));
      load_.set(WorkKind::spin, busy);
      sample_until(clock_.now() + times_.warm);
      const WindowEnergy w = window("response", times_.level);
      for (std::size_t i = 0; i < infos_.size(); ++i) {
        if (is_gpu(infos_[i])) continue;
        out_.sensors[i].response.push_back({busy, w.domains[i].mean_power});
      }
    }
    load_.set(WorkKind::spin, 0);
  }

  Status work() {
    for (const WorkKind kind : kMeasuredWork) {
      if (options_.stop()) return {};
      options_.progress(fmt::format("work: {}", to_string(kind)));
      load_.set(WorkKind::spin, 0);
      if (auto ready = load_.prepare(kind); !ready) return ready;
      out_.work.push_back(measure(kind));
    }
    load_.set(WorkKind::spin, 0);
    return {};
  }

  WorkCalibration measure(WorkKind kind) {
    load_.set(kind, load_.threads());
    sample_until(clock_.now() + times_.warm);
    const SteadyTime begin = clock_.now();
    std::vector<double> rates;
    SteadyTime from = begin;
    double done = load_.work();
    for (int slice = 0; slice < times_.work_slices && !options_.stop(); ++slice) {
      sample_until(from + times_.work_slice);
      const SteadyTime to = clock_.now();
      const double now = load_.work();
      if (now > done) rates.push_back((now - done) / Seconds(to - from).count());
      from = to;
      done = now;
    }
    settle(from);
    WorkCalibration out{.kind = std::string(to_string(kind)),
                        .threads = load_.threads(),
                        .working_set = load_.working_set(kind)};
    out.rate = median_rate(std::move(rates), std::string(rate_unit(kind)));
    for (const auto& domain : sampler_->core().energy({"work", begin, from}).domains) {
      if (domain.device.starts_with("gpu:")) continue;
      out.power.push_back({domain.domain, domain.mean_power});
    }
    return out;
  }

  // --- GPUs ---

  [[nodiscard]] std::optional<double> celsius_of(const std::string& device) const {
    if (options_.gpus != nullptr && device != "cpu") return options_.gpus->celsius(device);
    return thermometer_.celsius(device);
  }

  // From then on no GPU is loaded.
  void lose_gpus(const Error& error) {
    out_.gpu = reason_of(error);
    release_gpus();
    gpus_ = nullptr;
  }

  // New contexts, which know of no kernel: the one that is started most is made ready.
  void hold_gpus() {
    if (gpus_ == nullptr) return;
    if (auto held = gpus_->hold(); !held) return lose_gpus(held.error());
    for (std::size_t i = 0; gpus_ != nullptr && i < gpus_->devices().size(); ++i) {
      if (auto ok = gpus_->prepare(i, CudaKernel::fma_f32); !ok) lose_gpus(ok.error());
    }
  }

  void release_gpus() {
    if (gpus_ == nullptr) return;
    gpus_->release();
    released_ = clock_.now();
  }

  void load_gpus() {
    if (gpus_ == nullptr || options_.stop()) return;
    options_.progress("GPU: a context at rest");
    hold_gpus();
    if (gpus_ == nullptr) return;
    sample_until(clock_.now() + times_.gpu_warm);
    const WindowEnergy rest = window("context", times_.gpu_level);
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      if (is_gpu(infos_[i])) out_.sensors[i].context = rest.domains[i].mean_power;
    }
    respond_gpus();
    for (const CudaKernel kernel : kCudaKernels) {
      if (gpus_ != nullptr && !options_.stop()) work_gpus(kernel);
    }
    release_gpus();
  }

  void respond_gpus() {
    const auto& devices = gpus_->devices();
    for (std::size_t step = 0; step < 3 && gpus_ != nullptr; ++step) {
      options_.progress(fmt::format("GPU: response {} of 3", step + 1));
      std::vector<int> busy;
      for (const auto& device : devices) {
        const auto levels = gpu_levels(device.multiprocessors);
        busy.push_back(levels[std::min(step, levels.size() - 1)]);
      }
      const GpuRun run = run_gpus(CudaKernel::fma_f32, busy);
      for (std::size_t i = 0; gpus_ != nullptr && i < infos_.size(); ++i) {
        const auto at = std::find(loaded_.begin(), loaded_.end(), infos_[i].device);
        if (!is_gpu(infos_[i]) || at == loaded_.end()) continue;
        out_.sensors[i].response.push_back(
            {busy[static_cast<std::size_t>(at - loaded_.begin() - 1)], run.energy.domains[i].mean_power});
      }
    }
  }

  // Kernels of a tenth of a second (no display's watchdog minds), first some to warm up. A device
  // with 0 busy multiprocessors rests.
  GpuRun run_gpus(CudaKernel kernel, const std::vector<int>& busy) {
    GpuRun run;
    const auto go = [&](Nanos length) {
      for (Nanos done{0}; done < length && gpus_ != nullptr; done += kKernel) {
        start_gpus(kernel, busy, std::min(kKernel, length - done));
      }
    };
    go(times_.gpu_warm);
    sample_until(clock_.now() + times_.gpu_warm);
    (void)wait_gpus();
    const SteadyTime begin = clock_.now();
    go(times_.gpu_level);
    sample_until(begin + times_.gpu_level);
    run.rounds = wait_gpus();
    run.wall_s = Seconds(clock_.now() - begin).count();
    run.kernel_s = Seconds(times_.gpu_level).count();
    settle(begin + times_.gpu_level);
    run.energy = sampler_->core().energy({"gpu", begin, begin + times_.gpu_level});
    return run;
  }

  void start_gpus(CudaKernel kernel, const std::vector<int>& busy, Nanos length) {
    for (std::size_t d = 0; gpus_ != nullptr && d < busy.size(); ++d) {
      if (busy[d] == 0) continue;
      if (auto ok = gpus_->start(d, kernel, busy[d], length); !ok) lose_gpus(ok.error());
    }
  }

  std::vector<double> wait_gpus() {
    std::vector<double> rounds;
    for (std::size_t d = 0; gpus_ != nullptr && d < gpus_->devices().size(); ++d) {
      const auto done = gpus_->wait(d);
      if (!done) return lose_gpus(done.error()), std::vector<double>{};
      rounds.push_back(*done);
    }
    return rounds;
  }

  void work_gpus(CudaKernel kernel) {
    options_.progress(fmt::format("GPU: {}", to_string(kernel)));
    GpuWork plan = plan_gpu_work(*gpus_, kernel);
    const bool any = std::any_of(plan.busy.begin(), plan.busy.end(), [](int n) { return n > 0; });
    const GpuRun run = any ? run_gpus(kernel, plan.busy) : GpuRun{};
    for (std::size_t d = 0; d < plan.work.size() && gpus_ != nullptr; ++d) {
      if (plan.busy[d] > 0) describe_work(plan.work[d], run, run.rounds[d] * work_of_round(kernel));
      out_.work.push_back(std::move(plan.work[d]));
    }
  }

  std::vector<std::unique_ptr<Sensor>> sensors_;
  std::shared_ptr<const FileTree> files_;
  LoadGenerator& load_;
  Clock& clock_;
  const CalibrateOptions& options_;
  CalibrationTimes times_;
  Thermometer thermometer_;
  std::optional<SteadyTime> released_;          // when contexts were given back last
  GpuLoad* gpus_ = nullptr;                     // null: none, or none any more
  std::vector<std::string> loaded_ = {"cpu"};  // devices under load; GPUs in the load's order
  std::vector<SensorInfo> infos_;
  std::optional<Sampler> sampler_;
  std::vector<std::vector<IdleSlice>> slices_;  // by sensor
  std::size_t first_rest_ = 0;                  // slices of the first rest
  WindowEnergy rest_;                           // the first rest as one window
  Calibration out_;
};

}  // namespace

Result<Calibration> calibrate(std::vector<std::unique_ptr<Sensor>> sensors,
                              std::shared_ptr<const FileTree> files, LoadGenerator& load,
                              Clock& clock, const CalibrateOptions& options) {
  return Calibrator(std::move(sensors), std::move(files), load, clock, options).run();
}

}  // namespace joulebook
