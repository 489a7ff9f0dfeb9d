#include "report/text_grid.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr int kGutter = 2;      // blanks between columns
constexpr int kLeastWrap = 18;  // a wrapping column keeps its longest word, at most this

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

// Unicode 15 blocks whose characters are wide (UAX 11) and those that take no room (Mn, Me, Cf).
constexpr std::array<Range, 17> kWide = {{{0x1100, 0x115F},
                                          {0x231A, 0x231B},
                                          {0x23E9, 0x23EC},
                                          {0x2614, 0x2615},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0x9FFF},
                                          {0xA000, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F300, 0x1F64F},
                                          {0x1F900, 0x1F9FF},
                                          {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 10> kNoWidth = {{{0x0300, 0x036F},
                                             {0x0483, 0x0489},
                                             {0x0591, 0x05BD},
                                             {0x064B, 0x065F},
                                             {0x0900, 0x0902},
                                             {0x1AB0, 0x1AFF},
                                             {0x200B, 0x200F},
                                             {0x20D0, 0x20FF},
                                             {0xFE00, 0xFE0F},
                                             {0xFE20, 0xFE2F}}};

bool within(std::uint32_t c, const auto& ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](Range r) { return r.first <= c && c <= r.last; });
}

int width_of(std::uint32_t c) { return within(c, kNoWidth) ? 0 : within(c, kWide) ? 2 : 1; }

struct Step {
  std::size_t bytes;
  int width;
};

std::size_t sgr_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

// The next character (or colour sequence) of a text that is not empty.
Step next_step(std::string_view text) {
  if (const auto colour = sgr_length(text)) return {colour, 0};
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 1 || lead < 0xC0 || text.size() < length) return {1, 1};
  std::uint32_t c = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  return {length, width_of(c)};
}

std::string pad(std::string_view text, int width, TextGrid::Align align) {
  const std::string blanks(static_cast<std::size_t>(std::max(0, width - display_width(text))), ' ');
  return align == TextGrid::Align::left ? std::string(text) + blanks : blanks + std::string(text);
}

// The bytes of the longest start of `text` no wider than `width` (at least one character).
std::size_t fitting(std::string_view text, int width) {
  std::size_t at = 0;
  for (int used = 0; at < text.size();) {
    const Step step = next_step(text.substr(at));
    if (used + step.width > width && at > 0) break;
    used += step.width;
    at += step.bytes;
  }
  return at;
}

std::string right_trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

int widest_word(std::string_view text) {
  int widest = 0;
  for (const auto word : split(text, ' ')) widest = std::max(widest, display_width(word));
  return widest;
}

int total_width(const std::vector<int>& widths) {
  return std::accumulate(widths.begin(), widths.end(), 0) +
         kGutter * (static_cast<int>(widths.size()) - 1);
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Step step = next_step(text);
    width += step.width;
    text.remove_prefix(step.bytes);
  }
  return width;
}

std::vector<std::string> wrap_text(std::string_view text, int width) {
  width = std::max(1, width);
  std::vector<std::string> lines(1);
  for (std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    const int gap = lines.back().empty() ? 0 : 1;
    if (gap != 0 && display_width(lines.back()) + gap + display_width(word) > width) {
      lines.emplace_back();
    } else if (gap != 0) {
      lines.back() += ' ';
    }
    while (display_width(word) > width) {
      const auto cut = fitting(word, width);
      lines.back() += word.substr(0, cut);
      lines.emplace_back();
      word.remove_prefix(cut);
    }
    lines.back() += word;
  }
  return lines;
}

std::string clip_text(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  return width < 2 ? std::string() : std::string(text.substr(0, fitting(text, width - 1))) + "…";
}

std::string paragraph(std::string_view first, std::string_view text, int width) {
  const int indent = display_width(first);
  std::string out;
  for (const auto& line : wrap_text(text, width - indent)) {
    out += out.empty() ? std::string(first) : std::string(static_cast<std::size_t>(indent), ' ');
    out += line + '\n';
  }
  return out;
}

void TextGrid::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<int> TextGrid::natural_widths() const {
  std::vector<int> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    int widest = display_width(columns_[c].head);
    for (const auto& row : rows_) widest = std::max(widest, display_width(row[c]));
    widths.push_back(widest);
  }
  return widths;
}

std::vector<int> TextGrid::least_widths(const std::vector<int>& natural) const {
  std::vector<int> least = natural;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!columns_[c].wraps) continue;
    int word = widest_word(columns_[c].head);
    for (const auto& row : rows_) word = std::max(word, widest_word(row[c]));
    least[c] = std::min({natural[c], word, kLeastWrap});
  }
  return least;
}

bool TextGrid::fits(int width) const {
  return total_width(least_widths(natural_widths())) <= width;
}

std::string TextGrid::text(int width) const {
  std::vector<int> widths = natural_widths();
  const std::vector<int> least = least_widths(widths);
  if (total_width(least) > width) return stacked(width);
  for (int excess = total_width(widths) - width; excess > 0; --excess) {
    // Take a column of text from whoever can spare it best.
    std::size_t widest = 0;
    int spare = -1;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      if (widths[c] > least[c] && widths[c] > spare) spare = widths[widest = c];
    }
    --widths[widest];
  }
  return table(widths);
}

std::string TextGrid::table(const std::vector<int>& widths) const {
  std::string out;
  const auto put = [&](const std::vector<std::string>& cells) {
    std::vector<std::vector<std::string>> wrapped;
    std::size_t height = 1;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      wrapped.push_back(columns_[c].wraps ? wrap_text(cells[c], widths[c])
                                          : std::vector<std::string>{cells[c]});
      height = std::max(height, wrapped.back().size());
    }
    for (std::size_t i = 0; i < height; ++i) {
      std::string line;
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (c > 0) line += std::string(kGutter, ' ');
        line += pad(i < wrapped[c].size() ? wrapped[c][i] : "", widths[c], columns_[c].align);
      }
      out += right_trimmed(std::move(line)) + '\n';
    }
  };
  std::vector<std::string> heads;
  for (const auto& column : columns_) heads.push_back(column.head);
  if (std::any_of(heads.begin(), heads.end(), [](const auto& h) { return !h.empty(); })) put(heads);
  for (const auto& row : rows_) put(row);
  return out;
}

std::string TextGrid::stacked(int width) const {
  std::string out;
  for (const auto& row : rows_) {
    out += paragraph("", row[0], width);
    for (std::size_t c = 1; c < row.size(); ++c) {
      if (row[c].empty()) continue;
      const std::string head = columns_[c].head.empty() ? "" : columns_[c].head + ": ";
      out += paragraph("  ", head + row[c], width);
    }
  }
  return out;
}

}  // namespace joulebook
