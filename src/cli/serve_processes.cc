#include "cli/serve_processes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/clock.h"
#include "sensor/process_finder.h"

namespace joulebook {

namespace gw = gateway;

namespace {

constexpr Nanos kLook = std::chrono::seconds(5);
constexpr Nanos kLookAgain = std::chrono::seconds(1);  // while one that was there is gone

}  // namespace

ServedProcesses::ServedProcesses(std::shared_ptr<const FileTree> files, const std::vector<gw::UpstreamPlace>& places,
                                 const MetersHere& meters, const gw::LocalEngine* engine, gw::Settler& settler)
    : files_(std::move(files)), places_(places), meters_(meters), engine_(engine), settler_(settler) {
  look();
}

void ServedProcesses::look() {
  looked_ = system_clock().now();
  if (meters_.own == nullptr) return;
  settler_.alone(pids_.empty());
  std::vector<int> pids;
  if (engine_ != nullptr && runs(engine_->pid())) pids.push_back(engine_->pid());
  for (std::uint32_t u = 0; u < places_.size(); ++u) {
    const gw::UpstreamPlace& place = places_[u];
    if (!place.here || engine_ != nullptr || !metered_here(u)) continue;
    const auto found = pids_listening_on(*files_, static_cast<std::uint16_t>(place.port));
    if (found) pids.insert(pids.end(), found->begin(), found->end());
  }
  if (pids.empty() || pids == pids_) return;
  pids_ = pids;
  settler_.alone(false);
  meters_.own->watch_processes(std::move(pids));
}

void ServedProcesses::follow() {
  const Nanos since = system_clock().now() - looked_;
  const auto gone = [this] { return std::any_of(pids_.begin(), pids_.end(), [this](int pid) { return !runs(pid); }); };
  if (since > kLook || (since > kLookAgain && gone())) look();
}

// By this machine's own meter.
bool ServedProcesses::metered_here(std::uint32_t upstream) const {
  return std::any_of(meters_.hosts.begin(), meters_.hosts.end(), [&](const gw::MeteredHost& host) {
    return host.here && host.meter != nullptr && host.holds(upstream);
  });
}

bool ServedProcesses::runs(int pid) const {
  return pid != 0 && files_->read("/proc/" + std::to_string(pid) + "/stat").has_value();
}

}  // namespace joulebook
