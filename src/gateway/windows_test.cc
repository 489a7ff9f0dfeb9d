#include "gateway/windows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "fakes/window_meter.h"
#include "sensor/containment.h"

namespace joulebook::gateway {
namespace {

// Answers with the window that it was asked for.
class EchoMeter final : public fakes::WindowMeter {
 public:
  void settle(SteadyTime t) override { settled_ = t; }
  [[nodiscard]] WindowEnergy energy(const Window& window) const override {
    EXPECT_EQ(settled_, window.end);
    WindowEnergy out;
    out.window = window;
    return out;
  }

 private:
  SteadyTime settled_;
};

std::vector<MeteredHost> only(Meter& meter) {
  MeteredHost host;
  host.meter = &meter;
  return {host};
}

constexpr std::int64_t kSecond = 1'000'000'000;

// A sensor that has no reading of a window until `back`, for that reason.
class AwayMeter final : public fakes::WindowMeter {
 public:
  explicit AwayMeter(std::string code) : code_(std::move(code)) {}
  bool back = false;

  [[nodiscard]] WindowEnergy energy(const Window& window) const override {
    WindowEnergy out;
    out.window = window;
    DomainEnergy domain;
    domain.domain = "package:0";
    domain.top_level = true;
    domain.energy = Quantity::absent("J", {code_, "away", "wait"});
    if (back) domain.settled = MicroJoules{1};
    out.domains.push_back(domain);
    return out;
  }

