#include "meter/sampler.h"

namespace joulebook {
namespace {

constexpr Nanos kAnchor = std::chrono::seconds(60);
constexpr Nanos kJump = std::chrono::milliseconds(1);

std::vector<Channel> channels(const std::vector<std::unique_ptr<Sensor>>& sensors) {
  std::vector<Channel> out;
  for (const auto& sensor : sensors) out.push_back({sensor->info(), sensor->model()});
  return out;
}

}  // namespace

Sampler::Sampler(std::vector<std::unique_ptr<Sensor>> sensors, const MeterOptions& options,
                 Clock& clock, std::shared_ptr<const FileTree> files)
    : sensors_(std::move(sensors)),
      options_(options),
      clock_(clock),
      cpu_(clock, std::move(files)),
      core_(channels(sensors_), options, cpu_.hardware_threads()) {
  events_.reserve(sensors_.size() + 4);
}

Status Sampler::record(const std::string& path) {
  TraceHeader header{core_.sensors(), {}, options_, cpu_.hardware_threads(), {}};
  for (const auto& sensor : sensors_) {
    header.models.push_back(sensor->model() != nullptr ? sensor->model()->describe() : Json());
  }
  auto writer = TraceWriter::create(path, header);
  if (!writer) return fail(writer.error());
  record_ = std::move(*writer);
  return {};
}

void Sampler::end_record() {
  if (record_) record_->close();
}

// The core is only ever changed by the thread that reads, so looking at it here is safe.
bool Sampler::doubtful(std::size_t channel, const RawReading& reading) const {
  return core_.doubtful(channel, reading);
}

void Sampler::read(std::size_t channel) {
  auto reading = sensors_[channel]->read();
  if (reading && doubtful(channel, *reading)) reading = sensors_[channel]->read();
  if (reading) {
    events_.push_back(ReadingEvent{channel, *reading});
  } else {
    events_.push_back(MissEvent{channel, clock_.now(), reading.error()});
  }
}

// Anchors are kept at the start, each minute, and on both sides of a jump.
void Sampler::read_clocks() {
  const Anchor now = clock_.anchor();
  const auto offset = [](const Anchor& a) { return Nanos(a.boot_ns - a.steady.ns); };
  const bool jumped = anchor_ && offset(now) - offset(*anchor_) > kJump;
  if (jumped) events_.push_back(*anchor_);
  if (jumped || !anchor_ || now.steady - anchored_ >= kAnchor) {
    events_.push_back(now);
    anchored_ = now.steady;
  }
  anchor_ = now;
}

const std::vector<TraceEvent>& Sampler::read_all(bool fresh) {
  events_.clear();
  read_clocks();
  for (std::size_t channel = 0; channel < sensors_.size(); ++channel) read(channel);
  if (fresh || cpu_.due(clock_.now())) events_.push_back(cpu_.sample(fresh));
  return events_;
}

void Sampler::apply(const TraceEvent& event) {
  feed(core_, event);
  keep(event);
}

void Sampler::keep(const TraceEvent& event) {
  if (!record_) return;
  record_->add(event);
  const SteadyTime now = clock_.now();
  if (now - flushed_ < kFlush) return;
  record_->flush();
  flushed_ = now;
}

}  // namespace joulebook
