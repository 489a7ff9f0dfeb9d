#include "meter/idle_floor.h"

#include <algorithm>

namespace joulebook {

Quantity IdleFloors::energy(const std::string& sensor, Seconds duration) const {
  const auto it = std::find_if(floors.begin(), floors.end(),
                               [&](const IdleFloor& floor) { return floor.sensor == sensor; });
  if (it == floors.end()) return Quantity::absent("J", none);
  Quantity idle = scaled(it->power, duration.count());
  idle.unit = std::string("J");
  return idle;
}

Quantity less_idle(const Quantity& gross, std::span<const Quantity> idle) {
  if (!gross.present()) return gross;
  if (idle.empty()) return Quantity::absent("J", IdleFloors{}.none);
  const Quantity rest = sum(idle);
  if (!rest.present()) return Quantity::absent("J", *rest.reason);
  Quantity above = difference(gross, rest);
  above.tier = weakest(above.tier, Tier::apportioned);
  above.per = gross.per;
  above.method = gross.method + ", less " + rest.method;
  return above;
}

Json to_json(const IdleFloors& floors) {
  Json list = Json::array();
  for (const auto& floor : floors.floors) {
    list.push(Json::object({{"sensor", floor.sensor}, {"power", to_json(floor.power)}}));
  }
  return Json::object({{"floors", std::move(list)}, {"none", to_json(floors.none)}});
}

IdleFloors idle_floors_from_json(const Json& json) {
  IdleFloors out;
  for (const auto& item : json["floors"].items()) {
    auto power = quantity_from_json(item["power"]);
    if (!power || !power->present() || power->unit != "W" || *power->value < 0) continue;
    out.floors.push_back({std::string(item["sensor"].as_string()), std::move(*power)});
  }
  const Json& none = json["none"];
  if (none["code"].as_string().empty()) return out;
  out.none = {std::string(none["code"].as_string()), std::string(none["message"].as_string()),
              std::string(none["cure"].as_string())};
  return out;
}

}  // namespace joulebook