 private:
  std::string code_;
};

TEST(Windows, AWindowWaitsForAReadingThatMayStillBracketIt) {
  for (const char* code : {"window.not_bracketed", "sensor.missing", "sensor.lost"}) {
    AwayMeter meter(code);
    Windows windows({0}, {});
    windows.busy({0}, {2 * kSecond});
    windows.cut({2 * kSecond});
    windows.measure(only(meter), {3 * kSecond});
    EXPECT_EQ(windows.front(), nullptr) << code;
    meter.back = true;
    windows.measure(only(meter), {4 * kSecond});
    EXPECT_EQ(windows.measured().size(), 2U) << code;
  }
}

TEST(Windows, WhatNoReadingCanMendIsToldAtOnceAndPatienceEnds) {
  for (const auto& [code, now_s] : std::vector<std::pair<std::string, std::int64_t>>{
           {"sensor.reset", 2}, {"sensor.backwards", 2}, {"window.gap", 2}, {"sensor.missing", 9}}) {
    AwayMeter meter(code);
    Windows windows({0}, {});
    windows.busy({0}, {kSecond});
    windows.cut({kSecond});
    windows.measure(only(meter), {now_s * kSecond});
    EXPECT_NE(windows.front(), nullptr) << code;
  }
}

// What one machine cannot say yet holds the window; what others have said is not asked for again, and
// a machine without a meter holds nobody up.
TEST(Windows, EachMeterIsAskedUntilItHasSaidAllItCan) {
  AwayMeter there("sensor.missing");
  AwayMeter away("sensor.missing");
  there.back = true;
  std::vector<MeteredHost> hosts(3);
  hosts[0].meter = &there;
  hosts[0].label = "a";
  hosts[0].upstreams = {0};
  hosts[1].meter = &away;
  hosts[1].label = "b";
  hosts[1].upstreams = {1, 2};
  hosts[2].upstreams = {3};
  Windows windows({0}, {});
  windows.busy({0}, {kSecond / 2}, 2);
  windows.cut({kSecond});
  windows.measure(hosts, {2 * kSecond});
  EXPECT_EQ(windows.front(), nullptr);
  there.back = false;  // what it said stays
  windows.measure(hosts, {8 * kSecond});
  ASSERT_NE(windows.front(), nullptr);
  const MeteredWindow& w = *windows.front();
  ASSERT_EQ(w.energies.size(), 3U);
  EXPECT_TRUE(w.energies[0].domains.at(0).settled);
  EXPECT_EQ(w.energies[0].domains.at(0).domain, "package:0@a");
  EXPECT_FALSE(w.energies[1].domains.at(0).settled);
  EXPECT_EQ(w.energies[1].domains.at(0).energy.reason->code, "sensor.missing");
  EXPECT_TRUE(w.energies[2].domains.empty());
  EXPECT_FALSE(w.silent());
  EXPECT_TRUE(w.silent(hosts[0]));
  EXPECT_FALSE(w.silent(hosts[1]));
}

TEST(MeteredHost, NamesAreThoseOfTheMachine) {
  EXPECT_EQ(domain_at("gpu:0", ""), "gpu:0");
  EXPECT_EQ(domain_at("gpu:0", "gpu-a:8901"), "gpu:0@gpu-a:8901");
  EXPECT_EQ(domain_at("wall", "fd00::1"), "wall:0@fd00::1");
  for (const char* domain : {"gpu:0", "wall"}) {
    const std::string there = domain_at(domain, "gpu-a:8901");
    EXPECT_EQ(domain_kind(there), domain_kind(domain));
  }
  EXPECT_EQ(without_host("gpu:0@gpu-a:8901"), "gpu:0");
  WindowEnergy energy;
  energy.domains.resize(1);
  energy.domains[0].domain = "package:0";
  energy.domains[0].contains = {"core:0"};
  energy.domains[0].energy.shared = {{"gain:package:0", 0.9, 1.1}};
  energy.idle["package:0"] = Quantity::exact(1, "J");
  name_by(energy, "b");
  EXPECT_EQ(energy.domains[0].contains.at(0), "core:0@b");
  EXPECT_EQ(energy.domains[0].energy.shared.at(0).id, "gain:package:0@b");
  EXPECT_TRUE(energy.idle.contains("package:0@b"));
}

struct Piece {
  double begin;
  double end;
  bool silent;
  bool operator==(const Piece&) const = default;
};

std::vector<Piece> drain(Windows& windows, std::int64_t now_s, bool last = false) {
  EchoMeter meter;
  windows.cut({now_s * kSecond}, last);
  windows.measure(only(meter), {now_s * kSecond}, last);
  std::vector<Piece> out;
  for (; windows.front() != nullptr; windows.pop()) {
    const auto& w = windows.front()->window;
    out.push_back({static_cast<double>(w.begin.ns) / 1e9, static_cast<double>(w.end.ns) / 1e9,
                   windows.front()->silent()});
  }
  return out;
}

TEST(Windows, SilenceIsCutCoarselyAndWorkFinely) {
  Windows windows({0}, {});
  const std::vector<Piece> silence{{0, 1, true}, {1, 3, true}};
  EXPECT_EQ(drain(windows, 5), silence);
  windows.busy({7 * kSecond}, {7 * kSecond});
  windows.busy({9 * kSecond}, {9 * kSecond});
  const std::vector<Piece> expected{{3, 7, true}, {7, 8, false}, {8, 9, false}};
  EXPECT_EQ(drain(windows, 10), expected);
  const auto later = drain(windows, 100);
  EXPECT_EQ(later.back().end - later.back().begin, 10);
}

TEST(Windows, ARequestThatRunsOnMakesEachWindowBusy) {
  Windows windows({0}, {});
  windows.busy({0}, {2 * kSecond});  // the instant 2 s belongs to the third
  const std::vector<Piece> expected{{0, 1, false}, {1, 2, false}, {2, 3, false}};
  EXPECT_EQ(drain(windows, 4), expected);
  const std::vector<Piece> rest{{3, 4, true}, {4, 6, true}, {6, 9, true}, {9, 13, true}};
  EXPECT_EQ(drain(windows, 14), rest);
}

TEST(Windows, TheLastOneEndsNow) {
  Windows windows({0}, {});
  const std::vector<Piece> expected{{0, 1, true}, {1, 3, true}};
  EXPECT_EQ(drain(windows, 3, true), expected);
  EXPECT_EQ(windows.waiting(), 0U);
}

TEST(Windows, WhatTheEngineDoesEndsAWindow) {
  Windows windows({0}, {});
  EchoMeter meter;
  windows.engine({0}, EngineIs::absent);
  windows.engine({kSecond / 2}, EngineIs::loading);
  windows.busy({kSecond}, {2 * kSecond});
  windows.engine({5 * kSecond / 2}, EngineIs::resident);
  windows.cut({3 * kSecond}, true);
  windows.measure(only(meter), {3 * kSecond}, true);
  struct Seen {
    double end;
    bool silent;
    EngineIs engine;
    bool operator==(const Seen&) const = default;
  };
  std::vector<Seen> seen;
  for (; windows.front() != nullptr; windows.pop()) {
    const auto& w = *windows.front();
    seen.push_back({static_cast<double>(w.window.end.ns) / kSecond, w.silent(), w.engine});
  }
  const std::vector<Seen> expected{{0.5, true, EngineIs::absent},
                                   {1, true, EngineIs::loading},
                                   {2, false, EngineIs::loading},
                                   {2.5, false, EngineIs::loading},
                                   {3, true, EngineIs::resident}};
  EXPECT_TRUE(seen == expected);
}

// Whatever comes when: windows tile from the start to the end, and no instant of work that was told of
// in time lies in a window called silent.
RC_GTEST_PROP(Windows, TileAndNeverCallWorkSilence, ()) {
  Windows windows({0}, {});
  EchoMeter meter;
  std::int64_t now = 0;
  std::vector<std::int64_t> work;
  const int steps = *rc::gen::inRange(1, 60);
  for (int i = 0; i < steps; ++i) {
    now += *rc::gen::inRange<std::int64_t>(1, 4000) * 1'000'000;
    if (*rc::gen::inRange(0, 3) == 0) {
      windows.busy({now}, {now});
      work.push_back(now);
    }
    if (*rc::gen::inRange(0, 4) == 0) windows.engine({now}, EngineIs::loading);
    windows.cut({now});
    windows.measure(only(meter), {now});
  }
  now += 1;
  windows.cut({now}, true);
  windows.measure(only(meter), {now}, true);
  std::int64_t edge = 0;
  std::size_t silent_work = 0;
  for (; windows.front() != nullptr; windows.pop()) {
    const auto& w = windows.front()->window;
    RC_ASSERT(w.begin.ns == edge);
    edge = w.end.ns;
    if (!windows.front()->silent()) continue;
    for (const auto t : work) silent_work += (w.begin.ns <= t && t < w.end.ns) ? 1 : 0;
  }
  RC_ASSERT(edge == now);
  RC_ASSERT(silent_work == 0U);
}

}  // namespace
}  // namespace joulebook::gateway
