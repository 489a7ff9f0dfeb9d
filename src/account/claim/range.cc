#include "account/claim/range.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace joulebook::account {
namespace {

constexpr std::size_t kMostCorners = 7;
constexpr int kSamples = 256;
constexpr double kFirstStep = 0.25, kLastStep = 1.0 / 128;  // of the way from rest to an end

// SplitMix64 (Steele, Lea, Flood 2014): the same points on every machine.
class Points {
 public:
  double next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return 2 * (static_cast<double>((z ^ (z >> 31)) >> 11) / 9007199254740992.0) - 1;
  }

 private:
  std::uint64_t state_ = 20261127;
};

class Sweep {
 public:
  Sweep(const Claim& claim, Computed& into) : claim_(claim), into_(into) {}

  Result<Number> at(const std::map<std::string, double>& positions) {
    Dials dials;
    dials.set(positions);
    // The sources are those of the best value; what was assumed or missing anywhere counts.
    Trace trace;
    Scope scope(claim_, dials, positions.empty() ? into_.trace : trace);
    auto value = scope.value();
    for (const auto& name : dials.names()) {
      if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
    }
    into_.trace.assumed.merge(trace.assumed);
    into_.trace.missing.merge(trace.missing);
    if (value && value->value < into_.lo) {
      into_.lo = value->value;
      lowest_ = positions;
    }
    if (value && value->value > into_.hi) {
      into_.hi = value->value;
      highest_ = positions;
    }
    return value;
  }

  // Each doubt's two ends, all others at rest, all low, and all high: the most that it contributes.
  void ends() {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const std::string name = names_[i];
      double factor = 1;
      for (const double others : {0.0, -1.0, 1.0}) factor = std::max(factor, between(name, others));
      into_.contributions.push_back({name, factor});
    }
    std::ranges::sort(into_.contributions, std::greater<>(), &Contribution::factor);
  }

  void corners() {
    const std::size_t n = std::min(names_.size(), kMostCorners);
    for (std::uint64_t bits = 0; bits < (1ULL << n); ++bits) {
      std::map<std::string, double> positions;
      for (std::size_t i = 0; i < n; ++i) positions[into_.contributions.size() > i ? into_.contributions[i].input : names_[i]] = (bits >> i) & 1 ? 1 : -1;
      (void)at(positions);
    }
    // All of them the way that raises, and the way that lowers.
    std::map<std::string, double> up, down;
    for (const auto& [name, rises] : rises_) {
      up[name] = rises ? 1 : -1;
      down[name] = -up[name];
    }
    (void)at(up);
    (void)at(down);
  }

  void samples() {
    Points points;
    for (int i = 0; i < kSamples; ++i) {
      std::map<std::string, double> positions;
      for (const auto& name : names_) positions[name] = points.next();
      (void)at(positions);
    }
  }

  // From the least and the greatest so far, doubt by doubt, by ever smaller steps: what lies inside the range, between
  // the points.
  void descend() {
    for (auto* found : {&lowest_, &highest_}) {
      for (double step = kFirstStep; step >= kLastStep; step /= 2) {
        for (std::size_t i = 0; i < names_.size(); ++i) {  // at() may add one
          const std::string name = names_[i];
          for (const double by : {-step, step}) {
            auto beside = *found;
            double& place = beside[name];
            place = std::clamp(place + by, -1.0, 1.0);
            (void)at(beside);  // which moves *found where it is further out
          }
        }
      }
    }
  }

  [[nodiscard]] bool doubts() const { return !names_.empty(); }

 private:
  // The value's greatest over its least with this doubt at either end.
  double between(const std::string& name, double others) {
    std::map<std::string, double> low, high;
    if (others != 0) {
      for (const auto& n : names_) low[n] = others;
      high = low;
    }
    low[name] = -1;
    high[name] = 1;
    const auto a = at(low), b = at(high);
    if (!a || !b) return 1;
    if (others == 0) rises_[name] = b->value >= a->value;
    double least = std::min(std::abs(a->value), std::abs(b->value)), most = std::max(std::abs(a->value), std::abs(b->value));
    if (others == 0) {
      least = std::min(least, std::abs(into_.best.value));
      most = std::max(most, std::abs(into_.best.value));
    }
    return least > 0 ? most / least : most > 0 ? std::numeric_limits<double>::infinity() : 1;
  }

  const Claim& claim_;
  Computed& into_;
  std::vector<std::string> names_;
  std::map<std::string, bool> rises_;
  std::map<std::string, double> lowest_, highest_;
};

}  // namespace

Result<Computed> compute(const Claim& claim) {
  Computed computed;
  computed.lo = std::numeric_limits<double>::infinity();
  computed.hi = -computed.lo;
  Sweep sweep(claim, computed);
  auto best = sweep.at({});
  if (!best) return fail(best.error());
  computed.best = std::move(*best);
  if (sweep.doubts()) {
    sweep.ends();
    sweep.corners();
    sweep.samples();
    sweep.descend();
  }
  return computed;
}

}  // namespace joulebook::account
