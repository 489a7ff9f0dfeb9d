// Constants with their sources, from account/factors.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/claim/functions.h"
#include "account/factors/factors.h"
#include "core/text.h"
#include "physics/machine/hardware.h"

namespace joulebook::account {
namespace {

Number used(const Call& call, const Factor& f) {
  Trace& trace = call.scope().trace();
  trace.published = true;
  trace.add(f.name, f.measure.stated, fmt::format("{} ({}, {}; {})", f.source, f.year, f.boundary, f.licence));
  return on_dial(call.scope().dials(), f.id, f.measure);
}

Result<double> constant(std::string_view id) {
  const auto f = factor(id);
  if (!f) return fail(f.error());
  return (*f)->measure.value;
}

}  // namespace

Result<Number> factor_of(const Call& call) {
  const auto id = call.text(0);
  if (!id) return fail(id.error());
  const auto f = factor(*id);
  if (!f) return fail(f.error());
  return used(call, **f);
}

Result<Number> grid_of(const Call& call) {
  Scope& scope = call.scope();
  const auto place = call.places() > 0 ? call.text(0) : Result<std::string>(scope.text("grid"));
  if (!place) return fail(place.error());
  std::string kind = scope.text("grid_kind");
  if (call.has("kind")) {
    auto text = call.text("kind");
    if (!text) return fail(text.error());
    kind = *text;
  }
  const GridKind of = kind == "lifecycle" ? GridKind::lifecycle : GridKind::direct;
  if (place->empty()) {
    const auto [lo, hi] = intensity_span(of);
    scope.trace().published = true;
    return Number{scope.missing("grid", lo, std::sqrt(lo * hi), hi, "kgCO2e/J of all places in data/grid_intensity.csv"), Unit::parse("gCO2e/kWh")->dimension};
  }
  const auto f = grid_intensity(*place, of);
  if (!f) return fail(f.error());
  Number n = used(call, **f);
  if (!call.has("within")) return n;
  const auto within = call.number("within");
  if (!within) return fail(within.error());
  if (!within->dimension.none() || within->value < 0 || within->value >= 1) return recipe_error("recipe.argument", "grid: within is no share", "write within = 0.3 for +- 30 %");
  n.value *= scope.dials().at(fmt::format("other years and regions than {} of {}", (*f)->year, (*f)->name), 1 - within->value, 1, 1 + within->value);
  return n;
}

namespace {
Result<SiteFactors> site_of(const Call& call) {
  const auto provider = call.text(0);
  if (!provider) return fail(provider.error());
  std::string region;
  if (call.places() > 1) {
    auto text = call.text(1);
    if (!text) return fail(text.error());
    region = *text;
  }
  return site(*provider, region);
}
}  // namespace

Result<Number> pue_of(const Call& call) {
  const auto s = site_of(call);
  if (!s) return fail(s.error());
  if (s->pue == nullptr) return recipe_error("recipe.sheet", "no PUE was published for it", "give pue as an input");
  return used(call, *s->pue);
}

Result<Number> wue_of(const Call& call) {
  const auto s = site_of(call);
  if (!s) return fail(s.error());
  if (s->wue == nullptr) return recipe_error("recipe.sheet", "no water was published for it", "give the water per energy as an input");
  return used(call, *s->wue);
}

Result<Number> equivalent_of(const Call& call) {
  const auto item = call.text(0);
  if (!item) return fail(item.error());
  auto rows = equivalents(*item);
  if (!rows) return fail(rows.error());
  std::string unit = "J";
  if (call.has("unit")) {
    auto text = call.text("unit");
    if (!text) return fail(text.error());
    unit = *text;
  }
  const auto wanted = Unit::parse(unit);
  if (!wanted) return fail(wanted.error());
  double lo = 0, hi = 0;
  for (const Factor* f : *rows) {
    if (f->measure.unit.dimension != wanted->dimension) continue;
    lo = lo == 0 ? f->measure.lo : std::min(lo, f->measure.lo);
    hi = std::max(hi, f->measure.hi);
    call.scope().trace().add(f->name, f->measure.stated, fmt::format("{} ({})", f->source, f->licence));
  }
  if (hi == 0) return recipe_error("recipe.sheet", fmt::format("no source has '{}' in {}", *item, unit), "ask for another unit: equivalent('...', unit = 'kgCO2e')");
  call.scope().trace().published = true;
  const Number all{call.scope().dials().at("sources of " + *item, lo, std::sqrt(lo * hi), hi), wanted->dimension};
  if (!call.has("per")) return all;
  const auto text = call.text("per");
  const auto per = text ? Unit::parse(*text) : Result<Unit>(fail(text.error()));
  if (!per) return fail(per.error());
  return Number{all.value / per->factor, all.dimension / per->dimension};
}

Result<BoundaryFactor> boundary_factor(std::string_view to) {
  const auto accelerator = constant("boundary.google-2025.accelerator"), host = constant("boundary.google-2025.host"),
             idle = constant("boundary.google-2025.idle"), total = constant("boundary.google-2025.total"),
             pue = constant("boundary.pue.least"), all_in = constant("boundary.all-in.h100"),
             video = factor("boundary.host-over-gpu.benchlab").transform([](const Factor* f) { return f->measure.lo; });
  const auto h100 = physics::find_hardware("H100");
  if (!h100) return fail(h100.error());
  for (const auto* part : {&accelerator, &host, &idle, &total, &video, &pue, &all_in}) {
    if (!*part) return fail(part->error());
  }
  const double least = 1 + *video, server = 1 + *host / *accelerator, with_idle = server + *idle / *accelerator, all = *total / *accelerator;
  const double dearest = *all_in / h100->tdp_w.value_or(700);
  constexpr std::string_view kSource = "benchlab's GPU + CPU + RAM over GPU at the low end; Google 2025 (arXiv 2508.15734): host, idle, overhead over accelerators";
  constexpr std::string_view kDearest = "; at the high end InferenceMAX's 1.73 kW provisioned per 700 W GPU";
  if (to == "gpu") return BoundaryFactor{1, 1, 1, ""};
  if (to == "server" || to == "node") return BoundaryFactor{least, server, with_idle, std::string(kSource)};
  if (to == "facility" || to == "full stack") return BoundaryFactor{least * *pue, all, dearest, std::string(kSource) + std::string(kDearest)};
  if (to == "not stated") return BoundaryFactor{1, server, dearest, "from the devices alone, to: " + std::string(kSource) + std::string(kDearest)};
  return recipe_error("recipe.boundary", fmt::format("nothing is known between the devices and '{}'", to), "gpu, server, facility and full stack can be converted");
}

namespace {

// A node holds devices that wait, too: as many as are counted, or up to the eight of a server; none draws more than one that works.
double devices_of_node(Scope& scope) {
  constexpr double kOfServer = 8;
  const auto counted = scope.input("gpus_counted"), used = scope.input("gpus");
  const double workers = used ? std::max(1.0, used->value) : 1;
  if (counted) return scope.dials().at("what the devices that wait draw", 1, 1, std::max(1.0, counted->value / workers));
  return workers >= kOfServer ? 1 : scope.missing("gpus_counted", 1, 1, kOfServer / workers, "devices of the node that waited");
}

}  // namespace

Result<Number> boundary_of(const Call& call) {
  const auto from = call.text(0), to = call.text(1);
  if (!from) return fail(from.error());
  if (!to) return fail(to.error());
  const auto a = boundary_factor(*from), b = boundary_factor(*to);
  if (!a) return fail(a.error());
  if (!b) return fail(b.error());
  const double lo = b->lo / a->hi, hi = b->hi / a->lo;
  const double waiting = *to == "node" && *from == "gpu" ? devices_of_node(call.scope()) : 1;
  call.scope().trace().published = true;
  call.scope().trace().add(fmt::format("boundary {} over {}", *to, *from), fmt::format("{:.3g} ({:.3g} to {:.3g})", b->value / a->value, lo, hi), b->source.empty() ? a->source : b->source);
  return Number{call.scope().dials().at(fmt::format("boundary {} over {}", *to, *from), lo, b->value / a->value, hi) * waiting, {}};
}

}  // namespace joulebook::account
