#include "physics/serving/shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/text.h"

namespace joulebook {

std::string_view serving_shapes_csv();

}  // namespace joulebook

namespace joulebook::serving {
namespace {

// Columns of data/serving_shapes.csv; empty cells are 0.
enum Column : std::size_t {
  patterns, name, layers, hidden, heads, kv_heads, head_dim, ffn, ffn_matrices, vocabulary, tied,
  q_lora, kv_lora, rope, nope, v_head, experts, top_k, shared, expert_ffn, dense_layers,
  expert_step, window, window_share, attention_layers, state_layers, ffn_layers, state_inner,
  state_heads, state_size, state_groups, image_tokens, columns
};
using Cells = std::array<double, columns>;

double attention_of_layer(const Cells& c) {
  if (c[kv_lora] > 0) {
    const double query = c[q_lora] > 0 ? c[hidden] * c[q_lora] + c[q_lora] * c[heads] * (c[nope] + c[rope])
                                       : c[hidden] * c[heads] * (c[nope] + c[rope]);
    return query + c[hidden] * (c[kv_lora] + c[rope]) +
           c[kv_lora] * c[heads] * (c[nope] + c[v_head]) + c[heads] * c[v_head] * c[hidden];
  }
  return 2 * c[hidden] * c[heads] * c[head_dim] + 2 * c[hidden] * c[kv_heads] * c[head_dim];
}

void add_attention(Shape& s, const Cells& c) {
  if (s.attention_layers == 0 && s.state_layers == 0) {  // RWKV: four square products a layer
    s.attention_params = 4 * c[layers] * c[hidden] * c[hidden];
    return;
  }
  s.attention_params = s.attention_layers * attention_of_layer(c);
  // MLA keeps one compressed vector for keys and values; decode works on it directly.
  const double kept = c[kv_lora] > 0 ? c[kv_lora] + c[rope] : 2 * c[kv_heads] * c[head_dim];
  const double mixed = c[kv_lora] > 0 ? c[kv_lora] + c[rope] / 2 : c[head_dim];
  s.kv_bytes = 2 * s.attention_layers * kept;
  s.attention_flops = 4 * s.attention_layers * c[heads] * mixed;
}

void add_states(Shape& s, const Cells& c) {
  if (s.state_layers <= 0) return;
  const double inner = c[state_inner], mixed = inner + 2 * c[state_groups] * c[state_size];
  s.attention_params += s.state_layers * c[hidden] * (inner + mixed + c[state_heads] + inner);
  // State and the four last inputs of the convolution, 16 bit, read and written.
  s.state_bytes = s.state_layers * (inner * c[state_size] * 2 * 2 + mixed * 4 * 2);
}

void add_experts(Shape& s, const Cells& c) {
  if (c[experts] <= 0) return;
  s.family = Family::experts;
  s.experts = c[experts];
  s.chosen = c[top_k];
  s.expert_params = 3 * c[hidden] * c[expert_ffn];
  s.expert_layers = c[expert_step] > 1 ? c[layers] / c[expert_step] : c[layers] - c[dense_layers];
}

Shape shape_of(const Cells& c, std::string_view shape_name, bool attention_given) {
  Shape s;
  s.name = shape_name;
  s.layers = c[layers];
  s.hidden = c[hidden];
  s.vocabulary = c[vocabulary];
  s.state_layers = c[state_layers];
  s.attention_layers = attention_given ? c[attention_layers] : c[layers];
  if (s.state_layers > 0) s.family = Family::hybrid;
  add_attention(s, c);
  add_states(s, c);
  add_experts(s, c);
  const double dense = (c[ffn_layers] > 0 ? c[ffn_layers] : c[layers]) - s.expert_layers;
  s.ffn_params = dense * c[ffn_matrices] * c[hidden] * c[ffn] +
                 s.expert_layers * (c[shared] * s.expert_params + c[hidden] * s.experts);
  s.head_params = c[vocabulary] * c[hidden];
  s.embedding_params = c[tied] > 0 ? 0 : s.head_params;
  s.window = c[window];
  s.window_share = c[window_share];
  s.image_tokens = c[image_tokens];
  return s;
}

struct Entry {
  std::string pattern;  // lower case, part of a model's name
  Shape shape;
};

std::vector<Entry> read_entries() {
  std::vector<Entry> entries;
  const std::string_view text = serving_shapes_csv();
  for (const auto line : split(text.substr(text.find('\n') + 1), '\n')) {
    const auto cells = split(line, ',');
    if (cells.size() != columns) continue;
    Cells values{};
    for (std::size_t i = layers; i < columns; ++i) values[i] = parse_double(cells[i]).value_or(0);
    const Shape shape = shape_of(values, cells[name], !cells[attention_layers].empty());
    for (const auto pattern : split(cells[patterns], ';')) {
      entries.push_back({std::string(pattern), shape});
    }
  }
  return entries;
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = read_entries();
  return all;
}

// Layers and width that models of so many parameters have had.
double usual_layers(double billions) { return std::round(32 * std::pow(billions / 7.2, 0.36)); }

}  // namespace

double Shape::active_params() const {
  return attention_params + ffn_params + head_params + expert_layers * chosen * expert_params;
}

double Shape::total_params() const {
  return attention_params + ffn_params + head_params + embedding_params +
         expert_layers * experts * expert_params;
}

std::optional<Shape> find_shape(std::string_view name) {
  const std::string asked = lower(name);
  const Entry* best = nullptr;
  for (const Entry& e : entries()) {
    if (asked.find(e.pattern) == std::string::npos) continue;
    if (!best || e.pattern.size() > best->pattern.size()) best = &e;
  }
  if (!best) return std::nullopt;
  return best->shape;
}

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  for (const Entry& e : entries()) {
    if (shapes.empty() || shapes.back().name != e.shape.name) shapes.push_back(e.shape);
  }
  return shapes;
}

