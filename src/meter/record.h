#pragma once
// The raw samples of a run on disk (docs/formats/trace.md): everything that was fed to the meter's
// core, in order, so that the same figures come out again without the hardware.
//
// Blocks with a checksum each; what was flushed before a crash at any byte can be read. Writers
// and readers are not thread-safe.
#include <joulebook/result.h>

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.h"
#include "meter/core.h"

namespace joulebook {

inline constexpr int kTraceVersion = 1;

struct TraceHeader {
  std::vector<SensorInfo> sensors;
  std::vector<Json> models;  // one a sensor; null where it has none
  MeterOptions options;      // record_path apart
  int hardware_threads = 0;
  Json about;  // whatever the session wants kept: machine, version

  [[nodiscard]] Json json() const;
};

struct ReadingEvent {
  std::size_t channel = 0;
  RawReading reading;
};
struct MissEvent {
  std::size_t channel = 0;
  SteadyTime at;
  Error error;
};
struct NoteEvent {  // a window or mark of the session
  Json note;
};
using TraceEvent = std::variant<ReadingEvent, MissEvent, CpuSample, Anchor, NoteEvent>;

// The devices that the totals cover from here on.
inline constexpr const char* kDevicesNote = "devices";
[[nodiscard]] NoteEvent devices_note(const DeviceChoice& choice);

// Feeds one event to a core; notes but those of devices are for the session.
void feed(MeterCore& core, const TraceEvent& event);

// CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320).
[[nodiscard]] std::uint32_t crc32(std::string_view bytes);

// Turns events into the bytes of blocks.
class TraceEncoder {
 public:
  TraceEncoder();
  [[nodiscard]] static std::string header(const TraceHeader& header);
  [[nodiscard]] static std::string end();
  void add(const TraceEvent& event);
  [[nodiscard]] std::size_t pending() const { return payload_.size(); }
  // The pending events as one block; empty where there are none. Keeps its buffer.
  [[nodiscard]] std::string_view take();

 private:
  void put_time(SteadyTime t);
  std::string payload_;
  std::string block_;
  std::int64_t time_ = 0;
  std::vector<std::uint64_t> counts_;
};

class TraceWriter {
 public:
  // Errors: those of writing a file.
  [[nodiscard]] static Result<std::unique_ptr<TraceWriter>> create(const std::string& path,
                                                                   const TraceHeader& header);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;
  void add(const TraceEvent& event);
  // Hands what is pending to the kernel: a crash of this process loses nothing before it.
  void flush();
  // Flushes and marks the end. Idempotent.
  void close();
  // Empty, or why the trace is not whole (disk full).
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  TraceWriter(std::FILE* file, std::string path) : file_(file), path_(std::move(path)) {}
  void write(std::string_view bytes);
  std::FILE* file_;
  std::string path_;
  TraceEncoder encoder_;
  std::string fault_;
};

struct Trace {
  TraceHeader header;
  std::vector<TraceEvent> events;
  bool complete = false;  // the end was marked, and nothing before it was damaged
  std::string damage;     // what stopped the reading short; empty where nothing did
};

// Errors: those of reading a file; input "trace.not_a_trace", "trace.newer", "trace.malformed".
// Damage after the header is no error: what precedes it is returned, and `damage` says where.
[[nodiscard]] Result<Trace> parse_trace(std::string_view bytes);
[[nodiscard]] Result<Trace> read_trace(const std::string& path);

// A trace that arrives in pieces, as MeterOptions::publish hands it out. Holds at most one block.
class TraceStream {
 public:
  static constexpr std::size_t kMostBlock = std::size_t{16} << 20;

  // The events of the blocks that are whole by now; of another trace that begins in between, only its own. Errors, after which it is of no more use: input
  // "trace.not_a_trace", "trace.newer", "trace.malformed" (also a block above kMostBlock).
  [[nodiscard]] Result<std::vector<TraceEvent>> feed(std::string_view bytes);
  // Empty until it has come.
  [[nodiscard]] const std::optional<TraceHeader>& header() const { return header_; }
  // How many blocks of events were read since this was last asked.
  [[nodiscard]] std::uint64_t take_blocks() { return std::exchange(blocks_, 0); }

 private:
  [[nodiscard]] Status block(std::string_view payload, std::vector<TraceEvent>& out);
  std::string held_;
  std::size_t read_ = 0;  // of held_, what was understood
  std::uint64_t blocks_ = 0;
  bool magic_ = false;
  std::optional<TraceHeader> header_;
};

}  // namespace joulebook
