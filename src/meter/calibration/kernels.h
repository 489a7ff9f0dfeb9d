#pragma once
// The inner loops that calibration counts. Each runs a piece and returns something that depends on
// all of it, so that none is optimised away. The best vector width of the processor is chosen at
// load time where the compiler can do so (x86-64), else it is that of the build.
#include <cstddef>
#include <cstdint>
#include <span>

namespace joulebook::kernels {

// `rounds` rounds of kFmaF64 (kFmaF32) multiply-adds.
inline constexpr std::size_t kFmaF64 = 80;
inline constexpr std::size_t kFmaF32 = 160;
double fma_f64(std::size_t rounds, double seed);
double fma_f32(std::size_t rounds, double seed);

// Sum of a[i] x b[i] over blocks of kDot. REQUIRES: kDot items each.
inline constexpr std::size_t kDot = 4096;
std::int32_t dot_int8(const std::uint8_t* a, const std::int8_t* b);

// a = b + s c. REQUIRES: equal lengths.
double triad(std::span<double> a, std::span<const double> b, std::span<const double> c, double s);

}  // namespace joulebook::kernels
