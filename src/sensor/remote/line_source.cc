#include "sensor/remote/line_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "sensor/remote/foreign_clock.h"

namespace joulebook {
namespace {

constexpr Nanos kLongestWait = std::chrono::seconds(60);
// Between two looks at a meter that floods: what it writes meanwhile waits in the pipe.
constexpr Nanos kBreath = std::chrono::milliseconds(5);
constexpr Nanos kLook = std::chrono::seconds(1);

using Kind = MeterLines::Line::Kind;

Error lost(const std::string& id, const std::string& why) {
  return {ErrorKind::no_reading, "sensor.lost", id + ": " + why,
          "see why it ends; it is started again by itself"};
}

Error malformed(const std::string& id, const std::string& why) {
  return {ErrorKind::no_reading, "sensor.malformed", id + ": " + why,
          "docs/formats/meter-lines.md shows what a meter must print"};
}

std::string kind_name(SensorKind kind) {
  return kind == SensorKind::power_gauge ? "power" : "energy";
}

SensorInfo describe(const std::string& id, const MeterHeader& header, int decimals) {
  const double step = header.resolution > 0 ? header.resolution : std::pow(10.0, -decimals);
  SensorInfo info;
  info.id = id;
  info.domain = header.domain;
  info.name = header.name.empty() ? id : header.name;
  info.device = id;
  info.kind = header.kind;
  info.scale = step * header.unit;
  if (header.wraps > 0) info.range = to_counts(header.wraps, step).value_or(0);
  info.tick = header.tick;
  info.averaging = header.averaging;
  info.accuracy = header.accuracy;
  info.max_watts = header.max_watts;
  info.method = fmt::format("{} by the line protocol, in steps of {:g} {}", kind_name(header.kind),
                            step, header.unit_name);
  if (header.accuracy <= 0) info.method += ", accuracy not stated";
  return info;
}

class LineSource final : public RemoteSource {
 public:
  LineSource(OpenStream open, std::string id, Clock& clock, const LinePatience& patience)
      : open_(std::move(open)), id_(std::move(id)), clock_(clock), patience_(patience) {}

  [[nodiscard]] Status start() {
    auto stream = open_();
    if (!stream) return fail(stream.error());
    replace(std::move(*stream));
    const SteadyTime until = clock_.now() + patience_.first_reading;
    const StopSignal never;
    std::optional<Error> said;
    while (!first_ && clock_.now() < until) {
      auto error = look(never, until - clock_.now());
      if (error && first_) said_after_first_ = error;
      if (error) said = std::move(error);
      if (lines_.header_done()) {
        if (auto ok = lines_.check_header(); !ok) return placed(ok.error());
      }
      if (ended_) return fail(*said);
    }
    if (first_) {
      infos_.push_back(describe(id_, lines_.header(), decimals_));
      stated_ = lines_.header();
      return {};
    }
    if (said) return fail(*said);
    return fail(ErrorKind::no_reading, "sensor.stale",
                fmt::format("{} gave no reading within {:.0f} s", id_,
                            Seconds(patience_.first_reading).count()),
                "docs/formats/meter-lines.md shows what a meter must print; flush each line");
  }

  [[nodiscard]] const std::vector<SensorInfo>& infos() const override { return infos_; }
  [[nodiscard]] Nanos pace() const override { return Nanos{0}; }
  [[nodiscard]] double program_cpu_seconds() const override {
    const std::lock_guard lock(mutex_);
    return spent_ + (stream_ ? stream_->cpu_seconds() : 0);
  }

  void exchange(ReadingSink& sink, const StopSignal& stop) override {
    if (first_) {
      hand_over(sink, *std::exchange(first_, std::nullopt));
      if (said_after_first_) sink.absence(0, *std::exchange(said_after_first_, std::nullopt));
      return;
    }
    if (!stream_ && !reopen(sink, stop)) return;
    if (auto error = look(stop, std::min(kLook, silence()))) sink.absence(0, *error);
    for (const RawReading& reading : stamped_) sink.reading(0, reading);
    stamped_.clear();
    if (last_) hand_over(sink, *std::exchange(last_, std::nullopt));
    if (!ended_ && clock_.now() - heard_ > silence()) {
      sink.absence(0, {ErrorKind::no_reading, "sensor.stale",
                       fmt::format("{} has been silent for {:.0f} s", id_,
                                   Seconds(clock_.now() - heard_).count()),
                       "see why it hangs; it is started again by itself"});
      ended_ = true;
    }
    if (ended_) close();
    if (!stop.is_set()) (void)stop.sleep(kBreath);
  }

 private:
  struct Arrival {
    LineReading reading;
    SteadyTime seen;
  };

  [[nodiscard]] tl::unexpected<Error> placed(Error error) const {
    error.message = id_ + ": " + error.message;
    return fail(std::move(error));
  }
  [[nodiscard]] Nanos silence() const {
    return std::max(patience_.silence, 10 * lines_.header().tick);
  }

  void replace(std::unique_ptr<ByteStream> stream) {
    const std::lock_guard lock(mutex_);
    stream_ = std::move(stream);
    lines_ = MeterLines();
    cutter_ = LineCutter();
    ended_ = false;
    heard_ = clock_.now();
  }

  void close() {
    const std::lock_guard lock(mutex_);
    spent_ += stream_->cpu_seconds();
    stream_.reset();
  }

  bool reopen(ReadingSink& sink, const StopSignal& stop) {
    wait_ = wait_ == Nanos{0} ? patience_.first_wait : std::min(2 * wait_, kLongestWait);
    if (!stop.sleep(wait_)) return false;
    auto stream = open_();
    if (stream) {
      replace(std::move(*stream));
    } else {
      sink.absence(0, stream.error());
    }
    return stream.has_value();
  }

