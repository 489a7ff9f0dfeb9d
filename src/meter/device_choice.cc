#include "meter/device_choice.h"

#include <algorithm>
#include <set>

#include "core/json_strings.h"
#include "core/text.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

using Answer = DeviceUse::Answer;

Answer answer_from(std::string_view text) {
  for (const Answer answer : {Answer::used, Answer::unused}) {
    if (to_string(answer) == text) return answer;
  }
  return Answer::unknown;
}

Json use_json(const DeviceUse& use) {
  Json pids = Json::array();
  for (const int pid : use.pids) pids.push(pid);
  Json out = Json::object({{"device", use.device},
                           {"name", use.name},
                           {"answer", std::string(to_string(use.answer))},
                           {"pids", std::move(pids)},
                           {"evidence", use.evidence}});
  if (use.answer == Answer::unknown) {
    out.set("reason", Json::object({{"code", use.reason.code},
                                    {"message", use.reason.message},
                                    {"cure", use.reason.cure}}));
  }
  return out;
}

DeviceUse use_from(const Json& json) {
  DeviceUse use{.device = std::string(json["device"].as_string()),
                .name = std::string(json["name"].as_string()),
                .answer = answer_from(json["answer"].as_string()),
                .evidence = std::string(json["evidence"].as_string())};
  for (const auto& pid : json["pids"].items()) use.pids.push_back(static_cast<int>(pid.as_int()));
  const Json& reason = json["reason"];
  if (!reason.is_null()) {
    use.reason = {std::string(reason["code"].as_string()),
                  std::string(reason["message"].as_string()),
                  std::string(reason["cure"].as_string())};
  }
  return use;
}

// Of two looks at one device, the answer that the rule of `merge` lets stand.
int weight(Answer answer) {
  return answer == Answer::used ? 2 : answer == Answer::unknown ? 1 : 0;
}

std::set<std::string> meant(const std::string& name, std::span<const SensorInfo> sensors) {
  std::set<std::string> exact;
  std::set<std::string> domain;
  std::set<std::string> kind;
  std::set<std::string> beginning;
  for (const auto& sensor : sensors) {
    const std::string& device = sensor.device;
    if (device == name || device == "gpu:" + name) exact.insert(device);
    if (sensor.domain == name) domain.insert(device);
    if (domain_kind(device) == name) kind.insert(device);
    if (device.starts_with(name)) beginning.insert(device);
  }
  for (auto* some : {&exact, &domain, &kind}) {
    if (!some->empty()) return *some;
  }
  return beginning.size() == 1 ? beginning : std::set<std::string>{};
}

std::string list_of(std::span<const SensorInfo> sensors) {
  std::string out;
  std::set<std::string> said;
  for (const auto& sensor : sensors) {
    if (!said.insert(sensor.device).second) continue;
    out += (out.empty() ? "" : ", ") + sensor.device;
    if (sensor.domain != sensor.device && is_gpu(sensor)) out += " (" + sensor.domain + ")";
  }
  return out.empty() ? "none: joulebook doctor says why" : out;
}

}  // namespace

bool is_gpu(const SensorInfo& sensor) { return sensor.device.starts_with("gpu:"); }

const DeviceUse* DeviceChoice::use_of(const std::string& device) const {
  const auto it = std::find_if(uses.begin(), uses.end(),
                               [&](const DeviceUse& use) { return use.device == device; });
  return it == uses.end() ? nullptr : &*it;
}

bool DeviceChoice::covers(const SensorInfo& sensor) const {
  if (rule == Rule::all) return true;
  if (rule == Rule::named) {
    return std::find(named.begin(), named.end(), sensor.device) != named.end();
  }
  const DeviceUse* use = use_of(sensor.device);
  return !is_gpu(sensor) || use == nullptr || use->answer != Answer::unused;
}

bool DeviceChoice::doubtful(const SensorInfo& sensor) const {
  if (rule != Rule::used || !is_gpu(sensor)) return false;
  const DeviceUse* use = use_of(sensor.device);
  return use == nullptr || use->answer == Answer::unknown;
}

std::string DeviceChoice::sentence() const {
  switch (rule) {
    case Rule::named:
      return "the devices that were named";
    case Rule::used:
      return "of the GPUs, those on which the measured processes hold a context";
    case Rule::all:
      break;
  }
  return "all devices: there is no GPU to choose, or no process to choose by";
}

bool merge(std::vector<DeviceUse>& known, std::vector<DeviceUse> look) {
  bool changed = false;
  for (DeviceUse& use : look) {
    const auto it = std::find_if(known.begin(), known.end(), [&](const DeviceUse& before) {
      return before.device == use.device;
    });
    if (it == known.end()) {
      known.push_back(std::move(use));
    } else if (weight(use.answer) > weight(it->answer)) {
      *it = std::move(use);
    } else {
      continue;
    }
    changed = true;
  }
  return changed;
}

Result<std::vector<std::string>> devices_named(const std::vector<std::string>& names,
                                               std::span<const SensorInfo> sensors) {
  std::set<std::string> out;
  for (const auto& name : names) {
    const auto devices = meant(name, sensors);
    if (devices.empty()) {
      return fail(ErrorKind::usage, "device.unknown",
                  "no sensor here reads a device '" + name + "'",
                  "there are: " + list_of(sensors));
    }
    out.insert(devices.begin(), devices.end());
  }
  return std::vector<std::string>(out.begin(), out.end());
}

std::string_view to_string(DeviceChoice::Rule rule) {
  switch (rule) {
    case DeviceChoice::Rule::named:
      return "named";
    case DeviceChoice::Rule::used:
      return "used";
    case DeviceChoice::Rule::all:
      break;
  }
  return "all";
}

Json to_json(const DeviceChoice& choice) {
  Json uses = Json::array();
  for (const auto& use : choice.uses) uses.push(use_json(use));
  return Json::object({{"rule", std::string(to_string(choice.rule))},
                       {"sentence", choice.sentence()},
                       {"named", strings(choice.named)},
                       {"evidence", std::move(uses)}});
}

DeviceChoice choice_from_json(const Json& json) {
  DeviceChoice choice;
  for (const auto rule : {DeviceChoice::Rule::named, DeviceChoice::Rule::used}) {
    if (to_string(rule) == json["rule"].as_string()) choice.rule = rule;
  }
  choice.named = strings(json["named"]);
  for (const auto& use : json["evidence"].items()) choice.uses.push_back(use_from(use));
  return choice;
}

}  // namespace joulebook
