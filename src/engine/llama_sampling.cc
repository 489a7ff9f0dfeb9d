#include "engine/llama_sampling.h"

#include <algorithm>
#include <array>

namespace joulebook {
namespace {

// Index of the greatest of `n` logits. In lanes, so that it costs a small part of what the
// library's own candidate list does; this runs once a token.
llama_token argmax(const float* logits, int n) {
  constexpr int kLanes = 8;
  std::array<float, kLanes> best;
  best.fill(logits[0]);
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float x = logits[i + lane];
      const auto l = static_cast<std::size_t>(lane);
      best[l] = best[l] < x ? x : best[l];
    }
  }
  float top = *std::max_element(best.begin(), best.end());
  for (; i < n; ++i) top = std::max(top, logits[i]);
  return static_cast<llama_token>(std::find(logits, logits + n - 1, top) - logits);
}

}  // namespace

TokenSampler::TokenSampler(double temperature, std::uint32_t seed) {
  if (!(temperature > 0)) return;
  auto params = llama_sampler_chain_default_params();
  params.no_perf = true;
  chain_.reset(llama_sampler_chain_init(params));
  llama_sampler_chain_add(chain_.get(), llama_sampler_init_min_p(kMinP, 1));
  llama_sampler_chain_add(chain_.get(), llama_sampler_init_top_p(kTopP, 1));
  llama_sampler_chain_add(chain_.get(), llama_sampler_init_temp(static_cast<float>(temperature)));
  llama_sampler_chain_add(chain_.get(), llama_sampler_init_dist(seed));
}

llama_token TokenSampler::sample(llama_context* context, const llama_vocab* vocab, int index) {
  if (chain_) return llama_sampler_sample(chain_.get(), context, index);
  return argmax(llama_get_logits_ith(context, index), llama_vocab_n_tokens(vocab));
}

}  // namespace joulebook
