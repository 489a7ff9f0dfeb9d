#pragma once
// Which devices a total covers, and why. Three rules:
//   named  those that the caller named
//   used   of the GPUs, those on which the measured process tree holds a context at any look; of
//          everything else, all. Whether it holds one on a GPU may not be knowable: such a GPU is
//          counted, and every total reaches down to what it would be without it, so that the
//          interval holds whosever it is
//   all    no process tree is measured, so all
// What is not covered is listed apart. Pure values and functions.
#include <joulebook/result.h>

#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "sensor/gpu/device_use.h"
#include "sensor/sensor.h"

namespace joulebook {

struct DeviceChoice {
  enum class Rule { all, named, used };
  Rule rule = Rule::all;
  std::vector<std::string> named;  // devices, whole names
  std::vector<DeviceUse> uses;     // what is known of each GPU

  [[nodiscard]] bool covers(const SensorInfo& sensor) const;
  // It is covered for want of knowledge: another's work may be on it.
  [[nodiscard]] bool doubtful(const SensorInfo& sensor) const;
  [[nodiscard]] const DeviceUse* use_of(const std::string& device) const;
  // The rule in one sentence, for every result.
  [[nodiscard]] std::string sentence() const;
};

[[nodiscard]] bool is_gpu(const SensorInfo& sensor);

// Takes another look's answers in: once used is used for good; once unknown stays unknown until it
// is used. Returns whether anything but words changed.
bool merge(std::vector<DeviceUse>& known, std::vector<DeviceUse> look);

// The devices that names mean: a device ("cpu", "gpu:GPU-<uuid>") or an unmistakable beginning of
// one, a domain ("gpu:3") or a kind ("gpu"). Errors: usage "device.unknown".
[[nodiscard]] Result<std::vector<std::string>> devices_named(const std::vector<std::string>& names,
                                                             std::span<const SensorInfo> sensors);

[[nodiscard]] std::string_view to_string(DeviceChoice::Rule rule);
[[nodiscard]] Json to_json(const DeviceChoice& choice);
[[nodiscard]] DeviceChoice choice_from_json(const Json& json);

}  // namespace joulebook
