#include "physics/explain/whatif.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/modelled.h"
#include "core/text.h"
#include "physics/explain/explain_text.h"
#include "physics/explain/shape_change.h"
#include "physics/explain/spec.h"

namespace joulebook::explain {
namespace {

using serving::ServingFit;

std::optional<Error> too_large(const Deployment& d, const serving::Parameters& p) {
  const double input = d.work.input > 0 ? d.work.input : serving::predict(d.work, p).input;
  const auto m = serving::memory_of(d.work, input + d.tokens);
  if (m.fits()) return std::nullopt;
  constexpr double kGB = 1e9;
  return Error{ErrorKind::input, "memory.too_small",
               fmt::format("needs {:.1f} GB; {:g} x {} give {:.1f} GB", m.needed() / kGB, d.work.devices,
                           d.work.device.name, m.capacity / kGB),
               "more devices (gpus=), a smaller batch, or weights of fewer bits"};
}

Changed changed(const Figure& before, const Deployment& after, std::string text, const ServingFit& fit) {
  Changed c;
  c.text = std::move(text);
  Figure b;
  b.deployment = after;
  Figure a = before;
  a.stated_j.reset();  // the factor is the model's on both sides
  auto e = explain(a, b, fit);
  if (!e) {
    c.refused = e.error();
    return c;
  }
  c.explanation = std::move(*e);
  c.interval = together(c.explanation.parts);
  c.step_s = respond(after, fit.parameters).step.step_s;
  c.refused = too_large(after, fit.parameters);
  return c;
}

Result<WhatIf> start(const Figure& before, const ServingFit& fit) {
  const serving::Parameters& p = fit.parameters;
  if (auto ok = check_clocks(before.deployment, p); !ok) return fail(ok.error());
  if (auto error = too_large(before.deployment, p)) return fail(*error);
  WhatIf w;
  w.before = before;
  w.described = describe(before.deployment, p);
  const auto r = respond(before.deployment, p);
  w.before_j = before.stated_j.value_or(r.total_j());
  w.before_step_s = r.step.step_s;
  w.floor_j = floor_of(before.deployment, p).response_j;
  w.factors = serving::factors(fit.spread, before.deployment.work);
  return w;
}

// Larger batches by powers of two: twice, and as many times as fit.
std::vector<std::string> larger_batches(const Deployment& d, const serving::Parameters& p) {
  Deployment next = d;
  double most = 1;
  const double most_sequences = d.work.device.cpu ? 64 : 4096;  // sequences that the engine holds; the most measured, about
  for (double times = 2; times * d.work.batch <= most_sequences; times *= 2) {
    next.work.batch = times * d.work.batch;
    if (too_large(next, p)) break;
    most = times;
  }
  std::vector<std::string> changes;
  if (most >= 2) changes.emplace_back("batch=2x");
  if (most > 2) changes.push_back(fmt::format("batch={:g}x", most));
  return changes;
}

std::vector<std::string> standard_changes(const Deployment& d, const serving::Parameters& p) {
  std::vector<std::string> all{"weights=fp8",   "weights=int4",  "kv=fp8",    "attention=gqa",
                               "attention=mla", "prune=2:4",     "output=0.5x", "power-cap=70%"};
  // No CPU engine has 8-bit floats.
  if (d.work.device.cpu) std::erase_if(all, [](const std::string& text) { return text.ends_with("=fp8"); });
  for (auto& batch : larger_batches(d, p)) all.push_back(std::move(batch));
  for (const char* gpu : {"H100 SXM", "H200 SXM", "B200", "A100 SXM 80GB", "MI300X"}) {
    if (d.work.device.name != gpu) all.push_back(fmt::format("gpu={}", gpu));
  }
  if (const auto smaller = next_smaller(d.work.shape); !smaller.empty()) all.push_back("model=" + smaller);
  if (d.work.shape.experts > 0) all.emplace_back("experts=dense");
  return all;
}

// A change that leaves everything as it is, or that is a step back in bits, is no proposal.
bool worth_showing(const Changed& c, const Deployment& before) {
  const Deployment& after = c.explanation.b.deployment;
  if (c.explanation.parts.empty()) return false;
  return after.work.weight_bytes <= before.work.weight_bytes + 0.26;
}

Json changed_json(const WhatIf& w, const Changed& c) {
  Json json = Json::object({{"change", c.text}, {"answers_may_change", c.alters_answers}});
  const std::string boundary = boundary_text(c.explanation.b.deployment);
  if (c.refused) {
    const Reason reason{c.refused->code, c.refused->message, c.refused->cure};
    return json.set("energy", to_json(Quantity::absent("J", reason)))
        .set("factor", to_json(Quantity::absent("1", reason)));
  }
  const Interval ends{w.before_j * std::exp(c.interval.lo), w.before_j * std::exp(c.interval.hi)};
  json.set("energy", to_json(modelled(w.before_j * std::exp(c.explanation.log_ratio), ends, "J", "response",
                                      {boundary, "before, times the factor of the change by the serving model; "
                                                 "the interval is the factor's"})));
  json.set("factor", to_json(ratio_quantity(c.explanation.log_ratio, c.interval)));
  Json parts = Json::array();
  for (const Part& part : c.explanation.parts) {
    parts.push(Json::object({{"factor", to_string(part.factor)},
                             {"ratio", to_json(ratio_quantity(part.log_ratio, part.interval))}}));
  }
  return json.set("parts", parts).set("tpot_s", c.step_s);
}

std::string changed_line(const WhatIf& w, const Changed& c) {
  if (c.refused) return fmt::format("  {:<24} {}\n", c.text, c.refused->message);
  const double factor = std::exp(c.explanation.log_ratio);
  constexpr double kMilli = 1e3;
  return fmt::format("  {:<24} {:>9} {:>8.3g}  {:>13} {:>9.3g} ms{}\n", c.text,
                     human(w.before_j * factor, "J"), factor,
                     fmt::format("{:.2f}-{:.2f}", std::exp(c.interval.lo), std::exp(c.interval.hi)),
                     kMilli * c.step_s, c.alters_answers ? "  *" : "");
}

}  // namespace

Result<Change> parse_change(std::string_view text) {
  Change c;
  c.text = trim(text);
  if (const auto arrow = text.find("->"); arrow != std::string_view::npos) {
    const auto from = trim(text.substr(0, arrow)), to = trim(text.substr(arrow + 2));
    const bool to_dense = (from == "experts" || from == "moe") && to == "dense";
    const bool to_experts = from == "dense" && (to == "experts" || to == "moe");
    if (to_dense || to_experts) return c.key = "experts", c.value = to_dense ? "dense" : "moe", c;
    for (const std::string_view kind : {"mha", "gqa", "mqa", "mla"}) {
      if (to == kind) return c.key = "attention", c.value = to, c;
    }
  }
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return fail(ErrorKind::input, "change.syntax", fmt::format("\"{}\" is no change", text),
                "write KEY=VALUE (batch=64, weights=fp8, output=0.5x, gpu=B200, power-cap=70%) or dense->experts");
  }
  c.key = trim(text.substr(0, equals));
  c.value = trim(text.substr(equals + 1));
  if (c.key == "distil") c.key = "model";
  return c;
}

