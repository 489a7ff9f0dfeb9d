#include "physics/explain/deployment.h"

#include <fmt/format.h>

#include <algorithm>

#include "physics/serving/rows.h"

namespace joulebook::explain {
namespace {

using serving::Workload;

bool same_layout(const Workload& a, const Workload& b) {
  return a.device.name == b.device.name && a.devices == b.devices &&
         a.data_parallel == b.data_parallel && a.pipeline == b.pipeline &&
         a.expert_parallel == b.expert_parallel;
}

void take_layout(Workload& to, const Workload& from) {
  to.device = from.device;
  to.devices = from.devices;
  to.data_parallel = from.data_parallel;
  to.pipeline = from.pipeline;
  to.expert_parallel = from.expert_parallel;
}

bool same_shape(const serving::Shape& a, const serving::Shape& b) {
  return a.layers == b.layers && a.hidden == b.hidden && a.attention_params == b.attention_params &&
         a.ffn_params == b.ffn_params && a.head_params == b.head_params && a.experts == b.experts &&
         a.chosen == b.chosen && a.expert_params == b.expert_params && a.kv_bytes == b.kv_bytes &&
         a.window == b.window && a.window_share == b.window_share &&
         a.attention_flops == b.attention_flops && a.state_bytes == b.state_bytes &&
         a.prompt_attention_flops == b.prompt_attention_flops && a.encoder_params == b.encoder_params;
}

double at(const std::array<double, serving::kCauses>& values, serving::Cause cause) {
  return values[static_cast<std::size_t>(cause)];
}

}  // namespace

std::string_view to_string(Factor factor) {
  constexpr std::string_view kNames[] = {"batch",  "context",  "tokens", "cache",    "precision",
                                         "clocks", "hardware", "engine", "boundary", "shape"};
  static_assert(std::size(kNames) == kFactors);
  return kNames[static_cast<std::size_t>(factor)];
}

void apply_precision(Deployment& d) {
  serving::set_precision(d.work, d.weights);
  if (d.kv_scale > 0) d.work.kv_scale = d.kv_scale;
  constexpr double kTwoBits = 0.25;  // bytes
  if (d.sparse_weights) d.work.weight_bytes += kTwoBits, d.work.expert_bytes += kTwoBits;
}

Deployment mix(const Deployment& a, const Deployment& b, std::uint32_t from_b) {
  Deployment m = a;
  const auto taken = [&](Factor f) { return (from_b & bit(f)) != 0; };
  if (taken(Factor::batch)) m.work.batch = b.work.batch;
  if (taken(Factor::context)) {
    m.work.input = b.work.input;
    m.work.output = b.work.output;
    m.work.task = b.work.task;
  }
  if (taken(Factor::tokens)) m.tokens = b.tokens;
  if (taken(Factor::cache)) m.work.cached = b.work.cached;
  if (taken(Factor::precision)) {
    m.weights = b.weights;
    m.kv_scale = b.kv_scale;
  }
  if (taken(Factor::clocks)) {
    m.clock = b.clock;
    m.power_cap = b.power_cap;
  }
  if (taken(Factor::hardware)) take_layout(m.work, b.work);
  if (taken(Factor::engine)) m.work.engine = b.work.engine;
  if (taken(Factor::boundary)) {
    m.boundary = b.boundary;
    m.overhead = b.overhead;
    m.pue = b.pue;
  }
  if (taken(Factor::shape)) {
    m.name = b.name;
    m.work.shape = b.work.shape;
    m.sparse_weights = b.sparse_weights;
  }
  apply_precision(m);
  return m;
}

std::uint32_t differences(const Deployment& a, const Deployment& b) {
  std::uint32_t bits = 0;
  const auto add = [&](Factor f, bool same) { bits |= same ? 0 : bit(f); };
  add(Factor::batch, a.work.batch == b.work.batch);
  add(Factor::context, a.work.input == b.work.input && a.work.output == b.work.output &&
                           a.work.task == b.work.task);
  add(Factor::tokens, a.tokens == b.tokens);
  add(Factor::cache, a.work.cached == b.work.cached);
  add(Factor::precision, a.weights == b.weights && a.kv_scale == b.kv_scale);
  add(Factor::clocks, a.clock == b.clock && a.power_cap == b.power_cap);
  add(Factor::hardware, same_layout(a.work, b.work));
  add(Factor::engine, a.work.engine == b.work.engine);
  add(Factor::boundary, a.overhead * a.pue == b.overhead * b.pue);
  add(Factor::shape, same_shape(a.work.shape, b.work.shape) && a.sparse_weights == b.sparse_weights);
  return bits;
}

ResponseEnergy respond(const Deployment& d, const serving::Parameters& p, const ClockPhysics& physics) {
  using serving::Cause;
  ResponseEnergy r;
  r.clock = d.clock;
  if (d.power_cap < 1) {
    r.clock = std::min(d.clock, clock_under_cap(d.work, p, d.power_cap, physics).value_or(kLeastClock));
  }
  r.step = predict_at_clock(d.work, p, r.clock, physics);
  // Static power while prompts are read belongs to them.
  const double step_j = r.step.j_per_token * d.work.batch;
  const double reading = std::clamp(at(r.step.seconds, Cause::prefill) / r.step.step_s, 0.0, 1.0);
  const double beside = d.work.device.cpu ? 0 : reading;  // a CPU's has it in already
  const double prefill = at(r.step.joules, Cause::prefill) + beside * at(r.step.joules, Cause::floor);
  const double share = step_j > 0 ? std::min(prefill / step_j, 1.0) : 0;
  r.prefill_j = share * r.step.j_per_token * d.work.output;
  r.decode_j_per_token = (1 - share) * r.step.j_per_token;
  r.tokens = d.tokens;
  r.overhead = d.overhead * d.pue;
  return r;
}

void set_device(Deployment& d, serving::Device device) {
  if (device.cpu) d.boundary = device.cpu->boundary;
  else if (d.work.device.cpu) d.boundary = "gpu";
  d.work.device = std::move(device);
}

std::string method_of(const Deployment& d) {
  if (!d.work.device.cpu) return "serving model";
  return "calibrated rates and watts of this CPU (" + d.work.device.cpu->measured_utc.substr(0, 10) + ")";
}

Status check_clocks(const Deployment& d, const serving::Parameters& p) {
  if (d.work.device.cpu && (d.clock < 1 || d.power_cap < 1)) {
    return fail(ErrorKind::input, "clocks.cpu", "what a CPU does at another clock was not calibrated",
                "set the clock, calibrate again, and predict again");
  }
  if (d.power_cap >= 1 || clock_under_cap(d.work, p, d.power_cap)) return {};
  const double least = predict_at_clock(d.work, p, kLeastClock).power_w;
  const double limit = d.work.devices * d.work.device.power_limit;
  return fail(ErrorKind::input, "clocks.cap",
              fmt::format("{} x {} take {:.0f} W even at {:.0f} % of the clock; the cap is {:.0f} W",
                          d.work.devices, d.work.device.name, least, 100 * kLeastClock,
                          d.power_cap * limit),
              fmt::format("give a power cap of {:.0f} % or more", 100 * least / limit + 1));
}

std::string describe(const Deployment& d, const serving::Parameters& p) {
  const Workload& w = d.work;
  const double input = w.input > 0 ? w.input : serving::predict(w, p).input;
  std::string text = fmt::format("{}, {:g} x {}, batch {:.4g}, {}, {:.0f} tokens in, {:.0f} out",
                                 d.name.empty() ? w.shape.name : d.name, w.devices, w.device.name,
                                 w.batch, d.weights.empty() ? "weights as released" : d.weights, input, d.tokens);
  if (w.data_parallel > 1) text += fmt::format(", {:g} replicas", w.data_parallel);
  if (w.pipeline > 1) text += fmt::format(", {:g} stages", w.pipeline);
  if (d.kv_scale > 0) text += fmt::format(", cache of {:g} bit", 16 * d.kv_scale);
  if (w.cached > 0) text += fmt::format(", {:.0f} % of the prompt cached", 100 * w.cached);
  if (d.clock < 1) text += fmt::format(", clock {:.0f} %", 100 * d.clock);
  if (d.power_cap < 1) text += fmt::format(", power cap {:.0f} %", 100 * d.power_cap);
  if (!w.device.cpu) text += fmt::format(", engine {}", serving::engine_name(w.engine));
  return text;
}

}  // namespace joulebook::explain
