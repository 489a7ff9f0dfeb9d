#include "sensor/board/battery_state.h"

#include <utility>

namespace joulebook {
namespace {

tl::unexpected<Error> on_mains(const std::string& what) {
  return fail(ErrorKind::no_reading, "sensor.charging",
              what + ": the battery does not tell what the machine draws",
              "unplug the charger and measure again, or measure at the wall");
}

}  // namespace

Result<BatteryState> BatteryState::open(const FileTree& files, const PowerSupplies& supplies) {
  BatteryState state;
  for (const Battery& battery : supplies.batteries) {
    auto status = ValueFile::open(files, battery.path + "/status");
    if (!status) return fail(status.error());
    state.statuses_.push_back(std::move(*status));
  }
  for (const std::string& path : supplies.adapters) {
    // One without the file never feeds anything.
    auto online = ValueFile::open(files, path + "/online");
    if (online) state.online_.push_back(std::move(*online));
  }
  return state;
}

Status BatteryState::discharging() {
  for (ValueFile& adapter : online_) {
    const auto online = adapter.read();
    // An adapter that is unplugged for good (a dock) takes its file with it.
    if (!online && online.error().code == "file.missing") continue;
    if (!online) return fail(online.error());
    if (*online != 0) return on_mains(adapter.path() + " says that it feeds the machine");
  }
  bool one = false;
  for (ValueFile& battery : statuses_) {
    const auto status = battery.read_word();
    if (!status) return fail(status.error());
    if (*status == "Charging") return on_mains(battery.path() + " says Charging");
    one = one || *status == "Discharging";
  }
  // Beside one that is emptied, another may well be full.
  if (!one) {
    return on_mains(statuses_.front().path() + " says " +
                    std::string(statuses_.front().read_word().value_or("nothing")));
  }
  return {};
}

}  // namespace joulebook
