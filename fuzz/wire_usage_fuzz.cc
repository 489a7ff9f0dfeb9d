// Any JSON as what a server says of its work, in every interface, streamed and not: no count below zero or
// beyond any meaning, no time that is no number. And as a request: where usage is asked for, nothing else
// of the body changes.
// Planted fault that it finds: count_of() of sender_counts.cc without its bounds (2026-11-27: at once from
// fuzz/seeds/wire_usage).
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "core/json.h"
#include "core/text.h"
#include "gateway/wire/answer_reader.h"

namespace {

using namespace joulebook;
using namespace joulebook::gateway;

void require(bool good) {
  if (!good) std::abort();
}

constexpr std::int64_t kMostCount = 3'000'000'000'000;  // three counts of 1e12: Anthropic's parts are summed

void check(const AnswerReader::What& what) {
  if (const auto* tokens = std::get_if<attribution::Tokens>(&what)) {
    require(tokens->count > 0 && tokens->count <= kMostCount && tokens->choice < 1024);
  }
  if (const auto* u = std::get_if<attribution::Usage>(&what)) {
    for (const auto& n : {u->prompt, u->cached, u->output, u->reasoning, u->drafted, u->accepted}) {
      require(!n || (*n >= 0 && *n <= kMostCount));
    }
  }
  if (const auto* t = std::get_if<attribution::Timings>(&what)) {
    for (const auto& s : {t->queue_s, t->load_s, t->prefill_s, t->decode_s}) require(!s || (*s >= 0 && *s <= 1e7));
  }
}

void check_request(Api api, std::string_view body) {
  const auto json = parse_json(body);
  if (!json || !json->is_object()) return;
  const auto read = read_request(api, body);
  require(read.has_value());
  const Asked& asked = *read;
  require(asked.choices >= 1 && asked.choices <= 1024);
  const auto other = with_usage(api, asked, body);
  if (!other) return;
  auto changed = parse_json(*other);
  require(changed.has_value());
  require((*changed)["stream_options"]["include_usage"].as_bool());
  changed->erase("stream_options");
  require(*changed == *json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Api api = static_cast<Api>(data[0] % 9);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  AnswerReader streamed(api, check);
  for (const auto line : split(text, '\n')) (void)streamed.piece(line, {});
  require(streamed.tokens() >= 0);
  AnswerReader at_once(api, check);
  at_once.whole(text);
  require(at_once.tokens() >= 0);
  check_request(api, text);
  return 0;
}