std::string nearest_shape(std::string_view name) {
  std::vector<std::string> known;
  for (const Entry& e : entries()) known.push_back(e.pattern);
  return nearest(lower(name.substr(name.rfind('/') + 1)), known).value_or("");
}

Result<Shape> synthesise_shape(double total_b, double active_b, std::string_view arch) {
  if (!(total_b > 0.001 && total_b < 1e5) || !(active_b > 0 && active_b <= total_b * 1.01)) {
    return fail(ErrorKind::input, "shape.size",
                fmt::format("{} billion parameters, {} of them active, are no model", total_b, active_b),
                "give total_params_b > 0 and 0 < active_params_b <= total_params_b");
  }
  const std::string kind = lower(arch);
  const bool experts = kind.find("moe") != std::string::npos || active_b < 0.7 * total_b;
  const bool hybrid = kind.find("mamba") != std::string::npos || kind.find("hybrid") != std::string::npos;
  Shape s;
  s.name = fmt::format("synthesised {:.4g}B", total_b);
  s.synthesised = true;
  s.family = experts ? Family::experts : hybrid ? Family::hybrid : Family::dense;
  s.vocabulary = 128000;
  s.layers = experts ? std::round(48 * std::pow(total_b / 30, 0.12)) : usual_layers(total_b);
  constexpr double kPerLayer = 12.5;  // parameters of a dense layer in squares of its width
  s.hidden = experts ? 2048 * std::pow(active_b / 3, 0.45)
                     : std::sqrt(total_b * 1e9 / (kPerLayer * s.layers));
  s.head_params = std::min(s.vocabulary * s.hidden, 0.2 * active_b * 1e9);
  s.embedding_params = total_b < 5 ? 0 : s.head_params;
  s.attention_layers = hybrid ? std::max(1.0, std::round(0.1 * s.layers)) : s.layers;
  if (hybrid) {
    s.state_layers = std::round(0.45 * s.layers);
    s.state_bytes = s.state_layers * 2 * s.hidden * 128 * 4;
  }
  constexpr double kKvHeads = 8, kHeadDim = 128;
  s.kv_bytes = 2 * s.attention_layers * 2 * kKvHeads * kHeadDim;
  s.attention_flops = 4 * s.attention_layers * s.hidden;
  double rest = active_b * 1e9 - s.head_params;
  if (experts) {
    s.experts = 128;
    s.chosen = 8;
    s.expert_layers = s.layers;
    s.expert_params = std::max(total_b - active_b, 0.0) * 1e9 / (s.layers * (s.experts - s.chosen));
    s.expert_params = std::min(s.expert_params, 0.8 * rest / (s.layers * s.chosen));
    rest -= s.layers * s.chosen * s.expert_params;
    s.experts = std::max(s.experts, (total_b * 1e9 - rest - s.head_params - s.embedding_params) /
                                        (s.layers * std::max(s.expert_params, 1.0)));
  }
  s.attention_params = 0.25 * rest;
  s.ffn_params = 0.75 * rest;
  return s;
}

}  // namespace joulebook::serving
