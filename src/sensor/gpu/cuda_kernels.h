#pragma once
// The kernels that put a countable load on an NVIDIA GPU, as PTX text (PTX ISA 6.0; the matrix
// units' 7.0). All share one shape: every thread repeats a round until the GPU's nanosecond timer
// has moved on by `ns`, then adds its rounds to a counter. So a kernel's length is known before it
// starts, and its work after it ended.
//
// Parameters: u64 ns, u64 rounds (pointer), u64 a, u64 b, u64 c (pointers), u64 n. Those that
// compute in registers take null for a: no result is stored, and no compiler can know that.
#include <array>
#include <string>
#include <string_view>

namespace joulebook {

enum class CudaKernel {
  fma_f32,   // 16 multiply-adds a round and thread
  fma_f64,   // likewise
  triad,     // a[i] = b[i] + s c[i] on four floats a round and thread, past the L2 cache
  mma_f16,   // the matrix units by mma.sync m16n8k16, 16-bit in, 32-bit sums; 8 a round and warp.
             // Compute capability 8.0 on. Below the peak that wgmma reaches from 9.0 on.
  mma_int8,  // likewise m16n8k32, 8-bit in
};

inline constexpr std::array kCudaKernels = {CudaKernel::fma_f32, CudaKernel::fma_f64,
                                            CudaKernel::triad, CudaKernel::mma_f16,
                                            CudaKernel::mma_int8};
inline constexpr unsigned kCudaThreads = 1024;  // a block; one block for each multiprocessor

// "fma-f32", and the unit of its work: "FLOP", "OP", "B".
[[nodiscard]] std::string_view to_string(CudaKernel kernel);
[[nodiscard]] std::string_view work_unit(CudaKernel kernel);
// Units of work in a round of one thread.
[[nodiscard]] double work_of_round(CudaKernel kernel);
// The name of its entry: "joulebook_fma_f32".
[[nodiscard]] std::string cuda_entry(CudaKernel kernel);
[[nodiscard]] std::string cuda_ptx(CudaKernel kernel);

}  // namespace joulebook
