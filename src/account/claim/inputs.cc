#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "account/claim/claim.h"
#include "account/factors/factors.h"
#include "core/text.h"
#include "physics/machine/hardware.h"

namespace joulebook::account {
namespace {

constexpr KnownInput kKnown[] = {
    {"model", true, "", "", 0, "the model, by its published name"},
    {"gpu", true, "", "", 0, "the device, as data sheets name it: H100, A100-SXM4-40GB"},
    {"weights", true, "", "bfloat16|fp16|fp32|fp8|int8|mxfp4|fp4|int4|awq", 0, "precision of the weights"},
    {"gpus", false, "", "", 1, "devices that did this work"},
    {"gpus_counted", false, "", "", 1, "devices whose energy is in the figure"},
    {"batch", false, "", "", 1, "sequences in flight at a time"},
    {"input_tokens", false, "token", "", 0, "of a response's prompt"},
    {"output_tokens", false, "token", "", 1e-9, "of a response"},
    {"width", false, "", "", 16, "of an image or a video, in pixels"},
    {"height", false, "", "", 16, "of an image or a video, in pixels"},
    {"frames", false, "", "", 1, "of a video"},
    {"steps", false, "step", "", 1, "of denoising, of an image or a video"},
    {"min_tokens", false, "token", "", 0, "the least that the protocol lets a response have"},
    {"max_tokens", false, "token", "", 1e-9, "the most that the protocol lets a response have"},
    {"other_max_tokens", false, "token", "", 1e-9, "the same of the arm it is compared with"},
    {"duration", false, "s", "", 1e-12, "of a response, or of the run that `energy` covers"},
    {"tokens_per_second", false, "token/s", "", 1e-12, "of all sequences together"},
    {"step_time", false, "s", "", 1e-12, "between two tokens of a sequence"},
    {"mean_power", false, "W", "", 0, "of all devices together, or W/GPU"},
    {"peak_power", false, "W", "", 0, "the highest reading, of all devices together, or W/GPU"},
    {"power_kind", true, "", "gross|active", 0, "gross: the meter; active: less idle"},
    {"power_basis", true, "", "measured|tdp|provisioned|estimated", 0, "where the power is from"},
    {"ram_power", false, "W", "", 0, "that the figure holds for memory"},
    {"ram", true, "", "measured|constant|none", 0, "how it was had"},
    {"energy", false, "J", "", 0, "that the claim's value follows from"},
    {"energy_boundary", true, "", "it|facility", 0, "of `energy`: without or with the building"},
    {"pue", false, "", "", 1, "of the building"},
    {"server_factor", false, "", "", 1, "by which the devices' energy was multiplied for the server"},
    {"carbon", false, "kgCO2e", "", 0, "that the claim's value follows from"},
    {"intensity", false, "gCO2e/kWh", "", 0, "of the electricity, as the claim has it"},
    {"grid", true, "", "", 0, "the place: a country or its ISO code, world"},
    {"grid_basis", true, "", "location|market", 0, "of the carbon (default: location)"},
    {"grid_kind", true, "", "direct|lifecycle", 0, "of the intensity (default: direct)"},
    {"parameters", false, "parameter", "", 1, "of the model, all"},
    {"active_parameters", false, "parameter", "", 1, "in use by each token"},
    {"training_tokens", false, "token", "", 1, "that the model was trained on, epochs included"},
    {"gpu_hours", false, "GPU h", "", 1e-12, "of the training"},
    {"flops", false, "FLOP", "", 1, "of the training"},
    {"peak_flops", false, "FLOPS", "", 1, "of a device, as the claim has it"},
    {"precision", true, "", "fp32|fp16|bf16|fp8|int8|fp4", 0, "of the operands that peak_flops is for"},
    {"utilisation", false, "", "", 0, "of the peak, as the claim has it (MFU)"},
    {"equivalent", true, "", "", 0, "what it is compared with, a name of data/equivalents.csv"},
    {"equivalent_count", false, "", "", 1e-15, "how many of them"},
};

tl::unexpected<Error> bad(std::string_view name, std::string what, std::string cure) {
  return fail(ErrorKind::input, "claim.input", fmt::format("{}: {}", name, what), std::move(cure));
}

// The nouns that an input may leave out or carry: "8 GPUs" and "8", "1333 tokens/response", "70B".
bool fold_into(const Measure& m, const Unit& wanted) {
  if (m.unit.dimension == wanted.dimension) return true;
  Dimension rest = m.unit.dimension / wanted.dimension;
  for (const std::string_view noun : {"device", "response", "token", "parameter", "image", "video", "run", "server", "step"}) rest.powers.erase(std::string(noun));
  return rest.none();
}

}  // namespace

std::span<const KnownInput> known_inputs() { return kKnown; }

const KnownInput* known_input(std::string_view name) {
  const auto found = std::ranges::find(kKnown, name, &KnownInput::name);
  return found == std::end(kKnown) ? nullptr : &*found;
}

std::optional<std::string> input_like(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kWords = {{
      {"throughput", "tokens_per_second"}, {"device_hours", "gpu_hours"},   {"place", "grid"},
      {"country", "grid"},                 {"region", "grid"},              {"hardware", "gpu"},
      {"device", "gpu"},                   {"devices", "gpus"},             {"power", "mean_power"},
      {"time", "duration"},                {"tokens", "output_tokens"},     {"prompt_tokens", "input_tokens"},
      {"quantization", "weights"},         {"concurrency", "batch"},        {"mfu", "utilisation"},
      {"grid_intensity", "intensity"},
  }};
  for (const auto& [other, input] : kWords) {
    if (other == word) return std::string(input);
  }
  std::vector<std::string> names;
  for (const KnownInput& k : kKnown) names.emplace_back(k.name);
  return nearest(word, names);
}

namespace {

// "8xH100", "4 x A100": how many is another input.
Status one_device(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') rest.remove_prefix(1);
  const std::string_view count = text.substr(0, text.size() - rest.size());
  rest = trim(rest);
  for (const std::string_view times : {"x", "X", "×", "*"}) {
    if (count.empty() || !rest.starts_with(times)) continue;
    return bad("gpu", fmt::format("'{}' is a number of devices", text), fmt::format("write gpu = \"{}\" and gpus = \"{}\"", trim(rest.substr(times.size())), count));
  }
  return {};
}

// "RTX4090", "H-100": as data sheets have it, where one has; else as it was written.
std::string sheet_name(const std::string& text) {
  if (physics::find_hardware(text)) return text;
  std::string closed, open;
  for (const char c : text) {
    if (c == '-' || c == ' ') continue;
    const bool digit = c >= '0' && c <= '9';
    if (digit && !open.empty() && (open.back() < '0' || open.back() > '9')) open += ' ';
    closed += c;
    open += c;
  }
  for (const std::string& name : {closed, open}) {
    if (physics::find_hardware(name)) return name;
  }
  return text;
}

// What precisions are called elsewhere.
std::string usual_precision(const std::string& word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kWords = {{
      {"bf16", "bfloat16"}, {"float16", "fp16"}, {"half", "fp16"}, {"16-bit", "fp16"}, {"float32", "fp32"},
      {"8-bit", "int8"},    {"8bit", "int8"},    {"4-bit", "int4"}, {"4bit", "int4"},  {"nf4", "int4"},
  }};
  for (const auto& [other, usual] : kWords) {
    if (other == word) return std::string(usual);
  }
  return word;
}

Result<ClaimInput> text_input(const KnownInput& known, std::string_view text) {
  ClaimInput input;
  input.name = known.name;
  input.text = std::string(trim(text));
  if (input.text.empty()) return bad(known.name, "is empty", fmt::format("write {}, or leave the line out", known.meaning));
  if (known.name == "gpu") {
    if (auto ok = one_device(input.text); !ok) return fail(ok.error());
    input.text = sheet_name(input.text);
  }
  if (known.name == "grid") {
    const auto direct = grid_intensity(input.text, GridKind::direct);
    if (!direct && !grid_intensity(input.text, GridKind::lifecycle)) return bad("grid", direct.error().message, direct.error().cure);
  }
  if (known.choices.empty()) return input;
  std::vector<std::string> choices;
  for (const auto c : split(known.choices, '|')) choices.emplace_back(c);
  input.text = lower(input.text);
  if (std::ranges::find(choices, input.text) == choices.end()) input.text = usual_precision(input.text);
  if (std::ranges::find(choices, input.text) == choices.end()) {
    return bad(known.name, fmt::format("'{}' is none of its words", input.text), "write one of " + join(choices, ", "));
  }
  return input;
}

// "8 x W/GPU" is kept as it was said: rules ask its dimension.
Status check_amount(const KnownInput& known, Measure& m) {
  const Unit wanted = *Unit::parse(known.unit);
  if (!fold_into(m, wanted)) {
    const auto error = converted(m, wanted);
    return fail(ErrorKind::input, "unit.mismatch", fmt::format("{}: '{}' is in {}, and {} was wanted", known.name, m.stated,
                m.unit.dimension.text(), known.unit.empty() ? "a plain number" : known.unit),
                error ? std::string("check its unit") : error.error().cure);
  }
  if (m.lo < known.least) {
    return bad(known.name, fmt::format("'{}' is below {:g}", m.stated, known.least),
               known.least >= 1 ? fmt::format("write at least {:g}", known.least) : "write a positive amount, or leave the line out");
  }
  constexpr double kNoShare = 3;  // utilisation = "40" is meant as percent
  if (known.name == "utilisation" && m.lo >= kNoShare) return bad(known.name, fmt::format("'{}' is no share", m.stated), fmt::format("write '{} %'", m.stated));
  return {};
}

}  // namespace

namespace {

// "2.788M H800 GPU hours" without the device, which `gpu` names.
std::string without_device(std::string_view text) {
  std::string out;
  for (const auto part : split(text, ' ')) {
    std::string_view word = part;
    const auto dash = word.find('-');
    const std::string_view head = word.substr(0, dash);
    if (!head.empty() && head[0] >= 'A' && head[0] <= 'Z' && physics::find_hardware(head)) word.remove_prefix(dash == word.npos ? word.size() : dash + 1);
    if (!word.empty()) out.append(out.empty() ? "" : " ").append(word);
  }
  return out;
}

// An amount of a known input. What it counts need not be said again: "70B", "15T", "30.84M" of parameters, tokens,
// hours.
Result<Measure> amount_of(const KnownInput* known, std::string_view text) {
  auto m = Measure::parse(text);
  const bool counts = known != nullptr && (known->unit == "parameter" || known->unit == "token" || known->unit == "GPU h");
  if (!counts || (m && fold_into(*m, *Unit::parse(known->unit)))) return m;
  const std::string plain = without_device(text);
  for (const std::string& other : {plain, plain + " " + std::string(known->unit)}) {
    auto named = Measure::parse(other);
    if (!named || !fold_into(*named, *Unit::parse(known->unit))) continue;
    named->stated = std::string(trim(text));
    return named;
  }
  return m;
}

}  // namespace

Result<ClaimInput> claim_input(std::string_view name, std::string_view text) {
  const KnownInput* known = known_input(name);
  if (known != nullptr && known->is_text) return text_input(*known, text);
  auto m = amount_of(known, text);
  if (!m) return fail(ErrorKind::input, m.error().code, fmt::format("{}: {}", name, m.error().message), m.error().cure);
  if (known != nullptr) {
    if (auto ok = check_amount(*known, *m); !ok) return fail(ok.error());
  }
  ClaimInput input;
  input.name = std::string(name);
  input.measure = std::move(*m);
  return input;
}

}  // namespace joulebook::account
