#include "gguf/gguf_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "gguf/gguf_types.h"

namespace joulebook {
namespace {

// Sums that a hostile header could overflow stay at the top instead.
std::int64_t add(std::int64_t a, std::uint64_t b) {
  const std::uint64_t room = static_cast<std::uint64_t>(INT64_MAX - a);
  return b > room ? INT64_MAX : a + static_cast<std::int64_t>(b);
}

// KV heads of each layer: one number for all, or an array with one a layer (0: no attention).
std::vector<double> kv_heads(const GgufFile& file, std::int64_t layers) {
  const std::string key = fmt::format("{}.attention.head_count_kv", file.architecture());
  const auto it = file.metadata.find(key);
  if (it != file.metadata.end()) {
    if (const auto* array = std::get_if<GgufArray>(&it->second)) {
      return {array->numbers.begin(), array->numbers.end()};
    }
  }
  const auto heads = file.integer_of("attention.head_count").value_or(0);
  const auto each = file.integer_of("attention.head_count_kv").value_or(heads);
  return std::vector<double>(static_cast<std::size_t>(std::clamp<std::int64_t>(layers, 0, 1 << 16)),
                             static_cast<double>(each));
}

}  // namespace

std::string gguf_type_name(std::uint32_t type) {
  const GgufType* known = gguf_type(type);
  return known != nullptr ? std::string(known->name) : fmt::format("type {}", type);
}

std::string_view GgufFile::text(std::string_view key) const {
  const auto it = metadata.find(key);
  const auto* text = it == metadata.end() ? nullptr : std::get_if<std::string>(&it->second);
  return text == nullptr ? std::string_view() : *text;
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const {
  const auto it = metadata.find(key);
  const auto* n = it == metadata.end() ? nullptr : std::get_if<std::int64_t>(&it->second);
  return n == nullptr ? std::nullopt : std::optional(*n);
}

std::optional<std::int64_t> GgufFile::integer_of(std::string_view key) const {
  return integer(fmt::format("{}.{}", architecture(), key));
}

std::int64_t GgufFile::parameters() const {
  std::int64_t sum = 0;
  for (const auto& tensor : tensors) sum = add(sum, tensor.parameters);
  return sum;
}

std::int64_t GgufFile::tensor_bytes() const {
  std::int64_t sum = 0;
  for (const auto& tensor : tensors) sum = add(sum, tensor.bytes);
  return sum;
}

std::int64_t GgufFile::layers() const { return integer_of("block_count").value_or(0); }

std::int64_t GgufFile::trained_context() const { return integer_of("context_length").value_or(0); }

std::int64_t GgufFile::vocabulary() const {
  const auto it = metadata.find("tokenizer.ggml.tokens");
  const auto* array = it == metadata.end() ? nullptr : std::get_if<GgufArray>(&it->second);
  return array == nullptr ? 0 : static_cast<std::int64_t>(array->count);
}

double GgufFile::kv_bytes_per_token() const {
  auto heads = kv_heads(*this, layers());
  const auto shared = integer_of("attention.shared_kv_layers").value_or(0);
  if (shared > 0) {
    heads.resize(heads.size() - std::min(heads.size(), static_cast<std::size_t>(shared)));
  }
  const double all_heads = std::accumulate(heads.begin(), heads.end(), 0.0);
  const auto query_heads =
      std::max<std::int64_t>(integer_of("attention.head_count").value_or(1), 1);
  const auto split = integer_of("embedding_length").value_or(0) / query_heads;
  const auto key = static_cast<double>(integer_of("attention.key_length").value_or(split));
  const bool latent = integer_of("attention.key_length_mla").has_value();
  const auto value =
      latent ? 0.0 : static_cast<double>(integer_of("attention.value_length").value_or(split));
  constexpr double kBytesPerElement = 2;  // f16
  return std::max(0.0, all_heads * (key + value) * kBytesPerElement);
}

std::vector<QuantShare> GgufFile::quantisation() const {
  std::map<std::uint32_t, QuantShare> shares;
  for (const auto& tensor : tensors) {
    auto& share = shares[tensor.type];
    share.type = gguf_type_name(tensor.type);
    share.tensors += 1;
    share.parameters = add(share.parameters, tensor.parameters);
    share.bytes = add(share.bytes, tensor.bytes);
  }
  std::vector<QuantShare> out;
  for (auto& [type, share] : shares) out.push_back(std::move(share));
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return out;
}

}  // namespace joulebook
