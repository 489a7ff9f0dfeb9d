#include <fmt/format.h>

#include "core/file_tree.h"
#include "meter/record.h"
#include "meter/sensor_json.h"
#include "meter/trace_wire.h"

namespace joulebook {
namespace {

tl::unexpected<Error> malformed(std::string what) {
  return fail(ErrorKind::input, "trace.malformed", std::move(what), "record the trace again");
}

// Decodes the events of one block; the counterpart of TraceEncoder.
class BlockReader {
 public:
  BlockReader(std::string_view payload, std::size_t channels)
      : in_{payload}, counts_(channels, 0) {}

  [[nodiscard]] bool done() const { return in_.rest.empty() || in_.bad; }
  [[nodiscard]] bool bad() const { return in_.bad; }
  TraceEvent next() {
    switch (in_.byte()) {
      case '0':
        return reading();
      case '1':
        return miss();
      case '2':
        return cpu();
      case '3':
        return anchor();
      case '4':
        return note();
      default:
        in_.bad = true;
        return NoteEvent{};
    }
  }

 private:
  SteadyTime time() {
    time_ += in_.zigzag();
    return {time_};
  }
  std::size_t channel() {
    const std::uint64_t channel = in_.varint();
    if (channel < counts_.size()) return channel;
    in_.bad = true;
    return 0;
  }
  TraceEvent reading() {
    ReadingEvent event;
    event.channel = channel();
    event.reading.begin = time();
    event.reading.end = event.reading.begin + Nanos(in_.zigzag());
    const auto moved = static_cast<std::uint64_t>(in_.zigzag());
    if (!in_.bad) event.reading.counts = counts_[event.channel] += moved;
    return event;
  }
  TraceEvent miss() {
    MissEvent event;
    event.channel = channel();
    event.at = time();
    event.error = {ErrorKind::no_reading, in_.text(), {}, {}};
    event.error.message = in_.text();
    event.error.cure = in_.text();
    return event;
  }
  TraceEvent cpu() {
    CpuSample sample;
    sample.at = time();
    sample.machine = in_.real();
    sample.tree = in_.real();
    sample.self = in_.real();
    return sample;
  }
  TraceEvent anchor() {
    Anchor anchor;
    anchor.steady = time();
    anchor.boot_ns = in_.zigzag();
    anchor.wall_ns = in_.zigzag();
    return anchor;
  }
  TraceEvent note() {
    auto json = parse_json(in_.text());
    if (!json) in_.bad = true;
    return NoteEvent{json ? std::move(*json) : Json()};
  }

