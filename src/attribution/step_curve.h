#pragma once
// How many sequences share an upstream's steps, over a window, and how fast its steps go. Pure.
#include <cstdint>
#include <vector>

namespace joulebook::attribution {

class StepCurve {
 public:
  // What a sequence does in its steps.
  enum Kind : std::size_t { kReading, kDecoding, kKinds };

  // `beside`: sequences that nobody saw. `apart`: prompts are read in steps of their own, in which no
  // decoder is; else a step has both.
  StepCurve(std::int64_t begin, std::int64_t end, double beside, bool apart = false)
      : begin_(begin), end_(end), beside_(beside), apart_(apart) {}

  // A sequence is in every step of its kind in [from, to).
  void sequence(std::int64_t from, std::int64_t to, Kind kind);
  // Decoding in [from, to) took `steps`.
  void decoding(std::int64_t from, std::int64_t to, double steps);
  void build();

  // Means and sums over the part of [from, to) in the window in which steps had sequences of the kind; a
  // span of no length is its instant.
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
  [[nodiscard]] Span over(std::int64_t from, std::int64_t to, Kind kind) const;
  [[nodiscard]] double busy_s() const { return busy_s_; }

 private:
  struct Edge {
    std::int64_t at;
    double sequences[kKinds];
    double decoders;
    double rate;
  };
  struct OfKind {  // sums up to an instant, and the values from there on
    double seconds, shares_s, alone_s, share_steps;
    double in, share, alone;
  };
  struct Knot {
    std::int64_t at;
    OfKind kinds[kKinds];
    double steps, rate;
  };
  [[nodiscard]] Knot at(std::int64_t t) const;
  void set(Knot& knot, const double (&sequences)[kKinds]) const;

  std::int64_t begin_;
  std::int64_t end_;
  double beside_;
  bool apart_;
  double busy_s_ = 0;
  std::vector<Edge> edges_;
  std::vector<Knot> knots_;
};

}  // namespace joulebook::attribution
