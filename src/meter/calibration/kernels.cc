// Built with -O3 -ffp-contract=fast (see CMakeLists.txt): a * b + c is one operation where the
// processor has one.
#include "meter/calibration/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define JOULEBOOK_WIDEST __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define JOULEBOOK_WIDEST
#endif

namespace joulebook::kernels {
namespace {

// Ten accumulators of 64 bytes: enough chains to hide the latency of any multiply-add unit of today
// (4 cycles, 2 a cycle), few enough to stay in registers of 32 and of 64 bytes.
using V64 = double __attribute__((vector_size(64)));
using V32 = float __attribute__((vector_size(64)));

}  // namespace

JOULEBOOK_WIDEST double fma_f64(std::size_t rounds, double seed) {
  const V64 x = V64{} + 0.999999;
  const V64 y = V64{} + seed;
  V64 a0 = y, a1 = y + 1, a2 = y + 2, a3 = y + 3, a4 = y + 4;
  V64 a5 = y + 5, a6 = y + 6, a7 = y + 7, a8 = y + 8, a9 = y + 9;
  for (std::size_t i = 0; i < rounds; ++i) {
    a0 = a0 * x + y, a1 = a1 * x + y, a2 = a2 * x + y, a3 = a3 * x + y, a4 = a4 * x + y;
    a5 = a5 * x + y, a6 = a6 * x + y, a7 = a7 * x + y, a8 = a8 * x + y, a9 = a9 * x + y;
  }
  const V64 sum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9;
  return sum[0] + sum[1] + sum[2] + sum[3] + sum[4] + sum[5] + sum[6] + sum[7];
}

JOULEBOOK_WIDEST double fma_f32(std::size_t rounds, double seed) {
  const V32 x = V32{} + 0.999999F;
  const V32 y = V32{} + static_cast<float>(seed);
  V32 a0 = y, a1 = y + 1, a2 = y + 2, a3 = y + 3, a4 = y + 4;
  V32 a5 = y + 5, a6 = y + 6, a7 = y + 7, a8 = y + 8, a9 = y + 9;
  for (std::size_t i = 0; i < rounds; ++i) {
    a0 = a0 * x + y, a1 = a1 * x + y, a2 = a2 * x + y, a3 = a3 * x + y, a4 = a4 * x + y;
    a5 = a5 * x + y, a6 = a6 * x + y, a7 = a7 * x + y, a8 = a8 * x + y, a9 = a9 * x + y;
  }
  const V32 sum = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9;
  double total = 0;
  for (int i = 0; i < 16; ++i) total += static_cast<double>(sum[i]);
  return total;
}

JOULEBOOK_WIDEST std::int32_t dot_int8(const std::uint8_t* a, const std::int8_t* b) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < kDot; ++i) sum += a[i] * b[i];
  return sum;
}

JOULEBOOK_WIDEST double triad(std::span<double> a, std::span<const double> b,
                              std::span<const double> c, double s) {
  double* out = a.data();
  const double* left = b.data();
  const double* right = c.data();
  const std::size_t n = a.size();
#ifndef __clang__
#pragma GCC ivdep
#endif
  for (std::size_t i = 0; i < n; ++i) out[i] = left[i] + s * right[i];
  return n > 0 ? out[n / 2] : 0;
}

}  // namespace joulebook::kernels
