#include "study/programs/text_passage.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "core/text.h"
#include "study/programs/text_words.h"

namespace joulebook {
namespace {

constexpr std::string_view kMark = "Question:";
constexpr double kDamping = 0.85;
constexpr double kStill = 1e-4;
constexpr int kMostRounds = 200;

using Weights = std::map<std::string, double>;

std::vector<std::string_view> some_sentences(std::string_view passage) {
  auto all = sentences_of(passage);
  if (all.size() > kMostSentences) all.resize(kMostSentences);
  return all;
}

Weights counts(std::string_view text) {
  Weights out;
  for (auto& word : content_words(text)) ++out[std::move(word)];
  return out;
}

double dot(const Weights& a, const Weights& b) {
  double sum = 0;
  for (const auto& [word, weight] : a) {
    if (const auto other = b.find(word); other != b.end()) sum += weight * other->second;
  }
  return sum;
}

double similarity(const Weights& a, const Weights& b) {
  const double lengths = std::sqrt(dot(a, a) * dot(b, b));
  return lengths > 0 ? dot(a, b) / lengths : 0;
}

std::string joined(const std::vector<std::string_view>& sentences,
                   const std::vector<std::size_t>& chosen) {
  std::string out;
  for (const auto i : chosen) {
    if (!out.empty()) out += ' ';
    out += sentences[i];
  }
  return out;
}

using Square = std::vector<std::vector<double>>;

Square ties(const std::vector<std::string_view>& sentences) {
  std::vector<std::set<std::string>> words;
  for (const auto sentence : sentences) {
    auto all = content_words(sentence);
    words.emplace_back(std::make_move_iterator(all.begin()), std::make_move_iterator(all.end()));
  }
  Square out(words.size(), std::vector<double>(words.size()));
  for (std::size_t a = 0; a < words.size(); ++a) {
    for (std::size_t b = a + 1; b < words.size(); ++b) {
      const auto shared = std::ranges::count_if(
          words[a], [&](const std::string& word) { return words[b].contains(word); });
      // Two sentences of one word each have a length of 0: they are left untied.
      const double length = std::log(static_cast<double>(words[a].size())) +
                            std::log(static_cast<double>(words[b].size()));
      if (shared > 0 && length > 0) out[a][b] = out[b][a] = static_cast<double>(shared) / length;
    }
  }
  return out;
}

std::vector<double> page_rank(const Square& tie) {
  std::vector<double> whole;
  for (const auto& row : tie) whole.push_back(std::accumulate(row.begin(), row.end(), 0.0));
  std::vector<double> rank(tie.size(), 1.0);
  for (int round = 0; round < kMostRounds; ++round) {
    double moved = 0;
    auto next = rank;
    for (std::size_t i = 0; i < rank.size(); ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < rank.size(); ++j) {
        if (tie[j][i] > 0) sum += tie[j][i] / whole[j] * rank[j];
      }
      next[i] = 1 - kDamping + kDamping * sum;
      moved = std::max(moved, std::abs(next[i] - rank[i]));
    }
    rank = std::move(next);
    if (moved <= kStill) break;
  }
  return rank;
}

}  // namespace

PassageQuestion split_question(std::string_view text) {
  std::size_t at = text.rfind(kMark);
  while (at != std::string_view::npos && at > 0 && text[at - 1] != ' ' && text[at - 1] != '\n') {
    at = text.rfind(kMark, at - 1);
  }
  if (at == std::string_view::npos || at == 0) return {trim(text), {}};
  return {trim(text.substr(0, at)), trim(text.substr(at + kMark.size()))};
}

std::string best_sentence(std::string_view passage, std::string_view question) {
  const auto sentences = some_sentences(passage);
  std::vector<Weights> rows;
  Weights holding;
  for (const auto sentence : sentences) {
    rows.push_back(counts(sentence));
    for (const auto& [word, count] : rows.back()) ++holding[word];
  }
  const auto weigh = [&](Weights& row) {
    for (auto& [word, weight] : row) {
      const auto known = holding.find(word);
      const double n = known == holding.end() ? 0 : known->second;
      weight *= std::log((1 + static_cast<double>(rows.size())) / (1 + n)) + 1;
    }
  };
  auto asked = counts(question);
  weigh(asked);
  std::size_t best = 0;
  double nearest = -1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    weigh(rows[i]);
    const double near = similarity(asked, rows[i]);
    if (near > nearest) {
      nearest = near;
      best = i;
    }
  }
  return sentences.empty() ? std::string() : std::string(sentences[best]);
}

std::string lead(std::string_view passage, std::size_t count) {
  const auto sentences = some_sentences(passage);
  std::vector<std::size_t> first(std::min(count, sentences.size()));
  std::iota(first.begin(), first.end(), std::size_t{0});
  return joined(sentences, first);
}

std::string text_rank(std::string_view passage, std::size_t count) {
  const auto sentences = some_sentences(passage);
  const auto rank = page_rank(ties(sentences));
  std::vector<std::size_t> order(sentences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](auto a, auto b) {
    return rank[a] > rank[b] || (rank[a] == rank[b] && a < b);
  });
  order.resize(std::min(count, order.size()));
  std::ranges::sort(order);
  return joined(sentences, order);
}

}  // namespace joulebook
