#include "physics/serving/step_model.h"

#include <algorithm>
#include <cmath>

#include "physics/serving/experts.h"

namespace joulebook::serving {
namespace {

constexpr double kMicro = 1e-6, kPico = 1e-12;

double norm(double a, double b, double p) {
  if (a <= 0) return b;
  if (b <= 0) return a;
  const double big = std::max(a, b), small = std::min(a, b);
  return big * std::pow(1 + std::pow(small / big, p), 1 / p);
}

// 0 well below `at`, 1 well above.
double above(double x, double at, double steepness) {
  return 1 / (1 + std::pow(at / x, steepness));
}

std::size_t kind(const Workload& w) { return static_cast<std::size_t>(w.device.kind); }
double by_kind(const Parameters& p, Id first, const Workload& w) { return p[first + kind(w)]; }
// Of parameters that exist for H100, B200 and everything before.
double by_age(const Parameters& p, Id first, const Workload& w) {
  return p[first + std::min<std::size_t>(kind(w), 2)];
}
bool is_b200(const Workload& w) { return w.device.kind == Kind::b200; }
bool is_h100(const Workload& w) { return w.device.kind == Kind::h100; }

double layer_time(const Workload& w, const Parameters& p) {
  switch (w.engine) {
    case Engine::v3:
      return p[is_b200(w) ? layer_v3_b200 : layer_v3_h100] * kMicro;
    case Engine::v2:
      return p[is_h100(w) || is_b200(w) ? layer_v2_h100 : layer_v2_a100] * kMicro *
             (w.devices > 1 ? p[layer_v2_parallel] : 1);
    case Engine::v1:
      break;
  }
  return p[w.device.kind == Kind::a40    ? layer_v1_a40
           : w.device.kind == Kind::v100 ? layer_v1_v100
                                         : layer_v1_a100] *
         kMicro;
}

double task_input(Task task, const Parameters& p) {
  switch (task) {
    case Task::gpqa: return p[input_gpqa];
    case Task::fim: return p[input_sourcegraph_fim];
    case Task::image_chat: return p[input_image_chat];
    case Task::video_chat: return p[input_video_chat];
    case Task::sharegpt: return p[input_sharegpt_chat];
    case Task::humaneval: return p[input_humaneval];
    case Task::llava: return p[input_llava];
    case Task::v1_chat: return p[input_v1];
    case Task::other:
    case Task::lm_arena: break;
  }
  return p[input_lm_arena_chat];
}

double prompt_tokens(const Workload& w, const Parameters& p) {
  if (w.input > 0) return w.input;
  constexpr double kTextBesideImage = 50;
  const bool one_image = w.task == Task::llava || w.task == Task::image_chat;
  if (one_image && w.shape.image_tokens > 0) return w.shape.image_tokens + kTextBesideImage;
  return task_input(w.task, p);
}

class Step {
 public:
  Step(const Workload& work, const Parameters& parameters)
      : w(work), p(parameters), s(work.shape), x(precision(work, parameters)) {
    input = prompt_tokens(w, p);
    context = input + w.output * w.output_second / 2;  // a long answer is met more often
    bandwidth = w.devices * w.device.bandwidth * by_kind(p, bandwidth_h100, w);
    rate = w.devices * w.device.rate16 * by_kind(p, compute_h100, w);
    rows = w.batch * w.verified;
    prompts = w.batch * w.emitted / (w.output * w.samples);
    // Each replica is padded to the fullest, with tokens that cost like any other.
    const double padded =
        steps_together(w) ? w.data_parallel * fullest(prompts, w.data_parallel) : prompts;
    read = padded * input * (1 - w.cached);
  }

  Prediction run() {
    products();
    attention();
    small_terms();
    host_terms();
    prefill();
    return finish();
  }

 private:
  void products() {
    const double dense = s.attention_params + s.ffn_params;
    dense_bytes = (dense * w.weight_bytes + s.head_params * w.head_bytes) * w.data_parallel;
    dense_flops = 2 * (dense + s.head_params) * rows;
    const bool fp8 = w.weights == Weights::fp8;
    const double memory = dense_bytes / (bandwidth * (fp8 ? x.bandwidth : 1));
    const double compute =
        2 * dense * rows / (rate * (fp8 ? x.compute : 1)) + 2 * s.head_params * rows / rate;
    dense_time = overlapped(memory, compute, p[overlap_products]);
    if (s.experts > 0) decoded = grouped(w, p, rows);
  }

  void attention() {
    const double seen = context_seen(s, context);
    const double cache = w.batch * s.kv_bytes * w.kv_scale * seen, state = w.batch * s.state_bytes;
    kv_bytes = cache + state;
    attention_flops = rows * (s.attention_flops * seen + s.state_flops);
    kv_time = (cache / by_age(p, kv_bandwidth_h100, w) + state / by_age(p, state_bandwidth_h100, w)) /
              (w.devices * w.device.bandwidth);
  }