  // Takes what has come within `patience`: readings into first_, stamped_ and last_. The newest
  // thing wrong, where that was the newest thing at all.
  [[nodiscard]] std::optional<Error> look(const StopSignal& stop, Nanos patience) {
    std::string bytes;
    const auto got = stream_->read(bytes, patience, stop);
    const SteadyTime seen = clock_.now();
    std::optional<Error> wrong;
    if (got == ByteStream::Got::bytes) heard_ = seen;
    cutter_.feed(bytes, [&](std::string_view line, bool cut) {
      wrong = cut ? malformed(id_, fmt::format("a line longer than {} bytes",
                                               MeterLines::kLongestLine))
                  : take(line, seen);
    });
    if (got == ByteStream::Got::end) {
      ended_ = true;
      wrong = lost(id_, stream_->complaint());
    }
    return wrong;
  }

  [[nodiscard]] std::optional<Error> take(std::string_view text, SteadyTime seen) {
    const auto line = lines_.take(text);
    if (line.kind == Kind::header) return std::nullopt;
    if (!infos_.empty() && lines_.header() != stated_) {
      return malformed(id_, "it came back with another header");
    }
    if (line.kind == Kind::error) {
      return Error{ErrorKind::no_reading, "sensor.reported", id_ + " reports: " + line.text,
                   "see the meter's own documents"};
    }
    if (line.kind == Kind::malformed) return malformed(id_, line.text);
    if (auto wrong = implausible(line.reading)) return wrong;
    wait_ = Nanos{0};
    keep({line.reading, seen});
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Error> implausible(const LineReading& reading) const {
    const MeterHeader& header = lines_.header();
    const auto& marks = header.sentinels;
    if (std::find(marks.begin(), marks.end(), reading.value) != marks.end()) {
      return Error{ErrorKind::no_reading, "sensor.sentinel",
                   fmt::format("{}: {:g} {} is its mark of \"not known\"", id_, reading.value,
                               header.unit_name),
                   "see the meter's own documents"};
    }
    if (!to_counts(reading.value, 1e-9)) {
      return malformed(id_, fmt::format("{:g} {} is no reading", reading.value, header.unit_name));
    }
    const bool power = header.kind == SensorKind::power_gauge;
    if (power && header.max_watts > 0 && reading.value * header.unit > 2 * header.max_watts) {
      return malformed(id_, fmt::format("{:g} {} is far above its stated maximum", reading.value,
                                        header.unit_name));
    }
    return std::nullopt;
  }

  void keep(const Arrival& arrival) {
    if (infos_.empty()) {
      if (!first_) decimals_ = arrival.reading.decimals;
      first_ = arrival;
    } else if (arrival.reading.time) {
      if (const auto reading = stamp(arrival)) stamped_.push_back(*reading);
    } else {
      last_ = arrival;
    }
  }

  void hand_over(ReadingSink& sink, const Arrival& arrival) {
    if (const auto reading = stamp(arrival)) {
      sink.reading(0, *reading);
    } else {
      sink.absence(0, malformed(id_, "a timestamp that cannot be"));
    }
  }

  // The reading with its instants; nothing where its timestamp lies in the future.
  [[nodiscard]] std::optional<RawReading> stamp(const Arrival& arrival) {
    const auto counts =
        to_counts(arrival.reading.value, infos_[0].scale / lines_.header().unit);
    if (!counts) return std::nullopt;
    const SteadyTime seen = arrival.seen;
    if (!arrival.reading.time) {
      return RawReading{*counts, seen - lines_.header().delay - kHandover, seen};
    }
    const auto span = join(std::llround(*arrival.reading.time * 1e9), seen);
    if (!span || span->begin > seen + kHandover) return std::nullopt;
    const SteadyTime end = std::min(span->end, seen);
    return RawReading{*counts, std::min(span->begin, end), end};
  }

  [[nodiscard]] std::optional<SteadySpan> join(std::int64_t time_ns, SteadyTime seen) {
    switch (lines_.header().clock) {
      case LineClock::monotonic:
        return SteadySpan{{time_ns}, {time_ns}};
      case LineClock::unix_time: {
        const Anchor now = clock_.anchor();
        foreign_.anchor(now.wall_ns, now.steady, now.steady);
        break;
      }
      case LineClock::foreign:  // its line was written within a tick of its stamp
        foreign_.anchor(time_ns, seen - lines_.header().tick - kHandover, seen);
        break;
    }
    return foreign_.join(time_ns);
  }

  OpenStream open_;
  std::string id_;
  Clock& clock_;
  std::optional<Error> said_after_first_;  // came in one piece with the first reading
  LinePatience patience_;
  mutable std::mutex mutex_;  // guards stream_ and spent_ against program_cpu_seconds
  std::unique_ptr<ByteStream> stream_;
  double spent_ = 0;
  MeterLines lines_;
  LineCutter cutter_;
  MeterHeader stated_;
  ForeignClock foreign_;
  std::vector<SensorInfo> infos_;
  std::optional<Arrival> first_;
  std::optional<Arrival> last_;
  std::vector<RawReading> stamped_;
  int decimals_ = 0;
  bool ended_ = false;
  SteadyTime heard_;
  Nanos wait_{0};
};

}  // namespace

Result<std::unique_ptr<RemoteSource>> open_line_source(OpenStream open, const std::string& id,
                                                       Clock& clock,
                                                       const LinePatience& patience) {
  auto source = std::make_unique<LineSource>(std::move(open), id, clock, patience);
  if (auto ok = source->start(); !ok) return fail(ok.error());
  return std::unique_ptr<RemoteSource>(std::move(source));
}

}  // namespace joulebook
