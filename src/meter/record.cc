#include "meter/record.h"

#include <cerrno>
#include <cstring>

#include "meter/sensor_json.h"
#include "meter/trace_wire.h"

namespace joulebook {
namespace {

constexpr std::size_t kBlock = 64 << 10;

void frame(std::string& out, std::string_view payload) {
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u32(out, crc32(payload));
  out += payload;
}

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1U) : c >> 1U;
    table[i] = c;
  }
  return table;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  static constexpr auto kTable = make_table();
  std::uint32_t c = 0xFFFFFFFFU;
  for (const char byte : bytes) {
    c = kTable[(c ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ (c >> 8U);
  }
  return c ^ 0xFFFFFFFFU;
}

Json TraceHeader::json() const {
  Json list = Json::array();
  for (std::size_t i = 0; i < sensors.size(); ++i) {
    Json sensor = sensor_to_json(sensors[i]);
    sensor.set("model", i < models.size() ? models[i] : Json());
    list.push(std::move(sensor));
  }
  Json devices = Json::array();
  for (const auto& device : options.devices) devices.push(device);
  return Json::object({{"version", kTraceVersion},
                       {"period_ns", std::int64_t{options.period.count()}},
                       {"max_gap_ns", std::int64_t{options.max_gap.count()}},
                       {"devices", std::move(devices)},
                       {"hardware_threads", hardware_threads},
                       {"idle", to_json(options.floors)},
                       {"sensors", std::move(list)},
                       {"about", about}});
}

void feed(MeterCore& core, const TraceEvent& event) {
  if (const auto* r = std::get_if<ReadingEvent>(&event)) core.reading(r->channel, r->reading);
  if (const auto* m = std::get_if<MissEvent>(&event)) core.miss(m->channel, m->at, m->error);
  if (const auto* c = std::get_if<CpuSample>(&event)) core.cpu(*c);
  if (const auto* a = std::get_if<Anchor>(&event)) core.anchor(*a);
  const auto* note = std::get_if<NoteEvent>(&event);
  if (note != nullptr && note->note["note"].as_string() == kDevicesNote) {
    core.cover(choice_from_json(note->note["choice"]));
  }
}

NoteEvent devices_note(const DeviceChoice& choice) {
  return {Json::object({{"note", kDevicesNote}, {"choice", to_json(choice)}})};
}

TraceEncoder::TraceEncoder() {
  payload_.reserve(2 * kBlock);
  block_.reserve(2 * kBlock);
}

std::string TraceEncoder::header(const TraceHeader& header) {
  std::string out(kTraceMagic);
  frame(out, "H" + header.json().dump());
  return out;
}

std::string TraceEncoder::end() {
  std::string out;
  frame(out, "Z");
  return out;
}

void TraceEncoder::put_time(SteadyTime t) {
  put_signed(payload_, t.ns - time_);
  time_ = t.ns;
}

void TraceEncoder::add(const TraceEvent& event) {
  if (payload_.empty()) payload_ = "E";
  payload_ += static_cast<char>('0' + event.index());
  if (const auto* r = std::get_if<ReadingEvent>(&event)) {
    if (counts_.size() <= r->channel) counts_.resize(r->channel + 1);
    put_unsigned(payload_, r->channel);
    put_time(r->reading.begin);
    put_signed(payload_, (r->reading.end - r->reading.begin).count());
    put_signed(payload_, static_cast<std::int64_t>(r->reading.counts - counts_[r->channel]));
    counts_[r->channel] = r->reading.counts;
  } else if (const auto* m = std::get_if<MissEvent>(&event)) {
    put_unsigned(payload_, m->channel);
    put_time(m->at);
    put_text(payload_, m->error.code);
    put_text(payload_, m->error.message);
    put_text(payload_, m->error.cure);
  } else if (const auto* c = std::get_if<CpuSample>(&event)) {
    put_time(c->at);
    for (const double x : {c->machine, c->tree, c->self}) put_double(payload_, x);
  } else if (const auto* a = std::get_if<Anchor>(&event)) {
    put_time(a->steady);
    put_signed(payload_, a->boot_ns);
    put_signed(payload_, a->wall_ns);
  } else {
    put_text(payload_, std::get<NoteEvent>(event).note.dump());
  }
}

std::string_view TraceEncoder::take() {
  block_.clear();
  if (!payload_.empty()) frame(block_, payload_);
  payload_.clear();
  time_ = 0;
  counts_.assign(counts_.size(), 0);
  return block_;
}

Result<std::unique_ptr<TraceWriter>> TraceWriter::create(const std::string& path,
                                                         const TraceHeader& header) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) {
    return fail(ErrorKind::input, "file.unwritable",
                "cannot write " + path + ": " + std::strerror(errno),
                "name a place that can be written");
  }
  std::setvbuf(file, nullptr, _IONBF, 0);
  std::unique_ptr<TraceWriter> writer(new TraceWriter(file, path));
  writer->write(TraceEncoder::header(header));
  if (writer->fault_.empty()) return writer;
  return fail(ErrorKind::resource, "file.full", writer->fault_,
              "free some space or name another place");
}

TraceWriter::~TraceWriter() { close(); }

void TraceWriter::write(std::string_view bytes) {
  if (file_ == nullptr || bytes.empty() || !fault_.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    fault_ = "cannot write " + path_ + ": " + std::strerror(errno);
  }
}

void TraceWriter::add(const TraceEvent& event) {
  encoder_.add(event);
  if (encoder_.pending() >= kBlock) flush();
}

void TraceWriter::flush() { write(encoder_.take()); }

void TraceWriter::close() {
  if (file_ == nullptr) return;
  flush();
  write(TraceEncoder::end());
  if (std::fclose(file_) != 0 && fault_.empty()) fault_ = "cannot write " + path_;
  file_ = nullptr;
}

}  // namespace joulebook
