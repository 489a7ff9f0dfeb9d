#include "physics/explain/run_difference.h"

#include <fmt/format.h>

#include <cmath>

#include "physics/explain/explain_text.h"
#include "physics/explain/shapley.h"

namespace joulebook::explain {
namespace {

constexpr Factor kKinds[] = {Factor::context, Factor::tokens, Factor::cache, Factor::precision, Factor::shape};

bool same_bytes(const serving::StoredBytes& x, const serving::StoredBytes& y) {
  return x.dense == y.dense && x.expert == y.expert && x.head == y.head && x.kv == y.kv;
}

bool differ(const MeasuredAnswer& a, const MeasuredAnswer& b, Factor f) {
  switch (f) {
    case Factor::context: return a.prompt != b.prompt || a.output != b.output;
    case Factor::tokens: return a.output != b.output;
    case Factor::cache: return a.cached / std::max(a.prompt, 1.0) != b.cached / std::max(b.prompt, 1.0);
    case Factor::precision: return !same_bytes(a.shape.stored, b.shape.stored);
    default: return a.shape.active_params() != b.shape.active_params() || a.shape.layers != b.shape.layers;
  }
}

// What the machine model takes of an answer, factor by factor.
struct Taken {
  serving::Shape shape;
  double prompt, uncached, context, tokens;
};

Taken take(const MeasuredAnswer& a, const MeasuredAnswer& b, const std::vector<Factor>& factors, std::uint32_t subset) {
  const auto from = [&](Factor f) -> const MeasuredAnswer& {
    for (std::size_t i = 0; i < factors.size(); ++i) {
      if (factors[i] == f && (subset >> i & 1U) != 0) return b;
    }
    return a;
  };
  const MeasuredAnswer &context = from(Factor::context), &cache = from(Factor::cache);
  Taken t{from(Factor::shape).shape, context.prompt, 0, context.prompt + context.output / 2, from(Factor::tokens).output};
  t.uncached = t.prompt * (1 - cache.cached / std::max(cache.prompt, 1.0));
  t.shape.stored = from(Factor::precision).shape.stored;
  return t;
}

// Fitted to A: seconds of a FLOP while a prompt is read, of a step beyond its roofline a layer.
struct Fitted {
  double prompt_flop_s = 0, layer_s = 0, scale = 1;
};

Fitted fitted_to(const MeasuredAnswer& a, const RunMachine& m, double overlap) {
  Fitted f;
  const double flops = std::max(a.prompt - a.cached, 1.0) * 2 * a.shape.active_params();
  f.prompt_flop_s = a.prefill_s / flops;
  const double step = a.decode_s / a.output;
  const double line = step_seconds(a.shape, a.prompt + a.output / 2, m, overlap, a.batch);
  f.scale = std::min(1.0, step / line);
  f.layer_s = std::max(step - line, 0.0) / std::max(a.shape.layers, 1.0);
  return f;
}

}  // namespace

Result<RunDifference> explain_runs(const MeasuredAnswer& a, const MeasuredAnswer& b, const RunMachine& machine,
                                   const serving::ServingFit& fit) {
  for (const MeasuredAnswer* answer : {&a, &b}) {
    if (auto ok = explain_run(*answer, machine, fit); !ok) return fail(ok.error());
  }
  const double overlap = fit.parameters[serving::overlap_products];
  const Fitted f = fitted_to(a, machine, overlap);
  RunDifference d{a, b, {}, 0, std::log(*b.energy.value / *a.energy.value)};
  std::vector<Factor> factors;
  for (const Factor kind : kKinds) {
    if (differ(a, b, kind)) factors.push_back(kind);
  }
  const auto parts = shapley(factors.size(), [&](std::uint32_t subset) {
    const Taken t = take(a, b, factors, subset);
    const double step = f.scale * step_seconds(t.shape, t.context, machine, overlap, a.batch) + f.layer_s * t.shape.layers;
    return std::log(t.uncached * 2 * t.shape.active_params() * f.prompt_flop_s + t.tokens * step);
  });
  d.rest = d.log_ratio;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    d.parts.push_back({factors[i], parts[i], {parts[i], parts[i]}});
    d.rest -= parts[i];
  }
  return d;
}

std::string to_text(const RunDifference& d) {
  const double mean = logarithmic_mean(*d.a.energy.value, *d.b.energy.value);
  std::string text;
  for (const auto& [letter, x] : {std::pair{'A', &d.a}, {'B', &d.b}}) {
    text += fmt::format("{}  {}{}{}, {}: {:.4g} tokens in, {:.4g} out\n   {} per response; boundary {}\n", letter, x->id,
                        x->name.empty() ? "" : ", ", x->name, x->model, x->prompt, x->output, human(x->energy), x->energy.boundary);
  }
  text += fmt::format("\n  {:<10} {:>9} {:>10} {:>11}\n", "factor", "energy", "of ln(B/A)", "joules");
  const auto line = [&](std::string_view name, double x) {
    return fmt::format("  {:<10} {:>9} {:>8.1f} % {:>11}\n", name, factor_text(x), d.log_ratio == 0 ? 0 : 100 * x / d.log_ratio,
                       signed_joules(x * mean));
  };
  for (const Part& part : d.parts) text += line(to_string(part.factor), part.log_ratio);
  return text + line("rest", d.rest) + line("together", d.log_ratio) +
         "\n  through the calibrated machine as it served A; rest: what B did beyond it, and what else the machine did\n";
}

Json to_json(const RunDifference& d) {
  Json parts = Json::array();
  const auto add = [&](std::string_view name, double x) {
    parts.push(Json::object({{"factor", name}, {"ratio", std::exp(x)}, {"log_ratio", x}, {"share", d.log_ratio == 0 ? 0 : x / d.log_ratio}}));
  };
  for (const Part& part : d.parts) add(to_string(part.factor), part.log_ratio);
  add("rest", d.rest);
  return Json::object({{"schema", "joulebook.run-difference/1"},
                       {"a", Json::object({{"id", d.a.id}, {"name", d.a.name}, {"energy", to_json(d.a.energy)}})},
                       {"b", Json::object({{"id", d.b.id}, {"name", d.b.name}, {"energy", to_json(d.b.energy)}})},
                       {"ratio", to_json(ratio(d.b.energy, d.a.energy))},
                       {"log_ratio", d.log_ratio},
                       {"parts", parts}});
}

}  // namespace joulebook::explain
