#include "physics/explain/floor.h"

#include <algorithm>
#include <vector>

namespace joulebook::explain {
namespace {

using serving::Kind;
using serving::Workload;

constexpr double kPico = 1e-12, kBits = 8, kKB = 1e3, kMB = 1e6;

struct KindFacts {
  double device_pj_per_bit;  // memory device and interface
  double on_chip_bytes;      // last-level cache + multiprocessors x (shared memory + registers)
};

// HBM3: 3.0 to 3.9 pJ/bit; HBM2: 3.9 (O'Connor et al., MICRO 2017); GDDR6(X): 3.6 at its interface
// alone (published between 3.6 and 7.25). On-chip sizes from the vendor's architecture papers.
KindFacts facts(Kind kind) {
  switch (kind) {
    case Kind::h100: return {3.0, 50 * kMB + 132 * 512 * kKB};
    case Kind::b200: return {3.0, 126 * kMB + 148 * 512 * kKB};
    case Kind::a100: return {3.9, 40 * kMB + 108 * 448 * kKB};
    case Kind::a40: return {3.6, 6 * kMB + 84 * 384 * kKB};
    case Kind::v100: return {3.9, 6 * kMB + 80 * 384 * kKB};
  }
  return {3.0, 0};
}

// Counts that no layout can lower: one replica, weights once a step.
Workload one_replica(Workload w) {
  w.data_parallel = 1;
  return w;
}

struct StepFloor {
  double bytes_j = 0, flops_j = 0, static_j = 0;  // a step
  MemoryLevel weights_level = MemoryLevel::device, cache_level = MemoryLevel::device;
};

// Weights stay on chip before the cache does: they are read again at every step.
void place(StepFloor& s, const Workload& w, const LeastEnergy& least, const serving::Prediction& r) {
  const double on_chip = w.devices * least.on_chip_bytes, memory = w.devices * w.device.memory;
  const auto level = [&](double before, double bytes) {
    if (before + bytes <= on_chip) return MemoryLevel::on_chip;
    return before + bytes <= memory ? MemoryLevel::device : MemoryLevel::host;
  };
  const double stored = serving::memory_of(w, 0).weights;
  s.weights_level = level(0, stored);
  s.cache_level = level(s.weights_level == MemoryLevel::on_chip ? stored : 0, r.kv_bytes_read);
  if (s.cache_level != MemoryLevel::on_chip) s.cache_level = level(stored, r.kv_bytes_read);
  const auto byte = [&](MemoryLevel at) {
    return at == MemoryLevel::on_chip ? least.on_chip_byte
           : at == MemoryLevel::device ? least.device_byte
                                       : least.host_byte;
  };
  s.bytes_j = r.weight_bytes_read * byte(s.weights_level) + r.kv_bytes_read * byte(s.cache_level);
}

StepFloor step_floor(const Workload& work, const serving::Parameters& p) {
  const Workload w = one_replica(work);
  const LeastEnergy least = least_energy(w);
  const auto r = serving::predict(w, p);
  StepFloor s;
  place(s, w, least, r);
  s.flops_j = r.flops * least.flop;
  const double rate = w.devices * (w.weights == serving::Weights::bits16 ? w.device.rate16 : 2 * w.device.rate8);
  const double time = std::max((r.weight_bytes_read + r.kv_bytes_read) / (w.devices * w.device.bandwidth),
                               r.flops / rate);
  s.static_j = w.devices * serving::idle_watts(w.device, p) * time;
  return s;
}

// The batch with the least floor: the run's, powers of two and the largest that fits in memory. The
// largest is not always it, for a small cache may stay on chip.
void find_best(Floor& f, const Deployment& d, const serving::Parameters& p) {
  constexpr double kMost = 1e6;
  const double input = serving::predict(d.work, p).input;
  const double largest = serving::fitting_batch(d.work, input + d.work.output, kMost);
  std::vector<double> batches{largest};
  for (double b = 1; b < largest; b *= 2) batches.push_back(b);
  f.best_batch = f.batch;
  f.best_token_j = f.token_j;
  f.best_static_token_j = f.static_token_j;
  Workload w = d.work;
  for (const double b : batches) {
    w.batch = b;
    const StepFloor s = step_floor(w, p);
    const double token_j = (s.bytes_j + s.flops_j) / b;
    if (token_j >= f.best_token_j) continue;
    f.best_batch = b;
    f.best_token_j = token_j;
    f.best_static_token_j = s.static_j / b;
  }
}

}  // namespace

std::string_view to_string(MemoryLevel level) {
  constexpr std::string_view kNames[] = {"on chip", "device memory", "host memory"};
  return kNames[static_cast<std::size_t>(level)];
}

// 5 pJ/bit: LPDDR5, the cheapest memory that hosts have; DDR4 takes 20. 0.015 pJ: a tenth of an 8-bit
// multiply and add at 45 nm.
LeastEnergy cpu_least_energy(double cache_bytes) {
  constexpr double kCacheByte = 10.0 / 8 * kPico, kMemoryByte = 5.0 * kBits * kPico;
  return {kCacheByte, kMemoryByte, kMemoryByte, 0.015 * kPico, cache_bytes};
}

LeastEnergy least_energy(const Workload& w) {
  if (w.device.cpu) return cpu_least_energy(w.device.cpu->cache_bytes);
  const KindFacts f = facts(w.device.kind);
  LeastEnergy e;
  e.on_chip_bytes = f.on_chip_bytes;
  // 8 bytes from a cache of 8 KB at 45 nm take 10 pJ (Horowitz, ISSCC 2014): no large cache of today
  // is below that.
  e.on_chip_byte = 10.0 / 8 * kPico;
  e.device_byte = f.device_pj_per_bit * kBits * kPico;
  constexpr double kLpddr5 = 5.0;  // pJ/bit, the cheapest memory that hosts have; DDR4 takes 20
  e.host_byte = kLpddr5 * kBits * kPico;
  // The bounds of the fit: a fifth of power limit / peak rate for 16 bit, the lowest share for fewer.
  const auto table = serving::parameter_table();
  const auto kind = static_cast<std::size_t>(w.device.kind);
  e.flop = table[serving::flop_energy_h100 + kind].lo * w.device.power_limit / w.device.rate16;
  if (w.weights == serving::Weights::fp8) e.flop *= table[serving::fp8_flop_energy].lo;
  if (w.weights == serving::Weights::fp4) e.flop *= table[serving::fp4_flop_energy].lo;
  return e;
}

Floor floor_of(const Deployment& d, const serving::Parameters& p) {
  const StepFloor s = step_floor(d.work, p);
  const double batch = d.work.batch;
  Floor f;
  f.batch = batch;
  f.bytes_j = s.bytes_j / batch;
  f.flops_j = s.flops_j / batch;
  f.token_j = f.bytes_j + f.flops_j;
  f.response_j = f.token_j * d.tokens;
  f.static_token_j = s.static_j / batch;
  f.weights_level = s.weights_level;
  f.cache_level = s.cache_level;
  find_best(f, d, p);
  return f;
}

}  // namespace joulebook::explain
