#include "meter/calibration/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "sensor/model/machine.h"

namespace joulebook {
namespace {

constexpr const char* kSchema = "joulebook.calibration/1";
constexpr const char* kCure = "run `joulebook calibrate` (about a minute; --quick: 15 s)";
constexpr double kDayNs = 86400e9;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Finding finding(Finding::Level level, std::string code, std::string message, std::string cure) {
  return {level, "calibration", {std::move(code), std::move(message), std::move(cure)}};
}

Finding nothing_here(const std::vector<Calibration>& all, const MachineKey& machine) {
  if (all.empty()) {
    return finding(Finding::Level::note, "calibration.none",
                   "this machine was never calibrated: ticks and averaging windows are nominal",
                   kCure);
  }
  const MachineKey& other = all.front().machine;
  const bool kernel = other.cpu == machine.cpu && other.threads == machine.threads;
  return finding(Finding::Level::note, "calibration.other_machine",
                 kernel ? fmt::format("the newest calibration is from kernel {}, this is {}",
                                      other.kernel, machine.kernel)
                        : fmt::format("the newest calibration is of another machine: {} with {} "
                                      "threads",
                                      other.cpu, other.threads),
                 kCure);
}

Finding judged(const CalibrationState& state) {
  const std::string what =
      fmt::format("this machine was calibrated {} ({})", age_words(state.age_days),
                  state.calibration->measured_utc.substr(0, 10));
  if (state.age_days <= kOldCalibrationDays) {
    return finding(Finding::Level::ok, "calibration.ok", what, "");
  }
  return finding(Finding::Level::note, "calibration.old",
                 what + fmt::format(", more than {:.0f} days ago", kOldCalibrationDays), kCure);
}

}  // namespace

std::string default_calibration_path() {
  if (const auto path = variable("JOULEBOOK_CALIBRATION"); !path.empty()) return path;
  // The XDG base directory specification: a relative path there is to be ignored.
  if (const auto state = variable("XDG_STATE_HOME"); state.starts_with('/')) {
    return state + "/joulebook/calibration.json";
  }
  if (const auto home = variable("HOME"); !home.empty()) {
    return home + "/.local/state/joulebook/calibration.json";
  }
  return {};
}

MachineKey machine_key(const FileTree& files) {
  const MachineDescription machine = describe_machine(files);
  return {machine.cpu, machine.threads, machine.kernel};
}

Json store_json(const std::vector<Calibration>& all) {
  Json list = Json::array();
  for (const auto& each : all) list.push(to_json(each));
  return Json::object({{"schema", kSchema}, {"calibrations", std::move(list)}});
}

Result<std::vector<Calibration>> parse_store(std::string_view text) {
  if (text.size() > kMostCalibrationBytes) {
    return fail(ErrorKind::input, "calibration.malformed", "the calibration file is too long",
                "remove it and run `joulebook calibrate` again");
  }
  auto json = parse_json(text);
  if (!json) return fail(json.error());
  if ((*json)["schema"].as_string() != kSchema) {
    return fail(ErrorKind::input, "calibration.malformed", "the file is no calibration store",
                "remove it and run `joulebook calibrate` again");
  }
  std::vector<Calibration> all;
  for (const auto& item : (*json)["calibrations"].items()) {
    auto one = calibration_from_json(item);
    if (!one) return fail(one.error());
    if (all.size() < kMostCalibrations) all.push_back(std::move(*one));
  }
  return all;
}

Result<std::vector<Calibration>> read_store(const std::string& path) {
  auto text = read_file(path);
  if (!text && text.error().code == "file.missing") return std::vector<Calibration>{};
  if (!text) return fail(text.error());
  return parse_store(*text);
}

Status save_calibration(const std::string& path, const Calibration& calibration) {
  auto all = read_store(path);
  if (!all) return fail(all.error());
  std::erase_if(*all, [&](const Calibration& c) { return c.machine == calibration.machine; });
  all->insert(all->begin(), calibration);
  if (all->size() > kMostCalibrations) all->resize(kMostCalibrations);
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  return write_file(path, store_json(*all).dump(1) + "\n");
}

std::string age_words(double days) {
  if (days < 0) return "in the future, by this clock";
  const auto some = [](double count, const char* unit) {
    const auto n = static_cast<long>(count);
    return fmt::format("{} {}{} ago", n, unit, n == 1 ? "" : "s");
  };
  if (days >= 1) return some(days, "day");
  if (days * 24 >= 1) return some(days * 24, "hour");
  return some(days * 24 * 60, "minute");
}

CalibrationState calibration_state(const std::string& path, const MachineKey& machine,
                                   std::int64_t now_ns) {
  CalibrationState state;
  auto all = path.empty() ? std::vector<Calibration>{} : read_store(path);
  if (!all) {
    state.finding = finding(Finding::Level::problem, "calibration.malformed",
                            path + ": " + all.error().message, all.error().cure);
    return state;
  }
  const auto it = std::find_if(all->begin(), all->end(),
                               [&](const Calibration& c) { return c.machine == machine; });
  if (it == all->end()) {
    state.finding = nothing_here(*all, machine);
    return state;
  }
  state.calibration = std::move(*it);
  state.age_days = static_cast<double>(now_ns - state.calibration->measured_ns) / kDayNs;
  state.finding = judged(state);
  return state;
}

Json CalibrationState::json() const {
  Json out = Json::object({{"code", finding.reason.code}, {"message", finding.reason.message}});
  if (!calibration) return out;
  return out.set("measured_utc", calibration->measured_utc).set("age_days", age_days);
}

}  // namespace joulebook
