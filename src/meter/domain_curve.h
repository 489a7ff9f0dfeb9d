#pragma once
// One sensor's curve, whatever its kind, and what it says about a window as quantities.
//
// Quantities of one domain:
//   own     bounds of both edges (level 1 for ideal counters and for gauges with a stated greatest
//           power); the model's own part for a modelled machine
//   shared  "gain:<domain>" = 1 -+ the sensor's stated accuracy; the model's parts
//   value   the difference of the edges' whole microjoules, so windows tile exactly
// Not thread-safe.
#include <optional>
#include <variant>

#include "meter/curve.h"
#include "meter/gauge_curve.h"
#include "meter/model_curve.h"
#include "meter/ring.h"
#include "meter/window.h"
#include "sensor/sensor.h"

namespace joulebook {

class DomainCurve {
 public:
  // REQUIRES: `model` is set for a busy_time sensor, and outlives the curve.
  DomainCurve(SensorInfo info, const EnergyModel* model, CurveOptions options);

  [[nodiscard]] const SensorInfo& info() const { return info_; }
  // A counter that would run backwards or start again, a sentinel: worth a second read before it is judged.
  [[nodiscard]] bool doubtful(const RawReading& reading) const;
  // A sentinel (see no_reading in delta.h) is taken for a read that failed.
  void add(const RawReading& reading);
  void miss(SteadyTime at, const Error& error);
  void spoil(const Fault& fault);

  [[nodiscard]] bool live() const { return live_; }  // the newest read succeeded
  [[nodiscard]] bool settled(SteadyTime t) const;
  [[nodiscard]] std::optional<MicroJoules> edge(SteadyTime t) const;
  [[nodiscard]] Nanos tick() const;
  [[nodiscard]] Nanos tick_at(SteadyTime t) const;  // as it was known when t was closed
  // How long after t the change that closes t may take to be seen, at the period given.
  [[nodiscard]] Nanos closing(Nanos period) const;
  // Of the readings that ended by t (as far back as the newest 2^20 are held).
  [[nodiscard]] ReadingsDigest digest(SteadyTime t) const;
  // Null but for a modelled machine.
  [[nodiscard]] const ModelCurve* modelled() const { return std::get_if<ModelCurve>(&curve_); }

  [[nodiscard]] DomainEnergy figure(const Window& window) const;

 private:
  [[nodiscard]] Quantity energy(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] Quantity counted(const CounterCurve& curve, SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] Quantity integrated(const GaugeCurve& curve, SteadyTime begin,
                                    SteadyTime end) const;
  [[nodiscard]] Quantity peak(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] std::optional<Reason> fault(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] std::optional<double> known_least(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] std::optional<MicroJoules> settled_energy(SteadyTime begin, SteadyTime end) const;
  // Boundary, method, tier and gain.
  [[nodiscard]] Quantity dressed(Quantity q, std::string rule) const;

  SensorInfo info_;
  std::variant<CounterCurve, GaugeCurve, ModelCurve> curve_;
  bool live_ = false;
  struct Link {
    SteadyTime end;
    std::uint64_t chain = 0;
  };
  Ring<Link> chain_;  // one a reading
  std::uint64_t readings_ = 0;
};

}  // namespace joulebook