  void small_terms() {
    constexpr double kLogitBytes = 4, kStreaming = 0.7;
    const double passes = p[w.engine == Engine::v2 ? sampling_v2 : sampling_v3];
    logit_bytes = w.drafts ? 0 : rows * s.vocabulary * kLogitBytes * passes;
    sampling_time = logit_bytes / (w.device.bandwidth * kStreaming);
    const double mixers = s.family == Family::hybrid
                              ? s.attention_layers + s.state_layers * (1 + p[layer_state_space])
                              : s.layers;
    constexpr double kRwkv = 0.4;  // its runtime launches about 18 kernels a layer where others do 45
    const double layers = mixers - (1 - kRwkv) * s.rwkv_layers + s.expert_layers * (p[layer_experts] - 1) +
                          s.cross_layers * (p[layer_cross] - 1);
    launched = layers;
    launch_time = layers * layer_time(w, p);
    links();
  }

  // Two all-reduces a layer over the devices that share a replica, 2 bytes a number. Switches from
  // Hopper's on add on the way: every device sends and gets its activations once, and no device waits
  // for a ring of them. Replicas that share experts gather the tokens of all and scatter what becomes
  // of them, which moves as much as one all-reduce.
  void links() {
    const bool together = steps_together(w);
    const double n = together ? w.devices : w.devices / w.data_parallel;
    if (n <= 1) return;
    const bool switches = is_h100(w) || is_b200(w);
    const double turns = switches ? 1 : 2 * (n - 1) / n, hops = switches ? 1 : std::log2(n);
    const double calls = 2 * (together ? s.expert_layers : s.layers);
    const double tokens = (rows + read) / (together ? 2 : w.data_parallel);
    constexpr double kBytes = 2;
    link_bytes = calls * tokens * s.hidden * kBytes * turns;
    link_time = calls * p[reduce_latency] * kMicro * hops +
                link_bytes / (by_age(p, link_bandwidth_h100, w) * 1e9);
  }

  void host_terms() {
    if (w.drafts) return;
    if (w.engine == Engine::v3) {
      const bool b = is_b200(w);
      const double each = w.batch / w.data_parallel;
      host = (p[b ? step_v3_b200 : step_v3_h100] + p[b ? sequence_v3_b200 : sequence_v3_h100] * each) *
             kMicro;
      // Answers of 2,000 tokens and less do not feel it; those above 5,000 do in full.
      host += p[b ? long_answer_b200 : long_answer_h100] * kMicro * std::min(w.output / 1000, 10.0) *
              std::clamp((w.output - 2000) / 3000, 0.0, 1.0);
      if (b && w.task == Task::image_chat) {
        host += size_of_image() * p[image_step_b200] * kMicro * above(w.batch, 11, 6);
      }
      if (b && w.task == Task::video_chat) host += p[video_step_b200] * kMicro * above(w.batch, 11, 6);
      constexpr double kLargestGraph = 550;  // 512 sequences, and the mean lies below the most
      eager = p[b ? uncaptured_b200 : uncaptured_h100] * kMicro * launched;
      captured = 1 - above(each, kLargestGraph, 12);
    } else if (w.engine == Engine::v2) {
      const bool newer = is_h100(w) || is_b200(w);
      host = (p[newer ? step_v2_h100 : step_v2_a100] +
              p[newer ? sequence_v2_h100 : sequence_v2_a100] * w.batch / w.data_parallel +
              p[context_v2] * w.batch * context / 1000 + (w.devices > 1 ? p[step_v2_parallel] : 0)) *
             kMicro;
    }
  }

  void prefill() {
    const double dense = s.encoder_params > 0 ? s.encoder_params : s.attention_params + s.ffn_params;
    double each = 2 * dense + s.state_flops +
                  s.prompt_attention_flops * context_seen(s, input * w.input_second * (1 + w.cached) / 2);
    if (s.family == Family::hybrid) each *= p[prefill_state_space];
    const double chosen = 2 * s.expert_layers * s.chosen * s.expert_params;
    prefill_flops = read * (each + chosen);
    const double speed = rate * p[w.engine == Engine::v2 ? prefill_v2 : prefill_v3];
    prefill_time = read * each / (speed * (w.weights == Weights::fp8 ? x.compute : 1));
    mixed = 1 - std::exp(-prompts);
    if (s.experts > 0 && mixed > 0) prompts_in_experts();
    if (w.engine == Engine::v1) return;
    if (w.engine == Engine::v2) prefill_time += mixed * p[prefill_step_v2] * kMicro;
    constexpr double kTenth = 10;
    if (w.task == Task::image_chat) media = size_of_image() * p[is_b200(w) ? image_b200 : image_h100];
    if (w.task == Task::video_chat) media = p[is_b200(w) ? video_b200 : video_h100];
    media *= kMicro * kTenth * prompts;
  }

