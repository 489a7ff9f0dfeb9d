#include "physics/serving/plan_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "physics/serving/rows.h"

namespace joulebook::serving {
namespace {

std::size_t index(Cause cause) { return static_cast<std::size_t>(cause); }

double sum(const std::array<double, kCauses>& values) {
  double total = 0;
  for (const double v : values) total += v;
  return total;
}

// `passes` of b added to a, cause by cause.
void add(Prediction& a, const Prediction& b, double passes) {
  for (std::size_t i = 0; i < kCauses; ++i) {
    a.seconds[i] += passes * b.seconds[i];
    a.joules[i] += passes * b.joules[i];
  }
  a.step_s += passes * b.step_s;
  a.decode_s += passes * b.decode_s;
  a.prefill_s += passes * b.prefill_s;
  a.weight_bytes_read += passes * b.weight_bytes_read;
  a.kv_bytes_read += passes * b.kv_bytes_read;
  a.flops += passes * b.flops;
}

// Of a step that gives `tokens` to a sequence, what falls on one.
void share_out(Prediction& r, double tokens, double batch) {
  for (auto* values : {&r.seconds, &r.joules}) {
    for (double& v : *values) v /= tokens;
  }
  for (double* v : {&r.step_s, &r.decode_s, &r.prefill_s, &r.weight_bytes_read, &r.kv_bytes_read, &r.flops}) {
    *v /= tokens;
  }
  // Tokens come in bursts: their median gap would say nothing.
  r.tpot_mean_s = r.tpot_median_s = r.step_s;
  const double joules = sum(r.joules);
  r.power_w = joules / r.step_s;
  r.j_per_token = joules / batch;
}

// Requests a second at a batch, and what it took.
double throughput(const Plan& plan, Workload& w, const ServingFit& fit, double batch) {
  w.batch = batch;
  const double tokens = batch / step_of(plan, w, fit).step.step_s;
  return tokens / (w.output * w.samples);
}

}  // namespace

double expected_tokens(double drafts, double acceptance) {
  if (acceptance >= 1) return drafts + 1;
  return (1 - std::pow(acceptance, drafts + 1)) / (1 - acceptance);
}

Stepped step_of(const Plan& plan, const Workload& work, const ServingFit& fit) {
  Stepped out;
  if (!plan.draft) {
    out.step = predict(work, fit.parameters);
    return out;
  }
  Workload target = work;
  target.verified = plan.draft_tokens + 1;
  target.emitted = expected_tokens(plan.draft_tokens, plan.acceptance);
  Workload draft = work;
  draft.shape = *plan.draft;
  set_precision(draft, "");
  draft.drafts = true;
  draft.emitted = target.emitted / plan.draft_tokens;
  out.step = predict(target, fit.parameters);
  const Prediction pass = predict(draft, fit.parameters);
  out.draft_step_s = pass.step_s;
  // Of k drafts emitted - 1 are kept; of k + 1 tokens verified, emitted.
  const double drafted = plan.draft_tokens * (sum(pass.joules) - pass.joules[index(Cause::prefill)]);
  const double rejected = 1 - (target.emitted - 1) / plan.draft_tokens;
  const double unverified = 1 - target.emitted / target.verified;
  const double wasted = drafted * rejected + out.step.joules[index(Cause::compute)] * unverified;
  add(out.step, pass, plan.draft_tokens);
  out.wasted_share = wasted / sum(out.step.joules);
  share_out(out.step, target.emitted, work.batch);
  return out;
}

Result<Arrivals> batch_at_rate(const Plan& plan, Workload w, const ServingFit& fit) {
  constexpr double kMost = 4096;  // sequences that an engine is set up for
  const double least = std::max(1.0, w.samples);
  const double most = std::max(least, fitting_batch(w, full_context(plan), kMost));
  const double alone = throughput(plan, w, fit, least);
  if (plan.rate <= alone) return Arrivals{least, plan.rate / alone};
  double low = least, high = least, best = alone, best_at = least;
  while (high < most && best < plan.rate) {
    low = high;
    constexpr double kStride = 1.3;
    high = std::min(most, high * kStride);
    const double served = throughput(plan, w, fit, high);
    if (served > best) best = served, best_at = high;
  }
  if (best < plan.rate) {
    return fail(ErrorKind::input, "plan.unstable",
                fmt::format("{:.4g} requests a second are more than this deployment serves: at most {:.4g}, "
                            "{:.0f} sequences at a time",
                            plan.rate, best, best_at),
                fmt::format("give --rate below {:.4g}, or raise --gpus or --dp", best));
  }
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (throughput(plan, w, fit, middle) < plan.rate ? low : high) = middle;
  }
  return Arrivals{high, 1};
}

Guarded guard_pass(const Plan& plan, const Workload& work, const ServingFit& fit) {
  constexpr double kVerdict = 4;  // "safe", or "unsafe" and a category (Llama Guard 3's model card)
  Workload w = work;
  w.shape = *plan.guard;
  set_precision(w, "");
  w.input = plan.prompt + plan.output;
  w.output = kVerdict;
  w.cached = 0;
  w.samples = w.devices = w.data_parallel = w.pipeline = w.expert_parallel = 1;
  const double needed = devices_needed(w, w.input + w.output);
  w.devices = std::max(1.0, needed);
  const Prediction r = predict(w, fit.parameters);
  Guarded g;
  g.devices = needed;
  g.joules = r.j_per_token * kVerdict;
  g.seconds = r.prefill_s * kVerdict / w.batch + r.step_s * (kVerdict - 1);
  return g;
}

double devices_needed(Workload w, double context, double beside) {
  for (double n = std::max(1.0, w.data_parallel * w.pipeline); n <= 4096; n *= 2) {
    w.devices = n;
    const Memory m = memory_of(w, context);
    if (m.needed() + beside <= m.capacity) return n;
  }
  return 0;
}

}  // namespace joulebook::serving
