// What a claim's unit and inputs imply, where it has no recipe.
#include <fmt/format.h>

#include "account/audit/audit.h"
#include "physics/shape/catalogue.h"

namespace joulebook::account {
namespace {

std::string to_boundary(const Claim& claim) {
  const std::string& b = claim.boundary;
  if (b == "gpu" || b == "life cycle" || b == "device") return "";
  return fmt::format(" * boundary('gpu', '{}')", b);
}

bool names_model(const Facts& f) { return !f.text("model").empty() || f.has("parameters") || f.has("active_parameters"); }

bool within_building(const Facts& f) { return f.claim().boundary != "gpu" && f.claim().boundary != "server" && f.claim().boundary != "node"; }

std::string of_training(const Facts& f) {
  const bool hours = f.has("gpu_hours") && f.has("gpu");
  const bool flops = f.training_flops() && f.has("gpu");
  if (f.has("gpu_hours") && f.has("mean_power")) {
    const bool each = f.measure("mean_power")->unit.dimension.powers.contains("device");
    return std::string(each ? "gpu_hours * mean_power" : "gpu_hours * mean_power / gpus") + (f.has("pue") && within_building(f) ? " * pue" : "");
  }
  return hours || flops ? "training_energy()" : "";
}

// Energy at the claim's boundary, of whatever is stated.
std::string of_energy(const Facts& f) {
  if (!f.has("energy")) return "";
  const bool building = f.has("pue") && f.text("energy_boundary") != "facility" && within_building(f);
  return building ? "energy * pue" : "energy";
}

std::string of_images(const Facts& f, std::string_view task) {
  const bool sized = f.has("width") || f.has("height") || f.has("steps") || f.has("frames");
  // Nobody knows who drew: published rows are no bound, since they are of a few sizes and lengths.
  const bool known = f.has("parameters") || draws_known_shape(f.text("model"));
  if (sized || !known) {
    return fmt::format("predicted_j_per_{}()", task == "video" ? "video" : "image") + to_boundary(f.claim());
  }
  const std::string gpu = f.text("gpu").empty() ? "" : fmt::format(", gpu = '*{}*'", f.text("gpu"));
  return fmt::format("published('ml_energy_diffusion', 'j_per_item', 'range', model = '*{}*', task = '*{}*'{})", f.text("model"), task, gpu) + to_boundary(f.claim());
}

}  // namespace

namespace {

// Stated power over a stated time, for as many as shared it.
std::string of_power(const Facts& f, const std::string& per) {
  const auto power = f.measure("mean_power");
  const std::string building = f.has("pue") && within_building(f) ? " * pue" : "";
  if (!power) return "";
  const bool each = power->unit.dimension.powers.contains("device");
  if (each && !f.devices()) return "";
  const std::string all = !each ? "mean_power" : f.has("gpus_counted") ? "mean_power * gpus_counted" : "mean_power * gpus";
  if (per == "token" && f.has("tokens_per_second")) return all + " / tokens_per_second" + building;
  if (!f.has("duration") || per == "token") return "";
  if (per == "response" && !f.has("batch")) return "";
  return all + " * duration" + (per == "response" ? " / batch" : "") + building;
}

// An energy of a token where the value is of a response, or the other way round: the tokens are between them.
std::string of_tokens(const Facts& f, const std::string& per) {
  const auto energy = f.measure("energy");
  if (!energy || !f.has("output_tokens")) return "";
  const auto is_of = [&](const char* noun) { return energy->unit.dimension.powers.contains(noun); };
  if (per == "response" && is_of("token")) return of_energy(f) + " * output_tokens";
  if (per == "token" && is_of("response")) return of_energy(f) + " / output_tokens";
  return "";
}

std::string of_one_energy(const Facts& f, const std::string& per) {
  if (std::string tokens = of_tokens(f, per); !tokens.empty()) return tokens;
  if (per == "response" && f.has("energy")) return of_energy(f);
  if (std::string power = of_power(f, per); !power.empty()) return power;
  if (per == "token" && names_model(f)) return "predicted_j_per_token()" + to_boundary(f.claim());
  if (per == "response") return "predicted_j_per_response()" + to_boundary(f.claim());
  if (per == "image") return of_images(f, "to-image");
  if (per == "video") return of_images(f, "video");
  if (per.empty() || per == "run") {
    if (std::string hours = of_training(f); !hours.empty()) return hours;
  }
  std::string energy = of_energy(f);
  // "0.24 Wh" beside the tokens of a response is of one.
  const bool of_one = per.empty() && (f.has("output_tokens") || f.has("input_tokens")) && names_model(f);
  return energy.empty() && of_one ? "predicted_j_per_response()" + to_boundary(f.claim()) : energy;
}

std::string of_comparison(const Facts& f) {
  if (!f.has("equivalent") || !f.has("equivalent_count")) return "";
  return std::string("equivalent_count * equivalent(equivalent") + (f.carbon_per() ? ", unit = 'kgCO2e')" : f.is_yearly() ? ", per = 'year')" : ")");
}

// The place's own intensity, as far as years and regions differ from it: what the rule on it allows.
constexpr const char* kPlace = "grid(within = 0.3)";

std::string of_carbon(const Facts& f) {
  std::string energy = of_energy(f);
  if (energy.empty()) energy = of_training(f);
  if (energy.empty()) return "";
  if (f.has("intensity")) return energy + " * intensity";
  // By contract: no place says what its certificates hold.
  if (f.text("grid_basis") == "market") return "";
  return energy + " * " + (f.has("grid") ? kPlace : "grid()");
}

// The carbon of electricity itself, said of a place or of two amounts.
std::string of_intensity(const Facts& f) {
  if (f.has("carbon") && f.has("energy")) return "carbon / energy";
  return f.has("grid") && f.text("grid_basis") != "market" ? kPlace : "";
}

}  // namespace

std::string implied_recipe(const Claim& claim) {
  const Facts f(claim);
  std::string recipe;
  if (const auto per = f.energy_per()) recipe = of_one_energy(f, *per);
  else if (f.carbon_per()) recipe = of_carbon(f);
  else if (f.is_intensity()) recipe = of_intensity(f);
  else if (f.is_device_time() && f.training_flops() && f.has("gpu")) recipe = "training_gpu_hours()";
  else if (claim.value.unit.dimension == Unit::parse("W")->dimension && f.has("energy")) recipe = f.has("duration") ? "energy / duration" : "energy";
  return recipe.empty() ? of_comparison(f) : recipe;
}

}  // namespace joulebook::account
