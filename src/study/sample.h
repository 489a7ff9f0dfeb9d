#pragma once
// The order in which a sample takes a study's prompts. Pure and deterministic.
#include <cstdint>
#include <vector>

#include "study/records.h"

namespace joulebook {

// The prompts shuffled within their kinds, and the kinds interleaved: however early the list is cut,
// each kind has its share of it but for half a prompt of each kind. Depends on the prompts' order,
// their kinds and the seed alone.
[[nodiscard]] std::vector<Prompt> stratified(std::vector<Prompt> prompts, std::uint64_t seed);

}  // namespace joulebook
