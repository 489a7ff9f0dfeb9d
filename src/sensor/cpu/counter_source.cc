#include "sensor/cpu/counter_source.h"

#include <utility>

#include "core/text.h"
#include "sensor/cpu/powercap.h"

namespace joulebook {
namespace {

// The longest 64-bit number has 20 digits; a file that fills the buffer is no counter.
constexpr std::size_t kBuffer = 64;

tl::unexpected<Error> as_sensor_error(const Error& error, const SensorInfo& info) {
  const std::string what = info.name + " (" + info.id + "): " + error.message;
  if (error.code == "file.permission" || error.code == "sensor.permission") {
    return fail(ErrorKind::no_reading, "sensor.permission", what,
                "grant the right to read it: `joulebook doctor` prints the command");
  }
  if (error.code == "file.missing") {
    return fail(ErrorKind::no_reading, "sensor.missing", what,
                "load the driver again (sudo modprobe intel_rapl_msr)");
  }
  const bool known = error.code.starts_with("sensor.");
  return fail(ErrorKind::no_reading, known ? error.code : "sensor.lost", what, error.cure);
}

class CounterSensor final : public Sensor {
 public:
  CounterSensor(SensorInfo info, std::unique_ptr<CounterSource> source)
      : info_(std::move(info)), source_(std::move(source)) {}

  [[nodiscard]] const SensorInfo& info() const override { return info_; }

  [[nodiscard]] Result<RawReading> read() override {
    auto reading = source_->read();
    const bool malformed = !reading && reading.error().code == "sensor.malformed";
    const bool backward = reading && reading->counts < last_;
    if (malformed || backward) reading = source_->read();
    if (!reading) return as_sensor_error(reading.error(), info_);
    last_ = reading->counts;
    return reading;
  }

  [[nodiscard]] double own_cpu_seconds() const override { return source_->own_cpu_seconds(); }

 private:
  SensorInfo info_;
  std::unique_ptr<CounterSource> source_;
  std::uint64_t last_ = 0;
};

tl::unexpected<Error> malformed(std::string_view text) {
  return fail(ErrorKind::no_reading, "sensor.malformed",
              text.empty() ? "an empty file" : "not a counter: " + valid_utf8(trim(text)),
              "read again; if it stays, see dmesg and reload the driver");
}

class FileCounter final : public CounterSource {
 public:
  FileCounter(std::unique_ptr<KeptFile> file, Clock& clock)
      : file_(std::move(file)), clock_(clock) {}

  [[nodiscard]] Result<RawReading> read() override {
    char buffer[kBuffer];
    RawReading reading;
    reading.begin = clock_.now();
    const auto size = file_->read(buffer, sizeof buffer);
    reading.end = clock_.now();
    if (!size) return fail(size.error());
    const auto counts = *size < sizeof buffer ? parse_counter({buffer, *size}) : std::nullopt;
    if (!counts) return malformed({buffer, *size});
    reading.counts = *counts;
    return reading;
  }

 private:
  std::unique_ptr<KeptFile> file_;
  Clock& clock_;
};

class SumCounter final : public CounterSource {
 public:
  explicit SumCounter(std::vector<std::unique_ptr<CounterSource>> parts)
      : parts_(std::move(parts)) {}

  [[nodiscard]] Result<RawReading> read() override {
    auto sum = parts_.front()->read();
    for (std::size_t i = 1; sum && i < parts_.size(); ++i) {
      auto part = parts_[i]->read();
      if (!part) return part;
      sum->counts += part->counts;
      sum->end = part->end;
    }
    return sum;
  }

  [[nodiscard]] double own_cpu_seconds() const override {
    double all = 0;
    for (const auto& part : parts_) all += part->own_cpu_seconds();
    return all;
  }

 private:
  std::vector<std::unique_ptr<CounterSource>> parts_;
};

}  // namespace

std::optional<std::uint64_t> parse_counter(std::string_view text) { return parse_uint(trim(text)); }

std::unique_ptr<Sensor> make_counter_sensor(SensorInfo info,
                                            std::unique_ptr<CounterSource> source) {
  return std::make_unique<CounterSensor>(std::move(info), std::move(source));
}

std::unique_ptr<CounterSource> file_counter(std::unique_ptr<KeptFile> file, Clock& clock) {
  return std::make_unique<FileCounter>(std::move(file), clock);
}

std::unique_ptr<CounterSource> sum_counter(std::vector<std::unique_ptr<CounterSource>> parts) {
  return std::make_unique<SumCounter>(std::move(parts));
}

}  // namespace joulebook
