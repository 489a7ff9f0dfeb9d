// Any bytes as an upstream's event stream or lines, through a metered exchange: however they are cut, the
// client sees the same and the same is told; and what it sees is what the upstream sent, with one note in it.
// Planted fault that it finds: PieceCutter::end_of_piece() without waiting for the LF after a CR that ends
// what has come so far (2026-11-27: at once from fuzz/seeds/wire_sse/crlf_lines.txt, not in 12 s by chance).
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "gateway/wire/fake_sink.h"

namespace {

using namespace joulebook::gateway;

void require(bool good) {
  if (!good) std::abort();
}

// `longer` is `shorter` with something put in at one place.
bool has_one_insertion(std::string_view longer, std::string_view shorter) {
  if (longer.size() < shorter.size()) return false;
  const auto head = std::mismatch(shorter.begin(), shorter.end(), longer.begin()).first - shorter.begin();
  const auto tail = std::mismatch(shorter.rbegin(), shorter.rend(), longer.rbegin()).first - shorter.rbegin();
  return static_cast<std::size_t>(head + tail) >= shorter.size();
}

// Too long for a limit of 40 bytes or not: what comes out is what went in.
void check_limit(std::string_view answer, std::size_t step, PieceCutter::Kind kind) {
  PieceCutter cutter(kind, 40);
  std::string out;
  const auto sink = [&](const Piece& piece) { out += piece.raw; };
  for (std::size_t at = 0; at < answer.size(); at += step) {
    cutter.feed(answer.substr(at, step), sink);
    require(cutter.held() <= 40);
  }
  cutter.finish(sink);
  require(out == answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr std::string_view kTargets[] = {"/v1/chat/completions", "/v1/messages", "/v1/responses", "/completion"};
  const std::string_view target = kTargets[data[1] % 4];
  const std::size_t step = std::max<std::size_t>(1, data[0]);
  const std::string_view answer(reinterpret_cast<const char*>(data) + 2, size - 2);
  WireOptions options;
  options.include_usage = false;
  options.upstreams = {"fuzz"};
  constexpr std::string_view kAsk = R"({"stream":true})";
  FakeSink at_once;
  FakeSink in_parts;
  const auto whole = pass(at_once, target, kAsk, "text/event-stream", answer, answer.size() + 1, options);
  const auto cut = pass(in_parts, target, kAsk, "text/event-stream", answer, step, options);
  require(whole.client == cut.client);
  require(at_once.remarks.size() == in_parts.remarks.size());
  for (std::size_t i = 0; i < at_once.remarks.size(); ++i) {
    require(at_once.remarks[i].what.index() == in_parts.remarks[i].what.index());
  }
  require(at_once.tokens(true) == in_parts.tokens(true) && at_once.tokens(false) == in_parts.tokens(false));
  require(has_one_insertion(cut.client, answer));
  check_limit(answer, step, PieceCutter::Kind::events);
  check_limit(answer, step, PieceCutter::Kind::lines);
  return 0;
}
