#pragma once
// Spans of steady time over which a curve cannot say its energy, and why. Bounded: beyond kMost
// spans the newest one is stretched, which can only hide a figure, never invent one.
// Not thread-safe.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <optional>
#include <string>
#include <vector>

namespace joulebook {

struct Fault {
  SteadyTime begin;
  SteadyTime end;
  Reason reason;
};

class Faults {
 public:
  static constexpr std::size_t kMost = 1024;

  void add(Fault fault);
  // The first span that overlaps [begin, end).
  [[nodiscard]] const Fault* over(SteadyTime begin, SteadyTime end) const;
  // The first span that ends after `t`.
  [[nodiscard]] const Fault* after(SteadyTime t) const;

 private:
  std::vector<Fault> spans_;
};

// Reasons of the meter; docs/reasons.md lists them. `what` names the sensor.
[[nodiscard]] Reason reset_reason(const std::string& what);
[[nodiscard]] Reason backwards_reason(const std::string& what);
[[nodiscard]] Reason ambiguous_reason(const std::string& what, Nanos gap);
[[nodiscard]] Reason gap_reason(const std::string& what, Nanos gap, Nanos limit);
[[nodiscard]] Reason stuck_reason(const std::string& what, Nanos since);
[[nodiscard]] Reason not_bracketed_reason(const std::string& what, bool before);
[[nodiscard]] Reason expired_reason(const std::string& what);
[[nodiscard]] Reason suspended_reason(Nanos slept);
// A failed read that says that something else fed the domain meanwhile ("sensor.charging"): no
// figure reaches across it, however short it was.
[[nodiscard]] bool blinds(const Error& error);
// A failed read, in the words of the meter: codes outside "sensor." become "sensor.lost".
[[nodiscard]] Reason lost_reason(const Error& error);

}  // namespace joulebook
