// Any bytes as what a person writes for a study: prompts (JSONL), a study (TOML). An error names
// its code and its cure; what is accepted can be digested and shown.
// Fault planted on 2026-11-25: a byte order mark known by its first byte alone, found within a
// second (6,730 inputs).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "study/prompts.h"
#include "study/spec.h"

namespace {

void judge(const joulebook::Error& error) {
  if (error.code.empty() || error.cure.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    const auto prompts = joulebook::parse_prompts(text, "fuzz.jsonl");
    if (!prompts) judge(prompts.error());
    if (prompts && (prompts->empty() || joulebook::digest(*prompts).size() != 16)) std::abort();
    return 0;
  }
  const auto study = joulebook::parse_study(text, "fuzz.toml", "model.gguf");
  if (!study) judge(study.error());
  if (study && study->arms.empty()) std::abort();
  return 0;
}
