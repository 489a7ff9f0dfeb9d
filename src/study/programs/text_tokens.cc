#include "study/programs/text_tokens.h"

#include <cctype>

namespace joulebook {
namespace {

using Kind = TextToken::Kind;

constexpr std::string_view kPound = "\xC2\xA3";
constexpr std::string_view kEuro = "\xE2\x82\xAC";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) > 0x7f;
}

// Bytes of the currency sign that begins the text; 0 where none does.
std::size_t sign(std::string_view text) {
  for (const auto each : {kPound, kEuro}) {
    if (text.starts_with(each)) return each.size();
  }
  return 0;
}

// Bytes of the run that begins the text: characters of one class, joined by single joints.
template <class InRun>
std::size_t run(std::string_view text, InRun in_run, std::string_view joints) {
  std::size_t at = 0;
  while (at < text.size() && sign(text.substr(at)) == 0) {
    const bool joint = at > 0 && joints.find(text[at]) != std::string_view::npos;
    if (!in_run(text[at]) && !(joint && at + 1 < text.size() && in_run(text[at + 1]))) break;
    ++at;
  }
  return at;
}

TextToken token_at(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  TextToken out;
  out.begin = at;
  std::size_t size = 1;
  if (const auto bytes = sign(rest); bytes > 0) {
    size = bytes;
  } else if (is_digit(rest.front())) {
    out.kind = Kind::number;
    size = run(rest, is_digit, ".,/-");
  } else if (is_letter(rest.front())) {
    out.kind = Kind::word;
    size = run(rest, is_letter, "-'");
  } else if (rest.front() == '\n') {
    out.kind = Kind::line;
  }
  out.text = rest.substr(0, size);
  return out;
}

}  // namespace

std::vector<TextToken> tokens_of(std::string_view text) {
  std::vector<TextToken> out;
  bool glued = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at;
      glued = false;
      continue;
    }
    out.push_back(token_at(text, at));
    out.back().glued = glued;
    at = out.back().end();
    glued = true;
  }
  return out;
}

}  // namespace joulebook
