#include "meter/calibration/gpu_turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/reason.h"
#include "meter/device_choice.h"

namespace joulebook {
namespace {

constexpr Nanos kKernel = std::chrono::milliseconds(100);

}  // namespace

GpuTurn::GpuTurn(const CalibrateOptions& options, const CalibrationTimes& times, Clock& clock,
                 const std::vector<SensorInfo>& infos, Calibration& out)
    : options_(options), times_(times), clock_(clock), infos_(infos), out_(out), gpus_(options.gpus) {}

// From then on no GPU is loaded.
void GpuTurn::lose(const Error& error) {
  out_.gpu = reason_of(error);
  release();
  gpus_ = nullptr;
}

void GpuTurn::hold() {
  if (gpus_ == nullptr) return;
  if (auto held = gpus_->hold(); !held) return lose(held.error());
  for (std::size_t i = 0; gpus_ != nullptr && i < gpus_->devices().size(); ++i) {
    if (auto ok = gpus_->prepare(i, CudaKernel::fma_f32); !ok) lose(ok.error());
  }
  if (gpus_ == nullptr || !loaded_.empty()) return;
  for (const auto& device : gpus_->devices()) loaded_.push_back(device.device);
}

void GpuTurn::release() {
  if (gpus_ == nullptr) return;
  gpus_->release();
  released_ = clock_.now();
}

void GpuTurn::run(Watch& watch) {
  if (gpus_ == nullptr || options_.stop()) return;
  options_.progress("GPU: a context at rest");
  hold();
  if (gpus_ == nullptr) return;
  watch.sample_until(clock_.now() + times_.gpu_warm);
  const WindowEnergy rest = watch.window("context", times_.gpu_level);
  for (std::size_t i = 0; i < infos_.size(); ++i) {
    if (is_gpu(infos_[i])) out_.sensors[i].context = rest.domains[i].mean_power;
  }
  respond(watch);
  for (const CudaKernel kernel : kCudaKernels) {
    if (gpus_ != nullptr && !options_.stop()) work(watch, kernel);
  }
  release();
}

void GpuTurn::respond(Watch& watch) {
  const auto& devices = gpus_->devices();
  for (std::size_t step = 0; step < 3 && gpus_ != nullptr; ++step) {
    options_.progress(fmt::format("GPU: response {} of 3", step + 1));
    std::vector<int> busy;
    for (const auto& device : devices) {
      const auto levels = gpu_levels(device.multiprocessors);
      busy.push_back(levels[std::min(step, levels.size() - 1)]);
    }
    const GpuRun run = run_kernels(watch, CudaKernel::fma_f32, busy);
    for (std::size_t i = 0; gpus_ != nullptr && i < infos_.size(); ++i) {
      const auto at = std::find(loaded_.begin(), loaded_.end(), infos_[i].device);
      if (!is_gpu(infos_[i]) || at == loaded_.end()) continue;
      out_.sensors[i].response.push_back(
          {busy[static_cast<std::size_t>(at - loaded_.begin())], run.energy.domains[i].mean_power});
    }
  }
}

GpuRun GpuTurn::run_kernels(Watch& watch, CudaKernel kernel, const std::vector<int>& busy) {
  GpuRun run;
  const auto go = [&](Nanos length) {
    for (Nanos done{0}; done < length && gpus_ != nullptr; done += kKernel) {
      start(kernel, busy, std::min(kKernel, length - done));
    }
  };
  go(times_.gpu_warm);
  watch.sample_until(clock_.now() + times_.gpu_warm);
  (void)wait();
  const SteadyTime begin = clock_.now();
  go(times_.gpu_level);
  watch.sample_until(begin + times_.gpu_level);
  run.rounds = wait();
  run.wall_s = Seconds(clock_.now() - begin).count();
  run.kernel_s = Seconds(times_.gpu_level).count();
  watch.settle(begin + times_.gpu_level);
  run.energy = watch.energy({"gpu", begin, begin + times_.gpu_level});
  return run;
}

void GpuTurn::start(CudaKernel kernel, const std::vector<int>& busy, Nanos length) {
  for (std::size_t d = 0; gpus_ != nullptr && d < busy.size(); ++d) {
    if (busy[d] == 0) continue;
    if (auto ok = gpus_->start(d, kernel, busy[d], length); !ok) lose(ok.error());
  }
}

std::vector<double> GpuTurn::wait() {
  std::vector<double> rounds;
  for (std::size_t d = 0; gpus_ != nullptr && d < gpus_->devices().size(); ++d) {
    const auto done = gpus_->wait(d);
    if (!done) return lose(done.error()), std::vector<double>{};
    rounds.push_back(*done);
  }
  return rounds;
}

void GpuTurn::work(Watch& watch, CudaKernel kernel) {
  options_.progress(fmt::format("GPU: {}", to_string(kernel)));
  GpuWork plan = plan_gpu_work(*gpus_, kernel);
  const bool any = std::any_of(plan.busy.begin(), plan.busy.end(), [](int n) { return n > 0; });
  const GpuRun run = any ? run_kernels(watch, kernel, plan.busy) : GpuRun{};
  for (std::size_t d = 0; d < plan.work.size() && gpus_ != nullptr; ++d) {
    if (plan.busy[d] > 0) describe_work(plan.work[d], run, run.rounds[d] * work_of_round(kernel));
    out_.work.push_back(std::move(plan.work[d]));
  }
}

}  // namespace joulebook
