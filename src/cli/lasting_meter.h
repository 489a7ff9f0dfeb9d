#pragma once
// The meter of what runs for long.
#include <joulebook/result.h>

#include <functional>
#include <memory>
#include <string_view>

#include "cli/context.h"
#include "meter/renewed_meter.h"

namespace joulebook {

// Context::open_meter, where sensors that come later are read from then on. No window is longer than `window`.
[[nodiscard]] Result<std::unique_ptr<RenewedMeter>> open_lasting_meter(
    const Context& context, Nanos window, std::function<void(std::string_view)> publish = {});

}  // namespace joulebook
