#pragma once
// From what a domain took to what the work in it took: the figure that is divided among requests. Pure.
#include "attribution/attributor.h"
#include "meter/window.h"

namespace joulebook::gateway {

// `active`: what is left of the domain's settled energy above idle and without others, `idle_w` the
// floor that was taken off and `idle_within` where it may lie, W. The meter's shared parts act on the
// whole energy and so more strongly on what is left; the floor's error is one shared part of its own,
// "idle_watts:<domain>". Tier apportioned at best.
[[nodiscard]] attribution::ActiveEnergy active_energy(const DomainEnergy& domain, const Window& window,
                                                      MicroJoules active, double idle_w,
                                                      Interval idle_within);

}  // namespace joulebook::gateway
