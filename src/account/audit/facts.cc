#include "account/audit/facts.h"

#include <fmt/format.h>

#include "core/text.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"
#include "physics/training/flops.h"

namespace joulebook::account {

std::optional<Measure> Facts::measure(std::string_view name) const {
  const ClaimInput* in = claim_.input(name);
  return in == nullptr ? std::nullopt : in->measure;
}

std::optional<double> Facts::amount(std::string_view name) const {
  const auto m = measure(name);
  return m ? std::optional(m->value) : std::nullopt;
}

std::string Facts::said(std::string_view name) const {
  const ClaimInput* in = claim_.input(name);
  if (in == nullptr) return std::string(name);
  return fmt::format("{} {}", name, in->measure ? in->measure->stated : in->text);
}

Result<physics::Hardware> Facts::device() const {
  const std::string gpu = text("gpu");
  if (gpu.empty()) return fail(ErrorKind::input, "claim.gpu", "no gpu was stated", "add gpu = \"H100\" under [inputs]");
  return physics::find_hardware(gpu);
}

std::optional<double> Facts::devices() const {
  if (const auto counted = amount("gpus_counted")) return counted;
  return amount("gpus");
}

std::optional<std::string> Facts::per(std::string_view base) const {
  std::optional<std::string> noun;
  bool found = false;
  for (const auto& [name, power] : claim_.value.unit.dimension.powers) {
    if (name == base && power == 1) {
      found = true;
    } else if (power == -1 && !noun && name != "s" && name != "J" && name != "m") {
      noun = name;
    } else {
      return std::nullopt;
    }
  }
  if (!found) return std::nullopt;
  return noun.value_or("");
}

bool Facts::is_intensity() const { return claim_.value.unit.dimension == Unit::parse("gCO2e/kWh")->dimension; }

bool Facts::is_yearly() const {
  return claim_.value.unit.dimension == Unit::parse("W")->dimension && lower(text("equivalent")).ends_with(", year");
}

bool Facts::is_device_time() const { return claim_.value.unit.dimension == Unit::parse("GPU h")->dimension; }

std::optional<double> Facts::watts_each(std::string_view name) const {
  const auto m = measure(name);
  if (!m) return std::nullopt;
  if (m->unit.dimension.powers.contains("device")) return m->value;
  const auto n = devices();
  return n ? std::optional(m->value / *n) : std::nullopt;
}

std::optional<double> Facts::active_parameters() const {
  if (const auto n = amount("active_parameters")) return n;
  const std::string model = text("model");
  if (!model.empty()) {
    if (const auto shape = physics::shape_by_name(model)) return static_cast<double>(physics::active_parameters(*shape));
  }
  return amount("parameters");
}

std::optional<double> Facts::training_flops() const {
  if (const auto n = amount("flops")) return n;
  const auto active = active_parameters(), tokens = amount("training_tokens");
  if (!active || !tokens) return std::nullopt;
  const auto model = training::trained_model(*active, *active);
  if (!model) return std::nullopt;
  return training::train_flops(*model, training::Recomputation::none) * *tokens;
}

std::optional<double> Facts::energy_of_power() const {
  const auto m = measure("mean_power");
  const auto per = energy_per();
  if (!m || !per) return std::nullopt;
  const bool each = m->unit.dimension.powers.contains("device");
  if (each && !devices()) return std::nullopt;
  const double watts = each ? m->value * *devices() : m->value;
  if (*per == "token") return has("tokens_per_second") ? std::optional(watts / *amount("tokens_per_second")) : std::nullopt;
  if (!has("duration") || (*per == "response" && !has("batch"))) return std::nullopt;
  return watts * *amount("duration") / (*per == "response" ? *amount("batch") : 1);
}

std::optional<double> Facts::energy_of_hours() const {
  const auto seconds = amount("gpu_hours");
  const auto m = measure("mean_power");
  if (!seconds || !m) return std::nullopt;
  if (m->unit.dimension.powers.contains("device")) return *seconds * m->value;
  const auto n = devices();
  return n ? std::optional(*seconds * m->value / *n) : std::nullopt;
}

}  // namespace joulebook::account
