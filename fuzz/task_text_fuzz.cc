// Texts that special programs read: sentences, spans of the grammar, choices from a passage.
// Whatever the bytes: nothing is read outside of the text, spans and sentences lie in it in order, and
// what is chosen of a passage stands there.
//
// Fault planted on 2026-11-27: the grammar's look ahead one token beyond the last, found within a
// second (about 300 inputs).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "study/programs/text_passage.h"
#include "study/programs/text_rules.h"
#include "study/programs/text_words.h"

namespace {

constexpr std::size_t kMostBytes = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

template <class Views, class ViewOf>
void in_order(std::string_view text, const Views& views, ViewOf view_of) {
  const char* from = text.data();
  for (const auto& each : views) {
    const std::string_view view = view_of(each);
    require(!view.empty() && view.data() >= from);
    from = view.data() + view.size();
    require(from <= text.data() + text.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joulebook;
  if (size > kMostBytes) return 0;
  // On the heap and as long as it is, so that a look beyond its end is seen.
  const std::vector<char> bytes(data, data + size);
  const std::string_view text(bytes.data(), bytes.size());
  const auto sentences = sentences_of(text);
  in_order(text, sentences, [](std::string_view sentence) { return sentence; });
  in_order(text, find_spans(text), [](const TextSpan& span) { return span.text; });
  in_order(text, tokens_of(text), [](const TextToken& token) { return token.text; });
  const auto asked = split_question(text);
  require(text.find(best_sentence(asked.passage, asked.question)) != std::string_view::npos);
  require(text.find(text_rank(text, 1)) != std::string_view::npos);
  require(text_rank(text, 2 * kMostSentences) == lead(text, 2 * kMostSentences));
  return 0;
}
