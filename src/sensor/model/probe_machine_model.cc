// The last resort of discovery: the model of the machine, where /proc tells enough for it.
#include <fmt/format.h>

#include <utility>

#include "sensor/model/busy_time.h"
#include "sensor/discover.h"
#include "sensor/model/machine_model.h"

namespace joulebook {
namespace {

Finding cannot(std::string code, std::string message, std::string cure) {
  return {Finding::Level::problem,
          "machine model",
          {std::move(code), std::move(message), std::move(cure)}};
}

Finding in_use(const MachineDescription& machine, const ModelParameters& p) {
  const std::string cpu = machine.cpu.empty() ? "an unnamed CPU" : machine.cpu;
  return {Finding::Level::note,
          "machine model",
          {"sensor.modelled",
           fmt::format("{}: {:.3g} W idle and {:.3g} W a busy thread, {}", cpu, p.idle_w,
                       p.active_w, p.method),
           machine.is_virtual ? "measure on the host, or on a machine with an energy sensor"
                              : "make RAPL readable or attach a wall meter"}};
}

Finding quota_note(double cpus) {
  return {Finding::Level::note,
          "machine model",
          {"sensor.quota",
           fmt::format("a control group allows {:.3g} CPUs; the model's share is by the threads "
                       "seen, not by that quota",
                       cpus),
           ""}};
}

}  // namespace

Discovery probe_machine_model(std::shared_ptr<const FileTree> files, Clock& clock) {
  Discovery found;
  const MachineDescription machine = describe_machine(*files);
  if (machine.threads <= 0) {
    found.findings.push_back(cannot("sensor.machine", "/proc/cpuinfo names no processor",
                                    "check that /proc is mounted"));
    return found;
  }
  const ModelParameters parameters = model_parameters(machine);
  auto sensor = make_busy_time_sensor(*files, clock, make_model(parameters));
  if (!sensor) {
    found.findings.push_back(cannot("sensor.missing", sensor.error().message, sensor.error().cure));
    return found;
  }
  found.sensors.push_back(std::move(*sensor));
  found.findings.push_back(in_use(machine, parameters));
  if (machine.quota_cpus) found.findings.push_back(quota_note(*machine.quota_cpus));
  return found;
}

}  // namespace joulebook
