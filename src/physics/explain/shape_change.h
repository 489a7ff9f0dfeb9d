#pragma once
// Another architecture of the same size: what a model would cost if its attention, its experts or its
// weights were otherwise. What it would then answer is not predicted. Pure; thread-safe.
#include <joulebook/result.h>

#include <string>
#include <string_view>

#include "physics/explain/deployment.h"

namespace joulebook::explain {

// "mha": every head its own keys and values; "gqa": one for eight heads; "mqa": one for all; "mla":
// one compressed vector of 576 numbers a token, as DeepSeek-V2 has (arXiv 2405.04434). The projections
// of keys and values follow. Errors: input "change.attention" (no such kind; no attention to change;
// it is so already).
[[nodiscard]] Status change_attention(Deployment& deployment, std::string_view kind);

// "dense": one feed-forward of all experts' size, so that the total stays; "moe": the feed-forward as
// 128 experts of which 8 are chosen. Errors: input "change.experts" (it is so already; no such word).
[[nodiscard]] Status change_experts(Deployment& deployment, std::string_view to);

// "2:4": half the weights of every dense and expert product are zero, left out of memory (two bits
// say where each kept one stood) and of the products. "30%": so many heads and widths taken out, a
// smaller model. Errors: input "change.prune".
[[nodiscard]] Status prune(Deployment& deployment, std::string_view how);

// The next smaller model of the same family in the catalogue, by total parameters; empty where there
// is none. "Llama-3.1-70B" -> "Llama-3.1-8B".
[[nodiscard]] std::string next_smaller(const serving::Shape& shape);

}  // namespace joulebook::explain
