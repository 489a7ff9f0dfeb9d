#include <utility>

#include "core/text.h"
#include "sensor/cpu/powercap.h"

namespace joulebook {
namespace {

// The longest 64-bit number has 20 digits; a file that fills the buffer is no counter.
constexpr std::size_t kBuffer = 64;

tl::unexpected<Error> as_sensor_error(const Error& error, const SensorInfo& info) {
  const std::string what = info.name + " (" + info.id + "): " + error.message;
  if (error.code == "file.permission") {
    return fail(ErrorKind::no_reading, "sensor.permission", what,
                "grant the right to read it: `joulebook doctor` prints the command");
  }
  if (error.code == "file.missing") {
    return fail(ErrorKind::no_reading, "sensor.missing", what,
                "load the driver again (sudo modprobe intel_rapl_msr)");
  }
  return fail(ErrorKind::no_reading, "sensor.lost", what, error.cure);
}

class CounterFileSensor final : public Sensor {
 public:
  CounterFileSensor(SensorInfo info, std::unique_ptr<KeptFile> file, Clock& clock)
      : info_(std::move(info)), file_(std::move(file)), clock_(clock) {}

  [[nodiscard]] const SensorInfo& info() const override { return info_; }

  [[nodiscard]] Result<RawReading> read() override {
    auto reading = read_once();
    const bool malformed = !reading && reading.error().code == "sensor.malformed";
    const bool backward = reading && reading->counts < last_;
    if (malformed || backward) reading = read_once();
    if (reading) last_ = reading->counts;
    return reading;
  }

 private:
  Result<RawReading> read_once() {
    char buffer[kBuffer];
    RawReading reading;
    reading.begin = clock_.now();
    const auto size = file_->read(buffer, sizeof buffer);
    reading.end = clock_.now();
    if (!size) return as_sensor_error(size.error(), info_);
    const auto counts = *size < sizeof buffer ? parse_counter({buffer, *size}) : std::nullopt;
    if (!counts) return malformed({buffer, *size});
    reading.counts = *counts;
    return reading;
  }

  [[nodiscard]] tl::unexpected<Error> malformed(std::string_view text) const {
    const std::string what =
        text.empty() ? "an empty file" : "not a counter: " + valid_utf8(trim(text));
    return fail(ErrorKind::no_reading, "sensor.malformed",
                info_.name + " (" + info_.id + ") read " + what,
                "read again; if it stays, see dmesg and reload the driver");
  }

  SensorInfo info_;
  std::unique_ptr<KeptFile> file_;
  Clock& clock_;
  std::uint64_t last_ = 0;
};

}  // namespace

std::optional<std::uint64_t> parse_counter(std::string_view text) { return parse_uint(trim(text)); }

std::unique_ptr<Sensor> make_counter_file_sensor(SensorInfo info, std::unique_ptr<KeptFile> file,
                                                 Clock& clock) {
  return std::make_unique<CounterFileSensor>(std::move(info), std::move(file), clock);
}

}  // namespace joulebook
