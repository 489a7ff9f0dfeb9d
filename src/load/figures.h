#pragma once
// From flows and readings of the meter to figures, each a quantity or an absence with a reason.
//
// A repeat that was not steady gives no figure; a load's figure is the mean over its other repeats.
// With two or more the interval is Student's t on that mean at 95 %, and for energies never
// narrower than the meter's own error of the mean, with the shared parts of the meter kept apart.
// With one the interval says how well that one run is known (the meter's own; the histogram's
// step), and the method says that nothing is known of how far another would differ.
//
// Joules of a span are divided by what was done in that span: tokens that came, and as many
// requests as have so many at their mean length. Pure.
#include <joulebook/quantity.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "load/driver.h"
#include "meter/window.h"

namespace joulebook::load {

struct EnergyFigures {
  Quantity total;        // J of the span
  Quantity per_request;  // answered
  Quantity per_output_token;
  Quantity per_total_token;   // input and output
  Quantity per_good_request;  // within the objective; absent without one
};

struct LatencyFigures {  // s
  Quantity mean;
  Quantity p50;
  Quantity p90;
  Quantity p95;
  Quantity p99;
  Quantity most;
};

struct LoadFigures {
  // The batch: mean number of requests in flight, as a curve and by Little's law, and of those
  // whose answer is running. What a server keeps in its queue is in flight, too.
  Quantity in_flight;
  Quantity in_flight_little;
  Quantity answering;
  Quantity requests_per_s;  // answered
  Quantity output_per_s;    // tokens
  Quantity total_per_s;
  Quantity goodput;  // requests a second within the objective; absent without one
  Quantity good_share;
  Quantity power;  // W, mean, gross
  LatencyFigures ttft;
  LatencyFigures tpot;
  LatencyFigures itl;
  LatencyFigures e2e;
  LatencyFigures lag;
  EnergyFigures gross;
  EnergyFigures above_idle;
  EnergyFigures server;  // the share of the server's processes
  // Request by request, from a metering gateway in front (request_energy.h); only where Repeat::by_request.
  EnergyFigures by_request;
  LatencyFigures request_spread;  // J, over requests
};

// What became of the requests that a gateway in front was asked about.
struct RequestEnergies {
  std::int64_t asked = 0;
  std::int64_t settled = 0;                     // their joules are known
  std::map<std::string, std::int64_t> without;  // those whose are not, by reason
  std::optional<Reason> why;                    // of the first of them
};

// One repeat and what the meter said of its span.
struct Repeat {
  Flow flow;
  WindowEnergy energy;
  LoadFigures figures;
  std::optional<RequestEnergies> by_request;  // none: no gateway is in front
};

using EnergyOf = std::function<WindowEnergy(SteadyTime begin, SteadyTime end)>;

// Judges the trend of J per output token, then draws up the figures. `meter`: null without one, and
// then `unmetered` is the reason. REQUIRES: one of them.
[[nodiscard]] Repeat repeat_of(Flow flow, const LoadPlan& plan, const EnergyOf& meter,
                               const std::optional<Reason>& unmetered);

// The mean over the repeats that are not unsteady; where there is none, absences.
[[nodiscard]] LoadFigures over_repeats(const std::vector<Repeat>& repeats);

// Every figure with its place in the JSON ("gross", "per_request"; the group is empty for those at
// the top) and the words of its denominator, so that what handles all of them is written once.
struct FigureRow {
  std::string_view group;
  std::string_view id;
  Quantity LoadFigures::* top = nullptr;
  LatencyFigures LoadFigures::* latency = nullptr;
  Quantity LatencyFigures::* of_latency = nullptr;
  EnergyFigures LoadFigures::* energy = nullptr;
  Quantity EnergyFigures::* of_energy = nullptr;
  bool by_request = false;  // there only with a gateway in front

  [[nodiscard]] const Quantity& of(const LoadFigures& figures) const;
  [[nodiscard]] Quantity& of(LoadFigures& figures) const;
};
[[nodiscard]] const std::vector<FigureRow>& figure_rows();

}  // namespace joulebook::load
