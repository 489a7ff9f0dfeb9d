#include "device/rig.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/text.h"
#include "sensor/discover.h"
#include "sensor/gpu/pci_address.h"

namespace joulebook::device {
namespace {

// A stand-in for a board of 60 W idle, 90 W with a context and 300 W busy.
void write_fake_scripts(const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/load.txt", std::ios::trunc);
  ::setenv("JOULEBOOK_FAKE_LOAD", (folder + "/load.txt").c_str(), 1);
  std::ofstream(folder + "/nvml.txt")
      << "device uuid=GPU-fake name=Stand-in cc=8.6 limit=350 tick=5 sample=5 pci=00000000:01:00.0 "
         "power=load:60:90:300\n";
  ::setenv("JOULEBOOK_FAKE_NVML", (folder + "/nvml.txt").c_str(), 1);
}

Sensor* find(const Discovery& found, const std::string& id) {
  for (const auto& sensor : found.sensors) {
    if (sensor->info().id == id) return sensor.get();
  }
  return nullptr;
}

}  // namespace

double Record::integrated() const {
  double joules = 0;
  for (std::size_t i = 1; i < gauge.size(); ++i) {
    joules += (gauge[i].value + gauge[i - 1].value) / 2 * (gauge[i].at - gauge[i - 1].at);
  }
  return joules;
}

std::vector<double> ticks(const std::vector<Point>& points) {
  std::vector<double> intervals;
  std::optional<double> changed;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].value == points[i - 1].value) continue;
    if (changed) intervals.push_back(points[i].at - *changed);
    changed = points[i].at;
  }
  std::sort(intervals.begin(), intervals.end());
  return intervals;
}

double quantile(const std::vector<double>& ascending, double q) {
  if (ascending.empty()) return 0;
  return ascending[static_cast<std::size_t>(q * static_cast<double>(ascending.size() - 1))];
}

std::unique_ptr<Rig> Rig::open(std::string& why) {
  std::unique_ptr<Rig> rig(new Rig);
  if (const char* folder = std::getenv("JOULEBOOK_DEVICE_FAKES"); folder != nullptr) {
    rig->fake_ = true;
    write_fake_scripts(folder);
  }
  if (const char* seconds = std::getenv("JOULEBOOK_DEVICE_SECONDS"); seconds != nullptr) {
    rig->seconds_ = parse_double(seconds).value_or(rig->seconds_);
  }
  auto cuda = CudaDriver::open();
  if (!cuda) return why = cuda.error().message, nullptr;
  rig->cuda_ = std::move(*cuda);
  const auto nvml = open_nvml();
  if (!nvml) return why = nvml.error().message, nullptr;
  std::array<char, 96> driver{};
  if ((*nvml)->api().driver_version != nullptr) {
    (*nvml)->api().driver_version(driver.data(), static_cast<unsigned>(driver.size()));
  }
  rig->driver_ = driver.data();
  rig->found_ = probe_nvml(system_clock());
  why = "no NVIDIA GPU has both an energy counter and a power gauge";
  const NvmlGpus gpus(*nvml);
  for (int ordinal = 0; ordinal < rig->cuda_->count(); ++ordinal) {
    const auto address = parse_pci(lower(rig->cuda_->pci(ordinal)));
    for (const GpuBoard& board : gpus.boards()) {
      if (!address || parse_pci(lower(board.pci_bus_id)) != address) continue;
      rig->counter_ = find(rig->found_, "nvml:" + board.uuid + ":energy");
      rig->gauge_ = find(rig->found_, "nvml:" + board.uuid + ":power");
      rig->history_ = find(rig->found_, "nvml:" + board.uuid + ":history");
      rig->board_ = board;
      rig->ordinal_ = ordinal;
      if (rig->counter_ != nullptr && rig->gauge_ != nullptr) return rig;
    }
  }
  return nullptr;
}

Status Rig::hold() {
  auto context = cuda_->hold(ordinal_);
  if (!context) return fail(context.error());
  context_ = std::move(*context);
  return context_->prepare(CudaKernel::fma_f32);
}

void Rig::read(Sensor& sensor, std::vector<Point>& points) {
  const auto reading = sensor.read();
  if (!reading) {
    if (trouble_.empty()) trouble_ = reading.error().message;
    return;
  }
  const double at = static_cast<double>(reading->begin.ns + reading->end.ns) / 2 * 1e-9;
  points.push_back({at, static_cast<double>(reading->counts) * sensor.info().scale});
}

Record Rig::watch(double seconds, double duty, double period, Nanos every) {
  Record record;
  Clock& clock = system_clock();
  const SteadyTime begin = clock.now();
  const SteadyTime end = begin + std::chrono::duration_cast<Nanos>(Seconds(seconds));
  SteadyTime launch = begin;
  const auto step = std::chrono::duration_cast<Nanos>(Seconds(period));
  const auto busy = std::chrono::duration_cast<Nanos>(Seconds(period * duty));
  const bool full = duty >= 1;  // all kernels in a row at once, so that none is ever waited for
  for (SteadyTime now = begin; now < end; now = clock.now()) {
    while (duty > 0 && launch < end && (full || now >= launch)) {
      if (const Status started = context_->start(CudaKernel::fma_f32, context_->multiprocessors(), busy); !started && trouble_.empty()) {
        trouble_ = started.error().message;
      }
      launch = launch + step;
    }
    read(*counter_, record.counter);
    read(*gauge_, record.gauge);
    clock.sleep_until(clock.now() + every);
  }
  if (duty > 0 && !context_->wait() && trouble_.empty()) trouble_ = "the kernel did not end well";
  return record;
}

void Rig::evidence(const std::string& test, Json values) const {
  const char* path = std::getenv("JOULEBOOK_EVIDENCE");
  if (path == nullptr) return;
  const Json line = Json::object({{"test", test},
                                  {"date", iso8601(system_clock().anchor().wall_ns)},
                                  {"device", board_.name},
                                  {"uuid", board_.uuid},
                                  {"driver", driver_},
                                  {"cuda", cuda_->version()},
                                  {"stand_in", fake_},
                                  {"seconds", seconds_},
                                  {"values", std::move(values)}});
  std::ofstream(path, std::ios::app) << line.dump() << '\n';
}

}  // namespace joulebook::device
