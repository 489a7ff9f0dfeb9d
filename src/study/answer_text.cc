#include "study/answer_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <string>

#include "core/text.h"
#include "core/utf8.h"
#include "study/checker.h"
#include "study/letters.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostScanned = std::size_t{1} << 26;  // bytes, looking for JSON

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
// Whether a number that begins at `at` would be part of the word before it: not behind a currency or a
// quotation mark, nor in a script that writes without blanks.
bool hangs_on(std::string_view text, std::size_t at) {
  const char32_t point = letters::before(text, at);
  return point != 0 && letters::in_word(point) && !letters::is_currency(point) && !letters::is_unspaced(point);
}

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
    const bool may_group = !plain_.empty() && plain_.size() <= 3;
    while (may_group && grouped() > 0) {
      at_ += grouped();
      digits();
    }
    if (peek(0) == '.' && is_digit(peek(1))) {
      plain_ += '.';
      ++at_;
      digits();
    }
    exponent();
    // Beyond what a number can hold: without end, or nothing to speak of.
    const bool tiny = plain_.find("e-") != std::string::npos;
    return parse_double(plain_).value_or(tiny ? 0 : std::numeric_limits<double>::infinity());
  }
  [[nodiscard]] std::size_t end() const { return at_; }

 private:
  [[nodiscard]] char peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void digits() {
    while (is_digit(peek(0))) plain_ += text_[at_++];
  }
  // Bytes of a separator before exactly three digits: a comma, a blank, an apostrophe; else 0.
  [[nodiscard]] std::size_t grouped() const {
    if (at_ >= text_.size()) return 0;
    std::size_t end = at_;
    const char32_t point = letters::folded(letters::next(text_, end));
    if (point != ',' && point != '\'' && (!letters::is_blank(point) || point < ' ')) return 0;
    const std::size_t n = end - at_;
    const bool three = is_digit(peek(n)) && is_digit(peek(n + 1)) && is_digit(peek(n + 2));
    return three && !is_digit(peek(n + 3)) ? n : 0;
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

// Whether what stands before `at` is a minus sign: not a dash between two words or numbers ("3-4").
bool is_negative(std::string_view text, std::size_t at) {
  const char32_t point = letters::before(text, at);
  if (letters::folded(point) != '-') return false;
  const std::size_t sign = at - (point == '-' ? 1 : 3);
  return !hangs_on(text, sign) && letters::before(text, sign) != ')';
}

// Where a number begins.
struct NumberStart {
  std::size_t sign;      // behind its sign
  std::size_t scanned;   // its first digit, or the decimal mark before it (".5")
  std::string_view bar;  // between the two parts of a fraction: "/", or "}{" of "\\frac{3}{4}"
};

// REQUIRES: a digit at `at`.
NumberStart number_start(std::string_view text, std::size_t at) {
  const std::string_view ahead = text.substr(0, at);
  const bool decimal = ahead.ends_with('.') && !ahead.ends_with("..") && !ahead.ends_with(").");
  if (decimal && !hangs_on(text, at - 1)) return {at - 1, at - 1, "/"};
  if (ahead.ends_with("frac{")) {
    const auto slash = ahead.rfind('\\');
    if (slash != std::string_view::npos && at - slash <= 7) return {slash, at, "}{"};
  }
  return {at, at, "/"};
}

// Where the box ends that begins before `inside`: at the brace that none in it opened.
std::size_t box_end(std::string_view inside) {
  int open = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '{') ++open;
    if (inside[i] == '}' && --open < 0) return i;
  }
  return inside.size();
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
    return trim(inside.substr(0, box_end(inside)));
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
    if (!is_digit(text[i]) || hangs_on(text, i)) {
      ++i;
      while (i < text.size() && is_digit(text[i]) && hangs_on(text, i)) ++i;
      continue;
    }
    const NumberStart start = number_start(text, i);
    NumberScanner scanner(text, start.scanned);
    double value = scanner.scan();
    i = scanner.end();
    const std::size_t next = i + start.bar.size();
    if (text.substr(i).starts_with(start.bar) && next < text.size() && is_digit(text[next])) {
      NumberScanner below(text, next);
      if (const double d = below.scan(); d != 0) value /= d;
      i = below.end();
    }
    out.push_back(is_negative(text, start.sign) ? -value : value);
  }
  return out;
}

std::optional<double> number_in(std::string_view answer) {
  // "12 x 3 = 36 coins": what counts stands behind the last sign of equality.
  const std::string_view proper = marked(answer).value_or(std::string_view{});
  // A marked answer opens with its number ("Answer: 36 coins in all"); free text ends with it.
  if (const auto found = numbers(proper.substr(proper.rfind('=') + 1)); !found.empty()) return found.front();
  const auto found = numbers(answer);
  return found.empty() ? std::nullopt : std::optional(found.back());
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
  // The word that is being read: its text up to the last character that belongs to it.
  std::string word;
  std::size_t end = 0;
  bool minus = false;  // right before what comes next
  const auto flush = [&] {
    word.resize(end);
    if (!out.empty() && !word.empty()) out += ' ';
    out += word;
    word.clear();
    end = 0;
    minus = false;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t point = letters::next(text, at);
    const char32_t plain = letters::folded(point);
    if (letters::is_blank(point)) {
      flush();
      continue;
    }
    const bool belongs = letters::in_word(plain);
    // Punctuation and emphasis at a word's edges fall away; "it's", "tom@x.org" and "-5" stay whole.
    if (belongs && word.empty() && minus && is_digit(plain)) word += '-';
    minus = plain == '-';
    if (!belongs && word.empty()) continue;
    if (plain != point) {
      append_utf8(word, plain);
    } else {
      word.append(text.substr(begin, at - begin));
    }
    if (belongs) end = word.size();
  }
  flush();
  return out;
}

}  // namespace joulebook
