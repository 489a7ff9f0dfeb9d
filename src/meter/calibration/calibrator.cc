#include "meter/calibration/calibrator.h"

#include <fmt/format.h>

#include <algorithm>

#include "meter/calibration/fits.h"
#include "meter/calibration/gpu_turn.h"
#include "meter/calibration/plan.h"
#include "meter/calibration/square_wave.h"
#include "meter/calibration/store.h"
#include "meter/calibration/thermometer.h"
#include "meter/calibration/watch.h"
#include "meter/device_choice.h"

namespace joulebook {
namespace {

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
        thermometer_(files_),
        gpus_(options_, times_, clock_, infos_, out_) {
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
    watch_.emplace(std::move(sensors_), files_, clock_, options_.stop);
    options_.progress("idle floor");
    rest();
    respond();
    if (auto worked = work(); !worked) return fail(worked.error());
    gpus_.run(*watch_);
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
    gpus_.hold();
    const int busy = std::max(1, load_.threads() - 1);  // one thread is left for the reading
    const auto densely = [&](const std::vector<LoadPiece>& plan) {
      read_densely(sensors_, plan, busy, kSpacing, load_, gpus_.load(), clock_,
                   options_.stop, dense);
    };
    options_.progress("ticks: a first look");
    densely(steady_plan(times_.look));
    const bool gauges = std::any_of(infos_.begin(), infos_.end(), [](const SensorInfo& info) {
      return info.kind == SensorKind::power_gauge;
    });
    if (gauges) {
      const auto groups = gauge_ticks(infos_, dense, loaded_devices());
      for (const Nanos tick : groups) {
        options_.progress(
            fmt::format("averaging: square waves about {:.3g} ms", Seconds(tick).count() * 1e3));
        densely(aliasing_plan(tick, times_.waves / static_cast<std::int64_t>(groups.size())));
      }
      densely(step_plan(times_.steps));
    }
    gpus_.release();
    for (std::size_t i = 0; i < infos_.size(); ++i) learn_tick(i, dense);
  }

  // Devices; the CPU is always.
  [[nodiscard]] std::vector<std::string> loaded_devices() const {
    std::vector<std::string> out = gpus_.loaded();
    out.insert(out.begin(), "cpu");
    return out;
  }

  void learn_tick(std::size_t i, const DenseReadings& dense) {
    SensorCalibration& s = out_.sensors[i];
    const SensorInfo& info = infos_[i];
    const Reason model{"calibration.model", "a model has no tick of its own", ""};
    const Reason counter{"calibration.counter", "a counter averages over nothing", ""};
    const bool modelled = info.kind == SensorKind::busy_time;
    s.tick = modelled ? Quantity::absent("s", model) : fit_tick(dense.readings[i]);
    const auto under_load = loaded_devices();
    const bool loaded = std::find(under_load.begin(), under_load.end(), info.device) != under_load.end();
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

  // --- rest ---

  void rest() {
    SteadyTime calm = clock_.now() + times_.calm;
    if (const auto released = gpus_.released()) calm = std::max(calm, *released + kLinger);
    watch_->sample_until(calm);
    const SteadyTime begin = clock_.now();
    std::vector<SteadyTime> edges{begin};
    std::vector<std::vector<std::optional<double>>> celsius;
    while (edges.back() < begin + times_.rest && !options_.stop()) {
      watch_->sample_until(edges.back() + times_.slice);
      edges.push_back(edges.back() + times_.slice);
      celsius.emplace_back();
      for (const auto& info : infos_) celsius.back().push_back(celsius_of(info.device));
    }
    watch_->settle(edges.back());
    for (std::size_t k = 0; k + 1 < edges.size(); ++k) {
      keep_slices(watch_->energy({"rest", edges[k], edges[k + 1]}), celsius[k]);
    }
    const auto whole = watch_->energy({"rest", begin, edges.back()});
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
      watch_->sample_until(clock_.now() + times_.warm);
      const WindowEnergy w = watch_->window("response", times_.level);
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
    watch_->sample_until(clock_.now() + times_.warm);
    const SteadyTime begin = clock_.now();
    std::vector<double> rates;
    SteadyTime from = begin;
    double done = load_.work();
    for (int slice = 0; slice < times_.work_slices && !options_.stop(); ++slice) {
      watch_->sample_until(from + times_.work_slice);
      const SteadyTime to = clock_.now();
      const double now = load_.work();
      if (now > done) rates.push_back((now - done) / Seconds(to - from).count());
      from = to;
      done = now;
    }
    watch_->settle(from);
    WorkCalibration out{.kind = std::string(to_string(kind)),
                        .threads = load_.threads(),
                        .working_set = load_.working_set(kind)};
    out.rate = median_rate(std::move(rates), std::string(rate_unit(kind)));
    for (const auto& domain : watch_->energy({"work", begin, from}).domains) {
      if (domain.device.starts_with("gpu:")) continue;
      out.power.push_back({domain.domain, domain.mean_power});
    }
    return out;
  }

  [[nodiscard]] std::optional<double> celsius_of(const std::string& device) const {
    if (options_.gpus != nullptr && device != "cpu") return options_.gpus->celsius(device);
    return thermometer_.celsius(device);
  }

  std::vector<std::unique_ptr<Sensor>> sensors_;
  std::shared_ptr<const FileTree> files_;
  LoadGenerator& load_;
  Clock& clock_;
  const CalibrateOptions& options_;
  CalibrationTimes times_;
  Thermometer thermometer_;
  std::vector<SensorInfo> infos_;
  std::optional<Watch> watch_;
  std::vector<std::vector<IdleSlice>> slices_;  // by sensor
  std::size_t first_rest_ = 0;                  // slices of the first rest
  WindowEnergy rest_;                           // the first rest as one window
  Calibration out_;
  GpuTurn gpus_;
};

}  // namespace

Result<Calibration> calibrate(std::vector<std::unique_ptr<Sensor>> sensors,
                              std::shared_ptr<const FileTree> files, LoadGenerator& load,
                              Clock& clock, const CalibrateOptions& options) {
  return Calibrator(std::move(sensors), std::move(files), load, clock, options).run();
}

}  // namespace joulebook
