#include "meter/faults.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulebook {
namespace {

double ms(Nanos d) { return static_cast<double>(d.count()) * 1e-6; }

}  // namespace

void Faults::add(Fault fault) {
  if (spans_.size() < kMost) {
    spans_.push_back(std::move(fault));
    return;
  }
  spans_.back().end = std::max(spans_.back().end, fault.end);
}

const Fault* Faults::over(SteadyTime begin, SteadyTime end) const {
  const auto it = std::find_if(spans_.begin(), spans_.end(),
                               [&](const Fault& f) { return f.begin < end && f.end > begin; });
  return it == spans_.end() ? nullptr : &*it;
}

const Fault* Faults::after(SteadyTime t) const {
  const auto it =
      std::find_if(spans_.begin(), spans_.end(), [&](const Fault& f) { return f.end > t; });
  return it == spans_.end() ? nullptr : &*it;
}

Reason reset_reason(const std::string& what) {
  return {"sensor.reset", what + " started again from another value inside the window",
          "repeat the measurement; a driver was reloaded or the counter was replaced"};
}

Reason backwards_reason(const std::string& what) {
  return {"sensor.backwards", what + " ran backwards inside the window",
          "repeat the measurement; if it happens again, leave this sensor out with --sensor"};
}

Reason ambiguous_reason(const std::string& what, Nanos gap) {
  return {"window.gap",
          fmt::format("{} was not read for {:.0f} ms: it may have wrapped more than once", what,
                      ms(gap)),
          "sample more often with --period, or stop what holds the sampler up"};
}

Reason gap_reason(const std::string& what, Nanos gap, Nanos limit) {
  return {"window.gap",
          fmt::format("{} was not read for {:.0f} ms inside the window; the limit is {:.0f} ms",
                      what, ms(gap), ms(limit)),
          "repeat on a machine that lets the sampler run"};
}

Reason stuck_reason(const std::string& what, Nanos since) {
  return {"sensor.stuck", fmt::format("{} did not change for {:.0f} ms", what, ms(since)),
          "a virtual machine may show a counter that is not connected; leave it out with --sensor"};
}

Reason not_bracketed_reason(const std::string& what, bool before) {
  if (before) {
    return {"window.not_bracketed", what + " was not yet read when the window began",
            "start the window after the meter"};
  }
  return {"window.not_bracketed", what + " was not seen to change after the window ended",
          "wait for the sensor's next update, or measure a longer window"};
}

Reason expired_reason(const std::string& what) {
  return {"window.expired", what + ": the samples of the window's edge are no longer held",
          "announce edges that are asked for late, or sample less often with --period"};
}

Reason suspended_reason(Nanos slept) {
  return {"clock.suspended",
          fmt::format("the machine was suspended for {:.0f} ms inside the window", ms(slept)),
          "repeat the measurement with sleep inhibited"};
}

bool blinds(const Error& error) { return error.code == "sensor.charging"; }

Reason lost_reason(const Error& error) {
  const bool own = error.code.starts_with("sensor.");
  return {own ? error.code : "sensor.lost", error.message, error.cure};
}

}  // namespace joulebook
