#include "sensor/remote/ipmi.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/text.h"
#include "sensor/remote/byte_stream.h"
#include "sensor/remote/meter_lines.h"

namespace joulebook {
namespace {

constexpr Nanos kPatience = std::chrono::seconds(5);
// 16 bits of ones: what firmware without a meter answers (xapi-project/xen-api #5561 names it and 0).
constexpr std::uint64_t kNoMeter = 0xffff;
constexpr Nanos kAge = std::chrono::seconds(1);  // DCMI: the BMC samples each second

tl::unexpected<Error> no_reading(std::string code, std::string message, std::string cure) {
  return fail(ErrorKind::no_reading, std::move(code), std::move(message), std::move(cure));
}

// The value of "KEY ... : VALUE"; keys are matched by their beginning.
std::optional<std::string_view> field(std::string_view text, std::string_view key) {
  for (const std::string_view line : split(text, '\n')) {
    const auto colon = line.find(':');
    if (colon == line.npos || !trim(line.substr(0, colon)).starts_with(key)) continue;
    return trim(line.substr(colon + 1));
  }
  return std::nullopt;
}

// "214 Watts" as 214.
std::optional<double> watts_in(std::optional<std::string_view> value) {
  if (!value) return std::nullopt;
  const auto watts = parse_uint(value->substr(0, value->find_first_of(" \t")));
  if (!watts || *watts > 1'000'000) return std::nullopt;
  return static_cast<double>(*watts);
}

// "00000001 Seconds.", "1000 Milliseconds".
Nanos period_in(std::optional<std::string_view> value) {
  if (!value) return Nanos{0};
  const auto number = parse_uint(value->substr(0, value->find_first_of(" \t")));
  if (!number || *number > 86'400'000) return Nanos{0};
  const auto n = static_cast<std::int64_t>(*number);
  if (value->find("Milli") != value->npos) return std::chrono::milliseconds(n);
  return std::chrono::seconds(std::min<std::int64_t>(n, 86'400));
}

std::vector<std::string> command(const SensorSpec& spec) {
  std::vector<std::string> argv{"ipmitool"};
  if (const auto host = spec.option("host"); !host.empty()) {
    argv.insert(argv.end(), {"-I", "lanplus", "-H", host, "-U", spec.option("user"), "-f",
                             spec.option("password_file", "/dev/null")});
  }
  argv.insert(argv.end(), {"dcmi", "power", "reading"});
  return argv;
}

tl::unexpected<Error> failed(const ProgramOutcome& outcome) {
  const std::string said = outcome.complaint.empty() ? std::string("it says nothing") : outcome.complaint;
  if (outcome.exit_code == -1) {
    return no_reading("sensor.lost", "ipmitool gave no answer within 5 s", "reset the BMC: ipmitool mc reset cold");
  }
  if (said.find("/dev/ipmi") != said.npos) {
    return no_reading("sensor.permission", "ipmitool cannot open the BMC: " + said,
                      "sudo modprobe ipmi_devintf ipmi_si; only root may read /dev/ipmi0 unless a udev "
                      "rule gives it to a group");
  }
  return no_reading("sensor.unsupported",
                    fmt::format("ipmitool ended with exit code {}: {}", outcome.exit_code, said),
                    "a board without DCMI power: measure at the wall, or through Redfish");
}

class IpmiSource final : public RemoteSource {
 public:
  IpmiSource(const SensorSpec& spec, Clock& clock) : argv_(command(spec)), clock_(clock) {
    SensorInfo info;
    info.id = spec.option("host").empty() ? "ipmi:dcmi" : "ipmi:" + spec.option("host");
    info.domain = "node:0";
    info.name = "BMC";
    info.device = info.id;
    info.kind = SensorKind::power_gauge;
    info.scale = 1;
    info.tick = std::chrono::seconds(1);
    info.sentinels = {kNoMeter};
    info.method = "IPMI DCMI through ipmitool, instantaneous power in whole watts, accuracy not stated";
    infos_.push_back(std::move(info));
  }
  [[nodiscard]] const std::vector<SensorInfo>& infos() const override { return infos_; }
  [[nodiscard]] std::vector<SensorInfo>& infos() { return infos_; }
  [[nodiscard]] Nanos pace() const override { return infos_[0].tick; }
  [[nodiscard]] double program_cpu_seconds() const override { return spent_; }

  [[nodiscard]] Result<RawReading> ask(const StopSignal& stop) {
    const SteadyTime begin = clock_.now();
    const auto outcome = run_program(argv_, kPatience, stop);
    const SteadyTime end = clock_.now();
    if (!outcome) {
      Error error = outcome.error();
      error.cure = "sudo apt install ipmitool";
      return fail(std::move(error));
    }
    spent_ = spent_ + outcome->cpu_seconds;
    if (outcome->exit_code != 0) return failed(*outcome);
    const auto power = parse_dcmi(outcome->output);
    if (!power) return fail(power.error());
    return RawReading{static_cast<std::uint64_t>(power->watts), begin - kAge, end};
  }

  void exchange(ReadingSink& sink, const StopSignal& stop) override {
    const auto reading = first_ ? std::exchange(first_, std::nullopt).value() : ask(stop);
    if (stop.is_set()) return;
    reading ? sink.reading(0, *reading) : sink.absence(0, reading.error());
  }

  [[nodiscard]] Status start() {
    const StopSignal never;
    first_ = ask(never);
    return *first_ ? Status() : fail(first_->error());
  }

 private:
  std::vector<std::string> argv_;
  Clock& clock_;
  std::vector<SensorInfo> infos_;
  std::optional<Result<RawReading>> first_;
  std::atomic<double> spent_{0};
};

}  // namespace

Result<DcmiPower> parse_dcmi(std::string_view text) {
  if (const auto state = field(text, "Power reading state"); state && lower(*state).starts_with("deactivated")) {
    return no_reading("sensor.deactivated", "the BMC's power reading is switched off",
                      "switch power management on in the BMC: ipmitool dcmi power activate");
  }
  const auto watts = watts_in(field(text, "Instantaneous power reading"));
  if (!watts) {
    return no_reading("sensor.malformed", "ipmitool printed no power reading", "run ipmitool dcmi power reading");
  }
  if (*watts <= 0) {
    return no_reading("sensor.malformed", "the BMC says 0 W of a machine that runs: it does not measure",
                      "measure at the wall, or through Redfish");
  }
  return DcmiPower{*watts, watts_in(field(text, "Minimum during sampling period")).value_or(0),
                   watts_in(field(text, "Maximum during sampling period")).value_or(0),
                   watts_in(field(text, "Average power reading over sample period")).value_or(0),
                   period_in(field(text, "Sampling period"))};
}

Result<std::unique_ptr<RemoteSource>> open_ipmi(const SensorSpec& spec, Clock& clock) {
  auto source = std::make_unique<IpmiSource>(spec, clock);
  spec.adjust(source->infos()[0]);
  if (auto ok = source->start(); !ok) return fail(ok.error());
  return std::unique_ptr<RemoteSource>(std::move(source));
}

}  // namespace joulebook
