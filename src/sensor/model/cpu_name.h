#pragma once
// What a CPU's name, or its family and model numbers, tell about its relatives: vendor, generation,
// platform, year, whether the part is a low-power one. Knowledge, not measurement: a wrong guess
// shows as error in the leave-one-out table of docs/machine-model.md, and is part of its intervals.
//
// Sources of the tables: Linux arch/x86/include/asm/intel-family.h and wikichip.org/wiki/amd/cpuid
// (family and model numbers); the vendors' SKU naming schemes (generation digit, suffixes).
// All functions are pure and thread-safe.
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

enum class CpuVendor { unknown, intel, amd, arm };

struct CpuName {
  std::string key;  // the SKU alone, spelling apart: "EPYC7742", "E5-2660V2", "8480+"
  CpuVendor vendor = CpuVendor::unknown;
  std::string generation;  // "zen2", "sandy-bridge", ...; empty where the name hides it
  std::string platform;    // socket class: "sp3", "ep", "ex", "e3", "sp", "mobile", ...; or empty
  double year = 0;         // of the generation's first server (or client) part; 0 unknown
  double low_power = 0;    // 1: a low-power part (L, HE, EE); 0.5: a network or thermal variant
  bool client = false;     // sold for desktops or laptops

  bool operator==(const CpuName&) const = default;
};

// Never fails: a name that tells nothing gives an empty generation.
[[nodiscard]] CpuName parse_cpu_name(std::string_view name);

// The generation of family and model numbers as /proc/cpuinfo prints them (`vendor` likewise:
// "AuthenticAMD", "GenuineIntel", "arm:0x41"); empty where the table has none.
[[nodiscard]] std::string generation_of(std::string_view vendor, int family, int model,
                                        int stepping);

// Year of a generation; 0 where unknown.
[[nodiscard]] double generation_year(std::string_view generation);

// Upper-case words of a name without trade marks, frequency and filler words.
[[nodiscard]] std::vector<std::string> cpu_name_words(std::string_view name);

}  // namespace joulebook
