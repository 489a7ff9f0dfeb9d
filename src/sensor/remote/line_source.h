#pragma once
// A meter that speaks the line protocol, over whatever carries lines. What ends or hangs is opened
// again, with longer and longer waits between; what it then says must match its first header.
//
// A reading without a timestamp is taken for true at some instant in [seen - delay - kHandover,
// seen]; of several that were seen at once only the last is kept. kHandover is an allowance of ours
// for the time between the writing of a line and our seeing it.
#include <functional>

#include "core/clock.h"
#include "sensor/remote/byte_stream.h"
#include "sensor/remote/meter_lines.h"

namespace joulebook {

using OpenStream = std::function<Result<std::unique_ptr<ByteStream>>()>;

inline constexpr Nanos kHandover = std::chrono::milliseconds(10);

struct LinePatience {
  Nanos first_reading = std::chrono::seconds(10);  // from the start to the first reading
  Nanos silence = std::chrono::seconds(10);        // or ten ticks: then it is opened again
  Nanos first_wait = std::chrono::seconds(1);      // before it is opened again; doubles to a minute
};

// Opens it and waits for the header and the first reading. `id` names it: "exec:meter.sh".
// Errors: what `open` gives; no_reading "sensor.malformed", "sensor.lost", "sensor.stale".
[[nodiscard]] Result<std::unique_ptr<RemoteSource>> open_line_source(
    OpenStream open, const std::string& id, Clock& clock, const LinePatience& patience = {});

}  // namespace joulebook
