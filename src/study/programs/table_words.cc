#include "study/programs/table_words.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

// As scikit-learn names them (load_breast_cancer().feature_names).
constexpr std::array<std::string_view, 30> kMassColumns = {
    "mean radius",      "mean texture",        "mean perimeter",       "mean area",
    "mean smoothness",  "mean compactness",    "mean concavity",       "mean concave points",
    "mean symmetry",    "mean fractal dimension",
    "radius error",     "texture error",       "perimeter error",      "area error",
    "smoothness error", "compactness error",   "concavity error",      "concave points error",
    "symmetry error",   "fractal dimension error",
    "worst radius",     "worst texture",       "worst perimeter",      "worst area",
    "worst smoothness", "worst compactness",   "worst concavity",      "worst concave points",
    "worst symmetry",   "worst fractal dimension"};
constexpr std::array<std::string_view, 2> kMassClasses = {"malignant", "benign"};

// load_wine().feature_names, in words. The file numbers the cultivars; their names are those of
// M. Forina's samples from Piedmont (59 Barolo, 71 Grignolino, 48 Barbera: the counts agree).
constexpr std::array<std::string_view, 13> kWineColumns = {
    "alcohol",           "malic acid", "ash",     "alkalinity of ash",    "magnesium",
    "total phenols",     "flavanoids", "nonflavanoid phenols", "proanthocyanins",
    "colour intensity",  "hue",        "OD280/OD315 of diluted wine", "proline"};
constexpr std::array<std::string_view, 3> kWineClasses = {"Barolo", "Grignolino", "Barbera"};

constexpr TableWords kMass{"breast mass", "Breast mass:", kMassColumns, kMassClasses};
constexpr TableWords kWine{"wine", "Wine:", kWineColumns, kWineClasses};

}  // namespace

const TableWords& breast_mass_words() { return kMass; }
const TableWords& wine_words() { return kWine; }

std::string in_words(const TableWords& words, std::span<const std::string> cells) {
  std::string out(words.lead);
  for (std::size_t i = 0; i < words.columns.size(); ++i) {
    out += fmt::format("{} {} {}", i == 0 ? "" : ",", words.columns[i], cells[i]);
  }
  return out;
}

Status values_in_words(const TableWords& words, std::string_view text,
                       std::vector<double>& values) {
  const auto refuse = [&](std::size_t place) {
    return fail(ErrorKind::input, "item.form",
                fmt::format("figure {} of the row is not '{}' and a number", place + 1,
                            words.columns[place]),
                fmt::format("write '{} {} 1.23, ...' with all {} figures in order", words.lead,
                            words.columns[0], words.columns.size()));
  };
  values.clear();
  if (!text.starts_with(words.lead)) return refuse(0);
  text.remove_prefix(words.lead.size());
  for (std::string_view part : split(text, ',')) {
    const std::size_t place = values.size();
    if (place == words.columns.size()) return refuse(place - 1);
    part = trim(part);
    const auto blank = part.rfind(' ');
    if (blank == std::string_view::npos || part.substr(0, blank) != words.columns[place]) {
      return refuse(place);
    }
    const auto value = parse_double(part.substr(blank + 1));
    if (!value || !std::isfinite(*value)) return refuse(place);
    values.push_back(*value);
  }
  if (values.size() != words.columns.size()) return refuse(values.size());
  return {};
}

}  // namespace joulebook
