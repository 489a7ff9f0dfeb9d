#include "cli/study_progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/context.h"
#include "report/terminal_table.h"

namespace joulebook {
namespace {

int error_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

}  // namespace

StudyProgress::StudyProgress(const StudySpec& spec, bool quiet)
    : spec_(spec),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(system_clock().now()) {}

StudyProgress::~StudyProgress() { clear_line(); }

void StudyProgress::clear_line() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
}

double StudyProgress::elapsed_s() const { return Seconds(system_clock().now() - start_).count(); }

void StudyProgress::on_phase(std::string_view what) {
  if (quiet_) return;
  clear_line();
  fmt::print(stderr, "{:6.1f} s  {}\n", elapsed_s(), what);
}

void StudyProgress::on_warning(std::string_view text) {
  if (quiet_) return;
  clear_line();
  fmt::print(stderr, "warning: {}\n", text);
}

void StudyProgress::on_trial(const TrialRecord& trial, std::int64_t done, std::int64_t total,
                             std::optional<double> eta_s) {
  if (quiet_) return;
  const std::string what = spec_.arms[trial.arm].name + " · " + spec_.prompts[trial.prompt].id;
  const ProgressState state{what, done, total, elapsed_s(), eta_s};
  if (terminal_) {
    const ScreenStyle style{error_width() - 1, wants_colour(STDERR_FILENO)};
    fmt::print(stderr, "\r\x1b[K{}", progress_line(state, style));
    std::fflush(stderr);
    drawn_ = true;
    return;
  }
  const std::int64_t tenth = total > 0 ? done * 10 / total : done;
  if (tenth == last_tenth_) return;
  last_tenth_ = tenth;
  fmt::print(stderr, "{}\n", progress_line(state, {100, false}));
}

}  // namespace joulebook