  // v3 reads prompts beside the tokens that it decodes, in a step that touches nearly all experts;
  // older engines in a step of their own.
  void prompts_in_experts() {
    const bool beside = w.engine == Engine::v3;
    const Grouped before = beside ? decoded : Grouped{};
    const Grouped with = grouped(w, p, (beside ? rows : 0) + read / mixed);
    prefill_time += mixed * (with.time.seconds - before.time.seconds);
    prompt_bytes = mixed * (with.bytes - before.bytes + with.routed - before.routed);
  }

  // Of the places that an image takes in a prompt, against the task's usual: the host finds, fills and
  // numbers each.
  double size_of_image() const {
    return w.input <= 0 && s.image_tokens > 0 ? input / p[input_image_chat] : 1;
  }

  Prediction finish() {
    const bool graphs = w.engine == Engine::v3;
    double device = dense_time.seconds + decoded.time.seconds + kv_time + sampling_time + link_time +
                    (graphs ? launch_time : 0);
    double stretch = 1;
    if (w.pipeline > 1) stretch = std::sqrt(w.pipeline) * p[pipeline_time];
    device *= stretch;
    const double q = p[overlap_host];
    const double decode = graphs ? norm(device, host + (1 - captured) * eager, q)
                                 : norm(device, launch_time, p[overlap_eager]) + host;
    Prediction r;
    r.decode_s = decode;
    r.prefill_s = prefill_time + media;
    // A step that holds a prompt is launched from Python, layer by layer.
    if (graphs && mixed > 0) {
      r.prefill_s = mixed * (norm(device + prefill_time / mixed, host + eager, q) - decode) + media;
    }
    r.step_s = decode + r.prefill_s;
    r.input = input;
    times(r, device, stretch);
    energies(r, device);
    statistics(r);
    return r;
  }

  // Device time by cause as it would be alone; the rest of the step is the host's.
  void times(Prediction& r, double device, double stretch) const {
    auto at = [&](Cause c) -> double& { return r.seconds[static_cast<std::size_t>(c)]; };
    at(Cause::weights) = stretch * (dense_time.seconds * dense_time.memory_share +
                                    decoded.time.seconds * decoded.time.memory_share);
    at(Cause::compute) = stretch * (dense_time.seconds * (1 - dense_time.memory_share) +
                                    decoded.time.seconds * (1 - decoded.time.memory_share));
    at(Cause::kv) = stretch * kv_time;
    at(Cause::sampling) = stretch * sampling_time;
    at(Cause::communication) = stretch * link_time;
    at(Cause::launch) = w.engine == Engine::v3 ? stretch * launch_time : 0;
    at(Cause::prefill) = prefill_time;
    at(Cause::host) = r.step_s - device - prefill_time;
    r.weight_bytes_read = dense_bytes + decoded.bytes;
    r.kv_bytes_read = kv_bytes;
    r.flops = dense_flops + decoded.flops + attention_flops + prefill_flops;
    r.experts_touched = decoded.touched;
  }

  void energies(Prediction& r, double device) const {
    const double n = w.devices, limit = w.device.power_limit;
    const double idle = n * limit * by_kind(p, idle_h100, w);
    const double active = n * limit * by_kind(p, active_h100, w);
    const double flop = by_kind(p, flop_energy_h100, w) * limit / w.device.rate16 * x.flop_energy;
    const double byte = by_kind(p, byte_energy_h100, w) * kPico * x.byte_energy;
    auto at = [&](Cause c) -> double& { return r.joules[static_cast<std::size_t>(c)]; };
    auto seconds = [&](Cause c) { return r.seconds[static_cast<std::size_t>(c)]; };
    const double waiting = p[waiting_power];
    // A device that waits for a peer or a launch draws a share of its active power.
    const double slack = (1 - waiting) * (link_time + (w.engine == Engine::v3 ? launch_time : 0));
    const double busy = std::max(device - slack + prefill_time, 0.0);
    const double counted = std::min(busy + p[host_wait_power] * std::max(r.step_s - busy, 0.0), r.step_s);
    at(Cause::weights) = active * seconds(Cause::weights) + byte * (dense_bytes + decoded.bytes);
    at(Cause::kv) = active * seconds(Cause::kv) + byte * kv_bytes + flop * attention_flops;
    at(Cause::compute) = active * seconds(Cause::compute) + flop * (dense_flops + decoded.flops) +
                         byte * decoded.routed;
    at(Cause::sampling) = active * seconds(Cause::sampling) + byte * logit_bytes * n;
    at(Cause::communication) = active * waiting * seconds(Cause::communication) +
                               (n > 1 ? p[link_energy] * kPico * link_bytes : 0);
    at(Cause::launch) = active * waiting * seconds(Cause::launch);
    at(Cause::prefill) = active * prefill_time + flop * prefill_flops + byte * prompt_bytes;
    double spent = 0;
    for (const double j : r.joules) spent += j;
    const double moved = dense_bytes + decoded.bytes + decoded.routed + kv_bytes + logit_bytes * n + prompt_bytes;
    const double dynamic = flop * r.flops + byte * moved +
                           (n > 1 ? p[link_energy] * kPico * link_bytes : 0);
    at(Cause::host) = std::max(active * counted + dynamic - spent, 0.0);
    const double used = std::min(busy, r.step_s);
    at(Cause::floor) = idle * used;
    at(Cause::idle) = idle * (r.step_s - used);
    cap(r, idle * r.step_s + active * counted + dynamic);
  }

