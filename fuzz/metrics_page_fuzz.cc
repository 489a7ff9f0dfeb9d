// Any text as an engine's metrics page: every figure read is a finite number, not below zero, and neither
// comments nor the kind of line ends change what is read.
// Fault that it found at once from its seed (2026-11-27): add_line() of metrics_page.cc without looking whether the
// sum is finite.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/wire/metrics_page.h"

namespace {

using joulebook::attribution::EngineReading;
using Member = std::optional<double> EngineReading::*;
constexpr Member kMembers[] = {
    &EngineReading::running,       &EngineReading::waiting,       &EngineReading::kv_use,
    &EngineReading::prompt_tokens, &EngineReading::cached_tokens, &EngineReading::output_tokens,
    &EngineReading::steps,         &EngineReading::step_tokens,   &EngineReading::drafted,
    &EngineReading::accepted,      &EngineReading::prefill_s,     &EngineReading::decode_s,
    &EngineReading::preemptions};

void require(bool good) {
  if (!good) std::abort();
}

std::string with_crlf_and_comments(std::string_view text) {
  std::string out = "# TYPE x counter\r\n";
  for (const char c : text) out += c == '\n' ? std::string("\r\n# y\r\n") : std::string(1, c);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reading = joulebook::gateway::read_metrics_page(text);
  const auto again = joulebook::gateway::read_metrics_page(with_crlf_and_comments(text));
  require(reading.has_value() == again.has_value());
  if (!reading) return 0;
  for (const Member member : kMembers) {
    const auto& value = *reading.*member;
    require(!value || (std::isfinite(*value) && *value >= 0));
    require(value == *again.*member);
  }
  return 0;
}
