#pragma once
// The energy of some processes, from CPU time. Two rules, named in the method:
//   apportioned  energy of the CPU-side measured domains (wall, node, psys, else packages) x the
//                processes' CPU time / busy CPU time of the machine, above nothing: no idle power
//                is taken off, so whoever is busy bears the idle share, too. The interval reaches
//                down to their share of all the machine's CPU time (idle bears its own), times
//                the domain's lower end, and up by the domain's upper end.
//   modelled     what the machine's model says their busy seconds add above idle
// GPUs are left out: CPU time says nothing about them. Pure functions.
#include <span>

#include "meter/window.h"
#include "sensor/sensor.h"

namespace joulebook {

// cpu_seconds < 0 (unknown) gives an absence "cpu.unknown".
[[nodiscard]] Quantity apportioned_share(std::span<const DomainEnergy> domains, double cpu_seconds,
                                         const CpuShare& cpu, const char* whose);
[[nodiscard]] Quantity modelled_share(const EnergyModel& model, double cpu_seconds,
                                      const char* whose);

}  // namespace joulebook
