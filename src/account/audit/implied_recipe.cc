// What a claim's unit and inputs imply, where it has no recipe.
#include <fmt/format.h>

#include "account/audit/audit.h"
#include "physics/shape/catalogue.h"

namespace joulebook::account {
namespace {

std::string to_boundary(const Claim& claim) {
  const std::string& b = claim.boundary;
  if (b == "gpu" || b == "life cycle" || b == "device") return "";
  return fmt::format(" * boundary('gpu', '{}')", b == "node" ? "server" : b);
}

bool names_model(const Facts& f) { return !f.text("model").empty() || f.has("parameters") || f.has("active_parameters"); }

std::string of_training(const Facts& f) {
  const bool hours = f.has("gpu_hours") && f.has("gpu");
  const bool flops = f.training_flops() && f.has("gpu");
  if (f.has("gpu_hours") && f.has("mean_power")) {
    const bool each = f.measure("mean_power")->unit.dimension.powers.contains("device");
    return std::string(each ? "gpu_hours * mean_power" : "gpu_hours * mean_power / gpus") + (f.has("pue") && f.claim().boundary != "gpu" ? " * pue" : "");
  }
  return hours || flops ? "training_energy()" : "";
}

// Energy at the claim's boundary, of whatever is stated.
std::string of_energy(const Facts& f) {
  if (!f.has("energy")) return "";
  const bool building = f.has("pue") && f.text("energy_boundary") != "facility" && f.claim().boundary != "gpu" && f.claim().boundary != "server";
  return building ? "energy * pue" : "energy";
}

std::string of_images(const Facts& f, std::string_view task) {
  if (f.text("model").empty()) return "";
  const std::string gpu = f.text("gpu").empty() ? "" : fmt::format(", gpu = '*{}*'", f.text("gpu"));
  return fmt::format("published('ml_energy_diffusion', 'j_per_item', 'range', model = '*{}*', task = '*{}*'{})", f.text("model"), task, gpu) + to_boundary(f.claim());
}

}  // namespace

std::string implied_recipe(const Claim& claim) {
  const Facts f(claim);
  if (const auto per = f.energy_per()) {
    if (*per == "token" && names_model(f)) return "predicted_j_per_token()" + to_boundary(claim);
    if (*per == "response" && f.has("energy")) return of_energy(f);
    if (*per == "response" && (names_model(f) || f.has("output_tokens"))) return "predicted_j_per_response()" + to_boundary(claim);
    if (*per == "image") return of_images(f, "to-image");
    if (*per == "video") return of_images(f, "video");
    if (const std::string hours = of_training(f); !hours.empty() && (per->empty() || *per == "run")) return hours;
    return of_energy(f);
  }
  if (f.carbon_per()) {
    std::string energy = of_energy(f);
    if (energy.empty()) energy = of_training(f);
    if (energy.empty()) return "";
    if (f.has("intensity")) return energy + " * intensity";
    if (f.has("grid")) return energy + " * grid()";
    return "";
  }
  return "";
}

}  // namespace joulebook::account