bool alters_answers(const Change& c) {
  constexpr std::string_view kAltering[] = {"weights", "kv", "attention", "experts", "prune", "model", "output"};
  return std::ranges::find(kAltering, c.key) != std::end(kAltering);
}

Result<WhatIf> whatif(const Figure& before, const std::vector<Change>& changes, const ServingFit& fit) {
  auto w = start(before, fit);
  if (!w) return fail(w.error());
  Deployment all = before.deployment;
  std::string text;
  bool altering = false;
  for (const Change& c : changes) {
    Deployment after = before.deployment;
    for (Deployment* d : {&after, &all}) {
      if (auto ok = set_key(*d, c.key, c.value); !ok) return fail(ok.error());
    }
    w->alone.push_back(changed(before, after, c.text, fit));
    w->alone.back().alters_answers = alters_answers(c);
    altering = altering || alters_answers(c);
  }
  if (changes.size() > 1) {
    w->together = changed(before, all, "all together", fit);
    w->together->alters_answers = altering;
  }
  return w;
}

Result<WhatIf> ranked_changes(const Figure& before, const ServingFit& fit) {
  auto w = start(before, fit);
  if (!w) return fail(w.error());
  for (const auto& text : standard_changes(before.deployment, fit.parameters)) {
    const auto change = parse_change(text);
    Deployment after = before.deployment;
    if (!change || !set_key(after, change->key, change->value)) continue;  // it is so already
    Changed c = changed(before, after, text, fit);
    if (c.refused || !worth_showing(c, before.deployment)) continue;
    c.alters_answers = alters_answers(*change);
    w->alone.push_back(std::move(c));
  }
  std::ranges::stable_sort(w->alone, {}, [](const Changed& c) { return c.explanation.log_ratio; });
  return w;
}

std::string to_text(const WhatIf& w) {
  const Deployment& d = w.before.deployment;
  constexpr double kMilli = 1e3;
  std::string text = fmt::format("{}\n", w.described);
  text += w.before.stated_j
              ? fmt::format("before: {} per response, {}", human(w.before_j, "J"), to_string(w.before.tier))
              : fmt::format("before: {} [{}, {}] per response, modelled, 80 %", human(w.before_j, "J"),
                            human(w.before_j * w.factors.lo, "J"), human(w.before_j * w.factors.hi, "J"));
  text += fmt::format(", {:.3g} ms between tokens; boundary {}\n\n", kMilli * w.before_step_s, boundary_text(d));
  text += fmt::format("  {:<24} {:>9} {:>8}  {:>13} {:>12}\n", "change", "after", "factor", "80 %", "token");
  bool altering = false;
  for (const Changed& c : w.alone) {
    text += changed_line(w, c);
    altering = altering || c.alters_answers;
  }
  if (w.together) text += changed_line(w, *w.together);
  if (altering) text += "\n  * the answers change with it; what they are then worth is not predicted\n";
  return text;
}

Json to_json(const WhatIf& w) {
  const std::string boundary = boundary_text(w.before.deployment);
  const Quantity before =
      w.before.stated_j
          ? stated(w.before_j, w.floor_j, "J", "response", w.before.tier, boundary, w.before.source)
          : modelled(w.before_j, {w.before_j * w.factors.lo, w.before_j * w.factors.hi}, "J", "response",
                     {boundary, method_of(w.before.deployment)});
  Json alone = Json::array();
  for (const Changed& c : w.alone) alone.push(changed_json(w, c));
  Json json = Json::object({{"schema", "joulebook.whatif/1"},
                            {"deployment", w.described},
                            {"before", to_json(before)},
                            {"tpot_s", w.before_step_s},
                            {"changes", alone}});
  if (w.together) json.set("together", changed_json(w, *w.together));
  return json;
}

}  // namespace joulebook::explain
