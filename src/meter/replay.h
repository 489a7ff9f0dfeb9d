#pragma once
// A meter over a recorded trace: the same figures to the last bit, without the hardware.
// start, stop and settle do nothing; now() is the last instant recorded. Threads as Meter.
#include <memory>
#include <vector>

#include "meter/meter.h"
#include "meter/record.h"

namespace joulebook {

// Errors: input "trace.malformed" (a modelled machine without its model).
[[nodiscard]] Result<std::unique_ptr<Meter>> replay_meter(const Trace& trace);

}  // namespace joulebook
