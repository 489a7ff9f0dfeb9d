// Rules of power and of what it was counted on.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/audit/rules.h"
#include "account/factors/factors.h"
#include "physics/serving/parameters.h"

namespace joulebook::account {
namespace {

using State = RuleState;

// Watts of one device that the claim implies, and what they follow from.
struct Implied {
  double each = 0;
  bool at_least = false;  // the batch is missing: it may be more
  std::string how;
  std::vector<std::string> inputs;
};

// Watts of all devices, from the claim's own energy and time.
std::optional<Implied> from_energy(const Facts& f) {
  const auto per = f.energy_per();
  const double value = f.value();
  if (per == "token" && f.has("tokens_per_second")) {
    return Implied{value * *f.amount("tokens_per_second"), false, f.claim().value.stated + " x " + f.said("tokens_per_second"), {"value", "tokens_per_second"}};
  }
  if (per && *per != "token" && !per->empty() && f.has("duration")) {
    const auto batch = f.amount("batch");
    return Implied{value / *f.amount("duration") * batch.value_or(1), !batch, f.claim().value.stated + " over " + f.said("duration") + (batch ? ", " + f.said("batch") : ""),
                   {"value", "duration", "batch"}};
  }
  if (f.has("energy") && f.has("duration")) {
    return Implied{*f.amount("energy") / *f.amount("duration"), false, f.said("energy") + " over " + f.said("duration"), {"energy", "duration"}};
  }
  if (per == "" && f.has("duration") && !f.has("gpu_hours")) {
    return Implied{value / *f.amount("duration"), false, f.claim().value.stated + " over " + f.said("duration"), {"value", "duration"}};
  }
  return std::nullopt;
}

// Watts a device; nothing where the claim implies none, an unknown finding where their number is missing.
std::optional<Implied> implied(const Facts& f, std::optional<Finding>& open) {
  if (f.has("mean_power")) {
    const auto each = f.watts_each("mean_power");
    if (each) return Implied{*each, false, f.said("mean_power"), {"mean_power", "gpus"}};
    open = finding(State::unknown, "mean_power is of how many devices? add gpus, or write W/GPU", {"mean_power"});
    return std::nullopt;
  }
  if (f.has("gpu_hours") && (f.energy_per() == "" || f.has("energy"))) {
    double joules = f.has("energy") ? *f.amount("energy") : f.value();
    const bool building = f.has("energy") ? f.text("energy_boundary") == "facility" : f.claim().boundary == "facility" || f.claim().boundary == "full stack";
    if (building) joules /= f.amount("pue").value_or(1);
    return Implied{joules / *f.amount("gpu_hours"), false, (f.has("energy") ? f.said("energy") : f.claim().value.stated) + " over " + f.said("gpu_hours"), {f.has("energy") ? "energy" : "value", "gpu_hours"}};
  }
  auto all = from_energy(f);
  if (!all) return std::nullopt;
  const auto n = f.devices();
  if (!n) {
    open = finding(State::unknown, fmt::format("{} is {:.4g} W of how many devices? add gpus", all->how, all->each), all->inputs);
    return std::nullopt;
  }
  all->each /= *n;
  all->inputs.emplace_back("gpus");
  return all;
}

double idle_of(const physics::Hardware& h) {
  // Where nobody measured it: the least that the serving model's prior has (idle_h100's lower bound).
  return h.idle_w.value_or(0.07 * h.tdp_w.value_or(0));
}

std::string asked(const Facts& f) {
  return f.has("power_kind") ? "" : "; taken as gross: say power_kind = \"active\" if idle was taken off";
}

}  // namespace

std::optional<Finding> mean_power_rule(const Facts& f) {
  std::optional<Finding> open;
  const auto power = implied(f, open);
  if (!power) return open;
  const auto h = f.device();
  if (!h) return finding(State::unknown, h.error().message + ": its idle power and limit are not known", {"gpu"});
  if (!h->tdp_w) return finding(State::unknown, fmt::format("data/hardware.csv has no power limit of {}", h->name), {"gpu"});
  const auto overhead = boundary_factor(f.claim().boundary == "life cycle" || f.claim().boundary == "device" ? "not stated" : f.claim().boundary);
  // A stated power is of the devices, or of them with their host where the boundary says so.
  const auto host = boundary_factor(f.has("mean_power") && f.claim().boundary != "gpu" && f.claim().boundary != "not stated" ? "server" : "gpu");
  const auto& beside = f.has("mean_power") ? host : overhead;
  constexpr double kReading = 1.02;  // a reading that is a little above the limit
  const double limit = *h->tdp_w * (beside ? beside->hi : 1) * kReading;
  const double idle = f.text("power_kind") == "active" || power->at_least ? 0 : idle_of(*h) * 0.95;
  const std::string what = fmt::format("{} is {}{:.4g} W a device ({})", power->how, power->at_least ? "at least " : "", power->each, h->name);
  const std::string source = fmt::format("data/hardware.csv: {} ({})", h->source, h->status);
  if (power->each > limit) {
    const double by = power->each / *h->tdp_w;
    return finding(State::fails, fmt::format("{}: {:.3g} times its limit of {:.4g} W{}", what, by, *h->tdp_w,
                                             by > 1.6 ? fmt::format("; {:.0f} devices would be needed, were more counted than gpus says?", std::ceil(by)) : ""),
                   power->inputs, by, source);
  }
  if (power->each < idle) {
    const double by = power->each > 0 ? idle / power->each : 1e9;
    return finding(State::fails, fmt::format("{}: {:.3g} times below its idle power of {:.4g} W{}", what, by, idle_of(*h), asked(f)), power->inputs, by, source);
  }
  if (power->at_least) return finding(State::unknown, what + ": the batch is missing, so it may be more", {"batch"});
  return finding(State::passes, fmt::format("{}, between {:.4g} W idle and {:.4g} W{}", what, idle_of(*h), *h->tdp_w, asked(f)), power->inputs, 1, source);
}

std::optional<Finding> peak_power_rule(const Facts& f) {
  if (!f.has("peak_power")) return std::nullopt;
  const auto each = f.watts_each("peak_power");
  if (!each) return finding(State::unknown, "peak_power is of how many devices? add gpus, or write W/GPU", {"peak_power"});
  const auto h = f.device();
  if (!h || !h->tdp_w) return finding(State::unknown, "the device's power limit is not known", {"gpu"});
  const auto over = factor("protocol.power.peak-over-limit");
  const double most = (over ? (*over)->measure.value : 1) * *h->tdp_w;
  const std::string what = fmt::format("{} is {:.4g} W a device ({})", f.said("peak_power"), *each, h->name);
  const std::string source = over ? (*over)->source : "";
  if (*each > most) return finding(State::fails, fmt::format("{}: {:.3g} times the highest that transients reach ({:.4g} W)", what, *each / most, most), {"peak_power", "gpus"}, *each / most, source);
  if (const auto mean = f.watts_each("mean_power"); mean && *mean > *each) {
    return finding(State::fails, fmt::format("{}: the mean, {:.4g} W, is {:.3g} times as high", what, *mean, *mean / *each), {"peak_power", "mean_power"}, *mean / *each);
  }
  return finding(State::passes, what + fmt::format(", at most {:.4g} W", most), {"peak_power"}, 1, source);
}

std::optional<Finding> provisioned_rule(const Facts& f) {
  const std::string basis = f.text("power_basis");
  const bool named = basis == "tdp" || basis == "provisioned";
  const auto each = f.watts_each("mean_power");
  const auto h = f.device();
  const auto all_in = factor("boundary.all-in.h100");
  const auto alike = [&](double w) { return each && std::abs(*each / w - 1) < 0.005; };
  const bool tdp = h && h->tdp_w && alike(*h->tdp_w), kept = all_in && alike((*all_in)->measure.value);
  if (basis.empty() && !tdp && !kept) return std::nullopt;
  if (!named && !(basis.empty() && (tdp || kept))) return finding(State::passes, "power_basis " + basis, {"power_basis"});
  const std::string what = named ? f.said("power_basis") : fmt::format("{} is exactly {}", f.said("mean_power"), tdp ? "the device's limit" : "what InferenceMAX provisions");
  const std::string why = "provisioned power times hours is the most that can be drawn; serving draws 0.33 to 0.99 of an H100's limit (data/ml_energy.csv, v3)";
  if (f.claim().basis == "measured") {
    return finding(State::fails, fmt::format("{}, and the claim says it was measured: {} (up to 3 times too high)", what, why), {"power_basis", "mean_power", "basis"}, 3);
  }
  return finding(State::notes, fmt::format("{}: {}", what, why), {"power_basis", "mean_power"}, 3);
}

std::optional<Finding> ram_rule(const Facts& f) {
  if (!f.has("ram") && !f.has("ram_power")) return std::nullopt;
  if (f.text("ram").empty()) return finding(State::unknown, f.said("ram_power") + ": measured, or a constant? add ram = \"measured\" or \"constant\"", {"ram"});
  if (f.text("ram") != "constant") return finding(State::passes, f.said("ram"), {"ram"});
  std::string share = "an amount nobody measured";
  double part = 0;
  const auto ram = f.amount("ram_power"), mean = f.amount("mean_power"), time = f.amount("duration");
  if (ram && time && f.energy_per()) part = *ram * *time / f.value();
  else if (ram && mean) part = *ram / (*ram + *mean);
  if (part > 0) share = fmt::format("{:.0f} % of the figure", 100 * part);
  const std::string what = fmt::format("{} is a constant of the tool, no reading: {}", ram ? f.said("ram_power") : "ram", share);
  const double by = part > 0 && part < 1 ? 1 / (1 - part) : 1;
  if (f.claim().boundary == "gpu") return finding(State::fails, what + ", in a figure whose boundary is said to be the gpu", {"ram", "ram_power", "boundary"}, by);
  return finding(State::notes, what, {"ram", "ram_power"}, by);
}

std::optional<Finding> devices_rule(const Facts& f) {
  const auto counted = f.amount("gpus_counted"), used = f.amount("gpus");
  if (!counted) return std::nullopt;
  if (!used) return finding(State::unknown, f.said("gpus_counted") + " are in the figure: how many of them worked? add gpus", {"gpus"});
  if (*counted <= *used) return finding(State::passes, fmt::format("{:g} counted, {:g} worked", *counted, *used), {"gpus_counted", "gpus"});
  const double by = *counted / *used;
  std::string what = fmt::format("{:g} devices are counted where {:g} worked", *counted, *used);
  if (const auto h = f.device(); h && h->idle_w) what += fmt::format(": {:.4g} W of others that wait", (*counted - *used) * *h->idle_w);
  if (f.claim().boundary == "node") return finding(State::notes, what + "; the boundary says so (node)", {"gpus_counted", "gpus"}, by);
  return finding(State::fails, fmt::format("{}; up to {:.3g} times too many for a boundary said to be '{}'", what, by, f.claim().boundary), {"gpus_counted", "gpus", "boundary"}, by);
}

}  // namespace joulebook::account
