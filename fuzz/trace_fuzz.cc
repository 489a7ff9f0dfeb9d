// Any bytes as a recorded run. Half of the inputs are a whole file; the rest are the events of one
// block behind a sound header and checksum, which chance alone would never pass. What can be read
// replays without a crash, and every figure's best value lies inside its interval.
// Fault planted on 2026-11-25: a channel's number not held against their count, found after 28 s and
// 2,333 inputs.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "meter/record.h"
#include "meter/replay.h"
#include "meter/trace_wire.h"

namespace joulebook {
namespace {

TraceHeader header() {
  SensorInfo counter{.id = "c", .domain = "package:0", .name = "c", .device = "cpu"};
  counter.range = 1 << 20;
  counter.tick = std::chrono::milliseconds(1);
  SensorInfo gauge{.id = "g", .domain = "gpu:0", .name = "g", .device = "gpu"};
  gauge.kind = SensorKind::power_gauge;
  gauge.averaging = std::chrono::milliseconds(25);
  TraceHeader out;
  out.sensors = {counter, gauge};
  out.models = {Json(), Json()};
  out.hardware_threads = 2;
  return out;
}

std::string framed(std::string_view events) {
  std::string payload = "E";
  payload += events;
  std::string out = TraceEncoder::header(header());
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u32(out, crc32(payload));
  return out + payload;
}

bool sound(const Quantity& q) {
  if (!q.present()) return q.reason.has_value() && !q.reason->code.empty();
  return q.interval().contains(*q.value);
}

void replay(const Trace& trace) {
  const auto meter = replay_meter(trace);
  if (!meter) return;
  const SteadyTime end = (*meter)->now();
  for (const std::int64_t span : {std::int64_t{1'000}, std::int64_t{50'000'000}, end.ns}) {
    if (span <= 0) continue;
    const auto figures = (*meter)->energy({"w", SteadyTime{end.ns - span}, end});
    for (const auto& domain : figures.domains) {
      if (!sound(domain.energy)) std::abort();
    }
    if (!sound(figures.total)) std::abort();
  }
}

}  // namespace
}  // namespace joulebook

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string file = data[0] % 2 == 0 ? std::string(bytes) : joulebook::framed(bytes);
  const auto trace = joulebook::parse_trace(file);
  if (!trace && trace.error().code.empty()) std::abort();
  if (trace) joulebook::replay(*trace);
  return 0;
}
