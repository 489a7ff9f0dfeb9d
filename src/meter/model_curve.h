#pragma once
// The energy curve of a machine without sensors: busy CPU time read as a counter, turned into
// joules by the machine's model.
//
// The model is not linear in load, so the energy of two halves would not sum to that of the whole.
// Best values therefore come from a cumulative curve: the model is asked once for each cell of
// kCell of steady time, and inside a cell idle energy follows time and the rest follows busy time.
// Windows tile exactly. The interval is the model's own answer for the whole window, moved to the
// best value.
//
// settled(t) once the cell that holds t has ended. Memory: 24 bytes a cell, for the whole run
// (0.9 MB an hour). Not thread-safe.
#include <joulebook/quantity.h>

#include <optional>
#include <vector>

#include "meter/curve.h"

namespace joulebook {

class ModelCurve {
 public:
  static constexpr Nanos kCell = std::chrono::milliseconds(100);

  // REQUIRES: `model` outlives the curve.
  ModelCurve(const SensorInfo& info, const EnergyModel* model, CurveOptions options)
      : busy_(info, options), model_(model) {}

  void add(const RawReading& reading);
  void miss(SteadyTime at, const Error& error) { busy_.miss(at, error); }
  void spoil(Fault fault) { busy_.spoil(std::move(fault)); }
  // Asks the model about the cells that have ended since; allocates.
  void advance();

  [[nodiscard]] const CounterCurve& busy() const { return busy_; }
  [[nodiscard]] const EnergyModel& model() const { return *model_; }
  [[nodiscard]] bool settled(SteadyTime t) const { return best(t).has_value(); }
  // J since the first cell.
  [[nodiscard]] std::optional<double> best(SteadyTime t) const;
  [[nodiscard]] std::optional<Reason> fault(SteadyTime begin, SteadyTime end) const;
  // The model's answer for [begin, end). REQUIRES: both edges settled.
  [[nodiscard]] Quantity energy(SteadyTime begin, SteadyTime end) const;
  // W of the hungriest whole cell inside [begin, end).
  [[nodiscard]] std::optional<Quantity> peak(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] Nanos tick() const { return busy_.tick(); }
  [[nodiscard]] Nanos tick_at(SteadyTime t) const { return busy_.tick_at(t); }

 private:
  struct Knot {
    double joules = 0;      // at the beginning of the cell
    double busy = 0;        // CPU s, likewise
    double idle_share = 0;  // of the cell's energy, follows time
  };
  [[nodiscard]] SteadyTime knot_time(std::size_t k) const;

  CounterCurve busy_;
  const EnergyModel* model_;
  std::optional<SteadyTime> start_;
  std::vector<Knot> knots_;
};

}  // namespace joulebook
