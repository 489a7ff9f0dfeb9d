#include "sensor/model/busy_time.h"

#include <unistd.h>

#include <charconv>
#include <utility>

namespace joulebook {
namespace {

constexpr const char* kStat = "/proc/stat";

// The next number of `text`, which loses it; nothing where there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  text.remove_prefix(begin);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::int64_t ticks_per_second() {
  const long hz = ::sysconf(_SC_CLK_TCK);
  return hz > 0 ? hz : 100;
}

SensorInfo busy_time_info(const EnergyModel& model) {
  const Json described = model.describe();
  SensorInfo info;
  info.id = "model:cpu";
  info.domain = "node:0";
  info.name = "model of " + std::string(described["cpu"].as_string("this machine"));
  info.device = "cpu";
  info.kind = SensorKind::busy_time;
  info.scale = 1.0 / static_cast<double>(ticks_per_second());
  info.tick = Nanos(1'000'000'000 / ticks_per_second());
  info.max_watts = described["max_watts"].as_double();
  info.tier = Tier::modelled;
  info.method = described["method"].as_string();
  return info;
}

class BusyTimeSensor final : public Sensor {
 public:
  BusyTimeSensor(std::unique_ptr<KeptFile> file, Clock& clock, std::unique_ptr<EnergyModel> model)
      : file_(std::move(file)),
        clock_(clock),
        model_(std::move(model)),
        info_(busy_time_info(*model_)) {}

  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] const EnergyModel* model() const override { return model_.get(); }

  [[nodiscard]] Result<RawReading> read() override {
    auto reading = read_once();
    if (!reading && reading.error().code == "sensor.malformed") return read_once();
    return reading;
  }

 private:
  Result<RawReading> read_once() {
    char buffer[512];  // the first line has at most eleven fields
    const SteadyTime begin = clock_.now();
    const auto size = file_->read(buffer, sizeof buffer);
    const SteadyTime end = clock_.now();
    if (!size) return lost(size.error());
    const auto ticks = busy_ticks({buffer, *size});
    if (!ticks)
      return fail(ErrorKind::no_reading, "sensor.malformed",
                  "/proc/stat does not begin with the machine's CPU times",
                  "check that /proc is a Linux procfs");
    return RawReading{*ticks, begin, end};
  }

  static tl::unexpected<Error> lost(const Error& error) {
    const bool forbidden = error.code == "file.permission";
    return fail(ErrorKind::no_reading, forbidden ? "sensor.permission" : "sensor.lost",
                error.message, error.cure);
  }

  std::unique_ptr<KeptFile> file_;
  Clock& clock_;
  std::unique_ptr<EnergyModel> model_;
  SensorInfo info_;
};

}  // namespace

std::optional<std::uint64_t> busy_ticks(std::string_view stat) {
  if (!stat.starts_with("cpu ")) return std::nullopt;
  std::string_view rest = stat.substr(4, stat.find('\n') == stat.npos ? 0 : stat.find('\n') - 4);
  std::uint64_t fields[7];  // user nice system idle iowait irq softirq
  for (std::uint64_t& value : fields) {
    const auto number = take_number(rest);
    if (!number) return std::nullopt;
    value = *number;
  }
  return fields[0] + fields[1] + fields[2] + fields[5] + fields[6];
}

Result<std::unique_ptr<Sensor>> make_busy_time_sensor(const FileTree& files, Clock& clock,
                                                      std::unique_ptr<EnergyModel> model) {
  auto file = files.keep(kStat);
  if (!file) return fail(file.error());
  return std::make_unique<BusyTimeSensor>(std::move(*file), clock, std::move(model));
}

}  // namespace joulebook
