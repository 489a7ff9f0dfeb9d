#pragma once
// What a running study tells whoever watches. Called on the thread that runs the study; every
// member may be left as it is.
#include <cstdint>
#include <optional>
#include <string_view>

#include "study/records.h"

namespace joulebook {

class Progress {
 public:
  virtual ~Progress() = default;
  // A new part begins: "idle, nothing loaded", "loading smol.gguf", "warming up", "round 1".
  virtual void on_phase(std::string_view /*what*/) {}
  // A trial ended: `done` of `total` planned so far (the plan grows where the stopping rule asks
  // for one more round); `eta_s` seconds left by the pace so far, empty before the first.
  virtual void on_trial(const TrialRecord& /*trial*/, std::int64_t /*done*/, std::int64_t /*total*/,
                        std::optional<double> /*eta_s*/) {}
  virtual void on_warning(std::string_view /*text*/) {}
};

}  // namespace joulebook
