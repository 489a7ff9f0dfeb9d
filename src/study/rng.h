#pragma once
// A generator of our own, so that a study's order and its planted checks come out the same on every
// machine and with every standard library (std::shuffle and the std distributions may differ).
//
// Sources: xoshiro256** 1.0 and splitmix64, D. Blackman and S. Vigna, prng.di.unimi.it (public
// domain); bounded integers: D. Lemire, ACM TOMACS 29(1), 2019; normal: G. Box and M. Muller, 1958;
// gamma: G. Marsaglia and W. Tsang, ACM TOMS 26(3), 2000.
//
// Integers and shuffles are exact everywhere; real draws agree to the last bits of the platform's
// log, sqrt, sin and cos (better than 1e-12). Not for secrets. Not thread-safe: one a thread.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace joulebook {

// splitmix64: advances `state` and returns the next word. For seeding and for hashing seeds apart.
[[nodiscard]] std::uint64_t splitmix64(std::uint64_t& state);

class Rng {
 public:
  using State = std::array<std::uint64_t, 4>;

  // Any seed will do, 0 too; near seeds give unrelated streams.
  explicit Rng(std::uint64_t seed);
  // A stream of its own for each pair, e.g. (study seed, round).
  Rng(std::uint64_t seed, std::uint64_t stream);
  // REQUIRES: not all zero.
  explicit Rng(const State& state) : state_(state) {}

  [[nodiscard]] std::uint64_t next();
  // Uniform in [0, bound), without bias. REQUIRES: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1), a multiple of 2^-53.
  [[nodiscard]] double uniform();
  // Standard normal.
  [[nodiscard]] double normal();
  // Log-normal of mean 1 whose logarithm has standard deviation `sigma`.
  [[nodiscard]] double unit_lognormal(double sigma);
  // Gamma of the given shape (> 0) and scale 1.
  [[nodiscard]] double gamma(double shape);

  // Every order equally likely (Fisher and Yates).
  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
    }
  }

 private:
  State state_{};
};

}  // namespace joulebook
