#include "cli/context.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "core/text.h"
#include "meter/calibration/reuse.h"
#include "meter/calibration/store.h"
#include "meter/device_follow.h"

namespace joulebook {
namespace {

std::atomic<bool> g_cancelled{false};
std::atomic<int> g_signal{0};

void on_signal(int number) {
  if (g_cancelled.exchange(true)) ::_exit(128 + number);
  g_signal = number;
}

}  // namespace

void Context::say(std::string_view line) const {
  if (!quiet) fmt::print(stderr, "{}\n", line);
}

void Context::warn(std::string_view line) const { say(fmt::format("warning: {}", line)); }

void Context::warn(std::string_view line, std::string_view cure) const {
  warn(line);
  say(fmt::format("  cure: {}", cure));
}

void Context::print(std::string_view text) const {
  if (!prints()) return;
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Status Context::emit(const Json& document) const {
  if (json.empty()) return {};
  const std::string text = document.dump(2) + "\n";
  if (json != "-") return write_file(json, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return {};
  }
  return fail(ErrorKind::resource, "file.full", "cannot write to standard output",
              "redirect it to a place that can be written");
}

Status Context::check_outputs(std::initializer_list<std::string> others) const {
  std::vector<std::string> paths(others);
  paths.push_back(json);
  for (const auto& path : paths) {
    if (path.empty() || path == "-") continue;
    if (auto ok = check_writable(path); !ok) return ok;
  }
  return {};
}

std::shared_ptr<const FileTree> Context::files() const {
  return real_files(settings.get("sysroot"));
}

SensorChoice Context::sensor_choice() const {
  SensorChoice choice;
  for (const auto part : split(settings.get("sensors"), ',')) {
    if (!trim(part).empty()) choice.only.emplace_back(trim(part));
  }
  if (const std::string& perf = settings.get("perf"); perf != "auto") choice.perf = perf == "on";
  choice.specs = sensor_specs();
  return choice;
}

Nanos Context::period() const { return std::chrono::milliseconds(std::max(1, settings.get_int("period_ms"))); }

std::vector<std::string> Context::sensor_specs() const {
  std::vector<std::string> specs;
  for (const auto line : split(settings.get("sensor"), '\n')) {
    if (!trim(line).empty()) specs.emplace_back(trim(line));
  }
  return specs;
}

Result<std::unique_ptr<Meter>> Context::open_meter(
    std::function<void(std::string_view)> publish) const {
  const auto tree = files();
  Discovery found = discover(tree, system_clock(), sensor_choice());
  if (found.sensors.empty() && !settings.get("sensors").empty()) {
    return fail(ErrorKind::no_reading, "sensor.none",
                "no sensor matches '" + settings.get("sensors") + "'",
                "see `joulebook sensors` for what can be read here");
  }
  const auto known = calibration_state(settings.get("calibration"), machine_key(*tree),
                                       system_clock().anchor().wall_ns);
  reuse(found.sensors, known);
  MeterOptions options;
  options.floors = idle_floors(known);
  options.publish = std::move(publish);
  options.devices = devices;
  options.look = device_look(tree);
  options.period = period();
  return joulebook::open_meter(std::move(found.sensors), options, system_clock(), tree);
}

const std::atomic<bool>& cancelled() { return g_cancelled; }
int cancelling_signal() { return g_signal; }

void catch_signals() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

int report_error(const Error& error) {
  fmt::print(stderr, "joulebook: {}\n", error.message);
  if (!error.cure.empty()) fmt::print(stderr, "  cure: {}\n", error.cure);
  if (error.kind == ErrorKind::interrupted && cancelling_signal() != 0) {
    return 128 + cancelling_signal();
  }
  return exit_code(error.kind);
}

bool wants_colour(int fd) {
  const char* no = std::getenv("NO_COLOR");
  return ::isatty(fd) == 1 && (no == nullptr || *no == '\0');
}

int terminal_width() {
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return 100;
}

}  // namespace joulebook
