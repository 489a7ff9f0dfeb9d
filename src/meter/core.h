#pragma once
// The meter without its thread: fed with readings, it answers for windows. A pure function of what
// it was fed, so a recorded run replays to the last bit. Not thread-safe.
#include <optional>
#include <span>
#include <vector>

#include "core/clock.h"
#include "meter/cpu_curve.h"
#include "meter/device_choice.h"
#include "meter/domain_curve.h"
#include "meter/meter.h"
#include "meter/window.h"
#include "sensor/containment.h"
#include "sensor/model/node_split.h"

namespace joulebook {

// CPU seconds spent so far, since some origin; negative: not read at that instant.
struct CpuSample {
  SteadyTime at;
  double machine = -1;
  double tree = -1;
  double self = -1;

  bool operator==(const CpuSample&) const = default;
};

struct Channel {
  SensorInfo info;
  const EnergyModel* model = nullptr;  // outlives the core
};

class MeterCore {
 public:
  // `hardware_threads`: of the machine; 0: unknown. An empty list of devices counts them all.
  MeterCore(std::vector<Channel> channels, const MeterOptions& options, int hardware_threads);

  [[nodiscard]] std::size_t channels() const { return curves_.size(); }
  [[nodiscard]] bool doubtful(std::size_t channel, const RawReading& reading) const {
    return curves_[channel].doubtful(reading);
  }
  void reading(std::size_t channel, const RawReading& reading) { curves_[channel].add(reading); }
  void miss(std::size_t channel, SteadyTime at, const Error& error) {
    curves_[channel].miss(at, error);
  }
  void cpu(const CpuSample& sample);
  // Which devices the totals cover from now on, of windows past, too: the newest choice holds.
  void cover(DeviceChoice choice);
  // A suspend between two anchors spoils every curve between them.
  void anchor(const Anchor& anchor);

  // Every live sensor that is waited for has closed t.
  [[nodiscard]] bool settled(SteadyTime t) const;
  // The most that settling may take: three ticks of the slowest live sensor that is waited for (all
  // but those of a nominal tick above 10 s), at most 3 s or three of its nominal ticks.
  [[nodiscard]] Nanos closing() const;
  [[nodiscard]] WindowEnergy energy(const Window& window) const;
  [[nodiscard]] std::vector<PowerPoint> trace(SteadyTime begin, SteadyTime end,
                                              std::size_t points) const;
  [[nodiscard]] std::vector<SensorInfo> sensors() const;

 private:
  [[nodiscard]] CpuShare cpu_share(const Window& window) const;
  // Of the top-level domains, those that are surely the measured work's own alone where `sure`.
  [[nodiscard]] std::vector<const DomainEnergy*> counted(const WindowEnergy& window,
                                                         bool sure) const;
  [[nodiscard]] Quantity total(const WindowEnergy& window) const;
  [[nodiscard]] Quantity idle(const DomainCurve& curve, const Window& window) const;
  [[nodiscard]] Quantity above_idle(const WindowEnergy& window) const;
  // A modelled node's pieces, behind it, where its model can take it apart.
  void take_apart(WindowEnergy& out) const;
  [[nodiscard]] std::vector<std::string> devices() const;
  [[nodiscard]] std::vector<DeviceEnergy> apart(const Window& window) const;
  [[nodiscard]] const ModelCurve* machine_model() const;
  [[nodiscard]] Quantity processes(double cpu_seconds, const WindowEnergy& window,
                                   const char* whose) const;
  void warn(WindowEnergy& out) const;
  void warn_of_devices(std::vector<std::string>& warnings) const;

  std::vector<DomainCurve> curves_;
  MeterOptions options_;
  int hardware_threads_ = 0;
  std::optional<NodeSplit> split_;  // of the modelled node
  std::shared_ptr<const DeviceChoice> choice_;
  TopLevel plan_;
  TopLevel apart_;  // of the devices that are not covered
  CpuCurve machine_;
  CpuCurve tree_;
  CpuCurve self_;
  std::optional<Anchor> anchor_;
};

}  // namespace joulebook
