#include "meter/power_bounds.h"

#include <algorithm>
#include <vector>

namespace joulebook {
namespace {

constexpr int kRounds = 24;
constexpr double kTiny = 1e-12;  // relative; smaller gains are rounding

struct Edge {
  std::size_t from = 0;
  std::size_t to = 0;
  double least = 0;
  double most = 0;
};

// The instants that the spans and the window name, in order, and the spans between them.
struct Graph {
  std::vector<double> at;
  std::vector<Edge> edges;
  std::size_t begin = 0;
  std::size_t end = 0;

  Graph(std::span<const EnergySpan> spans, double length) {
    at.reserve(2 * spans.size() + 2);
    at.insert(at.end(), {0.0, length});
    for (const auto& span : spans) at.insert(at.end(), {span.from, span.to});
    std::sort(at.begin(), at.end());
    at.erase(std::unique(at.begin(), at.end()), at.end());
    begin = index(0);
    end = index(length);
    edges.reserve(spans.size());
    for (const auto& span : spans) {
      edges.push_back({index(span.from), index(span.to), span.least, span.most});
    }
    std::stable_sort(edges.begin(), edges.end(),
                     [](const Edge& a, const Edge& b) { return a.to < b.to; });
  }
  [[nodiscard]] std::size_t index(double t) const {
    return static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), t) - at.begin());
  }
};

// label_[i] bounds E(at[i]) - E(0) from above, for what was relaxed so far. Between neighbours it
// always agrees with a power of 0 to most_watts. Instants past `front_` still follow from it.
class Labels {
 public:
  Labels(const Graph& graph, double most_watts)
      : at_(graph.at),
        most_watts_(most_watts),
        tiny_(kTiny * most_watts * (graph.at.back() - graph.at.front())),
        label_(graph.at.size(), 0.0),
        front_(graph.begin) {}

  void reach(std::size_t i) {
    for (; front_ < i; ++front_) label_[front_ + 1] = label_[front_] + step(front_);
  }
  [[nodiscard]] double operator[](std::size_t i) const { return label_[i]; }

  // REQUIRES: i was reached.
  bool lower(std::size_t i, double value) {
    if (value >= label_[i] - tiny_) return false;
    label_[i] = value;
    for (std::size_t k = i; k > 0 && label_[k - 1] > label_[k]; --k) label_[k - 1] = label_[k];
    for (std::size_t k = i; k < front_ && label_[k + 1] > label_[k] + step(k); ++k) {
      label_[k + 1] = label_[k] + step(k);
    }
    return true;
  }
  bool relax(const Edge& edge) {
    reach(edge.to);
    const bool forward = lower(edge.to, label_[edge.from] + edge.most);
    return lower(edge.from, label_[edge.to] - edge.least) || forward;
  }
  // A path from the window's begin to itself that gains: the constraints contradict each other.
  [[nodiscard]] bool contradict(std::size_t begin) const { return label_[begin] < -1e3 * tiny_; }

 private:
  [[nodiscard]] double step(std::size_t k) const { return most_watts_ * (at_[k + 1] - at_[k]); }

  const std::vector<double>& at_;
  double most_watts_;
  double tiny_;
  std::vector<double> label_;
  std::size_t front_;
};

// The greatest E(end) - E(begin).
std::optional<double> greatest(const Graph& graph, double most_watts) {
  Labels labels(graph, most_watts);
  bool changed = true;
  for (int round = 0; changed && round < kRounds; ++round) {
    changed = false;
    for (const auto& edge : graph.edges) changed = labels.relax(edge) || changed;
    for (auto edge = graph.edges.rbegin(); edge != graph.edges.rend(); ++edge) {
      changed = labels.relax(*edge) || changed;
    }
    if (labels.contradict(graph.begin)) return std::nullopt;
  }
  labels.reach(graph.end);
  return labels[graph.end];
}

}  // namespace

std::optional<Interval> power_bounds(std::span<const EnergySpan> spans, double length,
                                     double most_watts) {
  Graph graph(spans, length);
  const auto most = greatest(graph, most_watts);
  for (auto& edge : graph.edges) {  // now of what is missing from most_watts x t
    const double full = most_watts * (graph.at[edge.to] - graph.at[edge.from]);
    edge = {edge.from, edge.to, full - edge.most, full - edge.least};
  }
  const auto missing = greatest(graph, most_watts);
  if (!most || !missing) return std::nullopt;
  const Interval bounds{std::max(0.0, most_watts * length - *missing), *most};
  if (bounds.lo > bounds.hi) return std::nullopt;
  return bounds;
}

}  // namespace joulebook
