#include "load/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"

namespace joulebook::load {
namespace {

constexpr double kLongest = 1e7;  // tokens
constexpr std::array<std::string_view, 32> kWords = {
    "the",  "of",    "and",   "to",   "in",  "is",    "was",  "for",  "on",    "that", "with",
    "as",   "by",    "at",    "from", "are", "this",  "be",   "have", "an",    "were", "which",
    "time", "water", "house", "one",  "day", "light", "work", "air",  "small", "long"};

tl::unexpected<Error> bad(std::string_view text) {
  return fail(ErrorKind::usage, "load.lengths", fmt::format("'{}' is no length in tokens", text),
              "write 512, uniform:100-900, normal:512,64 (mean, deviation) or lognormal:512,0.5 "
              "(mean, deviation of the logarithm)");
}

// The two numbers of "A-B" or "A,B".
std::optional<std::pair<double, double>> pair_of(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == text.npos) return std::nullopt;
  const auto a = parse_double(trim(text.substr(0, at)));
  const auto b = parse_double(trim(text.substr(at + 1)));
  if (!a || !b) return std::nullopt;
  return std::pair(*a, *b);
}

bool is_length(double x) { return x >= 1 && x <= kLongest; }

}  // namespace

Lengths Lengths::fixed(std::int64_t n) {
  Lengths out;
  out.a_ = static_cast<double>(n);
  out.text_ = fmt::format("{}", n);
  return out;
}

Result<Lengths> Lengths::parse(std::string_view text) {
  Lengths out;
  out.text_ = std::string(text);
  const auto colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  if (colon == text.npos) {
    const auto n = parse_uint(text);
    if (!n || !is_length(static_cast<double>(*n))) return bad(text);
    out.a_ = static_cast<double>(*n);
    return out;
  }
  const bool uniform = kind == "uniform";
  const auto numbers = pair_of(text.substr(colon + 1), uniform ? '-' : ',');
  if (!numbers || !is_length(numbers->first)) return bad(text);
  out.a_ = numbers->first;
  out.b_ = numbers->second;
  if (uniform) {
    out.kind_ = Kind::uniform;
    return is_length(out.b_) && out.b_ >= out.a_ ? Result<Lengths>(out) : bad(text);
  }
  if (kind != "normal" && kind != "lognormal") return bad(text);
  out.kind_ = kind == "normal" ? Kind::normal : Kind::lognormal;
  const double most = out.kind_ == Kind::normal ? kLongest : 5;
  return out.b_ >= 0 && out.b_ <= most ? Result<Lengths>(out) : bad(text);
}

std::int64_t Lengths::draw(Rng& rng) const {
  double x = a_;
  switch (kind_) {
    case Kind::fixed:
      break;
    case Kind::uniform:
      x = std::floor(a_) + static_cast<double>(rng.below(
                               static_cast<std::uint64_t>(std::floor(b_) - std::floor(a_)) + 1));
      break;
    case Kind::normal:
      x = a_ + b_ * rng.normal();
      break;
    case Kind::lognormal:
      x = a_ * rng.unit_lognormal(b_);
      break;
  }
  return std::llround(std::clamp(x, 1.0, kLongest));
}

std::int64_t LengthFit::words_for(std::int64_t tokens) const {
  return std::max<std::int64_t>(1, std::llround((static_cast<double>(tokens) - base) / per_word));
}

std::optional<LengthFit> LengthFit::from(std::int64_t words_a, std::int64_t tokens_a,
                                         std::int64_t words_b, std::int64_t tokens_b) {
  if (words_b <= words_a || tokens_b <= tokens_a || tokens_a <= 0) return std::nullopt;
  LengthFit out;
  out.per_word = static_cast<double>(tokens_b - tokens_a) / static_cast<double>(words_b - words_a);
  out.base = static_cast<double>(tokens_a) - out.per_word * static_cast<double>(words_a);
  // A tokenizer that took a word for fewer than 1/2 or more than 8 tokens isn't counting these
  // words.
  if (out.per_word < 0.5 || out.per_word > 8 || out.base < -8) return std::nullopt;
  return out;
}

std::string made_up_prompt(std::int64_t words, std::uint64_t seed, std::uint64_t number) {
  Rng rng(seed, number);
  std::string out;
  out.reserve(static_cast<std::size_t>(words) * 5);
  for (std::int64_t i = 0; i < words; ++i) {
    if (i > 0) out += ' ';
    out += kWords[static_cast<std::size_t>(rng.below(kWords.size()))];
  }
  return out;
}

WorkItem Workload::item(std::uint64_t index) const {
  Rng rng(seed, 2 * index + 1);
  WorkItem out;
  out.output_tokens = output.draw(rng);
  if (!prompts.empty()) {
    const UserPrompt& prompt = prompts[static_cast<std::size_t>(index % prompts.size())];
    out.text = prompt.text;
    out.messages = prompt.messages;
    out.output_tokens = prompt.output_tokens.value_or(out.output_tokens);
    return out;
  }
  out.input_tokens = input.draw(rng);
  if (trace != nullptr && !trace->empty()) {
    const TraceEntry& entry = (*trace)[static_cast<std::size_t>(index % trace->size())];
    out.input_tokens = entry.input_tokens;
    out.output_tokens = entry.output_tokens;
  }
  out.text = made_up_prompt(fit.words_for(out.input_tokens), seed, 2 * index);
  return out;
}

}  // namespace joulebook::load
