#pragma once
// Reads the header of a GGUF model file: metadata and the list of tensors, never the weights.
// Written from the format's specification (github.com/ggml-org/ggml, docs/gguf.md, versions 2 and
// 3, little-endian); independent of libllama, so that a file can be judged and described without
// it.
//
// Everything in the file is distrusted: memory is bounded (64 MiB of kept text, a tensor list no
// longer than the file could hold), sizes are checked before they are added or multiplied.
// Thread safety: plain values; reading keeps no state.
#include <joulebook/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gguf/quant_share.h"

namespace joulebook {

// An array in the metadata. Whole numbers are kept where there are at most 4096 of them; a
// vocabulary is only counted.
struct GgufArray {
  std::uint64_t count = 0;
  std::vector<std::int64_t> numbers;
};

using GgufValue = std::variant<std::int64_t, double, bool, std::string, GgufArray>;

struct GgufTensor {
  std::string name;
  std::uint32_t type = 0;
  std::vector<std::uint64_t> shape;  // at most 4 dimensions
  std::uint64_t offset = 0;          // from the start of the data section
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
};

struct GgufFile {
  std::uint32_t version = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t data_offset = 0;
  std::map<std::string, GgufValue, std::less<>> metadata;
  std::vector<GgufTensor> tensors;

  [[nodiscard]] std::string_view text(std::string_view key) const;  // empty where there is none
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
  [[nodiscard]] std::string_view architecture() const { return text("general.architecture"); }
  // A key under the architecture's own prefix: integer_of("block_count") is llama.block_count.
  [[nodiscard]] std::optional<std::int64_t> integer_of(std::string_view key) const;

  [[nodiscard]] std::int64_t parameters() const;
  [[nodiscard]] std::int64_t tensor_bytes() const;
  [[nodiscard]] std::int64_t layers() const;
  [[nodiscard]] std::int64_t trained_context() const;
  [[nodiscard]] std::int64_t vocabulary() const;
  // Bytes by which the KV cache grows with each token, at 16 bits an element: over the layers,
  // KV heads x (key length + value length) x 2. With multi-head latent attention (a key length of
  // its own, "key_length_mla") values are a view of the keys and take no room. Layers that share
  // another's cache take none. 0 where the model has no attention. Inside a sliding window only.
  [[nodiscard]] double kv_bytes_per_token() const;
  // By tensor type, greatest share of bytes first.
  [[nodiscard]] std::vector<QuantShare> quantisation() const;
};

// The name of a tensor type ("Q4_1"), or "type 99".
[[nodiscard]] std::string gguf_type_name(std::uint32_t type);

// Errors: input "model.missing", "model.directory", "model.permission", "model.empty",
// "model.not_gguf" (wrong magic, version or a header that makes no sense), "model.truncated" (the
// file ends before its header or its last tensor does).
[[nodiscard]] Result<GgufFile> read_gguf(const std::string& path);

// The same over bytes in memory; `name` is for messages.
[[nodiscard]] Result<GgufFile> parse_gguf(std::string_view bytes, const std::string& name);

}  // namespace joulebook
