#include "load/request_energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/quantile.h"
#include "study/student.h"

namespace joulebook::load {
namespace {

constexpr double kLevel = 0.95;

// xorshift64*, S. Vigna, ACM Trans. Math. Softw. 42 (2016).
std::uint64_t draw(std::uint64_t& state) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1d;
}

// Requests whose joules are known, and what was done in them.
struct Known {
  std::vector<Quantity> answered;
  std::vector<Quantity> all;  // those that failed, too
  double output = 0;
  double total = 0;
  double good = 0;
};

// How far the mean of another draw of as many would differ, relative to it.
double scatter(const std::vector<Quantity>& parts, double mean) {
  const auto n = static_cast<double>(parts.size());
  if (parts.size() < 2 || mean <= 0) return 0;
  double squares = 0;
  for (const Quantity& q : parts) squares += (*q.value - mean) * (*q.value - mean);
  return student_quantile(0.5 + kLevel / 2, n - 1) * std::sqrt(squares / (n - 1) / n) / mean;
}

Quantity each(const Quantity& sum, double spread, double count, const char* per) {
  if (!(count > 0)) {
    Quantity none = Quantity::absent("J", {"load.none_done", fmt::format("there was no {} in the span", per), "measure for longer"});
    none.per = per;
    return none;
  }
  Quantity out = scaled(sum, 1 / count, per);
  if (!out.present()) return out;
  const double half = spread * *out.value;
  out.own.lo = std::max(0.0, *out.value - std::hypot(*out.value - out.own.lo, half));
  out.own.hi = *out.value + std::hypot(out.own.hi - *out.value, half);
  out.level = std::min(out.level, kLevel);
  return out;
}

LatencyFigures spread_of(const std::vector<Quantity>& parts, const Quantity& mean) {
  std::vector<double> values;
  for (const Quantity& q : parts) values.push_back(*q.value);
  std::sort(values.begin(), values.end());
  const auto at = [&](double p) {
    Quantity q = Quantity::exact(quantile(values, p), "J");
    q.own = {*q.value, *q.value};
    q.level = kLevel;
    q.per = "request";
    q.tier = mean.tier;
    q.boundary = mean.boundary;
    q.method = "quantile of the requests' shares; its error is that of each share";
    return q;
  };
  return {mean, at(0.5), at(0.9), at(0.95), at(0.99), at(1)};
}

}  // namespace

void AskedRequests::add(const RequestRecord& record, int window, const Slo& slo) {
  if (record.energy_id.empty() || window < 0) return;
  ++seen_;
  std::size_t place = kept_.size();
  if (place < kMostKept) {
    kept_.emplace_back();
  } else {
    place = draw(state_) % seen_;
    if (place >= kMostKept) return;
  }
  kept_[place] = {record.energy_id, window,      record.counts.prompt.value_or(0),
                  record.output_tokens(), record.ok(), record.ok() && record.good(slo)};
}

std::vector<AskedRequest> AskedRequests::due_in(std::size_t first, std::size_t last) const {
  std::vector<AskedRequest> out;
  for (const auto& request : kept_) {
    const auto window = static_cast<std::size_t>(request.window);
    if (window >= first && window < last) out.push_back(request);
  }
  if (out.size() <= kMostAsked) return out;
  for (std::size_t i = 0; i < kMostAsked; ++i) out[i] = out[i * out.size() / kMostAsked];
  out.resize(kMostAsked);
  return out;
}

void add_request_energies(Repeat& repeat, const LoadPlan& plan, const AskedRequests& asked, const AskGateway& gateway) {
  if (!gateway) return;
  const auto requests = asked.due_in(repeat.flow.first_window, repeat.flow.last_window);
  std::vector<std::string> ids;
  for (const auto& request : requests) ids.push_back(request.id);
  if (ids.empty()) return;
  const auto settled = gateway(ids);
  if (settled.size() != ids.size()) return;
  repeat.by_request.emplace();
  RequestEnergies& out = *repeat.by_request;
  Known known;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Quantity& fair = settled[i];
    if (!fair.present()) {
      ++out.without[fair.reason ? fair.reason->code : "unknown"];
      if (!out.why) out.why = fair.reason;
      continue;
    }
    known.all.push_back(fair);
    known.good += requests[i].good ? 1 : 0;
    if (!requests[i].answered) continue;
    known.answered.push_back(fair);
    known.output += static_cast<double>(requests[i].output);
    known.total += static_cast<double>(requests[i].input + requests[i].output);
  }
  out.asked = static_cast<std::int64_t>(ids.size());
  out.settled = static_cast<std::int64_t>(known.all.size());
  const auto n = static_cast<double>(known.answered.size());
  const auto sum_of = [&](const std::vector<Quantity>& parts) {
    if (parts.empty()) return Quantity::absent("J", out.why.value_or(Reason{"load.none_done", "no request was answered", "measure for longer"}));
    Quantity total = sum(parts);
    total.per.clear();
    total.method = fmt::format("sum of {} requests' shares, as the gateway settled them", parts.size());
    return total;
  };
  EnergyFigures& e = repeat.figures.by_request;
  e.total = sum_of(known.answered);
  const double mean = e.total.present() ? *e.total.value / n : 0;
  const double spread = scatter(known.answered, mean);
  e.per_request = each(e.total, spread, e.total.present() ? n : 1, "request");
  e.per_output_token = each(e.total, spread, e.total.present() ? known.output : 1, "output token");
  e.per_total_token = each(e.total, spread, e.total.present() ? known.total : 1, "input or output token");
  if (plan.slo.any()) {
    const Quantity all = sum_of(known.all);
    e.per_good_request = each(all, spread, all.present() ? known.good : 1, "good request");
  } else {
    e.per_good_request = repeat.figures.gross.per_good_request;  // why there is none
  }
  repeat.figures.request_spread = LatencyFigures{e.per_request, e.per_request, e.per_request, e.per_request, e.per_request, e.per_request};
  if (e.per_request.present()) repeat.figures.request_spread = spread_of(known.answered, e.per_request);
}

}  // namespace joulebook::load
