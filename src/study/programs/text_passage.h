#pragma once
// Sentences that are chosen from a passage: the one that fits a question best, and the ones that
// stand for the whole. Pure functions; thread-safe. Each looks at the first kMostSentences sentences.
#include <cstddef>
#include <string>
#include <string_view>

namespace joulebook {

inline constexpr std::size_t kMostSentences = 512;

struct PassageQuestion {
  std::string_view passage;
  std::string_view question;  // empty: none was asked
};

// An item of text as it is put to every arm: "PASSAGE Question: QUESTION", with a blank or a line
// break before the last such mark. Without a passage, it is a passage. Views into the text.
[[nodiscard]] PassageQuestion split_question(std::string_view text);

// The sentence nearest to the question: cosine similarity of their words' weights tf x idf, with
// idf = ln((1 + N) / (1 + n)) + 1 over the N sentences of the passage, n of which hold the word
// (G. Salton and C. Buckley, Information Processing & Management 24(5), 1988, with the sums of one
// that keep a word in all sentences above 0). The first of those equally near; empty without any.
[[nodiscard]] std::string best_sentence(std::string_view passage, std::string_view question);

// The first `count` sentences.
[[nodiscard]] std::string lead(std::string_view passage, std::size_t count);

// TextRank (R. Mihalcea and P. Tarau, EMNLP 2004): sentences are nodes, tied by the words that both
// hold / (ln |a| + ln |b|); a sentence's rank is the weighted PageRank with damping 0.85, iterated
// until no rank moves by more than 1e-4. The `count` highest, in the passage's order; of equal ones
// the earlier.
[[nodiscard]] std::string text_rank(std::string_view passage, std::size_t count);

}  // namespace joulebook