  WireReader in_;
  std::int64_t time_ = 0;
  std::vector<std::uint64_t> counts_;
};

Result<TraceHeader> parse_header(std::string_view text) {
  auto json = parse_json(text);
  if (!json) return malformed("the trace's header is not JSON");
  if ((*json)["version"].as_int() > kTraceVersion) {
    return fail(ErrorKind::input, "trace.newer", "the trace was written by a newer Joulebook",
                "read it with that version");
  }
  TraceHeader header;
  header.options.period = Nanos((*json)["period_ns"].as_int());
  header.options.max_gap = Nanos((*json)["max_gap_ns"].as_int());
  for (const auto& device : (*json)["devices"].items()) {
    header.options.devices.emplace_back(device.as_string());
  }
  header.hardware_threads = static_cast<int>((*json)["hardware_threads"].as_int());
  header.options.floors = idle_floors_from_json((*json)["idle"]);
  header.about = (*json)["about"];
  for (const auto& item : (*json)["sensors"].items()) {
    auto info = sensor_from_json(item);
    if (!info) return fail(info.error());
    header.sensors.push_back(std::move(*info));
    header.models.push_back(item["model"]);
  }
  return header;
}

// The payload of the next block; nothing (and `damage`) where it is not whole.
std::optional<std::string_view> next_block(WireReader& in, std::string& damage,
                                           std::size_t offset) {
  const std::uint64_t size = in.word(4);
  const auto sum = static_cast<std::uint32_t>(in.word(4));
  if (in.bad || size == 0 || size > in.rest.size()) {
    damage = fmt::format("the block at byte {} is cut short", offset);
    return std::nullopt;
  }
  const std::string_view payload = in.rest.substr(0, size);
  in.rest.remove_prefix(size);
  if (crc32(payload) == sum) return payload;
  damage = fmt::format("the checksum of the block at byte {} is wrong", offset);
  return std::nullopt;
}

// False where an event makes no sense; those before it were taken.
bool read_events(std::string_view payload, std::size_t channels, std::vector<TraceEvent>& out) {
  BlockReader block(payload, channels);
  while (!block.done()) {
    TraceEvent event = block.next();
    if (block.bad()) return false;
    out.push_back(std::move(event));
  }
  return true;
}

constexpr const char* kSenseless = "a block holds an event that makes no sense";

}  // namespace

Result<Trace> parse_trace(std::string_view bytes) {
  if (!bytes.starts_with(kTraceMagic)) {
    return fail(ErrorKind::input, "trace.not_a_trace", "this is no trace of Joulebook",
                "name a file that was written with --record");
  }
  WireReader in{bytes.substr(kTraceMagic.size())};
  Trace trace;
  const auto head = next_block(in, trace.damage, kTraceMagic.size());
  if (!head || !head->starts_with('H')) {
    return malformed("the trace's header is damaged: " + trace.damage);
  }
  auto header = parse_header(head->substr(1));
  if (!header) return fail(header.error());
  trace.header = std::move(*header);
  while (!in.rest.empty() && trace.damage.empty() && !trace.complete) {
    const auto payload = next_block(in, trace.damage, bytes.size() - in.rest.size());
    if (!payload) break;
    if (payload->front() == 'Z') {
      trace.complete = true;
    } else if (payload->front() == 'E' &&
               !read_events(payload->substr(1), trace.header.sensors.size(), trace.events)) {
      trace.damage = kSenseless;
    }
  }
  if (!trace.complete && trace.damage.empty()) trace.damage = "the recording was not ended";
  return trace;
}

Status TraceStream::block(std::string_view payload, std::vector<TraceEvent>& out) {
  if (payload.starts_with('H')) {
    auto header = parse_header(payload.substr(1));
    if (!header) return fail(header.error());
    header_ = std::move(*header);
    out.clear();
    return {};
  }
  if (!header_) return malformed("the trace does not begin with its header");
  if (!payload.starts_with('E')) return {};
  ++blocks_;
  if (read_events(payload.substr(1), header_->sensors.size(), out)) return {};
  return malformed(kSenseless);
}

Result<std::vector<TraceEvent>> TraceStream::feed(std::string_view bytes) {
  constexpr std::size_t kFrame = 8;
  held_.append(bytes);
  std::vector<TraceEvent> out;
  if (!magic_) {
    const std::size_t seen = std::min(held_.size(), kTraceMagic.size());
    if (std::string_view(held_).substr(0, seen) != kTraceMagic.substr(0, seen)) {
      return fail(ErrorKind::input, "trace.not_a_trace", "this is no trace of Joulebook",
                  "ask a joulebook agent for it");
    }
    if (seen < kTraceMagic.size()) return out;
    read_ = seen;
    magic_ = true;
  }
  while (held_.size() - read_ >= kFrame) {
    WireReader in{std::string_view(held_).substr(read_)};
    const std::uint64_t size = WireReader{in}.word(4);
    if (size > kMostBlock) return malformed("a block of the trace is too long");
    if (in.rest.size() < kFrame + size) break;
    std::string damage;
    const auto payload = next_block(in, damage, read_);
    if (!payload) return malformed(std::move(damage));
    if (auto ok = block(*payload, out); !ok) return fail(ok.error());
    read_ += kFrame + size;
  }
  held_.erase(0, read_);
  read_ = 0;
  return out;
}

Result<Trace> read_trace(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes) return fail(bytes.error());
  auto trace = parse_trace(*bytes);
  if (!trace) {
    Error error = trace.error();
    error.message = path + ": " + error.message;
    return fail(std::move(error));
  }
  return trace;
}

}  // namespace joulebook
