#include "physics/explain/shape_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/text.h"

namespace joulebook::explain {
namespace {

using serving::Family;
using serving::Shape;

constexpr double kHeadDim = 128;

// Bytes of keys and values of a token, 16 bit, if the attention were of that kind. A shape holds
// prompt_attention_flops = 4 layers x heads x head_dim and kv_bytes = 4 layers x kv_heads x head_dim.
std::optional<double> kv_bytes_of(const Shape& s, std::string_view kind) {
  if (kind == "mha") return s.prompt_attention_flops;
  if (kind == "gqa") return s.prompt_attention_flops / 8;
  if (kind == "mqa") return 4 * s.attention_layers * kHeadDim;
  if (kind == "mla") return 2 * s.attention_layers * (512 + 64);
  return std::nullopt;
}

// "llama-3.1-70b" -> "llama-3.1": what stands before the word that is a size.
std::string family_of(std::string_view name) {
  const std::string text = lower(name);
  std::string stem;
  for (const auto word : split(text, '-')) {
    std::string_view digits = word;
    const bool a_size = digits.size() > 1 && (digits.back() == 'b' || digits.back() == 'm') &&
                        std::isdigit(static_cast<unsigned char>(digits[digits.size() - 2])) != 0;
    if (a_size) break;
    stem += (stem.empty() ? "" : "-") + std::string(word);
  }
  return stem;
}

}  // namespace

Status change_attention(Deployment& d, std::string_view kind) {
  Shape& s = d.work.shape;
  const auto kv = kv_bytes_of(s, kind);
  if (!kv) {
    return fail(ErrorKind::input, "change.attention", fmt::format("\"{}\" is no kind of attention", kind),
                "one of: mha, gqa, mqa, mla");
  }
  if (s.kv_bytes <= 0 || s.prompt_attention_flops <= 0) {
    return fail(ErrorKind::input, "change.attention", fmt::format("{} has no attention to change", s.name),
                "take a model with attention layers");
  }
  if (std::abs(*kv / s.kv_bytes - 1) < 0.01) {
    return fail(ErrorKind::input, "change.attention", fmt::format("{} has {} already", s.name, kind),
                "leave this change out");
  }
  // Keys and values are projected from the hidden width: 2 hidden x layers x kv_heads x head_dim.
  s.attention_params = std::max(s.attention_params + s.hidden * (*kv - s.kv_bytes) / 2, 0.0);
  // Under MLA each head works on the compressed vector itself: 512 + 64 for its key, 512 for its value.
  s.attention_flops = s.prompt_attention_flops * (kind == "mla" ? (512 + 32) / kHeadDim : 1);
  s.kv_bytes = *kv;
  s.name += fmt::format(" with {}", kind);
  return {};
}

Status change_experts(Deployment& d, std::string_view to) {
  Shape& s = d.work.shape;
  const bool has = s.experts > 0;
  if (to != "dense" && to != "moe") {
    return fail(ErrorKind::input, "change.experts", fmt::format("\"{}\" is neither dense nor moe", to),
                "write experts=dense or experts=moe");
  }
  if (has == (to == "moe")) {
    return fail(ErrorKind::input, "change.experts",
                fmt::format("{} is {} already", s.name, has ? "a mixture of experts" : "dense"),
                "leave this change out");
  }
  if (has) {
    s.ffn_params += s.expert_layers * s.experts * s.expert_params;
    s.experts = s.chosen = s.expert_layers = s.expert_params = 0;
    s.family = s.state_layers > 0 ? Family::hybrid : Family::dense;
  } else {
    s.experts = 128;
    s.chosen = 8;
    s.expert_layers = s.layers;
    s.expert_params = s.ffn_params / (s.layers * s.experts);
    s.ffn_params = s.layers * s.hidden * s.experts;  // the routers
    s.family = Family::experts;
  }
  s.name += has ? ", dense" : ", as 128 experts";
  apply_precision(d);
  return {};
}

Status prune(Deployment& d, std::string_view how) {
  Shape& s = d.work.shape;
  const auto keep = [&](double share) {
    s.attention_params *= share;
    s.ffn_params *= share;
    s.expert_params *= share;
  };
  if (how == "2:4") {
    keep(0.5);
    s.name += ", 2:4";
    d.sparse_weights = true;
    apply_precision(d);
    return {};
  }
  const auto percent = how.ends_with('%') ? parse_double(how.substr(0, how.size() - 1)) : std::nullopt;
  if (!percent || !(*percent > 0 && *percent < 100)) {
    return fail(ErrorKind::input, "change.prune", fmt::format("\"{}\" is no way to prune", how),
                "write prune=2:4, or prune=30% for a share of every width");
  }
  const double left = 1 - *percent / 100;
  keep(left);
  s.kv_bytes *= left;
  s.prompt_attention_flops *= left;
  s.attention_flops *= left;
  s.name += fmt::format(" less {:g} %", *percent);
  return {};
}

std::string next_smaller(const Shape& shape) {
  const std::string family = family_of(shape.name);
  const Shape* best = nullptr;
  const auto all = serving::all_shapes();
  for (const Shape& s : all) {
    if (family_of(s.name) != family || s.total_params() >= 0.95 * shape.total_params()) continue;
    if (!best || s.total_params() > best->total_params()) best = &s;
  }
  return best ? best->name : std::string{};
}

}  // namespace joulebook::explain
