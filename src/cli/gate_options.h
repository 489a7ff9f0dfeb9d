#pragma once
#include <string>

namespace joulebook {

// What `compare` and `run --vs` ask of a ratio: docs/formats/compare.md.
struct GateOptions {
  std::string max_increase;  // "5%"; empty: not asked
  std::string require_tier;  // "measured", ...; empty: any
};

}  // namespace joulebook
