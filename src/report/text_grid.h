#pragma once
// Tables for terminals: columns padded by display width (UTF-8, East Asian wide, combining marks;
// colour sequences take no room), text wrapped where the terminal is narrow, and records stacked
// where even that does not fit. Pure; no terminal is touched.
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// Columns that the text takes on a terminal. SGR colour sequences count nothing; an invalid byte
// counts one. Widths after Unicode 15, East_Asian_Width W and F: two; Mn, Me, Cf: none.
[[nodiscard]] int display_width(std::string_view text);

// Breaks at blanks so that no line is wider than `width`; a longer word is cut between characters.
[[nodiscard]] std::vector<std::string> wrap_text(std::string_view text, int width);

// The text, or its start and "…" where it is wider than `width`.
[[nodiscard]] std::string clip_text(std::string_view text, int width);

// wrap_text with `first` before the first line and blanks of its width before the others.
[[nodiscard]] std::string paragraph(std::string_view first, std::string_view text, int width);

class TextGrid {
 public:
  enum class Align { left, right };
  struct Column {
    std::string head;
    Align align = Align::left;
    bool wraps = false;  // its cells may be broken over several lines
  };

  explicit TextGrid(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // Missing cells are empty. REQUIRES: no more cells than columns.
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Whether it is a table at this width, with nothing broken but the cells that may be.
  [[nodiscard]] bool fits(int width) const;
  // Lines ended by '\n', none wider than `width` where that is at all possible.
  [[nodiscard]] std::string text(int width) const;

 private:
  [[nodiscard]] std::vector<int> natural_widths() const;
  [[nodiscard]] std::vector<int> least_widths(const std::vector<int>& natural) const;
  [[nodiscard]] std::string table(const std::vector<int>& widths) const;
  [[nodiscard]] std::string stacked(int width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace joulebook
