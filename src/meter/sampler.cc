#include "meter/sampler.h"

#include <time.h>

#include <algorithm>

namespace joulebook {
namespace {

constexpr Nanos kAnchor = std::chrono::seconds(60);
constexpr Nanos kJump = std::chrono::milliseconds(1);
constexpr int kMostInRound = 64;  // readings of one sensor

std::vector<Channel> channels(const std::vector<std::unique_ptr<Sensor>>& sensors) {
  std::vector<Channel> out;
  for (const auto& sensor : sensors) out.push_back({sensor->info(), sensor->model()});
  return out;
}

}  // namespace

Nanos thread_cpu_time() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);  // cannot fail for one's own thread
  return std::chrono::seconds(t.tv_sec) + Nanos(t.tv_nsec);
}

Sampler::Sampler(std::vector<std::unique_ptr<Sensor>> sensors, const MeterOptions& options,
                 Clock& clock, std::shared_ptr<const FileTree> files, std::function<Nanos()> thread_time)
    : sensors_(std::move(sensors)),
      options_(options),
      clock_(clock),
      thread_time_(std::move(thread_time)),
      cpu_(clock, std::move(files)),
      core_(channels(sensors_), options, cpu_.hardware_threads()) {
  events_.reserve(sensors_.size() + 4 + kMostInRound);
  newest_.resize(sensors_.size());
  // The share is that of all together; how many will be dear nobody knows, but boards have one counter each.
  const auto boards = std::count_if(sensors_.begin(), sensors_.end(), [](const auto& sensor) {
    return sensor->info().device.starts_with("gpu:") && sensor->info().kind == SensorKind::energy_counter;
  });
  const double share = options_.most_share / static_cast<double>(std::max<std::ptrdiff_t>(boards, 1));
  for (const auto& sensor : sensors_) {
    paces_.emplace_back(sensor->info(), options_.most_share < 1 ? share : 1, options_.period);
  }
}

void Sampler::costs(std::vector<ReadCost>& out) const {
  out.resize(paces_.size());
  std::transform(paces_.begin(), paces_.end(), out.begin(), [](const ReadPace& pace) { return pace.cost(); });
}

void Sampler::edge(SteadyTime t) {
  for (auto& pace : paces_) pace.edge(t, clock_.now());
}

TraceHeader Sampler::header() const {
  TraceHeader header{core_.sensors(), {}, options_, cpu_.hardware_threads(), {}};
  for (const auto& sensor : sensors_) {
    header.models.push_back(sensor->model() != nullptr ? sensor->model()->describe() : Json());
  }
  return header;
}

void Sampler::publish() {
  if (!options_.publish) return;
  published_ = std::make_unique<TraceEncoder>();
  options_.publish(TraceEncoder::header(header()));
}

Status Sampler::record(const std::string& path) {
  auto writer = TraceWriter::create(path, header());
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

// A sensor that keeps the readings of a poller repeats the newest one until there is another: that
// is no sign of an unchanged value, and must not be fed twice.
bool Sampler::nothing_new(std::size_t channel, const RawReading& reading) const {
  const RawReading& newest = newest_[channel];
  return reading.end.ns != 0 && reading.begin == newest.begin && reading.end == newest.end &&
         reading.counts == newest.counts;
}

void Sampler::read(std::size_t channel) {
  for (int i = 0; i < kMostInRound; ++i) {
    const bool timed = paces_[channel].timed();
    const auto spent = [&] { return timed ? thread_time_() : clock_.now() - SteadyTime{0}; };
    const Nanos called = spent();
    auto reading = sensors_[channel]->read();
    const Nanos took = spent() - called;
    if (reading && nothing_new(channel, *reading)) return;
    if (reading && doubtful(channel, *reading)) reading = sensors_[channel]->read();
    if (!reading) {
      paces_[channel].missed(clock_.now());
      events_.push_back(MissEvent{channel, clock_.now(), reading.error()});
      return;
    }
    events_.push_back(ReadingEvent{channel, *reading});
    newest_[channel] = *reading;
    paces_[channel].read(*reading, took);
    if (reading->end >= anchor_->steady) return;  // taken just now, so there is no other
    paces_[channel].read_elsewhere();
  }
}

CpuSample Sampler::cpu_sample(bool fresh) {
  CpuSample sample = cpu_.sample(fresh);
  if (sample.self < 0) return sample;
  for (const auto& sensor : sensors_) sample.self += sensor->own_cpu_seconds();
  return sample;
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
  for (std::size_t channel = 0; channel < sensors_.size(); ++channel) {
    if (fresh || paces_[channel].due(clock_.now())) read(channel);
  }
  if (fresh || cpu_.due(clock_.now())) events_.push_back(cpu_sample(fresh));
  return events_;
}

void Sampler::apply(const TraceEvent& event) {
  feed(core_, event);
  keep(event);
}

void Sampler::keep(const TraceEvent& event) {
  if (!record_ && !published_) return;
  const SteadyTime now = clock_.now();
  if (published_) {
    published_->add(event);
    if (now - published_at_ >= kPublish) {
      options_.publish(published_->take());
      published_at_ = now;
    }
  }
  if (!record_) return;
  record_->add(event);
  if (now - flushed_ < kFlush) return;
  record_->flush();
  flushed_ = now;
}

}  // namespace joulebook
