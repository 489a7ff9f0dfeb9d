#include "physics/shape/mixer_counts.h"

#include <algorithm>

namespace joulebook::physics {
namespace {

MixerCounts count_attention(std::int64_t hidden, const Attention& a) {
  const std::int64_t q = a.heads * a.head_dim;
  const std::int64_t kv = a.shares_cache ? 0 : a.kv_heads * (a.head_dim + a.value_width());
  const std::int64_t out = a.heads * a.value_width();
  MixerCounts sum;
  sum.products = hidden * (q + kv + out + (a.gated ? out : 0));
  if (a.bias) sum.other += q + kv;
  if (a.output_bias) sum.other += hidden;
  if (a.head_norm) sum.other += (a.shares_cache ? 1 : 2) * a.head_dim;
  return sum;
}

MixerCounts count_latent(std::int64_t hidden, const Latent& a) {
  const std::int64_t q = a.heads * (a.nope + a.rope);
  MixerCounts sum;
  sum.products = a.q_lora != 0 ? a.q_lora * (hidden + q) : hidden * q;
  sum.products += hidden * (a.kv_lora + a.rope) + a.kv_lora * a.heads * (a.nope + a.value);
  sum.products += a.heads * a.value * hidden;
  sum.other = a.q_lora + a.kv_lora;
  return sum;
}

// Channels that the convolution runs over.
std::int64_t conv_channels(const Recurrent& r) {
  switch (r.kind) {
    case RecurrentKind::mamba2:
    case RecurrentKind::delta:
      return r.inner + 2 * r.groups * r.state;
    case RecurrentKind::mamba1:
    case RecurrentKind::short_conv:
      return r.inner;
    case RecurrentKind::linear:
    case RecurrentKind::rwkv:
      return 0;
  }
  return 0;
}

MixerCounts count_recurrent(std::int64_t hidden, const Recurrent& r) {
  const std::int64_t conv = conv_channels(r) * r.conv;
  switch (r.kind) {
    case RecurrentKind::mamba1:
      return {hidden * 3 * r.inner + r.inner * (2 * r.dt_rank + 2 * r.state),
              conv + r.inner * (r.state + 3)};
    case RecurrentKind::mamba2:
      return {hidden * (3 * r.inner + 2 * r.groups * r.state + r.heads),
              conv + conv_channels(r) + 3 * r.heads + r.inner};
    case RecurrentKind::delta:
      return {hidden * (3 * r.inner + 2 * r.groups * r.state + 2 * r.heads),
              conv + 2 * r.heads + (r.heads != 0 ? r.inner / r.heads : 0)};
    case RecurrentKind::linear:
      return {hidden * 5 * r.inner, r.inner};
    case RecurrentKind::rwkv:
      return {hidden * 5 * r.inner, 7 * hidden};
    case RecurrentKind::short_conv:
      return {hidden * 4 * r.inner, conv};
  }
  return {};
}

}  // namespace

MixerCounts count_mixer(std::int64_t hidden, const LayerGroup& group) {
  MixerCounts sum;
  if (group.mixer == Mixer::attention) sum = count_attention(hidden, group.attention);
  if (group.mixer == Mixer::latent) sum = count_latent(hidden, group.latent);
  if (group.mixer == Mixer::recurrent) sum = count_recurrent(hidden, group.recurrent);
  const MixerCounts cross = count_attention(hidden, group.cross);
  return {sum.products + cross.products, sum.other + cross.other};
}

std::int64_t cache_numbers(const LayerGroup& group) {
  const auto& a = group.attention;
  if (group.mixer == Mixer::latent) return group.latent.kv_lora + group.latent.rope;
  return group.mixer == Mixer::attention ? a.kv_heads * (a.head_dim + a.value_width()) : 0;
}

bool keeps_cache(const LayerGroup& group) {
  return group.mixer == Mixer::latent ||
         (group.mixer == Mixer::attention && !group.attention.shares_cache);
}

std::int64_t state_numbers(std::int64_t hidden, const LayerGroup& group) {
  if (group.mixer != Mixer::recurrent) return 0;
  const auto& r = group.recurrent;
  if (r.kind == RecurrentKind::rwkv) return 5 * hidden;
  const std::int64_t last = conv_channels(r) * std::max<std::int64_t>(0, r.conv - 1);
  return r.kind == RecurrentKind::short_conv ? last : r.inner * r.state + last;
}

double flops_per_attended(const Attention& a) {
  return 2.0 * static_cast<double>(a.heads * (a.head_dim + a.value_width()));
}

// mamba: decay, outer product, sum and the product with C, 6 a number. delta: the old value is
// read and taken off first, 8. rwkv: a running maximum and two sums.
double state_flops(std::int64_t hidden, const LayerGroup& group) {
  if (group.mixer != Mixer::recurrent) return 0;
  const auto& r = group.recurrent;
  const double conv = 2.0 * static_cast<double>(conv_channels(r) * r.conv);
  const auto numbers = static_cast<double>(r.inner * r.state);
  switch (r.kind) {
    case RecurrentKind::delta:
      return conv + 8 * numbers;
    case RecurrentKind::rwkv:
      return 20.0 * static_cast<double>(hidden);
    case RecurrentKind::short_conv:
      return conv;
    default:
      return conv + 6 * numbers;
  }
}

double attended(const LayerGroup& group, double context) {
  const auto window = static_cast<double>(group.attention.window);
  const bool windowed = group.mixer == Mixer::attention && window > 0;
  return windowed ? std::min(context, window) : context;
}

}  // namespace joulebook::physics
