#pragma once
// A claim as the rules read it: inputs in base units, the device's data sheet, what the value is of.
// REQUIRES: the claim outlives it. Thread-safe.
#include <optional>
#include <string>
#include <string_view>

#include "account/claim/claim.h"
#include "account/claim/functions.h"
#include "physics/machine/hardware.h"

namespace joulebook::account {

class Facts {
 public:
  explicit Facts(const Claim& claim) : claim_(claim) {}

  [[nodiscard]] const Claim& claim() const { return claim_; }
  // Best value in base units; nothing where it is no input.
  [[nodiscard]] std::optional<double> amount(std::string_view name) const;
  [[nodiscard]] std::optional<Measure> measure(std::string_view name) const;
  [[nodiscard]] std::string text(std::string_view name) const { return claim_.text_of(name); }
  [[nodiscard]] bool has(std::string_view name) const { return claim_.input(name) != nullptr; }
  // "mean_power 900 W": the input as it was written.
  [[nodiscard]] std::string said(std::string_view name) const;

  // Of the input `gpu`. Errors: input "claim.gpu" where there is none, "hardware.unknown".
  [[nodiscard]] Result<physics::Hardware> device() const;
  // Devices whose energy is in the figure: gpus_counted, else gpus.
  [[nodiscard]] std::optional<double> devices() const;

  // What one of the value is of: "response", "token", ..., "" for a total. Nothing where it is no energy
  // (kgCO2e); the value is then in joules (kilograms).
  [[nodiscard]] std::optional<std::string> energy_per() const { return per("J"); }
  [[nodiscard]] std::optional<std::string> carbon_per() const { return per("kgCO2e"); }
  // The value is carbon per energy.
  [[nodiscard]] bool is_intensity() const;
  // The value is a power, and the thing that it is compared with is what a year takes: a household's.
  [[nodiscard]] bool is_yearly() const;
  // The value is GPU hours.
  [[nodiscard]] bool is_device_time() const;
  // The value's ends widened by its rounding.
  [[nodiscard]] double lo() const { return claim_.value.lo - claim_.value.rounding; }
  [[nodiscard]] double hi() const { return claim_.value.hi + claim_.value.rounding; }
  [[nodiscard]] double value() const { return claim_.value.value; }

  // Watts of one device, of an input that may be of all of them; nothing where their number is missing.
  [[nodiscard]] std::optional<double> watts_each(std::string_view name) const;
  // Active parameters: of the inputs, else of the model's shape.
  [[nodiscard]] std::optional<double> active_parameters() const;
  // FLOPs of the training: `flops`, else 6 x active x tokens.
  [[nodiscard]] std::optional<double> training_flops() const;
  // Joules of the stated power over the stated time, for one of what the value is of, without a building.
  [[nodiscard]] std::optional<double> energy_of_power() const;
  // Joules of the device hours at their power, without a building.
  [[nodiscard]] std::optional<double> energy_of_hours() const;

 private:
  [[nodiscard]] std::optional<std::string> per(std::string_view base) const;
  const Claim& claim_;
};

}  // namespace joulebook::account
