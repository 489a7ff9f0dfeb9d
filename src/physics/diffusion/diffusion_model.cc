#include "physics/diffusion/diffusion_model.h"

#include <algorithm>
#include <cmath>

namespace joulebook::diffusion {
namespace {

double square(double x) { return x * x; }
// The larger of two, rounded where they are close: what overlaps is not quite free.
double soft_max4(double a, double b) { return std::sqrt(std::hypot(square(a), square(b))); }
double soft_max8(double a, double b) {
  if (a <= 0 || b <= 0) return std::max(a, b);
  const double big = std::max(a, b);
  const double r = std::min(a, b) / big;
  return big * std::sqrt(std::sqrt(std::sqrt(1 + square(square(square(r))))));
}

constexpr double kMemoryRate = 0.85;       // share of bandwidth that long streams reach
constexpr double kTextRate = 0.4;          // share of peak of the text encoder
constexpr double kTextMemoryRate = 0.6;    // its weights are read once a batch
constexpr double kTextTokens = 300;        // padded prompts of the encoders
constexpr double kPriorKernels = 25 * 20 * 25;  // passes x layers x kernels of an image prior

// Peak rates of this job's numbers. 32-bit dense layers and attention miss the tensor cores;
// 32-bit convolutions use TF32 at half the 16-bit rate, as PyTorch is set by default.
struct Rates {
  double dense, convolution;
  double dense_energy = 1, convolution_energy = 1;  // J/FLOP over that of 16 bit
};
Rates rates_of(const Job& job) {
  if (job.bytes_per_number < 4) return {job.device.peak, job.device.peak};
  const double slower = job.device.peak / job.device.peak32;
  return {job.device.peak32, job.device.peak / 2, std::max(1.0, 0.75 * slower), 2};
}

// J/FLOP and J/B of a card that was not fitted follow its TDP over peak, as within a generation.
double flop_energy(const Job& job, const Parameters& p) {
  constexpr double kTdpOverPeak[] = {400 / 312e12, 700 / 989.4e12, 1000 / 2250e12};
  const auto g = job.device.generation;
  const double own = job.device.tdp / job.device.peak;
  return p.of(kEnergyPerFlop, g) * own / kTdpOverPeak[static_cast<std::size_t>(g)];
}
double static_power(const Job& job, const Parameters& p) {
  constexpr double kTdp[] = {400, 700, 1000};
  const auto g = job.device.generation;
  return p.of(kStaticPower, g) * job.device.tdp / kTdp[static_cast<std::size_t>(g)];
}

struct Exchange {
  double seconds = 0;
  double bytes = 0;  // a device, all steps
};
Exchange exchange_of(const Job& job, const Parameters& p) {
  if (job.devices <= 1) return {};
  const double tokens = job.pass.tokens * job.batch * job.passes / job.devices;
  const double one = job.pass.attentions * tokens * job.pass.width * job.bytes_per_number;
  // Queries, keys, values and results change places; keys and values go round the ring.
  const double all_to_all = 4 * one * (job.ulysses - 1) / job.ulysses;
  const double round = 2 * one * (job.ring - 1);
  const double operations = (job.ulysses > 1 ? 4 : 0) + 2 * (job.ring - 1);
  const double link = job.device.link;
  return {job.steps * (all_to_all / (link * p.of(kUlyssesRate)) +
                       round / (link * p.of(kRingRate)) +
                       operations * job.pass.attentions * p.of(kCollective)),
          job.steps * (all_to_all + round)};
}

}  // namespace

Job job_of(const Denoiser& shape, const Picture& picture) {
  Job job;
  job.pass = denoiser_work(shape, picture);
  job.decoder = decoder_work(shape.vae, picture);
  job.passes = shape.guidance;
  job.text_encoder_b = shape.text_encoder_b;
  job.text_tokens = shape.text_tokens;
  job.prior = shape.prior;
  return job;
}

Cost cost_of(const Job& job, const Parameters& p) {
  const auto g = job.device.generation;
  const Rates rates = rates_of(job);
  const double n = job.devices;
  const double evaluations = job.steps * job.passes * job.batch / n;  // item passes a device
  const bool xdit = job.engine == Engine::xdit;

  // Shares of peak fall where a device has few tokens.
  const double tokens = job.pass.tokens * job.batch * job.passes / n;
  const double full = tokens / (tokens + p.of(kHalfTokens) * job.device.peak / 1e15);
  const double linear = job.pass.linear * evaluations;
  const double attention = job.pass.attention_padded * evaluations;
  const double convolution = job.pass.convolution * evaluations;
  const double head = job.pass.head_dim >= 128
                          ? 1
                          : std::pow(job.pass.head_dim / 128, p.of(kHeadExponent));

  Cost c;
  c.linear_s = linear / (rates.dense * p.of(kLinearRate, g) * full);
  c.attention_s = attention * (1 + p.of(kRingPenalty) * (job.ring - 1)) /
                  (rates.dense * p.of(kAttentionRate, g) * head * full);
  c.convolution_s = convolution / (rates.convolution * p.of(kConvolutionRate, g) * full);
  const double element = job.bytes_per_number * p.of(kTrafficPerElement);
  const double bytes = job.pass.elements * evaluations * element +
                       job.pass.weights * job.bytes_per_number * job.steps;
  const double memory = job.device.bandwidth * kMemoryRate;
  c.traffic_s = bytes / memory;
  const Exchange exchange = exchange_of(job, p);
  c.exchange_s = exchange.seconds;
  c.launch_s = (job.pass.kernels * job.steps + (job.prior ? kPriorKernels : 0)) *
               p.of(xdit ? kLaunchXdit : kLaunchDiffusers);
  const double busy =
      c.linear_s + c.attention_s + c.convolution_s + c.traffic_s + c.exchange_s;
  const double steps_s = soft_max4(busy, c.launch_s);

  const double per_flop = flop_energy(job, p);
  const double per_byte = p.of(kEnergyPerByte, g);
  const double conv_flop = per_flop * p.of(kConvolutionEnergy) * rates.convolution_energy;
  c.denoiser_j =
      n * (per_flop * rates.dense_energy * (linear + p.of(kAttentionEnergy) * attention) +
           conv_flop * convolution + per_byte * (bytes + exchange.bytes));
  // The decoder works on a whole batch on each device, or on one while the others wait.
  const double decoder_bytes = job.decoder.elements * job.batch * element;
  const double decode = job.decoder.flops * job.batch;
  const double decode_j = conv_flop * decode + per_byte * decoder_bytes;
  c.decoder_j = decode_j * (1 + (n - 1) * p.of(kSerialShare));
  const double encode = 2 * job.text_encoder_b * 1e9 * kTextTokens * job.batch * job.passes;
  c.text_j = n * per_flop * rates.dense_energy * encode;

  // Where a device would draw more than its cap, clocks fall and time grows instead.
  const double idle = static_power(job, p);
  const double spare = std::max(0.1 * job.device.tdp, p.of(kPowerCap, g) * job.device.tdp - idle);
  const double capped_s = soft_max8(steps_s, c.denoiser_j / n / spare);
  c.throttle_s = capped_s - steps_s;
  c.decoder_s = soft_max8(
      decode / (rates.convolution * p.of(kDecoderRate, g)) + decoder_bytes / memory,
      decode_j / spare);
  c.text_s = encode / (rates.dense * kTextRate) + job.text_encoder_b * 1e9 *
                                                      job.bytes_per_number /
                                                      (job.device.bandwidth * kTextMemoryRate);
  c.once_s = p.of(xdit ? kOnceXdit : kOnceDiffusers);
  c.seconds = capped_s + c.decoder_s + c.text_s + c.once_s;
  c.static_j = idle * n * c.seconds;
  c.joules = c.static_j + c.denoiser_j + c.decoder_j + c.text_j;
  return c;
}

}  // namespace joulebook::diffusion
