#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/figure.h"
#include "report/terminal_table.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

constexpr int kBarCells = 24;
constexpr int kNarrowBarCells = 10;

double share_done(const ProgressState& p) {
  if (p.planned <= 0) return 0;
  return std::clamp(static_cast<double>(p.done) / static_cast<double>(p.planned), 0.0, 1.0);
}

std::string bar(double share, int cells) {
  const auto full = static_cast<std::size_t>(std::floor(share * cells));
  return "[" + std::string(full, '#') + std::string(static_cast<std::size_t>(cells) - full, '-') +
         "]";
}

// Time left by proportion, once a tenth of a second of evidence exists.
std::optional<double> time_left(const ProgressState& p) {
  if (p.left_s) return p.left_s;
  if (p.done <= 0 || p.planned <= p.done || p.elapsed_s < 0.1) return std::nullopt;
  return p.elapsed_s / static_cast<double>(p.done) * static_cast<double>(p.planned - p.done);
}

std::string time_words(const ProgressState& p) {
  const auto left = time_left(p);
  const std::string spent = duration_text(p.elapsed_s);
  return left ? fmt::format("{}, about {} left", spent, duration_text(*left)) : spent;
}

std::string counts(const ProgressState& p) {
  if (p.planned <= 0) return fmt::format("{}", p.done);
  return fmt::format("{}/{}  {:3.0f} %", p.done, p.planned, std::floor(share_done(p) * 100));
}

}  // namespace

std::string progress_line(const ProgressState& p, const ScreenStyle& style) {
  const int cells = style.width >= 70 ? kBarCells : kNarrowBarCells;
  const std::string head = p.planned > 0 ? bar(share_done(p), cells) + "  " + counts(p) : counts(p);
  return clip_text(fmt::format("{}  {}  {}", head, time_words(p), p.what), style.width);
}

}  // namespace joulebook
