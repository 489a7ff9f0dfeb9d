#pragma once
// How many sequences share an upstream's steps, over a window, and how fast its steps go. Pure.
#include <cstdint>
#include <vector>

namespace joulebook::attribution {

class StepCurve {
 public:
  StepCurve(std::int64_t begin, std::int64_t end, double beside)
      : begin_(begin), end_(end), beside_(beside) {}

  // A sequence is in every step of [from, to).
  void sequence(std::int64_t from, std::int64_t to);
  // Decoding in [from, to) took `steps`.
  void decoding(std::int64_t from, std::int64_t to, double steps);
  void build();

  // Means and sums over the part of [from, to) in the window; a span of no length is its instant.
  struct Span {
    double seconds = 0;
    double shares_s = 0;     // integral of 1 / sequences
    double alone_s = 0;      // time with one sequence only
    double steps = 0;        // as decoders saw them; 0: none decoded
    double share_steps = 0;  // integral of steps over sequences
    double share = 0;        // 1 / sequences, and whether one only, at its beginning
    double alone = 0;
    [[nodiscard]] double mean_share() const { return seconds > 0 ? shares_s / seconds : share; }
    [[nodiscard]] double alone_part() const { return seconds > 0 ? alone_s / seconds : alone; }
  };
  [[nodiscard]] Span over(std::int64_t from, std::int64_t to) const;
  [[nodiscard]] double busy_s() const { return busy_s_; }

 private:
  struct Edge {
    std::int64_t at;
    double sequences;
    double decoders;
    double rate;
  };
  struct Knot {  // sums up to `at`, and the values from there on
    std::int64_t at;
    double shares_s, alone_s, steps, share_steps;
    double share, alone, rate;
  };
  [[nodiscard]] Knot at(std::int64_t t) const;

  std::int64_t begin_;
  std::int64_t end_;
  double beside_;  // sequences that nobody saw
  double busy_s_ = 0;
  std::vector<Edge> edges_;
  std::vector<Knot> knots_;
};

}  // namespace joulebook::attribution
