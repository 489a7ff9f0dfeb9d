#pragma once
// The meter of another machine: `joulebook agent` there sends its trace as it grows, and this one
// follows it in its own time. The two steady clocks are joined by asking the agent for its time about
// each second (clock_join.h); each reading is known to lie between two instants here, wider by what
// the offset may be off, so that bounds stay bounds. A broken connection is made again from where it
// stopped; what is missing all the same is a gap, and a window over it an absence.
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/http.h"
#include "meter/meter.h"

namespace joulebook {

struct RemoteMeterOptions {
  std::string url;      // "https://gpu-host:8901"
  std::string token;    // never shown
  std::string ca_file;  // PEM of who may sign the agent's certificate; empty: the system's
  Nanos patience = std::chrono::seconds(10);  // for the first answer
  // An agent that cannot be reached now is no error: it is asked again and again, and is absent until then.
  bool may_come_later = false;
  Nanos silence = std::chrono::seconds(5);  // nothing came for so long: another connection is made
  // Makes a call; tests put another in its place. Called from two threads.
  std::function<void(HttpCall&)> call = {};
};

// What was learnt of the other machine's clock.
struct RemoteClock {
  Nanos offset{0};  // ours = theirs + offset
  Nanos bound{0};   // to within this either way
  std::size_t steps = 0;  // times the clocks contradicted each other
};

class RemoteMeter : public Meter {
 public:
  [[nodiscard]] virtual RemoteClock clock() const = 0;
  [[nodiscard]] virtual bool connected() const = 0;
  // Why nothing is heard of it now, as the reason of an energy; nothing where it is heard of.
  [[nodiscard]] virtual std::optional<Reason> away() const = 0;
  // Tells one run of the other machine's steady clock from the next; empty: not known.
  [[nodiscard]] virtual std::string boot_id() const = 0;
};

// Connects, waits for the header and the first answer of the clock. Threads as Meter; two of its own.
// watch_processes does nothing: the agent watches on its own side. Windows are in this machine's time.
// settle does not wait for a meter that is away; its windows are then absences ("meter.unreachable").
// Errors: no_reading "meter.unreachable", "meter.forbidden" (the token is not the agent's),
// "meter.untrusted" (its certificate); input "meter.not_an_agent".
[[nodiscard]] Result<std::unique_ptr<RemoteMeter>> open_remote_meter(RemoteMeterOptions options,
                                                                     Clock& clock);

// Where an agent answers.
inline constexpr const char* kAgentClock = "/joulebook/v1/clock";
inline constexpr const char* kAgentTrace = "/joulebook/v1/trace";
inline constexpr const char* kAgentFirstBlock = "x-joulebook-first-block";  // number, in the answer

}  // namespace joulebook
