#pragma once
// What a window took above idle: gross less the power at rest. The power at rest is the model's own,
// where a model of the machine speaks, else the floor that `joulebook calibrate` measured on this
// machine with nothing loaded, which travels in a trace's header, so that a replay asks no file.
//
// The floor is one figure for every window of its domain, so all of its error is a shared part,
// "idle_watts:<domain>": it cancels between windows of equal length and not in a ratio. Pure.
#include <joulebook/quantity.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"

namespace joulebook {

struct IdleFloor {
  std::string sensor;  // its id
  Quantity power;      // W; present
};

struct IdleFloors {
  std::vector<IdleFloor> floors;
  // Why a sensor that is not among them has none.
  Reason none{"calibration.none", "no idle power of this machine was measured",
              "run `joulebook calibrate`"};

  // J at rest for so long; an absence where no floor is known.
  [[nodiscard]] Quantity energy(const std::string& sensor, Seconds duration) const;
};

// The energy at rest of the domains that a gross figure sums: less_idle takes it off. Tier
// apportioned at best. May be negative, and so may its interval: the floor is known so well.
// Absences: the gross figure's, else the first of the idle ones', else "calibration.none".
[[nodiscard]] Quantity less_idle(const Quantity& gross, std::span<const Quantity> idle);

// As a trace's header keeps them, and back; what makes no sense is left out.
[[nodiscard]] Json to_json(const IdleFloors& floors);
[[nodiscard]] IdleFloors idle_floors_from_json(const Json& json);

}  // namespace joulebook
