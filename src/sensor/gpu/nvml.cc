#include "sensor/gpu/nvml.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace joulebook {
namespace {

std::string text_of(int (*call)(NvmlDevice, char*, unsigned), NvmlDevice device) {
  char buffer[128] = {};
  if (call == nullptr || call(device, buffer, sizeof buffer - 1) != kNvmlSuccess) return {};
  return buffer;
}

double limit_watts(const NvmlApi& api, NvmlDevice device) {
  for (const auto call : {api.enforced_limit, api.default_limit}) {
    unsigned milliwatts = 0;
    if (call != nullptr && call(device, &milliwatts) == kNvmlSuccess && milliwatts > 0) {
      return milliwatts * 1e-3;
    }
  }
  return 0;
}

GpuBoard describe(const NvmlApi& api, NvmlDevice device, unsigned index) {
  GpuBoard board;
  board.index = index;
  board.uuid = text_of(api.uuid, device);
  board.name = text_of(api.name, device);
  if (NvmlPciInfo pci{}; api.pci != nullptr && api.pci(device, &pci) == kNvmlSuccess) {
    board.pci_bus_id.assign(pci.bus_id, std::find(pci.bus_id, std::end(pci.bus_id), '\0'));
  }
  if (board.uuid.empty()) {
    board.uuid = board.pci_bus_id.empty() ? "GPU-" + std::to_string(index) : board.pci_bus_id;
  }
  if (api.capability != nullptr) {
    api.capability(device, &board.capability_major, &board.capability_minor);
  }
  unsigned current = 0, pending = 0;
  board.mig = api.mig_mode != nullptr && api.mig_mode(device, &current, &pending) == kNvmlSuccess &&
              current != 0;
  board.max_watts = limit_watts(api, device);
  return board;
}

using ProcessCall = int (*)(NvmlDevice, unsigned*, NvmlProcess*);

// The processes of a device; nothing where the list cannot be had. The list may grow between the
// call that counts and the one that fills.
std::optional<std::vector<NvmlProcess>> processes(ProcessCall call, NvmlDevice device) {
  if (call == nullptr) return std::nullopt;
  std::vector<NvmlProcess> list(32);
  for (int attempt = 0; attempt < 4; ++attempt) {
    auto count = static_cast<unsigned>(list.size());
    const int code = call(device, &count, list.data());
    if (code == kNvmlSuccess) {
      list.resize(std::min<std::size_t>(count, list.size()));
      return list;
    }
    if (code != kNvmlInsufficientSize) return std::nullopt;
    list.resize(std::max<std::size_t>(count, list.size()) * 2);
  }
  return std::nullopt;
}

}  // namespace

NvmlGpus::NvmlGpus(std::shared_ptr<const NvmlLibrary> library) : library_(std::move(library)) {
  const NvmlApi& api = library_->api();
  unsigned count = 0;
  if (api.count(&count) != kNvmlSuccess) return;
  for (unsigned index = 0; index < count; ++index) {
    NvmlDevice device = nullptr;
    if (api.by_index(index, &device) != kNvmlSuccess) continue;
    boards_.push_back(describe(api, device, index));
  }
}

std::vector<std::string> NvmlGpus::used_by(std::span<const int> pids) const {
  std::vector<std::string> used;
  for (const GpuBoard& board : boards_) {
    const auto listed = processes_of(board.device());
    if (listed && std::any_of(pids.begin(), pids.end(), [&](int pid) {
          return std::binary_search(listed->begin(), listed->end(), pid);
        })) {
      used.push_back(board.device());
    }
  }
  return used;
}

std::optional<std::vector<int>> NvmlGpus::processes_of(const std::string& device) const {
  const NvmlApi& api = library_->api();
  const NvmlDevice handle = handle_of(device);
  if (handle == nullptr) return std::nullopt;
  const auto compute = processes(api.compute_processes, handle);
  if (!compute) return std::nullopt;
  std::vector<int> pids;
  for (const NvmlProcess& process : *compute) pids.push_back(static_cast<int>(process.pid));
  if (const auto graphics = processes(api.graphics_processes, handle)) {
    for (const NvmlProcess& process : *graphics) pids.push_back(static_cast<int>(process.pid));
  }
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

NvmlDevice NvmlGpus::handle_of(std::string_view device) const {
  const auto board = std::find_if(boards_.begin(), boards_.end(), [&](const GpuBoard& candidate) {
    return candidate.device() == device;
  });
  NvmlDevice handle = nullptr;
  if (board == boards_.end()) return nullptr;
  return library_->api().by_index(board->index, &handle) == kNvmlSuccess ? handle : nullptr;
}

std::optional<double> NvmlGpus::celsius(std::string_view device) const {
  const NvmlApi& api = library_->api();
  const NvmlDevice handle = handle_of(device);
  unsigned degrees = 0;
  if (handle == nullptr || api.temperature == nullptr) return std::nullopt;
  if (api.temperature(handle, kNvmlTemperatureGpu, &degrees) != kNvmlSuccess) return std::nullopt;
  return static_cast<double>(degrees);
}

void reconcile_gpu(Discovery& nvml, bool gpu_seen, bool own_machine) {
  for (Finding& finding : nvml.findings) {
    if (finding.reason.code != "sensor.library_missing") continue;
    if (gpu_seen) {
      finding.level = Finding::Level::problem;
      finding.reason.message = "an NVIDIA GPU is here, but " + finding.reason.message;
    } else {
      finding.reason.cure.clear();
      finding.reason.message += "; no NVIDIA GPU is seen either";
    }
  }
  if (gpu_seen || !own_machine || nvml.sensors.empty()) return;
  nvml.findings.push_back(
      {Finding::Level::note,
       "nvml",
       {"sensor.gpu_unseen", "NVML finds a GPU that /dev and /proc/driver/nvidia do not show",
        "give the container the device (docker run --gpus all)"}});
}

}  // namespace joulebook
