// Any bytes as a trace, as prompts and as a stream of answers: read or refused, and what is read
// keeps what the headers promise. Shown to find a planted fault: without the check that a trace's
// times never go back, lines in the wrong order.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "load/answer_reader.h"
#include "load/files.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_length(std::int64_t n) { return n >= 1 && n <= 10'000'000; }

void check_trace(std::string_view bytes) {
  const auto trace = joulebook::load::parse_trace(bytes, "t", 2);
  if (!trace) return require(!trace.error().cure.empty());
  require(!trace->empty());
  double before = 0;
  for (const auto& entry : *trace) {
    require(entry.at_s >= before && entry.at_s <= 1e8);
    require(is_length(entry.input_tokens) && is_length(entry.output_tokens));
    before = entry.at_s;
  }
}

// A trace whose numbers are the bytes: so that the order of its times is soon tried.
std::string made_trace(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i + 1 < bytes.size() && i < 64; i += 2) {
    out += "{\"at_s\":" + std::to_string(static_cast<unsigned char>(bytes[i])) +
           ",\"input_tokens\":" + std::to_string(static_cast<unsigned char>(bytes[i + 1])) +
           ",\"output_tokens\":1}\n";
  }
  return out;
}

void check_prompts(std::string_view bytes) {
  const auto prompts = joulebook::load::parse_user_prompts(bytes, "p");
  if (!prompts) return require(!prompts.error().cure.empty());
  require(!prompts->empty());
  for (const auto& prompt : *prompts) {
    require(prompt.text.empty() != prompt.messages.is_null());
    require(!prompt.output_tokens || is_length(*prompt.output_tokens));
  }
}

struct Seen {
  std::int64_t pieces = 0;
  std::optional<std::int64_t> output;
  std::string finish;
  bool failed = false;
  bool operator==(const Seen&) const = default;
};

// Whole, or cut anywhere, an answer says the same.
Seen read(std::string_view bytes, std::size_t step) {
  joulebook::load::AnswerReader reader;
  reader.begin(true);
  for (std::size_t at = 0; at < bytes.size(); at += step) reader.feed(bytes.substr(at, step));
  reader.finish();
  require(reader.pieces() >= 0 && reader.counts().output.value_or(0) >= 0);
  return {reader.pieces(), reader.counts().output, reader.finish_reason(), reader.failed()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_trace(bytes);
  check_trace(made_trace(bytes));
  check_prompts(bytes);
  require(read(bytes, 1U + data[0] % 16) == read(bytes, bytes.size() + 1));
  return 0;
}
