#pragma once
// An encoder of texts that was taught which words mean the same, by hand: a GGUF file of BERT's
// architecture that libllama loads in milliseconds and whose vectors are known. Each group of words is a
// direction of its own, orthogonal to the others; its layer adds nothing. So the vector of a text is how
// often each group is in it, scaled to length 1. Words of no group count nothing.
//
// The same groups give the same bytes. Needs no libllama.
#include <string>
#include <vector>

namespace joulebook::fakes {

// Lower-case words of ASCII letters.
using WordGroups = std::vector<std::vector<std::string>>;

// REQUIRES: at most 32 groups, no word in two of them.
[[nodiscard]] std::string known_encoder(const WordGroups& groups);

// What a text's vector has along each group, of length 1; all zeros where it has no word of any.
[[nodiscard]] std::vector<double> known_vector(const WordGroups& groups, const std::string& text);

}  // namespace joulebook::fakes
