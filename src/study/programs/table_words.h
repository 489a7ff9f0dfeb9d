#pragma once
// Rows of a table of figures as words, and back: what a language model reads is what a classifier
// parses. Plain values; thread-safe.
#include <joulebook/result.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

struct TableWords {
  std::string_view kind;                       // "wine"
  std::string_view lead;                       // "Wine:"
  std::span<const std::string_view> columns;   // names of the figures, in order
  std::span<const std::string_view> classes;   // by the data's class number
};

[[nodiscard]] const TableWords& breast_mass_words();
[[nodiscard]] const TableWords& wine_words();

// "Wine: alcohol 14.23, malic acid 1.71, ...": the figures as their file writes them.
// REQUIRES: as many cells as columns.
[[nodiscard]] std::string in_words(const TableWords& words, std::span<const std::string> cells);
// The way back. Error: input "item.form" where a figure is missing, out of order or no number.
[[nodiscard]] Status values_in_words(const TableWords& words, std::string_view text,
                                     std::vector<double>& values);

}  // namespace joulebook
