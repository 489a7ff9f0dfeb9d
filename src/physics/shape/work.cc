// FLOPs and bytes; parameters are in counts.cc.
#include <algorithm>
#include <cmath>

#include "physics/shape/counts.h"
#include "physics/shape/mixer_counts.h"

namespace joulebook::physics {
namespace {

double number(std::int64_t n) { return static_cast<double>(n); }

double latent_flops(const Latent& a, LatentForm form) {
  const std::int64_t width = form == LatentForm::absorbed ? 2 * a.kv_lora + a.rope
                                                          : a.nope + a.rope + a.value;
  return 2.0 * number(a.heads * width);
}

double per_attended(const LayerGroup& g, LatentForm form) {
  if (g.mixer == Mixer::attention) return flops_per_attended(g.attention);
  return g.mixer == Mixer::latent ? latent_flops(g.latent, form) : 0;
}

// Pairs of a query and a token it attends to, over `tokens` queries that begin after `cached`.
double causal_pairs(const LayerGroup& g, double tokens, double cached) {
  const auto up_to = [&](double n) {  // pairs of the first n queries
    const double w = attended(g, n);
    return w * (w + 1) / 2 + (n - w) * w;
  };
  return up_to(cached + tokens) - up_to(cached);
}

double dense_share(const Sparsity& sparsity) {
  return sparsity.compressed ? 1 - sparsity.zeros : 1;
}

// 2 N without the head and the encoder; what is sparse and stored so costs nothing.
double layer_flops(const ModelShape& shape) {
  double sum = 0;
  for (const auto& g : shape.layers) {
    const auto chosen = std::min(g.experts.chosen, g.experts.routed);
    sum += number(g.count * (always_parameters(shape, g) + chosen * expert_parameters(shape, g)));
  }
  const std::int64_t width = shape.embedding_width;
  if (width != 0 && width != shape.hidden) sum += 2.0 * number(width * shape.hidden);
  return 2 * sum * dense_share(shape.sparsity);
}

double head_parameters(const ModelShape& shape) {
  const std::int64_t width = shape.embedding_width != 0 ? shape.embedding_width : shape.hidden;
  return shape.has_head ? number(shape.vocabulary * width) : 0;
}

double bytes(double parameters, double bits) { return parameters * bits / 8; }

double head_bits(const ModelShape& shape) {
  return shape.tied ? shape.precision.embedding : shape.precision.head;
}

}  // namespace

double attention_flops(const ModelShape& shape, double context, LatentForm form) {
  double sum = 0;
  for (const auto& g : shape.layers) {
    const double each = per_attended(g, form) * attended(g, context);
    sum += number(g.count) * (each + state_flops(shape.hidden, g));
  }
  return sum;
}

double flops_per_token(const ModelShape& shape, double context, LatentForm form) {
  return layer_flops(shape) + 2 * head_parameters(shape) + attention_flops(shape, context, form);
}

double prefill_flops(const ModelShape& shape, double tokens, double cached) {
  const bool causal = shape.kind != ModelKind::encoder;
  double sum = layer_flops(shape) * tokens;
  for (const auto& g : shape.layers) {
    const double pairs = causal ? causal_pairs(g, tokens, cached) : tokens * attended(g, tokens);
    sum += number(g.count) * per_attended(g, LatentForm::expanded) * pairs;
    sum += number(g.count) * state_flops(shape.hidden, g) * tokens;
  }
  const double heads = causal ? std::min(tokens, 1.0) : tokens;
  return sum + 2 * head_parameters(shape) * heads;
}

double encoder_flops(const ModelShape& shape, double tokens) {
  double sum = 0;
  for (const auto& g : shape.encoder) {
    sum += number(g.count) * (2 * number(always_parameters(shape, g)) * tokens +
                              per_attended(g, LatentForm::expanded) * tokens * attended(g, tokens));
  }
  for (const auto& g : shape.layers) {
    const auto& c = g.cross;
    const std::int64_t kv = shape.hidden * c.kv_heads * (c.head_dim + c.value_width());
    sum += 2 * number(g.count * kv) * tokens;
  }
  return sum;
}

double experts_touched(const Experts& experts, double batch) {
  const double all = number(experts.routed);
  const double chosen = std::min(number(experts.chosen), all);
  if (all <= 0 || chosen <= 0 || batch <= 0) return 0;
  const double touched = -all * std::expm1(batch * std::log1p(-chosen / all));
  return std::clamp(touched, chosen * std::min(1.0, batch), all);
}

WeightBytes weight_bytes_touched(const ModelShape& shape, double batch) {
  const auto& p = shape.precision;
  const double kept = dense_share(shape.sparsity);
  WeightBytes sum;
  for (const auto& g : shape.layers) {
    const MixerCounts mixer = count_mixer(shape.hidden, g);
    const std::int64_t router = shape.hidden * g.experts.routed;
    const double n = number(g.count);
    sum.mixer += n * kept * bytes(number(mixer.products), p.mixer);
    const std::int64_t ffn = always_parameters(shape, g) - mixer.products - router;
    sum.feed_forward += n * kept * bytes(number(ffn), p.feed_forward);
    sum.experts += n * kept * bytes(number(expert_parameters(shape, g)), p.experts) *
                   experts_touched(g.experts, batch);
    sum.other += n * bytes(number(router + mixer.other + g.norms * shape.hidden), p.other);
  }
  sum.head = bytes(head_parameters(shape), head_bits(shape));
  sum.embedding = bytes(number(shape.hidden), p.embedding) * batch;
  return sum;
}

double weight_bytes_stored(const ModelShape& shape) {
  const auto& p = shape.precision;
  const Parameters n = count_parameters(shape);
  const double kept = dense_share(shape.sparsity);
  return bytes(number(n.embedding), p.embedding) + bytes(number(n.head), p.head) +
         kept * (bytes(number(n.mixer), p.mixer) +
                 bytes(number(n.feed_forward), p.feed_forward) +
                 bytes(number(n.experts), p.experts)) +
         bytes(number(n.router + n.other), p.other) + bytes(number(n.towers), p.tower);
}

double kv_bytes_per_token(const ModelShape& shape) {
  double sum = 0;
  for (const auto& g : shape.layers) {
    if (keeps_cache(g)) sum += number(g.count * cache_numbers(g));
  }
  return bytes(sum, shape.precision.kv);
}

double kv_bytes_held(const ModelShape& shape, double context) {
  double sum = 0;
  for (const auto& g : shape.layers) {
    if (keeps_cache(g)) sum += number(g.count * cache_numbers(g)) * attended(g, context);
  }
  return bytes(sum, shape.precision.kv);
}

double kv_bytes_read(const ModelShape& shape, double context) {
  double sum = 0;
  for (const auto& g : shape.layers) {
    sum += number(g.count * cache_numbers(g)) * attended(g, context);
  }
  return bytes(sum, shape.precision.kv);
}

double cross_kv_bytes(const ModelShape& shape, double encoded) {
  double sum = 0;
  for (const auto& g : shape.layers) {
    const auto& c = g.cross;
    sum += number(g.count * c.kv_heads * (c.head_dim + c.value_width()));
  }
  return bytes(sum, shape.precision.kv) * encoded;
}

double cross_flops(const ModelShape& shape, double encoded) {
  double sum = 0;
  for (const auto& g : shape.layers) sum += number(g.count) * flops_per_attended(g.cross);
  return sum * encoded;
}

double state_bytes(const ModelShape& shape) {
  double sum = 0;
  for (const auto& g : shape.layers) {
    sum += number(g.count * state_numbers(shape.hidden, g));
  }
  return bytes(sum, shape.precision.state);
}

}  // namespace joulebook::physics
