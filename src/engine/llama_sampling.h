#pragma once
// How the next token is chosen. Temperature 0: the most probable, the first of equals. Else, in
// this order: min-p 0.05, top-p 0.95, temperature, and a draw from a generator seeded by the
// request (llama.cpp's own samplers and their usual values; min-p first, which leaves few
// candidates and so needs no sort of the vocabulary).
#include <llama.h>

#include <cstdint>
#include <memory>

namespace joulebook {

inline constexpr float kMinP = 0.05F;
inline constexpr float kTopP = 0.95F;

// Not thread-safe; movable.
class TokenSampler {
 public:
  TokenSampler(double temperature, std::uint32_t seed);
  // The token for output `index` of the last decode.
  [[nodiscard]] llama_token sample(llama_context* context, const llama_vocab* vocab, int index);

 private:
  struct Free {
    void operator()(llama_sampler* s) const { llama_sampler_free(s); }
  };
  std::unique_ptr<llama_sampler, Free> chain_;  // null: greedy
};

}  // namespace joulebook
