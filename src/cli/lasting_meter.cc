#include "cli/lasting_meter.h"

#include <algorithm>
#include <utility>

#include "sensor/discover.h"
#include "sensor/remote/remote.h"

namespace joulebook {
namespace {

// Of what could come: meters outside that are read connect again by themselves, and a model is nothing that comes.
std::vector<SensorInfo> look(const Context& context, const std::vector<SensorInfo>& in_use) {
  SensorChoice choice = context.sensor_choice();
  choice.machine_model = false;
  std::erase_if(choice.specs, [&](const std::string& spec) {
    const std::string prefix = sensor_prefix(spec);
    return std::any_of(in_use.begin(), in_use.end(), [&](const auto& info) { return info.id.starts_with(prefix); });
  });
  std::vector<SensorInfo> found;
  for (const auto& sensor : discover(context.files(), system_clock(), choice).sensors) found.push_back(sensor->info());
  return found;
}

}  // namespace

Result<std::unique_ptr<RenewedMeter>> open_lasting_meter(const Context& context, Nanos window,
                                                         std::function<void(std::string_view)> publish) {
  Renewal renewal;
  renewal.open = [context](Renewal::Publish to) { return context.open_meter(std::move(to)); };
  renewal.look = [context](const std::vector<SensorInfo>& in_use) { return look(context, in_use); };
  renewal.publish = std::move(publish);
  renewal.overlap += 2 * window;
  return open_renewed_meter(std::move(renewal), system_clock());
}

}  // namespace joulebook
