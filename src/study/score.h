#pragma once
// Measures that grade an answer. Pure functions; thread-safe.
//
//   error rate  (substitutions + deletions + insertions) / N of the least edit from what was
//               expected (N units of it) to the answer: words (WER) or characters (CER). The
//               definition of NIST's sclite; from 0, without an upper end. V. I. Levenshtein,
//               Soviet Physics Doklady 10, 1966; the dynamic program of R. A. Wagner and M. J.
//               Fischer, J. ACM 21, 1974.
//   ROUGE-L     F-measure of the longest common subsequence of words, recall and precision of equal
//               weight (beta = 1): C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of
//               Summaries", ACL 2004. No stemming. From 0 to 1.
//   F1          2 P R / (P + R) of two bags of items, as the CoNLL-2003 shared task scores spans
//               (E. F. Tjong Kim Sang and F. De Meulder): a span counts only as a whole. Two empty
//               bags give 1.
//   rank        1 + how many others lie at least as near: ties count against.
//
// Words are compared as the rule "exact" compares (checker.h: `normalised`); characters are Unicode
// code points, runs of white space as one blank, case kept. What would take more than kMostSteps is
// shortened: an error rate then is its lower bound (the difference of lengths), and of ROUGE-L's
// answer only the beginning is looked at.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

inline constexpr std::size_t kMostSteps = std::size_t{1} << 27;
// Words or characters that a check may expect.
inline constexpr std::size_t kMostExpected = 8192;

using Units = std::vector<std::u32string>;  // words, or single characters

[[nodiscard]] Units words_of(std::string_view text);
// REQUIRES: valid UTF-8.
[[nodiscard]] Units characters_of(std::string_view text);

// REQUIRES: expected is not empty.
[[nodiscard]] double error_rate(const Units& expected, const Units& answer);
// 0 where either is empty.
[[nodiscard]] double rouge_l(const Units& expected, const Units& answer);
[[nodiscard]] double f1(std::vector<std::string> expected, std::vector<std::string> answer);

// Cosine similarity; nothing where the lengths differ or a vector is all zeros.
[[nodiscard]] std::optional<double> cosine(std::span<const double> a, std::span<const double> b);

}  // namespace joulebook
