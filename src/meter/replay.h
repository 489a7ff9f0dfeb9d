#pragma once
// A meter over a recorded trace: the same figures to the last bit, without the hardware.
// start, stop and settle do nothing; now() is the last instant recorded. Threads as Meter.
#include <memory>
#include <vector>

#include "meter/meter.h"
#include "meter/record.h"

namespace joulebook {

// A core with the channels that a trace's header names, and the models that they lean on.
class TracedCore {
 public:
  // Errors: input "trace.malformed" (a modelled machine without its model).
  [[nodiscard]] static Result<std::unique_ptr<TracedCore>> make(const TraceHeader& header);
  [[nodiscard]] MeterCore& core() { return core_; }
  [[nodiscard]] const MeterCore& core() const { return core_; }

 private:
  TracedCore(const TraceHeader& header, std::vector<std::unique_ptr<EnergyModel>> models);
  std::vector<std::unique_ptr<EnergyModel>> models_;  // outlive the core
  MeterCore core_;
};

// Errors: those of TracedCore::make.
[[nodiscard]] Result<std::unique_ptr<Meter>> replay_meter(const Trace& trace);

}  // namespace joulebook
