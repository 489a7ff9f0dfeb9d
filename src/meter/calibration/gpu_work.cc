#include "meter/calibration/gpu_work.h"

#include "meter/calibration/fits.h"

namespace joulebook {

GpuWork plan_gpu_work(GpuLoad& gpus, CudaKernel kernel) {
  GpuWork out;
  const std::string unit = std::string(work_unit(kernel)) + "/s";
  for (std::size_t d = 0; d < gpus.devices().size(); ++d) {
    const auto& device = gpus.devices()[d];
    const auto ready = gpus.prepare(d, kernel);
    out.busy.push_back(ready ? device.multiprocessors : 0);
    WorkCalibration work{.kind = std::string(to_string(kernel)),
                         .device = device.device,
                         .threads = device.multiprocessors,
                         .working_set = gpus.working_set(d, kernel)};
    work.rate.unit = unit;
    if (!ready) {
      const Error& why = ready.error();
      work.rate = Quantity::absent(unit, {why.code, why.message, why.cure});
    }
    out.work.push_back(std::move(work));
  }
  return out;
}

void describe_work(WorkCalibration& work, const GpuRun& run, double units) {
  work.rate = fitted(units / run.kernel_s, {units / run.wall_s, units / run.kernel_s},
                     work.rate.unit,
                     "rounds that the kernels counted over their length by the GPU's clock; lower "
                     "end: over the time until they had ended");
  for (const auto& domain : run.energy.domains) {
    if (domain.device == work.device) work.power.push_back({domain.domain, domain.mean_power});
  }
}

}  // namespace joulebook
