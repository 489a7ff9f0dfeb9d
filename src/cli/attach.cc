#include "cli/attach.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <limits>

#include "core/nanos.h"
#include "core/text.h"
#include "report/figure.h"
#include "report/interval_rows.h"

namespace joulebook {
namespace {

constexpr Nanos kLook = std::chrono::milliseconds(100);
constexpr double kLeastInterval = 0.01;  // s
constexpr SteadyTime kNever{std::numeric_limits<std::int64_t>::max()};

// The lines of a run with --interval.
class Lines {
 public:
  Lines(const Context& context, CSession& session) : context_(context), session_(session) {}

  // Ends an interval here and prints it. A period that holds nothing is left out.
  Status next() {
    const std::string name = fmt::format("interval {}", ++count_);
    if (auto ok = session_.lap(name); !ok) return ok;
    auto window = session_.window(name);
    if (!window) return fail(window.error());
    if (context_.quiet) return {};
    if (!rows_) {
      const bool terminal = ::isatty(STDERR_FILENO) == 1;
      rows_.emplace(*window, (*window)["start_ns"].as_int(), terminal,
                    ScreenStyle{terminal_width(), wants_colour(STDERR_FILENO)});
      fmt::print(stderr, "{}", rows_->head());
    }
    fmt::print(stderr, "{}", rows_->row(*window));
    return {};
  }

 private:
  const Context& context_;
  CSession& session_;
  std::int64_t count_ = 0;
  std::optional<IntervalRows> rows_;
};

std::string until(const RunOptions& options) {
  if (options.for_s > 0) return "for " + duration_text(options.for_s);
  return options.all ? "until Ctrl-C" : "until Ctrl-C, or until all of them have ended";
}

// Why it is over now; empty while it is not.
Result<std::string> over(const RunOptions& options, CSession& session, SteadyTime end) {
  if (cancelled()) {
    return cancelling_signal() == SIGTERM ? std::string("stopped by SIGTERM")
                                          : std::string("stopped by Ctrl-C");
  }
  if (system_clock().now() >= end) return "ended after " + duration_text(options.for_s);
  if (options.all) return std::string();
  auto watched = session.watched();
  if (!watched) return fail(watched.error());
  if ((*watched)["alive"].as_int() > 0) return std::string();
  return std::string("ended: every watched process has ended");
}

}  // namespace

std::optional<double> parse_span(std::string_view text) {
  double unit = 1;
  text = trim(text);
  if (text.ends_with("ms")) {
    unit = 1e-3;
    text.remove_suffix(2);
  } else if (!text.empty() && std::string_view("smhd").find(text.back()) != std::string_view::npos) {
    const char last = text.back();
    unit = last == 's' ? 1 : last == 'm' ? 60 : last == 'h' ? 3600 : 86400;
    text.remove_suffix(1);
  }
  const auto number = parse_double(text);
  if (!number || !(*number > 0) || *number * unit > 1e8) return std::nullopt;
  return *number * unit;
}

Status check_attach(const RunOptions& options) {
  if (!options.command.empty() || !options.replay.empty() || options.repeats != 0) {
    return fail(ErrorKind::usage, "run.attach",
                "--pid, --port and --all measure what runs already: no command, no --repeat and no "
                "--replay beside them",
                "leave one of them away");
  }
  if (options.interval_s > 0 && options.interval_s < kLeastInterval) {
    return fail(ErrorKind::usage, "run.interval", "an interval has at least 10 ms",
                "1s is a good value");
  }
  return {};
}

Result<int> attach(const Context& context, const RunOptions& options, CSession& session) {
  auto watched = session.watched();
  if (!watched) return fail(watched.error());
  context.say(fmt::format("joulebook: measuring {} {}", target_title(*watched), until(options)));
  const SteadyTime start = system_clock().now();
  const SteadyTime end = options.for_s > 0 ? start + nanos(options.for_s) : kNever;
  const Nanos period = nanos(options.interval_s);
  SteadyTime next = options.interval_s > 0 ? start + period : kNever;
  Lines lines(context, session);
  for (;;) {
    const auto why = over(options, session, end);
    if (!why) return fail(why.error());
    if (!why->empty()) {
      if (options.interval_s > 0) {
        if (auto ok = lines.next(); !ok) return fail(ok.error());
      }
      context.say("joulebook: " + *why);
      return cancelling_signal() == SIGTERM ? 128 + SIGTERM : 0;
    }
    const SteadyTime now = system_clock().now();
    // The last line is the end's own.
    if (now >= next && end - now > period / 2) {
      if (auto ok = lines.next(); !ok) return fail(ok.error());
    }
    while (next <= now) next = next + period;
    system_clock().sleep_until(std::min({next, end, now + kLook}));
  }
}

std::string target_title(const Json& target) {
  const auto kind = target["kind"].as_string();
  if (kind == "all") return "the machine";
  std::string who;
  std::string pids;
  for (const auto& process : target["processes"].items()) {
    const std::string name(process["name"].as_string());
    pids += fmt::format("{}{} ({})", pids.empty() ? "" : ", ", process["pid"].as_int(), name);
    who += (who.empty() ? "" : ", ") + name;
  }
  if (kind == "port") return fmt::format("port {} ({})", target["port"].as_int(), who);
  return "pid " + pids;
}

}  // namespace joulebook
