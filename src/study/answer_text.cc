#include "study/answer_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "core/text.h"
#include "study/checker.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostScanned = std::size_t{1} << 26;  // bytes, looking for JSON

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
// Letters, digits and every byte of a non-ASCII character.
bool in_word(char c) { return is_digit(c) || is_letter(c) || static_cast<unsigned char>(c) > 0x7f; }

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

std::string_view last_line(std::string_view text) {
  text = trim(text);
  const auto cut = text.rfind('\n');
  return cut == std::string_view::npos ? text : text.substr(cut + 1);
}

std::string_view first_sentence(std::string_view text) {
  text = first_line(trim(text));
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const bool ends =
        text[i] == '.' || text[i] == '!' || text[i] == '?' || text[i] == ';' || text[i] == ',';
    if (ends && text[i + 1] == ' ') return text.substr(0, i);
  }
  return text;
}

// Where the text after the last marker begins; npos without one.
std::size_t after_marker(std::string_view answer) {
  static constexpr std::array<std::string_view, 4> kMarkers = {"answer:", "answer is",
                                                               "answer**:", "answer :"};
  const std::string small = lower(answer);
  std::size_t best = std::string::npos;
  for (const auto marker : kMarkers) {
    const auto at = small.rfind(marker);
    if (at == std::string::npos) continue;
    const std::size_t end = at + marker.size();
    if (best == std::string::npos || end > best) best = end;
  }
  return best;
}

// One number scanned from `at`; moves `at` past it.
class NumberScanner {
 public:
  NumberScanner(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  double scan() {
    digits();
    const bool may_group = plain_.size() <= 3;
    while (may_group && grouped()) {
      ++at_;
      digits();
    }
    if (peek(0) == '.' && is_digit(peek(1))) {
      plain_ += '.';
      ++at_;
      digits();
    }
    exponent();
    return parse_double(plain_).value_or(0);
  }
  [[nodiscard]] std::size_t end() const { return at_; }

 private:
  [[nodiscard]] char peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void digits() {
    while (is_digit(peek(0))) plain_ += text_[at_++];
  }
  // A separator before exactly three digits.
  [[nodiscard]] bool grouped() const {
    if (peek(0) != ',' && peek(0) != ' ') return false;
    return is_digit(peek(1)) && is_digit(peek(2)) && is_digit(peek(3)) && !is_digit(peek(4));
  }
  void exponent() {
    if (peek(0) != 'e' && peek(0) != 'E') return;
    const std::size_t sign = peek(1) == '-' || peek(1) == '+' ? 1 : 0;
    if (!is_digit(peek(1 + sign))) return;
    plain_ += 'e';
    if (peek(1) == '-') plain_ += '-';
    at_ += 1 + sign;
    digits();
  }

  std::string_view text_;
  std::size_t at_;
  std::string plain_;
};

// Whether a '-' at `i` is a sign: not a dash between two words or numbers ("3-4").
bool is_sign(std::string_view text, std::size_t i) {
  return text[i] == '-' && (i == 0 || (!in_word(text[i - 1]) && text[i - 1] != ')'));
}

std::size_t json_end(std::string_view text, std::size_t begin) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::string_view without_fence(std::string_view text) {
  text = trim(text);
  if (!text.starts_with("```")) return text;
  const auto line_end = text.find('\n');
  if (line_end == std::string_view::npos) return text;
  text.remove_prefix(line_end + 1);
  return trim(text.substr(0, text.rfind("```")));
}

}  // namespace

std::optional<std::string_view> marked(std::string_view answer) {
  static constexpr std::string_view kBox = "\\boxed{";
  if (const auto box = answer.rfind(kBox); box != std::string_view::npos) {
    const auto inside = answer.substr(box + kBox.size());
    return trim(inside.substr(0, inside.find('}')));
  }
  const auto at = after_marker(answer);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = answer.substr(at);
  while (!rest.empty() && (rest.front() == ':' || rest.front() == '*' ||
                           std::isspace(static_cast<unsigned char>(rest.front())) != 0)) {
    rest.remove_prefix(1);
  }
  rest = trim(first_line(rest));
  if (rest.empty()) return std::nullopt;
  return rest;
}

std::vector<std::string_view> candidates(std::string_view answer) {
  if (const auto inside = marked(answer)) return {*inside, first_sentence(*inside)};
  return {answer, first_sentence(answer), last_line(answer)};
}

std::vector<double> numbers(std::string_view text) {
  std::vector<double> out;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i]) || (i > 0 && in_word(text[i - 1]))) {
      ++i;
      while (i < text.size() && is_digit(text[i]) && in_word(text[i - 1])) ++i;
      continue;
    }
    const bool negative = i > 0 && is_sign(text, i - 1);
    NumberScanner scanner(text, i);
    double value = scanner.scan();
    i = scanner.end();
    if (i + 1 < text.size() && text[i] == '/' && is_digit(text[i + 1])) {
      NumberScanner below(text, i + 1);
      if (const double d = below.scan(); d != 0) value /= d;
      i = below.end();
    }
    out.push_back(negative ? -value : value);
  }
  return out;
}

std::optional<Json> first_json(std::string_view text) {
  std::size_t scanned = 0;  // a text full of open brackets is not read again from each of them
  for (std::size_t i = text.find_first_of("{["); i != std::string_view::npos;
       i = text.find_first_of("{[", i + 1)) {
    const auto end = json_end(text, i);
    scanned += std::min(end, text.size()) - i;
    if (scanned > kMostScanned) return std::nullopt;
    if (end == std::string_view::npos) continue;
    if (auto json = parse_json(text.substr(i, end - i))) return std::move(*json);
  }
  if (auto json = parse_json(without_fence(text))) return std::move(*json);
  return std::nullopt;
}

std::string normalised(std::string_view text) {
  std::string out;
  std::string word;
  const auto flush = [&] {
    // Punctuation and emphasis at a word's edges fall away; "it's" and "tom@x.org" stay whole.
    auto first = std::ranges::find_if(word, in_word);
    auto last = std::find_if(word.rbegin(), std::make_reverse_iterator(first), in_word).base();
    if (first < last) {
      if (!out.empty()) out += ' ';
      out.append(first, last);
    }
    word.clear();
  };
  for (const char c : lower(text)) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      flush();
    } else {
      word += c;
    }
  }
  flush();
  return out;
}

}  // namespace joulebook
