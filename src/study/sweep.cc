#include "study/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::string_view kQuant = "{quant}";

tl::unexpected<Error> bad(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::usage, std::move(code), std::move(message), std::move(cure));
}

// A setting that takes a number: its range, and where it goes.
struct Setting {
  std::string key;
  double lo;
  double hi;
  bool whole;
  void (*set)(ArmSpec&, double);
};

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = {
      {"threads", 1, 4096, true,
       [](ArmSpec& a, double x) { a.engine.threads = static_cast<int>(x); }},
      {"batch", 1, 1e6, true, [](ArmSpec& a, double x) { a.engine.batch = static_cast<int>(x); }},
      {"context", 1, 1e8, true,
       [](ArmSpec& a, double x) { a.engine.context = static_cast<std::int64_t>(x); }},
      {"gpu_layers", -1, 1e6, true,
       [](ArmSpec& a, double x) { a.engine.gpu_layers = static_cast<int>(x); }},
      {"max_tokens", 1, 1e6, true,
       [](ArmSpec& a, double x) { a.max_tokens = static_cast<std::int64_t>(x); }},
      {"temperature", 0, 5, false, [](ArmSpec& a, double x) { a.temperature = x; }},
  };
  return all;
}

const Setting* setting_of(std::string_view key) {
  const auto it = std::ranges::find(settings(), key, &Setting::key);
  return it == settings().end() ? nullptr : &*it;
}

Status check_key(const std::string& key, const std::vector<SweepAxis>& axes) {
  if (std::ranges::find(axes, key, &SweepAxis::key) != axes.end()) {
    return bad("sweep.key", fmt::format("'{}' is swept twice", key), "put all its values together");
  }
  if (key == "quant" || setting_of(key) != nullptr) return {};
  std::vector<std::string> known = {"quant"};
  for (const auto& setting : settings()) known.push_back(setting.key);
  const auto close = nearest(key, known);
  return bad("sweep.key", fmt::format("'{}' can't be swept", key),
             close ? fmt::format("did you mean '{}'?", *close) : "one of: " + join(known, ", "));
}

Status check_value(const SweepAxis& axis, const std::string& value) {
  if (value.empty()) {
    return bad("sweep.syntax", fmt::format("'{}' has an empty value", axis.key),
               "write --sweep threads=1,2");
  }
  if (std::ranges::find(axis.values, value) != axis.values.end()) {
    return bad("sweep.syntax", fmt::format("'{}' has the value {} twice", axis.key, value),
               "take one of them out");
  }
  const Setting* setting = setting_of(axis.key);
  if (setting == nullptr) return {};
  const auto number = parse_double(value);
  const bool fits = number && *number >= setting->lo && *number <= setting->hi &&
                    (!setting->whole || *number == std::floor(*number));
  if (fits) return {};
  return bad("sweep.value", fmt::format("{}={} is no value of it", axis.key, value),
             fmt::format("a {} from {} to {}", setting->whole ? "whole number" : "number",
                         setting->lo, setting->hi));
}

Status set(ArmSpec& arm, const std::string& key, const std::string& value) {
  arm.name += fmt::format(", {} {}", key, value);
  if (const Setting* setting = setting_of(key)) {
    setting->set(arm, parse_double(value).value_or(setting->lo));
    return {};
  }
  const auto at = arm.model.find(kQuant);
  if (at == std::string::npos) {
    return bad("sweep.quant", fmt::format("the model {} has no {{quant}} to stand for", arm.model),
               "write the model as smol-{quant}.gguf");
  }
  arm.model.replace(at, kQuant.size(), value);
  return {};
}

// Every point of the grid for one arm, the last axis running fastest.
Status add_points(const ArmSpec& arm, std::span<const SweepAxis> axes, std::vector<ArmSpec>& out) {
  if (axes.empty()) {
    out.push_back(arm);
    return {};
  }
  for (const auto& value : axes.front().values) {
    ArmSpec next = arm;
    if (auto ok = set(next, axes.front().key, value); !ok) return ok;
    if (auto ok = add_points(next, axes.subspan(1), out); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<std::vector<SweepAxis>> parse_sweep(std::span<const std::string> texts) {
  std::vector<SweepAxis> axes;
  for (const auto& text : texts) {
    bool first = true;
    for (std::string_view piece : split(text, ',')) {
      const auto equals = piece.find('=');
      if (first && equals == std::string_view::npos) {
        return bad("sweep.syntax", fmt::format("'{}' names no key", text),
                   "write --sweep threads=1,2");
      }
      first = false;
      if (equals != std::string_view::npos) {
        const std::string key(trim(piece.substr(0, equals)));
        if (auto ok = check_key(key, axes); !ok) return fail(ok.error());
        axes.push_back({key, {}});
        piece = piece.substr(equals + 1);
      }
      const std::string value(trim(piece));
      if (auto ok = check_value(axes.back(), value); !ok) return fail(ok.error());
      axes.back().values.push_back(value);
    }
  }
  return axes;
}

Result<std::vector<ArmSpec>> swept(const std::vector<ArmSpec>& arms,
                                   std::span<const SweepAxis> axes) {
  if (axes.empty()) return arms;
  const auto models = static_cast<double>(
      std::ranges::count_if(arms, [](const ArmSpec& arm) { return !arm.engine.command; }));
  if (models == 0) {
    return bad("sweep.no_model", "all arms are programs, which have no settings to sweep",
               "write one [[arm]] for each way to call the program");
  }
  double points = models;
  for (const auto& axis : axes) points *= static_cast<double>(axis.values.size());
  const double all = points + static_cast<double>(arms.size()) - models;
  if (all > static_cast<double>(kMostSweptArms)) {
    return bad("sweep.size",
               fmt::format("the sweep has {:.0f} arms, and a study can have {}", all,
                           kMostSweptArms),
               "sweep fewer values, or one key at a time");
  }
  std::vector<ArmSpec> out;
  for (const auto& arm : arms) {
    const auto mine = arm.engine.command ? std::span<const SweepAxis>() : axes;
    if (auto ok = add_points(arm, mine, out); !ok) return fail(ok.error());
  }
  return out;
}

}  // namespace joulebook
