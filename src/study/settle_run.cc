#include "study/settle_run.h"

#include <algorithm>

namespace joulebook {
namespace {

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items()) out.emplace_back(item.as_string());
  return out;
}

DomainEnergy domain_from(const Json& json) {
  DomainEnergy domain;
  domain.domain = json["domain"].as_string();
  domain.device = json["device"].as_string();
  domain.contains = texts(json["contains"]);
  domain.mirrors = texts(json["mirrors"]);
  domain.may_contain = texts(json["may_contain"]);
  domain.top_level = json["top_level"].as_bool(false);
  const Json& settled = json["settled_uj"];
  if (!settled.is_null()) domain.settled = MicroJoules{settled.as_int()};
  return domain;
}

// As much of the window as settling needs.
WindowEnergy window_from(const Json& json) {
  WindowEnergy out;
  out.window = {std::string(json["name"].as_string("run")),
                {json["start_ns"].as_int()},
                {json["end_ns"].as_int()}};
  for (const auto& domain : json["domains"].items()) out.domains.push_back(domain_from(domain));
  const Json& cpu = json["cpu"];
  out.cpu = {cpu["capacity_s"].as_double(-1), cpu["machine_s"].as_double(-1),
             cpu["tree_s"].as_double(-1), cpu["self_s"].as_double(-1)};
  return out;
}

Floors floors_from(const Json& json) {
  Floors floors{"idle", {}};
  const double seconds = json["duration_s"].as_double();
  for (const auto& domain : json["domains"].items()) {
    const Json& idle = domain["idle"]["value"];
    if (idle.is_null() || !(seconds > 0)) continue;
    floors.watts[std::string(domain["domain"].as_string())] = idle.as_double() / seconds;
  }
  return floors;
}

bool held(const Json& choice, const std::string& device) {
  for (const auto& use : choice["evidence"].items()) {
    if (use["device"].as_string() == device) return use["answer"].as_string() == "used";
  }
  return false;
}

// Domains whose energy may be given away without a floor.
SplitRule rule_for(const WindowEnergy& window, const Json& document) {
  SplitRule rule{.tree_has_self = false, .floorless = {}, .ownerless = {}};
  for (const auto& domain : window.domains) {
    const bool known =
        !domain.device.starts_with("gpu:") || held(document["device_choice"], domain.device);
    (known ? rule.floorless : rule.ownerless).insert(domain.domain);
  }
  return rule;
}

SettledWindow settle_one(const Json& json, const Json& document) {
  WindowEnergy window = window_from(json);
  const bool machine = document["target"]["kind"].as_string() == "all";
  if (machine) window.cpu.tree = 0;
  return {Json::object({{"window", window.window.name},
                        {"start_ns", window.window.begin.ns},
                        {"end_ns", window.window.end.ns}}),
          settle_window(window, floors_from(json), machine ? "other" : "tree",
                        rule_for(window, document))};
}

}  // namespace

std::vector<SettledWindow> settle_run(const Json& document) {
  std::vector<SettledWindow> out;
  for (const auto& window : document["windows"].items()) {
    if (window["lap"].as_bool(false)) out.push_back(settle_one(window, document));
  }
  if (out.empty()) out.push_back(settle_one(document, document));
  return out;
}

}  // namespace joulebook
