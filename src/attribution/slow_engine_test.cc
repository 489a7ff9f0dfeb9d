// An engine of linear costs that nobody's prices fit: steps of 55 ms and more, as a CPU takes, prompts in chunks
// between them, always busy. Steps and tokens give way to prompts, so that windows tell them apart badly.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "attribution/attributor.h"

namespace joulebook::attribution {
namespace {

constexpr double kStepJ = 0.58, kActiveW = 19, kTokenJ = 0.057, kContextJ = 2.7e-5, kPromptJ = 0.0065;
constexpr double kStepS = 0.0548, kTokenS = 0.0017, kContextS = 4.4e-6, kPromptS = 1.24e-4;

struct Sequence {
  RequestId id = 0;
  int prompt = 0, output = 0, read = 0, made = 0;
  double joules = 0;
};

struct Served {
  std::vector<Remark> remarks;
  std::vector<ActiveEnergy> windows;  // of 1 s
  std::map<RequestId, double> truth;  // J
};

class Engine {
 public:
  explicit Engine(std::uint64_t seed) : dice_(seed) {}

  Served run(std::size_t requests, int clients, int chunk) {
    for (int i = 0; i < clients; ++i) send();
    while (run_.truth.size() < requests) step(chunk);
    for (std::size_t k = 0; k < joules_.size(); ++k) {
      const auto second = static_cast<std::int64_t>(k) * 1'000'000'000;
      ActiveEnergy w{.begin = {second}, .end = {second + 1'000'000'000}, .domain = "package:0"};
      w.active = {std::llround(joules_[k] * 1e6)};
      w.energy = Quantity::exact(joules_[k], "J");
      w.energy.own = {joules_[k] * 0.95, joules_[k] * 1.05};
      run_.windows.push_back(std::move(w));
    }
    return std::move(run_);
  }

 private:
  double unit() { return static_cast<double>(dice_() >> 11U) * 0x1.0p-53; }
  int length(double least, double times) { return static_cast<int>(least * std::pow(times, unit())); }
  void remark(RequestId id, auto what) { run_.remarks.push_back({id, {std::llround(now_ * 1e9)}, std::move(what)}); }

  void send() {
    live_.push_back({.id = ++last_, .prompt = length(10, 250), .output = length(3, 40)});
    remark(last_, Arrived{.prompt_bytes = 4 * live_.back().prompt, .streamed = true});
    remark(last_, Sent{});
  }

  void step(int chunk) {
    std::vector<std::pair<double, int>> own(live_.size(), {0, 0});  // J, prompt tokens
    double all = 0, members = 0, length_s = kStepS;
    for (std::size_t i = 0; i < live_.size(); ++i) {
      const Sequence& s = live_[i];
      const int reads = std::min(chunk, s.prompt - s.read), context = s.prompt + s.made;
      if (s.read < s.prompt && reads == 0) continue;
      chunk -= reads;
      own[i] = {reads > 0 ? kPromptJ * reads : kTokenJ + kContextJ * context, reads};
      length_s += reads > 0 ? kPromptS * reads : kTokenS + kContextS * context;
      all += own[i].first;
      members += 1;
    }
    const double common = kStepJ + kActiveW * length_s;
    spread(all + common, length_s);
    now_ += length_s;
    for (std::size_t i = own.size(); i-- > 0;) {
      if (own[i].first > 0) advance(i, own[i].first + common / members, own[i].second);
    }
  }

  void advance(std::size_t i, double joules, int reads) {
    Sequence& s = live_[i];
    s.joules += joules;
    s.read += reads;
    if (s.read < s.prompt) return;
    remark(s.id, Tokens{});
    if (++s.made < s.output) return;
    remark(s.id, Usage{.prompt = s.prompt, .cached = 0, .output = s.made});
    remark(s.id, Ended{});
    run_.truth[s.id] = s.joules;
    live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(i));
    send();
  }

  void spread(double joules, double length_s) {
    for (auto k = static_cast<std::size_t>(now_); static_cast<double>(k) < now_ + length_s; ++k) {
      if (joules_.size() <= k) joules_.resize(k + 1, 0);
      const double begin = static_cast<double>(k);
      joules_[k] += joules * (std::min(now_ + length_s, begin + 1) - std::max(now_, begin)) / length_s;
    }
  }

  std::mt19937_64 dice_;
  double now_ = 0.2;
  RequestId last_ = 0;
  std::vector<Sequence> live_;
  std::vector<double> joules_;
  Served run_;
};

TEST(SlowEngine, IsDividedWithinItsIntervals) {
  const Served run = Engine(7).run(400, 16, 512);
  Attributor attributor({});
  std::size_t next = 0, known = 0, held = 0;
  std::vector<double> errors;
  for (const ActiveEnergy& w : run.windows) {
    for (; next < run.remarks.size() && !attributor.ready(w.end); ++next) {
      for (; known < run.windows.size() && run.windows[known].end < run.remarks[next].at; ++known) {
        attributor.measured(run.windows[known]);
      }
      attributor.remark(run.remarks[next]);
    }
    if (next == run.remarks.size()) attributor.now(w.end + std::chrono::seconds(61));
    (void)attributor.divide(w);
    for (const RequestFigures& f : attributor.settled(w.end)) {
      const auto truth = run.truth.find(f.request);
      if (truth == run.truth.end() || !f.fair.present()) continue;
      errors.push_back(std::abs(*f.fair.value / truth->second - 1));
      held += f.fair.interval().contains(truth->second) ? 1 : 0;
    }
  }
  ASSERT_GE(errors.size(), 390U);
  std::sort(errors.begin(), errors.end());
  EXPECT_LE(errors[errors.size() / 2], 0.11);
  EXPECT_LE(errors[errors.size() * 19 / 20], 0.25);
  EXPECT_GE(static_cast<double>(held), 0.9 * static_cast<double>(errors.size()));
}

}  // namespace
}  // namespace joulebook::attribution
