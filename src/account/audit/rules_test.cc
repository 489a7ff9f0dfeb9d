// Each rule: a claim that trips it, and one that doesn't; what it says.
#include "account/audit/rules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "account/audit/audit.h"

namespace joulebook::account {
namespace {

using testing::HasSubstr;
using Inputs = std::vector<std::pair<std::string, std::string>>;

Claim made(std::string_view value, const Inputs& inputs, std::string boundary = "gpu", std::string basis = "not stated") {
  Claim claim;
  auto v = Measure::parse(value);
  EXPECT_TRUE(v) << value;
  claim.value = *v;
  claim.boundary = std::move(boundary);
  claim.basis = std::move(basis);
  for (const auto& [name, text] : inputs) {
    auto in = claim_input(name, text);
    EXPECT_TRUE(in) << name << " " << text << (in ? "" : in.error().message);
    if (in) claim.inputs.push_back(*in);
  }
  return claim;
}

Finding of(std::string_view rule, const Claim& claim) {
  for (Finding& f : run_rules(claim)) {
    if (f.rule == rule) return f;
  }
  return {"", RuleState::unknown, "no such finding", {}, 1, ""};
}

struct Case {
  std::string_view rule, value;
  Inputs inputs;
  RuleState state;
  std::string says;
  std::string boundary = "gpu", basis = "not stated";
};

class Rules : public testing::TestWithParam<Case> {};

TEST_P(Rules, SayWhatTrippedThemAndByHowMuch) {
  const Case& c = GetParam();
  const Finding f = of(c.rule, made(c.value, c.inputs, c.boundary, c.basis));
  EXPECT_EQ(to_string(f.state), to_string(c.state)) << c.rule << ": " << f.message;
  EXPECT_THAT(f.message, HasSubstr(c.says)) << c.rule;
  if (c.state == RuleState::fails) {
    EXPECT_GT(f.by, 1) << f.message;
    EXPECT_FALSE(f.inputs.empty());
  }
}

using S = RuleState;
const Inputs kServed{{"model", "Llama-3.1-8B"}, {"gpu", "H100"}, {"gpus", "1"}, {"weights", "bfloat16"}};
Inputs served(Inputs more) {
  Inputs all = kServed;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<Case> cases() {
  return {
    // Mean power.
    Case{"power.mean", "500 J/response", {{"gpu", "H100"}, {"gpus", "1"}, {"mean_power", "900 W"}}, S::fails, "1.29 times its limit"},
    Case{"power.mean", "500 J/response", {{"gpu", "H100"}, {"gpus", "1"}, {"mean_power", "600 W"}}, S::passes, "power_kind"},
    Case{"power.mean", "500 J/response", {{"gpu", "H100"}, {"gpus", "4"}, {"mean_power", "900 W/GPU"}}, S::fails, "mean_power 900 W/GPU"},
    Case{"power.mean", "5000 J/response", {{"gpu", "H100"}, {"gpus", "1"}, {"duration", "1 s"}, {"batch", "1"}}, S::fails, "devices would be needed"},
    Case{"power.mean", "300 J/response", {{"gpu", "A100"}, {"gpus", "1"}, {"duration", "1 s"}, {"batch", "1"}}, S::passes, "between"},
    Case{"power.mean", "3 J/response", {{"gpu", "A100"}, {"gpus", "1"}, {"duration", "1 s"}, {"batch", "1"}}, S::fails, "below its idle power"},
    Case{"power.mean", "3 J/response", {{"gpu", "A100"}, {"gpus", "1"}, {"duration", "1 s"}, {"batch", "1"}, {"power_kind", "active"}}, S::passes, ""},
    Case{"power.mean", "300 J/response", {{"gpu", "H100"}, {"gpus", "1"}, {"duration", "1 s"}}, S::unknown, "batch"},
    Case{"power.mean", "1000 MWh", {{"gpu", "H100"}, {"gpu_hours", "1 million GPU hours"}}, S::fails, "1.43 times"},
    Case{"power.peak", "1 J/token", {{"gpu", "A100"}, {"gpus", "1"}, {"peak_power", "600 W"}}, S::fails, "1.15 times the highest"},
    Case{"power.peak", "1 J/token", {{"gpu", "A100"}, {"gpus", "1"}, {"peak_power", "510 W"}}, S::passes, ""},
    // Provisioned for measured.
    Case{"power.provisioned", "1 J/token", {{"gpu", "H100"}, {"gpus", "1"}, {"mean_power", "700 W"}}, S::fails, "exactly the device's limit", "gpu", "measured"},
    Case{"power.provisioned", "1 J/token", {{"power_basis", "provisioned"}}, S::notes, "most that can be drawn"},
    Case{"power.provisioned", "1 J/token", {{"power_basis", "measured"}}, S::passes, "", "gpu", "measured"},
    // RAM as a constant.
    Case{"ram.constant", "100 J/response", {{"ram", "constant"}, {"ram_power", "430.8 W"}, {"duration", "0.1 s"}}, S::fails, "43 % of the figure"},
    Case{"ram.constant", "100 J/response", {{"ram", "constant"}, {"ram_power", "430.8 W"}, {"duration", "0.1 s"}}, S::notes, "constant of the tool", "node"},
    Case{"ram.constant", "100 J/response", {{"ram", "measured"}}, S::passes, ""},
    // Several devices counted for one.
    Case{"devices.counted", "1 J/token", {{"gpus", "1"}, {"gpus_counted", "8"}}, S::fails, "8 devices are counted where 1 worked"},
    Case{"devices.counted", "1 J/token", {{"gpus", "1"}, {"gpus_counted", "8"}}, S::notes, "boundary says so", "node"},
    Case{"devices.counted", "1 J/token", {{"gpus", "8"}, {"gpus_counted", "8"}}, S::passes, ""},
    // A model and the devices that hold it.
    Case{"memory.fits", "200 J/token", {{"model", "Llama-3.1-405B"}, {"gpu", "H100"}, {"gpus", "1"}, {"weights", "fp16"}}, S::blocks, "does not fit: "},
    Case{"memory.fits", "200 J/token", {{"model", "Llama-3.1-405B"}, {"gpu", "H100"}, {"gpus", "16"}, {"weights", "fp16"}}, S::passes, "GB"},
    // A step.
    Case{"step.bandwidth", "1 J/token", served({{"tokens_per_second", "400 tokens/s"}, {"batch", "1"}}), S::fails, "times the peak"},
    Case{"step.bandwidth", "1 J/token", served({{"tokens_per_second", "140 tokens/s"}, {"batch", "1"}}), S::passes, "% of the peak"},
    Case{"step.bandwidth", "1 J/token", served({{"tokens_per_second", "140 tokens/s"}}), S::unknown, "batch is missing"},
    Case{"step.flops", "1 J/token", served({{"tokens_per_second", "200000 tokens/s"}, {"batch", "256"}}), S::fails, "times the peak"},
    Case{"step.flops", "1 J/token", served({{"tokens_per_second", "9000 tokens/s"}, {"batch", "256"}}), S::passes, "% of the peak"},
    Case{"step.flops", "1 J/token", served({{"tokens_per_second", "9000 tokens/s"}}), S::unknown, "batch"},
    // What the model can take.
    Case{"energy.predicted", "40 J/token", served({{"output_tokens", "400"}}), S::fails, "times above"},
    Case{"energy.predicted", "0.001 J/token", served({{"output_tokens", "400"}}), S::fails, "times below"},
    Case{"energy.predicted", "0.3 J/token", served({{"output_tokens", "400"}}), S::passes, "at any batch"},
    Case{"energy.predicted", "100 J/response", served({}), S::unknown, "output_tokens is missing"},
    // Training.
    Case{"training.utilisation", "1000 MWh", {{"gpu", "H100"}, {"active_parameters", "70B parameters"}, {"training_tokens", "15T tokens"}, {"gpu_hours", "1 million GPU hours"}}, S::fails, "above what training reaches"},
    Case{"training.utilisation", "4900 MWh", {{"gpu", "H100"}, {"active_parameters", "70B parameters"}, {"training_tokens", "15T tokens"}, {"gpu_hours", "7 million GPU hours"}}, S::passes, ""},
    Case{"training.utilisation", "4900 MWh", {{"gpu", "H100"}, {"gpu_hours", "7 million GPU hours"}}, S::unknown, "training_tokens"},
    Case{"peak.sparse", "0.3 Wh", {{"gpu", "H100"}, {"peak_flops", "1979 TFLOPS"}}, S::fails, "sparse"},
    Case{"peak.sparse", "0.3 Wh", {{"gpu", "H100"}, {"peak_flops", "1979 TFLOPS"}, {"precision", "fp8"}}, S::passes, ""},
    Case{"peak.sparse", "0.3 Wh", {{"gpu", "H100"}, {"peak_flops", "989 TFLOPS"}}, S::passes, ""},
    Case{"peak.sparse", "0.3 Wh", {{"gpu", "A100"}, {"peak_flops", "624 TFLOPS/GPU"}, {"precision", "bf16"}}, S::fails, "sparse"},
    // Carbon.
    Case{"grid.intensity", "12.9 t CO2e", {{"gpu", "H100"}, {"gpu_hours", "7 million GPU hours"}, {"mean_power", "700 W/GPU"}}, S::fails, "2.633 gCO2e/kWh"},
    Case{"grid.intensity", "2040 t CO2e", {{"energy", "4900 MWh"}, {"grid", "USA"}}, S::passes, "416"},
    Case{"grid.intensity", "2040 t CO2e", {{"energy", "4900 MWh"}, {"grid", "France"}}, S::fails, "above"},
    Case{"grid.intensity", "2040 t CO2e", {{"energy", "4900 MWh"}, {"grid", "France"}, {"grid_basis", "market"}}, S::unknown, "market"},
    Case{"grid.intensity", "4000 t CO2e", {{"energy", "4900 MWh"}, {"grid", "USA"}}, S::fails, "pounds"},
    Case{"grid.intensity", "2040 t CO2e", {{"gpu", "H100"}}, S::unknown, "energy is missing"},
    // Method.
    Case{"protocol.length", "178 J/response", {{"min_tokens", "10"}, {"max_tokens", "10"}, {"other_max_tokens", "8192"}}, S::blocks, "819"},
    Case{"protocol.length", "178 J/response", {{"min_tokens", "1"}, {"max_tokens", "8192"}}, S::passes, ""},
    Case{"pue.twice", "144 kWh", {{"energy", "100 kWh"}, {"energy_boundary", "it"}, {"pue", "1.2"}}, S::fails, "square", "facility"},
    Case{"pue.twice", "120 kWh", {{"energy", "100 kWh"}, {"energy_boundary", "facility"}, {"pue", "1.2"}}, S::fails, "holds the building already", "facility"},
    Case{"pue.twice", "120 kWh", {{"energy", "100 kWh"}, {"energy_boundary", "it"}, {"pue", "1.2"}}, S::passes, "", "facility"},
    Case{"boundary.server", "114 J/response", {{"server_factor", "2"}}, S::notes, "high"},
    Case{"boundary.server", "114 J/response", {{"server_factor", "1.4"}}, S::passes, ""},
    Case{"equivalent", "11.49 Wh/image", {{"equivalent", "Smartphone charge"}, {"equivalent_count", "1"}}, S::passes, ""},
    Case{"equivalent", "1.149 Wh/image", {{"equivalent", "Smartphone charge"}, {"equivalent_count", "1"}}, S::fails, "too many"},
    Case{"equivalent", "114.9 Wh/image", {{"equivalent", "Smartphone charge"}, {"equivalent_count", "1"}}, S::fails, "too few"}};
}
INSTANTIATE_TEST_SUITE_P(Each, Rules, testing::ValuesIn(cases()));

// Every rule has a case that fails, notes or blocks, and one that passes.
TEST(Rules, AreAllTrippedAndPassed) {
  for (const NamedRule& r : all_rules()) {
    bool trips = false, passes = false;
    for (const Case& c : cases()) {
      if (c.rule != r.name) continue;
      passes |= c.state == S::passes;
      trips |= c.state == S::fails || c.state == S::notes || c.state == S::blocks;
    }
    EXPECT_TRUE(trips && passes) << r.name;
  }
}

// From a stated energy nothing but the same is reproduced; assumed, it is consistent at best.
RC_GTEST_PROP(Verdicts, FollowFromTheValue, ()) {
  const double energy = *rc::gen::inRange(100, 1000000), times = *rc::gen::inRange(1, 400) / 100.0;
  const bool assumed = *rc::gen::arbitrary<bool>();
  Claim claim = made(fmt::format("{:.9g} Wh", energy * times), {{"energy", fmt::format("{} Wh", energy)}});
  if (assumed) claim.inputs[0].assumed = "to see";
  const auto a = audit(claim);
  RC_ASSERT(a.has_value());
  const double off = std::abs(energy * times - energy) - claim.value.rounding / 3600;
  if (off > 0.0101 * energy) RC_ASSERT(a->judged.verdict == Verdict::inconsistent);
  if (off < 0.0099 * energy) RC_ASSERT(a->judged.verdict == (assumed ? Verdict::consistent : Verdict::reproduced));
  RC_ASSERT(a->tried[0].judged.verdict != a->judged.verdict || a->judged.verdict == Verdict::inconsistent);
}

struct SlipCase {
  std::string_view value;
  Inputs inputs;
  std::string says;
};
TEST(Slips, AreNamedWhereTheValueIsOff) {
  const SlipCase cases[] = {
      {"100 Wh", {{"energy", "100 kWh"}}, "thousand too few"},
      {"100 kWh", {{"energy", "100 Wh"}}, "thousand too many"},
      {"360 kJ", {{"energy", "100 J"}}, "3,600 too many"},
      {"839 kg CO2e", {{"energy", "1000 kWh"}, {"intensity", "381 gCO2e/kWh"}}, "pounds"},
  };
  for (const SlipCase& c : cases) {
    const auto a = audit(made(c.value, c.inputs));
    ASSERT_TRUE(a) << c.value;
    EXPECT_EQ(to_string(a->judged.verdict), "inconsistent") << c.value;
    ASSERT_FALSE(a->slips.empty()) << c.value << a->judged.because;
    EXPECT_THAT(a->slips.front(), HasSubstr(c.says)) << c.value;
  }
}

}  // namespace
}  // namespace joulebook::account
