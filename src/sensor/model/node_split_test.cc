// A node taken apart: the pieces sum to it, and what was measured of three machines lies inside.
#include "sensor/model/node_split.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <array>

#include "sensor/model/machine_model.h"

namespace joulebook {
namespace {

MachineDescription machine(int threads, double gigabytes) {
  MachineDescription m;
  m.cpu = "AMD EPYC 7742 64-Core Processor";
  m.vendor = "AuthenticAMD";
  m.threads = threads;
  m.sockets = 1;
  m.memory_bytes = static_cast<std::int64_t>(gigabytes * 1024 * 1024 * 1024);
  return m;
}

RC_GTEST_PROP(NodeSplit, PiecesSumToTheNodeAndNoneIsNegative, ()) {
  const int threads = *rc::gen::inRange(1, 512);
  const auto m = machine(threads, *rc::gen::inRange(0, 8192));
  const auto parameters = model_parameters(m);
  const auto model = make_model(parameters);
  const Seconds time(*rc::gen::inRange(1, 100'000) / 1000.0);
  const double busy = threads * time.count() * *rc::gen::inRange(0, 1001) / 1000.0;
  const Quantity node = model->machine(time, busy, {0.98 * busy, busy});
  const auto parts = parts_of(*parameters.split, node, time);
  RC_ASSERT(parts.size() == 3U);
  double sum = 0;
  for (const auto& part : parts) {
    const Interval range = part.energy.interval();
    RC_ASSERT(part.energy.tier == Tier::modelled);
    RC_ASSERT(*part.energy.value >= 0);
    RC_ASSERT(range.lo >= 0);
    RC_ASSERT(range.contains(*part.energy.value));
    sum += *part.energy.value;
  }
  RC_ASSERT(std::abs(sum - *node.value) <= 1e-9 * *node.value);
  RC_ASSERT(parts[1].energy.value == 0.0 || m.memory_bytes > 0);
}

TEST(NodeSplit, WhatIsNotKnownOfTheNodeMovesItsPieces) {
  const auto parameters = model_parameters(machine(128, 512));
  const Quantity node = make_model(parameters)->machine(Seconds(10), 0, {0, 0});
  const auto parts = parts_of(*parameters.split, node, Seconds(10));
  // At idle the package follows the node's idle watts factor for factor.
  for (const auto& part : parts[0].energy.shared) {
    if (part.id != "idle_watts") continue;
    EXPECT_NEAR(part.lo, parameters.idle_watts.lo, 1e-9);
    EXPECT_NEAR(part.hi, parameters.idle_watts.hi, 1e-9);
  }
  // So its share of the node does not depend on it.
  const Quantity share = ratio(parts[0].energy, node);
  EXPECT_NEAR(*share.value, parameters.split->package_idle, 1e-12);
  for (const auto& part : share.shared) {
    if (part.id != "idle_watts") continue;
    EXPECT_NEAR(part.lo, 1, 1e-12);
    EXPECT_NEAR(part.hi, 1, 1e-12);
  }
}

// Package power by RAPL beside the wall: cpu_load.csv, and cpu_power.csv of the same CPU (the
// Threadripper has its own plug). Idle from the two lowest loads above 5 %, evenly loaded.
TEST(NodeSplit, ThreeMeasuredMachinesLieInside) {
  struct Measured {
    const char* name;
    double package_idle, node_idle, package_full, node_full;
  };
  constexpr std::array kMachines = {
      Measured{"Xeon E3-1240 v2", 3.7, 14.1, 48.4, 72.5},
      Measured{"EPYC 8024P", 7.7, 62.1, 46.1, 104.0},
      Measured{"Threadripper 1950X", 14.5, 115, 166.9, 278},
  };
  const NodeSplit split = split_of(machine(16, 64), 60, 3);
  for (const auto& m : kMachines) {
    const double idle = m.package_idle / m.node_idle / split.package_idle;
    const double active = (m.package_full - m.package_idle) / (m.node_full - m.node_idle);
    EXPECT_TRUE(split.package_idle_factor.contains(idle)) << m.name << ' ' << idle;
    EXPECT_TRUE(split.package_active_factor.contains(active / split.package_active))
        << m.name << ' ' << active;
  }
}

TEST(NodeSplit, HoweverMuchMemoryItFitsIntoTheNode) {
  const NodeSplit split = split_of(machine(2, 100'000), 1, 1);
  EXPECT_LE(split.memory_idle_w + split.package_idle * split.idle_w, split.idle_w);
  EXPECT_LE(split.memory_active + split.package_active, 1);
}

TEST(NodeSplit, ComesBackFromADescriptionAndNonsenseDoesNot) {
  const NodeSplit split = model_parameters(machine(64, 256)).split.value();
  const auto back = node_split_from_json(*parse_json(to_json(split).dump()));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, split);
  for (const char* member : {"idle_w", "package_idle", "memory_factor"}) {
    Json broken = to_json(split);
    broken.set(member, -1.0);
    EXPECT_FALSE(node_split_from_json(broken)) << member;
  }
  EXPECT_FALSE(node_split_from_json(Json()));
  EXPECT_TRUE(parts_of(split, Quantity::absent("J", {"sensor.lost", "", ""}), Seconds(1)).empty());
}

}  // namespace
}  // namespace joulebook
