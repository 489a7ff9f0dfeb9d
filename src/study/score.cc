#include "study/score.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "study/checker.h"
#include "study/letters.h"

namespace joulebook {
namespace {

std::u32string points(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) out.push_back(letters::next(text, at));
  return out;
}

}  // namespace

Units words_of(std::string_view text) {
  Units out;
  const std::string plain = normalised(text);
  for (const auto word : split(plain, ' ')) {
    if (!word.empty()) out.push_back(points(word));
  }
  return out;
}

Units characters_of(std::string_view text) {
  Units out;
  bool blank = false;  // before what comes next, and not at the beginning
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = letters::next(text, at);
    if (letters::is_blank(point)) {
      blank = !out.empty();
      continue;
    }
    if (blank) out.emplace_back(1, U' ');
    blank = false;
    out.emplace_back(1, point);
  }
  return out;
}

double error_rate(const Units& expected, const Units& answer) {
  const auto n = static_cast<double>(expected.size());
  if (answer.size() > kMostSteps / expected.size()) {
    return std::abs(static_cast<double>(answer.size()) - n) / n;
  }
  // row[i]: least edits from the first i units expected to the answer so far.
  std::vector<std::size_t> row(expected.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (const auto& unit : answer) {
    std::size_t diagonal = row[0]++;
    for (std::size_t i = 1; i < row.size(); ++i) {
      const std::size_t changed = diagonal + (expected[i - 1] == unit ? 0 : 1);
      diagonal = row[i];
      row[i] = std::min({changed, row[i] + 1, row[i - 1] + 1});
    }
  }
  return static_cast<double>(row.back()) / n;
}

double rouge_l(const Units& expected, const Units& answer) {
  if (expected.empty() || answer.empty()) return 0;
  const std::size_t looked = std::min(answer.size(), kMostSteps / expected.size());
  std::vector<std::size_t> row(expected.size() + 1, 0);
  for (std::size_t j = 0; j < looked; ++j) {
    std::size_t diagonal = 0;
    for (std::size_t i = 1; i < row.size(); ++i) {
      const std::size_t above = row[i];
      row[i] = expected[i - 1] == answer[j] ? diagonal + 1 : std::max(above, row[i - 1]);
      diagonal = above;
    }
  }
  const auto common = static_cast<double>(row.back());
  return 2 * common / static_cast<double>(expected.size() + answer.size());
}

double f1(std::vector<std::string> expected, std::vector<std::string> answer) {
  if (expected.empty() && answer.empty()) return 1;
  std::ranges::sort(expected);
  std::ranges::sort(answer);
  std::vector<std::string> both;
  std::ranges::set_intersection(expected, answer, std::back_inserter(both));
  return 2 * static_cast<double>(both.size()) /
         static_cast<double>(expected.size() + answer.size());
}

std::optional<double> cosine(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) return std::nullopt;
  // Scaled by the largest entry, so that no square overflows.
  const auto largest = [](std::span<const double> v) {
    double out = 0;
    for (const double x : v) out = std::max(out, std::abs(x));
    return out;
  };
  const double ma = largest(a);
  const double mb = largest(b);
  if (!(ma > 0 && mb > 0) || !std::isfinite(ma) || !std::isfinite(mb)) return std::nullopt;
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] / ma;
    const double y = b[i] / mb;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / std::sqrt(aa * bb);
}

}  // namespace joulebook
