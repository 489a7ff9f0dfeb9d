#include "study/programs/text_words.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/text.h"

namespace joulebook {
namespace {

// Sorted: found by halving.
constexpr std::array<std::string_view, 102> kCommon = {
    "a",     "about", "after", "all",   "an",    "and",   "any",   "are",   "as",    "at",    "be",
    "been",  "but",   "by",    "can",   "could", "did",   "do",    "does",  "for",   "from",  "get",
    "had",   "has",   "have",  "he",    "her",   "here",  "him",   "his",   "how",   "i",     "if",
    "in",    "into",  "is",    "it",    "its",   "long",  "many",  "may",   "me",    "more",  "most",
    "much",  "must",  "my",    "no",    "not",   "now",   "of",    "off",   "on",    "one",   "only",
    "or",    "our",   "out",   "over",  "own",   "she",   "should", "so",   "some",  "such",  "than",
    "that",  "the",   "their", "them",  "then",  "there", "these", "they",  "this",  "those", "to",
    "too",   "up",    "us",    "very",  "was",   "we",    "were",  "what",  "when",  "where", "which",
    "while", "who",   "whom",  "whose", "why",   "will",  "with",  "within", "without", "would",
    "yet",   "you",   "your",  "yours"};
static_assert(std::ranges::is_sorted(kCommon));

constexpr std::array<std::string_view, 10> kShortened = {"Dr", "Mr",  "Mrs", "Ms", "No",
                                                         "Prof", "St", "no",  "vs", "approx"};

bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool in_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) > 0x7f;
}

// Whether the full stop at `at` belongs to a shortened word or an initial.
bool shortens(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && in_word(text[begin - 1])) --begin;
  const auto word = text.substr(begin, at - begin);
  return (word.size() == 1 && is_capital(word.front())) ||
         std::ranges::find(kShortened, word) != kShortened.end();
}

// The end of a sentence that ends with the mark at `at`; npos where none ends there.
std::size_t sentence_end(std::string_view text, std::size_t at) {
  if (text[at] == '\n') return at;
  if (text[at] != '.' && text[at] != '!' && text[at] != '?') return std::string_view::npos;
  if (text[at] == '.' && shortens(text, at)) return std::string_view::npos;
  std::size_t end = at + 1;
  while (end < text.size() && (text[end] == '"' || text[end] == '\'' || text[end] == ')')) ++end;
  if (end == text.size()) return end;
  if (!is_blank(text[end])) return std::string_view::npos;
  std::size_t next = end;
  while (next < text.size() && is_blank(text[next])) ++next;
  return next < text.size() && is_small(text[next]) ? std::string_view::npos : end;
}

void take_off_plural(std::string& word) {
  if (word.size() < 4 || word.back() != 's') return;
  if (word.ends_with("ies") && !word.ends_with("eies") && !word.ends_with("aies")) {
    word.replace(word.size() - 3, 3, "y");
  } else if (word.ends_with("es") && !word.ends_with("aes") && !word.ends_with("ees") &&
             !word.ends_with("oes")) {
    word.pop_back();
  } else if (!word.ends_with("us") && !word.ends_with("ss")) {
    word.pop_back();
  }
}

}  // namespace

std::vector<std::string_view> sentences_of(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  const auto add = [&](std::size_t end) {
    const auto sentence = trim(text.substr(begin, end - begin));
    if (!sentence.empty()) out.push_back(sentence);
    begin = end;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (const auto end = sentence_end(text, at); end != std::string_view::npos) add(end);
  }
  add(text.size());
  return out;
}

std::vector<std::string> plain_words(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && in_word(text[i])) {
      word += text[i];
    } else if (i + 1 < text.size() && text[i] == '\'' && !word.empty() && in_word(text[i + 1])) {
      continue;
    } else if (!word.empty()) {
      out.push_back(lower(word));
      word.clear();
    }
  }
  return out;
}

std::vector<std::string> content_words(std::string_view text) {
  auto words = plain_words(text);
  std::erase_if(words, [](const std::string& word) {
    return std::ranges::binary_search(kCommon, std::string_view(word));
  });
  std::ranges::for_each(words, take_off_plural);
  return words;
}

}  // namespace joulebook
