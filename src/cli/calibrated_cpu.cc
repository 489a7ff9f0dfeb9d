#include "cli/calibrated_cpu.h"

#include "meter/calibration/store.h"

namespace joulebook {
namespace {

explain::Rate rate_of(const WorkCalibration& w) {
  return {*w.rate.value, w.rate.own.lo, w.rate.own.hi};
}

}  // namespace

Result<explain::CpuMachine> calibrated_cpu(const Context& context) {
  const auto state = calibration_state(context.settings.get("calibration"), machine_key(*context.files()),
                                       system_clock().anchor().wall_ns);
  if (!state.calibration) {
    const Reason& r = state.finding.reason;
    return fail(ErrorKind::no_reading, r.code, r.message, r.cure);
  }
  explain::CpuMachine m;
  m.cpu = state.calibration->machine.cpu;
  m.threads = state.calibration->machine.threads;
  m.measured_utc = state.calibration->measured_utc;
  for (const WorkCalibration& w : state.calibration->work) {
    if (w.device != "cpu" || !w.rate.present() || !(*w.rate.value > 0)) continue;
    if (w.kind == "triad") {
      m.bandwidth = rate_of(w);
      // Three arrays, each four times the last-level caches (docs/formats/calibration.md).
      constexpr double kCaches = 12;
      m.cache_bytes = static_cast<double>(w.working_set) / kCaches;
    } else if (*w.rate.value > m.arithmetic.value) {
      m.arithmetic = rate_of(w);
      m.arithmetic_kind = w.kind;
    }
  }
  if (m.bandwidth.lo > 0 && m.arithmetic.lo > 0) return m;
  return fail(ErrorKind::no_reading, "calibration.no_work", "the calibration has no bandwidth or no arithmetic rate of the CPU",
              "run `joulebook calibrate` again with more memory free");
}

}  // namespace joulebook
