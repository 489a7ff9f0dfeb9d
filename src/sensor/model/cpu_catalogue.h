#pragma once
// The public measurements built into the program: SPECpower_ssj2008 results (data/cpu_power.csv)
// and measured load curves (data/cpu_load.csv). Sources, dates and licences: data/README.md.
// Parsed once, on first use; thread-safe from then on.
#include <span>
#include <string>
#include <string_view>

#include "sensor/model/cpu_name.h"

namespace joulebook {

// What a server is made of, as far as its power depends on it here.
struct ServerShape {
  CpuName cpu;
  int chips = 1;         // CPU packages of the whole system (many: several nodes)
  int threads = 1;       // hardware threads of the whole system
  double memory_gb = 0;  // 0: unknown

  bool operator==(const ServerShape&) const = default;
};

// One published result: wall power of the whole system.
struct CatalogueRow {
  std::string name;  // the CPU as published
  ServerShape shape;
  double idle_w = 0;  // active idle
  double full_w = 0;  // 100 % load of the benchmark
};

[[nodiscard]] std::span<const CatalogueRow> cpu_catalogue();

// The source gives some memory sizes in TB: at most 3 "GB" beside 64 threads or more means TB.
[[nodiscard]] double plausible_memory_gb(double stated, int threads);

// The embedded files themselves, byte for byte.
[[nodiscard]] std::string_view cpu_power_csv();
[[nodiscard]] std::string_view cpu_load_csv();

}  // namespace joulebook
