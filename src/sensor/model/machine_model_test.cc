#include "sensor/model/machine_model.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "sensor/model/thread_power.h"

namespace joulebook {
namespace {

MachineDescription machine(const std::string& cpu, const std::string& vendor, int family, int model,
                           int threads, bool is_virtual) {
  MachineDescription m;
  m.cpu = cpu;
  m.vendor = vendor;
  m.family = family;
  m.model = model;
  m.threads = threads;
  m.sockets = 1;
  m.memory_bytes = std::int64_t{threads} * 4 << 30;
  m.is_virtual = is_virtual;
  m.generation = parse_cpu_name(cpu).generation;
  if (m.generation.empty()) m.generation = generation_of(vendor, family, model, 0);
  return m;
}

MachineDescription hidden_genoa() { return machine("AMD EPYC", "AuthenticAMD", 25, 17, 2, true); }

MachineDescription bare_rome() {
  return machine("AMD EPYC 7742 64-Core Processor", "AuthenticAMD", 23, 49, 128, false);
}

double part_of(const Quantity& q, const std::string& id, bool hi) {
  for (const SharedPart& part : q.shared)
    if (part.id == id) return hi ? part.hi : part.lo;
  return std::nan("");
}

TEST(MachineModel, AGuestBearsItsThreadsShareOfTheNode) {
  const ModelParameters two = model_parameters(hidden_genoa());
  MachineDescription bigger = hidden_genoa();
  bigger.threads = 8;
  const ModelParameters eight = model_parameters(bigger);
  EXPECT_DOUBLE_EQ(eight.idle_w, 4 * two.idle_w);
  EXPECT_DOUBLE_EQ(eight.active_w, two.active_w);
  EXPECT_NE(two.method.find("zen4 servers"), std::string::npos) << two.method;
  EXPECT_NE(two.method.find("SPECpower_ssj2008"), std::string::npos);
}

// Every published machine of the generation, as a share by threads, lies inside.
TEST(MachineModel, AHiddenModelsIntervalSpansItsGeneration) {
  const ModelParameters p = model_parameters(hidden_genoa());
  int rows = 0;
  for (const CatalogueRow& row : cpu_catalogue()) {
    if (row.shape.cpu.generation != "zen4" || row.shape.cpu.platform != "sp5") continue;
    const double idle = row.idle_w / row.shape.threads * p.threads / p.idle_w;
    const double active = (row.full_w - row.idle_w) / row.shape.threads / p.active_w;
    EXPECT_TRUE(p.idle_watts.contains(idle)) << row.name << ' ' << idle;
    EXPECT_TRUE(p.active_watts.contains(active)) << row.name << ' ' << active;
    ++rows;
  }
  EXPECT_GT(rows, 10);
}

TEST(MachineModel, TheLessIsKnownTheWiderItIs) {
  const auto width = [](const MachineDescription& m) {
    const ThreadPower p = thread_power(m, 0.95);
    return p.active_factor.hi / p.active_factor.lo;
  };
  const double named = width(bare_rome());
  const double hidden = width(machine("AMD EPYC", "AuthenticAMD", 23, 49, 4, true));
  const double nameless = width(machine("", "", -1, -1, 4, true));
  EXPECT_LT(named, hidden);
  EXPECT_LT(hidden, nameless);
}

TEST(MachineModel, AClientPartSaysThatItHasFewRelatives) {
  const ModelParameters p = model_parameters(
      machine("AMD Ryzen 7 5800X 8-Core Processor", "AuthenticAMD", 25, 33, 16, false));
  EXPECT_NE(p.method.find("client part"), std::string::npos) << p.method;
  EXPECT_GT(p.active_watts.hi / p.active_watts.lo, 3);
}

TEST(MachineModel, IdlePlusBusyTimeWithItsNamedParts) {
  const ModelParameters p = model_parameters(bare_rome());
  const auto model = make_model(p);
  const Quantity q = model->machine(Seconds(10), 640, {630, 650});
  ASSERT_TRUE(q.present());
  EXPECT_DOUBLE_EQ(*q.value, p.idle_w * 10 + p.active_w * 640);
  EXPECT_DOUBLE_EQ(q.own.lo, p.idle_w * 10 + p.active_w * 630);
  EXPECT_DOUBLE_EQ(q.own.hi, p.idle_w * 10 + p.active_w * 650);
  EXPECT_EQ(q.tier, Tier::modelled);
  EXPECT_EQ(q.boundary, "node");
  EXPECT_EQ(q.level, 0.95);
  const double idle_share = p.idle_w * 10 / *q.value;
  EXPECT_NEAR(part_of(q, "idle_watts", true), 1 + idle_share * (p.idle_watts.hi - 1), 1e-12);
  EXPECT_NEAR(part_of(q, "active_watts", false), 1 + (1 - idle_share) * (p.active_watts.lo - 1),
              1e-12);
  EXPECT_NEAR(part_of(q, "load_curve", true), 1 + (1 - idle_share) * (p.load_curve.at(0.5).hi - 1),
              1e-12);
  EXPECT_NEAR(part_of(q, "instruction_mix", true), 1 + (1 - idle_share) * 0.5, 1e-12);
}

TEST(MachineModel, ProcessesBearNoIdle) {
  const ModelParameters p = model_parameters(hidden_genoa());
  const auto model = make_model(p);
  const Quantity q = model->processes(3, {2.9, 3.1});
  EXPECT_DOUBLE_EQ(*q.value, 3 * p.active_w);
  EXPECT_TRUE(std::isnan(part_of(q, "idle_watts", true)));
  EXPECT_DOUBLE_EQ(part_of(q, "active_watts", true), p.active_watts.hi);
  EXPECT_DOUBLE_EQ(part_of(q, "load_curve", false), p.load_curve.unknown.lo);
}

TEST(MachineModel, TheNodesOtherLoadIsUnknownToAGuest) {
  const ModelParameters guest = model_parameters(hidden_genoa());
  const auto model = make_model(guest);
  const Quantity full = model->machine(Seconds(1), 2, {2, 2});  // both its threads busy
  const double active_share = 2 * guest.active_w / *full.value;
  EXPECT_NEAR(part_of(full, "load_curve", true),
              1 + active_share * (guest.load_curve.unknown.hi - 1), 1e-12);
}

TEST(MachineModel, ARatioOfCpuTimesIsSharperThanItsParts) {
  const auto model = make_model(model_parameters(hidden_genoa()));
  const Quantity r = ratio(model->processes(20, {20, 20}), model->processes(10, {10, 10}));
  EXPECT_NEAR(r.interval().lo, 2, 1e-9);
  EXPECT_NEAR(r.interval().hi, 2, 1e-9);
}

TEST(MachineModel, NoBusyTimeAndNoTimeAreNoTrouble) {
  const auto model = make_model(model_parameters(bare_rome()));
  EXPECT_EQ(*model->processes(0, {0, 0.01}).value, 0);
  const Quantity nothing = model->machine(Seconds(0), 0, {0, 0});
  EXPECT_EQ(*nothing.value, 0);
  EXPECT_EQ(nothing.interval().hi, 0);
}

TEST(MachineModel, ADescriptionMakesTheSameModelBitForBit) {
  for (const MachineDescription& m : {hidden_genoa(), bare_rome()}) {
    const auto model = make_model(model_parameters(m));
    const auto parsed = parse_json(model->describe().dump());
    ASSERT_TRUE(parsed);
    const auto again = make_model(*parsed);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(again->describe().dump(), model->describe().dump());
    EXPECT_EQ(again->machine(Seconds(1.7), 1.1, {1.0, 1.2}),
              model->machine(Seconds(1.7), 1.1, {1.0, 1.2}));
  }
}

TEST(MachineModel, AMutilatedDescriptionMakesNone) {
  const Json whole = make_model(model_parameters(hidden_genoa()))->describe();
  for (const char* member : {"idle_w", "active_w", "threads", "level", "max_watts", "idle_watts",
                             "active_watts", "instruction_mix", "load_at_tenths", "load_unknown"}) {
    Json broken = whole;
    broken.erase(member);
    EXPECT_EQ(make_model(broken), nullptr) << member;
    broken.set(member, "many");
    EXPECT_EQ(make_model(broken), nullptr) << member;
  }
  EXPECT_EQ(make_model(Json()), nullptr);
}

RC_GTEST_PROP(MachineModel, MoreBusyTimeIsMoreEnergyAndTheIntervalHoldsTheValue, ()) {
  static const auto model = make_model(model_parameters(bare_rome()));
  const double seconds = *rc::gen::inRange(1, 100'000) / 1000.0;
  const double busy = *rc::gen::inRange(0, 128'000) / 1000.0 * seconds;
  const double more = busy + *rc::gen::inRange(0, 1000) / 10.0;
  const Quantity a = model->machine(Seconds(seconds), busy, {busy * 0.99, busy * 1.01});
  const Quantity b = model->machine(Seconds(seconds), more, {more, more});
  RC_ASSERT(*b.value >= *a.value);
  RC_ASSERT(a.interval().contains(*a.value));
  RC_ASSERT(a.interval().lo >= 0);
}

}  // namespace
}  // namespace joulebook
