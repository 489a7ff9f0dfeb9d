#pragma once
// The load seam of calibration: threads of this very process that compute something countable. No
// setting of the machine is touched.
#include <joulebook/result.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace joulebook {

enum class WorkKind {
  spin,      // arithmetic in registers, in short pieces: for square waves and the response
  triad,     // STREAM: a[i] = b[i] + s c[i], doubles, past the last-level cache; bytes by STREAM's
             // rule (24 an element, no write-allocate)
  fma_f64,   // a = a b + c in vector registers; 2 FLOP each
  fma_f32,   // likewise
  dot_int8,  // 8-bit products summed to 32 bit, in the first-level cache; 2 operations each
};

inline constexpr std::array kMeasuredWork = {WorkKind::triad, WorkKind::fma_f64, WorkKind::fma_f32,
                                             WorkKind::dot_int8};

// "triad", and the unit of its rate: "B/s", "FLOP/s", "OP/s".
[[nodiscard]] std::string_view to_string(WorkKind kind);
[[nodiscard]] std::string_view rate_unit(WorkKind kind);

class LoadGenerator {
 public:
  virtual ~LoadGenerator() = default;
  // The most threads it can keep busy.
  [[nodiscard]] virtual int threads() const = 0;
  // Makes ready what `kind` needs (memory); call while at rest. Errors: resource "memory".
  [[nodiscard]] virtual Status prepare(WorkKind kind) = 0;
  // From now on `busy` threads do `kind`, the others rest. REQUIRES: 0 <= busy <= threads().
  virtual void set(WorkKind kind, int busy) = 0;
  // Units of work done since the start, all kinds together.
  [[nodiscard]] virtual double work() const = 0;
  // Bytes that the threads together touch under `kind`.
  [[nodiscard]] virtual std::int64_t working_set(WorkKind kind) const = 0;
};

}  // namespace joulebook
