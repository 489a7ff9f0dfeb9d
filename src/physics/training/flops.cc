#include "physics/training/flops.h"

#include <fmt/format.h>

#include "physics/shape/counts.h"

namespace joulebook::training {
namespace {

using physics::LayerGroup;
using physics::Mixer;
using physics::ModelShape;

constexpr double kMostParameters = 1e16;

double number(std::int64_t n) { return static_cast<double>(n); }

double head(const ModelShape& shape) {
  const std::int64_t width = shape.embedding_width != 0 ? shape.embedding_width : shape.hidden;
  return shape.has_head ? number(shape.vocabulary * width) : 0;
}

// What prefill does besides matrix products: attention and recurrent state, of one token.
double attention_of(const ModelShape& shape, double sequence) {
  const double n = number(physics::matmul_parameters(shape));
  const double heads = shape.kind == physics::ModelKind::encoder ? sequence : 1;
  const double products = 2 * (n - head(shape)) * sequence + 2 * head(shape) * heads;
  return (physics::prefill_flops(shape, sequence) - products) / sequence;
}

// Of rank 1, a matrix from `in` to `out` takes in + out.
double adapter(std::int64_t hidden, const LayerGroup& g) {
  double sum = 0;
  if (g.mixer == Mixer::attention) {
    const auto& a = g.attention;
    const std::int64_t q = a.heads * a.head_dim, kv = a.kv_heads * a.head_dim;
    sum += number(2 * (hidden + q) + 2 * (hidden + kv));
  } else if (g.mixer == Mixer::latent) {
    const auto& a = g.latent;
    const std::int64_t q = a.heads * (a.nope + a.rope);
    sum += number(a.q_lora != 0 ? hidden + 2 * a.q_lora + q : hidden + q);
    sum += number(hidden + 2 * a.kv_lora + a.rope + a.heads * (a.nope + a.value));
    sum += number(a.heads * a.value + hidden);
  }
  const std::int64_t width = g.ffn + g.experts.shared_width;
  const std::int64_t matrices = g.ffn != 0 ? g.ffn_matrices : g.experts.matrices;
  return width != 0 ? sum + number(matrices * (hidden + width)) : sum;
}

}  // namespace

TrainedModel trained_model(const ModelShape& shape, double sequence) {
  TrainedModel model;
  model.name = shape.name;
  model.parameters = number(physics::total_parameters(shape));
  model.active = number(physics::matmul_parameters(shape));
  model.attention = attention_of(shape, sequence);
  model.sequence = sequence;
  for (const auto& group : shape.layers) {
    model.adapter_per_rank += number(group.count) * adapter(shape.hidden, group);
  }
  return model;
}

Result<TrainedModel> trained_model(double parameters, double active) {
  const bool sound =
      parameters > 0 && parameters <= kMostParameters && active >= 0 && active <= parameters;
  if (!sound) {
    return fail(ErrorKind::input, "training.params",
                fmt::format("{:.4g} parameters, {:.4g} of them active", parameters, active),
                "give --params above 0, and --active at most as many (\"70B\")");
  }
  TrainedModel model;
  model.name = fmt::format("a model of {:.4g} B parameters", parameters * 1e-9);
  model.parameters = parameters;
  model.active = active > 0 ? active : parameters;
  return model;
}

double forward_flops(const TrainedModel& model) { return 2 * model.active + model.attention; }

double train_flops(const TrainedModel& model, Recomputation recomputation) {
  return (recomputation == Recomputation::full ? 4 : 3) * forward_flops(model);
}

double adapt_flops(const TrainedModel& model, double rank, Recomputation recomputation) {
  const double again = recomputation == Recomputation::full ? forward_flops(model) : 0;
  return again + 4 * model.active + 3 * model.attention + 6 * rank * model.adapter_per_rank;
}

}  // namespace joulebook::training
