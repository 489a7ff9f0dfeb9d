#include "account/usage/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "physics/serving/plan.h"
#include "physics/shape/catalogue.h"

namespace joulebook::account {
namespace {

// From the least to the most joules that were found.
struct Ends {
  double lo = INFINITY, hi = 0;
  void add(double a, double b) { lo = std::min(lo, a), hi = std::max(hi, b); }
  [[nodiscard]] bool any() const { return hi > 0; }
  [[nodiscard]] double middle() const { return std::sqrt(lo * hi); }
};

// A range whose ends act alike in every row: whoever serves at large batch does so in all months.
Quantity ranged(const Ends& best, const Ends& all, Tier tier, std::string boundary, std::string method) {
  Quantity q = Quantity::exact(best.middle(), "J");
  q.shared = {{"serving", all.lo / best.middle(), all.hi / best.middle()}};
  q.level = kModelledLevel;
  q.tier = tier;
  q.boundary = std::move(boundary);
  q.method = std::move(method);
  return q;
}

// The least devices of a kind that hold it, as a power of two.
double devices_for(const serving::Plan& plan) {
  const auto costed = serving::cost(plan, serving::built_in_fit());
  if (!costed || costed->devices_needed <= 1) return 1;
  return std::exp2(std::ceil(std::log2(costed->devices_needed)));
}

serving::Plan plan_of(const physics::ModelShape& shape, const BillRow& row, double requests) {
  serving::Plan plan;
  plan.shape = serving::serving_shape(shape);
  plan.prompt = std::max(1.0, row.input / requests);
  plan.output = std::max(1.0, row.output / requests);
  return plan;
}

// Every batch and device of the range, each with its own 80 % interval.
Status add_shape(const physics::ModelShape& shape, const BillRow& row, const ServingRange& range, double requests, Ends& ends, std::optional<Error>& why) {
  for (const std::string& gpu : range.gpus) {
    if (const auto device = serving::find_device(gpu); !device) return fail(device.error());
    for (const double batch : range.batches) {
      serving::Plan plan = plan_of(shape, row, requests);
      plan.gpu = gpu;
      plan.batch = batch;
      plan.gpus = devices_for(plan);
      const auto costed = serving::cost(plan, serving::built_in_fit());
      if (!costed) {
        why = costed.error();
        continue;
      }
      ends.add(requests * costed->request_j() * costed->factors.lo, requests * costed->request_j() * costed->factors.hi);
    }
  }
  return {};
}

// Of the published answers those that speak of this model.
std::vector<const Factor*> published_of(const BillRow& row) {
  const std::string name = lower(row.model + " " + row.provider);
  const bool gemini = name.find("gemini") != std::string::npos;
  const bool gpt = name.find("gpt") != std::string::npos || name.find("openai") != std::string::npos;
  std::vector<const Factor*> found;
  for (const Factor& f : all_factors()) {
    if (f.kind != "answer") continue;
    const bool its = (f.id.starts_with("answer.gemini") && gemini) || (f.id.starts_with("answer.gpt") && gpt) || f.id.starts_with("answer.frontier");
    if (its) found.push_back(&f);
  }
  return found;
}

double requests_of(const BillRow& row, const ServingRange& range) {
  if (row.requests) return *row.requests;
  return std::max(row.output, 1.0) / range.output_per_request;
}

Quantity none(std::string code, std::string message, std::string cure) {
  return Quantity::absent("J", {std::move(code), std::move(message), std::move(cure)});
}

Result<RowEnergy> open_row(const physics::ModelShape& shape, const BillRow& row, const ServingRange& range) {
  RowEnergy out;
  out.how = shape.synthesised ? "shape from its size" : "shape";
  Ends ends;
  std::optional<Error> why;
  if (auto ok = add_shape(shape, row, range, requests_of(row, range), ends, why); !ok) return fail(ok.error());
  if (!ends.any()) {
    out.energy = none("usage.not_predicted", why ? why->message : "nothing was predicted", why ? why->cure : "");
    return out;
  }
  out.energy = ranged(ends, ends, Tier::modelled, "gpu", fmt::format("{} of {} by physics/serving, {}", out.how, shape.name, range.text()));
  return out;
}

Result<RowEnergy> closed_row(const BillRow& row, const ServingRange& range, const Overheads& overheads) {
  RowEnergy out;
  out.at = Preset::facility;
  Ends shapes;
  std::optional<Error> why;
  const double requests = requests_of(row, range);
  for (const std::string& name : range.shapes) {
    const auto shape = physics::shape_by_name(name);
    if (!shape) return fail(shape.error());
    if (auto ok = add_shape(*shape, row, range, requests, shapes, why); !ok) return fail(ok.error());
  }
  if (!shapes.any()) {
    out.energy = none("usage.not_predicted", why ? why->message : "nothing was predicted", why ? why->cure : "");
    return out;
  }
  const std::string over = fmt::format("a closed model: shapes from {} to {}, {}", range.shapes.front(), range.shapes.back(), range.text());
  out.energy = across(ranged(shapes, shapes, Tier::modelled, "gpu", over), Preset::gpu, Preset::facility, overheads);
  out.how = "range of shapes";
  if (!row.requests) return out;
  Ends published, all;
  for (const Factor* f : published_of(row)) {
    published.add(*row.requests * f->measure.lo, *row.requests * f->measure.hi);
    out.constants.push_back(f);
  }
  all = published;
  const Interval modelled = out.energy.interval();
  all.add(modelled.lo, modelled.hi);
  out.how = "published";
  out.energy = ranged(published, all, Tier::published, "facility",
                      fmt::format("{} published figures of an answer; ends: these and {}", out.constants.size(), over));
  return out;
}

}  // namespace

std::string ServingRange::text() const {
  std::string batch;
  for (const double b : batches) batch += fmt::format("{}{:g}", batch.empty() ? "" : ", ", b);
  return fmt::format("batch {}; {}", batch, join(gpus, ", "));
}

Result<RowEnergy> energy_of(const BillRow& row, const ServingRange& range, const Overheads& overheads) {
  if (row.output == 0 && row.input == 0) {
    RowEnergy nothing;
    nothing.energy = Quantity::exact(0, "J");
    nothing.energy.level = 1, nothing.energy.tier = Tier::modelled, nothing.energy.boundary = "gpu", nothing.energy.method = "no token";
    nothing.how = "no token";
    return nothing;
  }
  if (row.output == 0 && !row.requests) {
    RowEnergy out;
    out.energy = none("usage.no_output", fmt::format("line {}: no output tokens, and no number of requests", row.line), "give the column requests");
    return out;
  }
  if (const auto shape = physics::shape_by_name(row.model)) return open_row(*shape, row, range);
  return closed_row(row, range, overheads);
}

}  // namespace joulebook::account
