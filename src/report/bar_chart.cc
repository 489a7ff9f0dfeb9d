#include "report/bar_chart.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "report/text_grid.h"

namespace joulebook {
namespace {

constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
constexpr int kGaps = 4;  // two blanks before the bar and two behind it, the left margin apart
constexpr int kLeast = 8;

std::string bar_of(int eighths) {
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  return text + std::string(kEighths[eighths % 8]);
}

std::string padded(std::string text, int width, bool left) {
  const std::string blanks(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
  return left ? blanks + text : text + blanks;
}

}  // namespace

std::string bar_chart(const std::string& title, const std::vector<Bar>& bars, int width) {
  if (bars.empty()) return "";
  int label = 0, shown = 0;
  double most = 0;
  for (const Bar& bar : bars) {
    label = std::max(label, display_width(bar.label));
    shown = std::max(shown, display_width(bar.shown));
    most = std::max(most, bar.value);
  }
  label = std::min(label, std::max(kLeast, width - shown - kGaps - kLeast));
  const int room = std::max(1, width - label - shown - kGaps);
  std::string text = title + "\n";
  for (const Bar& bar : bars) {
    const double share = most > 0 ? bar.value / most : 0;
    const int least = bar.value > 0 ? 1 : 0;
    const int eighths = std::max(least, static_cast<int>(std::lround(share * 8 * room)));
    text += padded(clip_text(bar.label, label), label, true) + "  " + padded(bar.shown, shown, true) +
            "  " + bar_of(eighths) + "\n";
  }
  return text;
}

}  // namespace joulebook
