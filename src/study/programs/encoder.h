#pragma once
// Texts as vectors, by an encoder's GGUF file in the embedded engine: BERT and its kin, or a language
// model that was made for it (then the file says how its tokens' vectors become one).
//
// Not thread-safe. Texts longer than the model's context are cut to it.
#include <joulebook/result.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

class TextEncoder {
 public:
  // Errors: input "encoder.file" (no model that libllama reads), "encoder.pooling" (its file says
  // not how a text becomes one vector); resource "encoder.context".
  [[nodiscard]] static Result<TextEncoder> open(const std::string& path);

  TextEncoder(TextEncoder&&) noexcept;
  TextEncoder& operator=(TextEncoder&&) noexcept;
  ~TextEncoder();

  // Of length 1 (Euclid's), or all zeros where the model gives that. Errors: engine
  // "encoder.failed", "encoder.not_finite".
  [[nodiscard]] Result<std::vector<float>> vector(std::string_view text);
  [[nodiscard]] std::size_t width() const;

 private:
  struct Engine;
  explicit TextEncoder(std::unique_ptr<Engine> engine);

  std::unique_ptr<Engine> engine_;
};

// Indices of at most `limit` of `vectors`, largest scalar product with `query` first, then the
// lower index. REQUIRES: all of one length.
[[nodiscard]] std::vector<std::size_t> nearest_vectors(
    const std::vector<std::vector<float>>& vectors, const std::vector<float>& query,
    std::size_t limit);

}  // namespace joulebook
