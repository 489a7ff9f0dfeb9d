#pragma once
// A subject's carbon, by the one grid intensity that its card states. Pure.
#include <joulebook/result.h>

#include <string>

#include "account/factors/factors.h"
#include "core/json.h"

namespace joulebook::card {

// A grid as a card states it: place, kind, and the constant with its source, so that whoever checks the
// card needs no table of constants. Errors: those of account::grid_intensity.
[[nodiscard]] Result<Json> stated_grid(const std::string& place, account::GridKind kind);

// {"operational", "operational_per_1000_requests", "intensity", "embodied", "sci_consumer"}: operational is
// energy x intensity on the first basis, at the boundary of the energy (no PUE). `grid` null: absences.
// Embodied is what `hardware` (of the facts) states for 1,000 requests, times the answers; the consumer's
// SCI (O + M) / R, R the tokens in and out (SCI for AI, 9.1.1).
[[nodiscard]] Json carbon_of(const Json& subject, const Json& grid, const Json& hardware);

}  // namespace joulebook::card