  // The power limit bends the curve; every cause is scaled alike.
  void cap(Prediction& r, double joules) const {
    const double limit = w.devices * w.device.power_limit * p[power_cap];
    const double free_power = joules / r.step_s;
    r.power_w = free_power * std::pow(1 + std::pow(free_power / limit, p[power_cap_sharpness]),
                                      -1 / p[power_cap_sharpness]);
    r.j_per_token = r.power_w * r.step_s / (w.batch * w.emitted);
    double sum = 0;
    for (const double j : r.joules) sum += j;
    for (double& j : r.joules) j *= r.power_w * r.step_s / sum;
  }

  void statistics(Prediction& r) const {
    r.tpot_median_s = r.decode_s + above(prompts, p[median_prefills], 3) * r.prefill_s;
    r.tpot_mean_s = r.step_s;
    if (w.engine == Engine::v2) {
      r.tpot_mean_s /= 1 + p[first_token_v2] * std::pow(prompts, p[first_token_power_v2]);
    }
  }

  const Workload& w;
  const Parameters& p;
  const Shape& s;
  Precision x;
  double input = 0, context = 0, bandwidth = 0, rate = 0;
  double rows = 0;     // tokens that go through a step's products, prompts apart
  double prompts = 0;  // prompts that are read in a step
  double read = 0;     // tokens of theirs that no cache holds
  Product dense_time;
  Grouped decoded;  // experts, of the decoded tokens
  double dense_bytes = 0, dense_flops = 0;
  double prompt_bytes = 0;  // of experts and their rows that prompts add
  double kv_bytes = 0, attention_flops = 0, kv_time = 0;
  double logit_bytes = 0, sampling_time = 0, launch_time = 0, link_bytes = 0, link_time = 0;
  double launched = 0;  // layers, those with more kernels counted as more
  double eager = 0, captured = 1;  // launch of a step without graphs; share of decoding that has them
  double mixed = 0;                // share of steps that hold a prompt
  double host = 0, prefill_flops = 0, prefill_time = 0, media = 0;
};

}  // namespace

std::string_view to_string(Cause cause) {
  constexpr std::string_view kNames[] = {"weights", "kv",   "compute", "communication", "launch",
                                         "sampling", "host", "prefill", "floor",         "idle"};
  return kNames[static_cast<std::size_t>(cause)];
}

double context_seen(const Shape& s, double context) {
  const double window = s.window > 0 ? std::min(context, s.window) : context;
  return (1 - s.window_share) * context + s.window_share * window;
}

Prediction predict(const Workload& work, const Parameters& p) {
  return work.device.cpu ? predict_on_cpu(work) : Step(work, p).run();
}

Memory memory_of(const Workload& w, double context) {
  const Shape& s = w.shape;
  constexpr double kUsable = 0.9;  // what engines take by default
  constexpr double kPlain = 2;  // bytes of what no format makes smaller
  const double replicated = (s.attention_params + s.ffn_params) * w.weight_bytes +
                            s.head_params * w.head_bytes + s.embedding_params * w.embedding_bytes +
                            (s.other_params + s.tower_params) * kPlain;
  Memory m;
  m.weights = replicated * w.data_parallel +
              s.expert_layers * s.experts * s.expert_params * w.expert_bytes;
  m.cache = w.batch *
            (s.kv_bytes * s.kv_held * w.kv_scale * context_seen(s, context) + s.state_bytes / 2);
  m.capacity = kUsable * w.devices * w.device.memory;
  return m;
}

double fitting_batch(const Workload& w, double context, double wanted) {
  Workload one = w;
  one.batch = 1;
  const Memory m = memory_of(one, context);
  if (m.cache <= 0) return std::max(wanted, 1.0);
  return std::clamp(std::floor((m.capacity - m.weights) / m.cache), 1.0, std::max(wanted, 1.0));
}

}  // namespace joulebook::serving
