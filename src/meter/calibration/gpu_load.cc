#include "meter/calibration/gpu_load.h"

#include <algorithm>

#include "core/text.h"
#include "sensor/gpu/cuda_driver.h"
#include "sensor/gpu/nvml.h"
#include "sensor/gpu/pci_address.h"

namespace joulebook {
namespace {

class CudaLoad final : public GpuLoad {
 public:
  CudaLoad(std::shared_ptr<CudaDriver> driver, NvmlGpus gpus)
      : driver_(std::move(driver)), gpus_(std::move(gpus)) {}
  ~CudaLoad() override { CudaLoad::release(); }

  void add(int ordinal, const std::string& device) {
    devices_.push_back({device, 0});
    ordinals_.push_back(ordinal);
  }

  [[nodiscard]] const std::vector<Device>& devices() const override { return devices_; }

  [[nodiscard]] Status hold() override {
    release();
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      auto context = driver_->hold(ordinals_[i]);
      if (!context) return fail(context.error());
      devices_[i].multiprocessors = (*context)->multiprocessors();
      contexts_.push_back(std::move(*context));
    }
    return {};
  }
  void release() override { contexts_.clear(); }

  [[nodiscard]] Status prepare(std::size_t device, CudaKernel kernel) override {
    return contexts_[device]->prepare(kernel);
  }
  [[nodiscard]] Status start(std::size_t device, CudaKernel kernel, int busy,
                             Nanos duration) override {
    return contexts_[device]->start(kernel, busy, duration);
  }
  [[nodiscard]] Result<double> wait(std::size_t device) override {
    const auto rounds = contexts_[device]->wait();
    if (!rounds) return fail(rounds.error());
    return static_cast<double>(*rounds);
  }
  [[nodiscard]] std::int64_t working_set(std::size_t device, CudaKernel kernel) const override {
    return kernel == CudaKernel::triad ? contexts_[device]->triad_bytes() : 0;
  }
  [[nodiscard]] std::optional<double> celsius(std::string_view device) const override {
    return gpus_.celsius(device);
  }

 private:
  std::shared_ptr<CudaDriver> driver_;
  NvmlGpus gpus_;
  std::vector<Device> devices_;
  std::vector<int> ordinals_;  // CUDA's numbers of them
  std::vector<std::unique_ptr<CudaContext>> contexts_;
};

// CUDA's number of a board; nothing where CUDA does not show it.
std::optional<int> ordinal_of(const CudaDriver& driver, const GpuBoard& board) {
  const auto address = parse_pci(lower(board.pci_bus_id));
  for (int i = 0; address && i < driver.count(); ++i) {
    if (parse_pci(lower(driver.pci(i))) == address) return i;
  }
  return std::nullopt;
}

bool read_by(std::span<const SensorInfo> sensors, const std::string& device) {
  return std::any_of(sensors.begin(), sensors.end(),
                     [&](const SensorInfo& info) { return info.device == device; });
}

// Empty where it may be loaded, else why not.
std::string obstacle(const NvmlGpus& gpus, const GpuBoard& board, bool shown) {
  if (board.mig) return board.device() + " is split into MIG slices";
  if (!shown) return "CUDA does not show " + board.device();
  const auto holders = gpus.processes_of(board.device());
  if (!holders) return "who uses " + board.device() + " cannot be known";
  return holders->empty() ? "" : "other processes hold a context on " + board.device();
}

}  // namespace

Result<std::unique_ptr<GpuLoad>> make_cuda_load(std::span<const SensorInfo> sensors) {
  const bool any = std::any_of(sensors.begin(), sensors.end(), [](const SensorInfo& info) {
    return info.id.starts_with("nvml:");
  });
  if (!any) {
    return fail(ErrorKind::no_reading, "calibration.no_gpu", "no sensor here reads an NVIDIA GPU",
                "a load for other makes of GPU is not built yet; their ticks and floors are "
                "measured all the same");
  }
  auto nvml = open_nvml();
  if (!nvml) return fail(nvml.error());
  auto driver = CudaDriver::open();
  if (!driver) return fail(driver.error());
  const NvmlGpus gpus(*nvml);
  auto load = std::make_unique<CudaLoad>(*driver, gpus);
  std::string why;
  for (const GpuBoard& board : gpus.boards()) {
    if (!read_by(sensors, board.device())) continue;
    const auto ordinal = ordinal_of(**driver, board);
    why = obstacle(gpus, board, ordinal.has_value());
    if (why.empty()) load->add(*ordinal, board.device());
  }
  if (!load->devices().empty()) return load;
  return fail(ErrorKind::no_reading, "calibration.gpu_taken", "no GPU may be loaded: " + why,
              "calibrate while nobody uses the GPU");
}

}  // namespace joulebook
