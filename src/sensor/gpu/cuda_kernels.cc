#include "sensor/gpu/cuda_kernels.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulebook {
namespace {

constexpr int kAccumulators = 4;  // independent sums, so that no round waits for the one before

// What differs between kernels. `declare` and `begin` come once, `round` is repeated, `end` may
// store a result to [%a].
struct Parts {
  std::string declare, begin, round, end;
};

Parts fma(const char* type, const char* letter, const char* one, const char* tiny) {
  Parts p;
  p.declare = fmt::format(".reg .{} %{}<8>;", type, letter);
  p.begin = "mov.u32 %k1, %tid.x;\n";
  for (int i = 0; i < kAccumulators; ++i) {
    // Each its own, or the compiler would compute one sum for all.
    p.begin += fmt::format("add.u32 %k1, %k1, {2};\ncvt.rn.{0}.u32 %{1}{2}, %k1;\n", type, letter, i);
  }
  p.begin += fmt::format("mov.{0} %{1}4, {2};\nmov.{0} %{1}5, {3};", type, letter, one, tiny);
  for (int k = 0; k < 16; ++k) {
    p.round += fmt::format("fma.rn.{0} %{1}{2}, %{1}{2}, %{1}4, %{1}5;\n", type, letter,
                           k % kAccumulators);
  }
  p.end = fmt::format("add.{0} %{1}0, %{1}0, %{1}1;\nadd.{0} %{1}2, %{1}2, %{1}3;\n"
                      "add.{0} %{1}0, %{1}0, %{1}2;\nst.global.{0} [%a], %{1}0;",
                      type, letter);
  return p;
}

// Element numbers go from the thread's own on by the number of threads, and round the array.
Parts triad() {
  return {.declare = ".reg .f32 %f<9>;\n.reg .u64 %i<8>;\n.reg .pred %q;",
          .begin = R"(mov.u32 %k1, %ctaid.x;
mov.u32 %k2, %ntid.x;
mov.u32 %k3, %tid.x;
mad.lo.u32 %k4, %k1, %k2, %k3;
cvt.u64.u32 %i0, %k4;
mov.u32 %k1, %nctaid.x;
mul.lo.u32 %k1, %k1, %k2;
cvt.u64.u32 %i1, %k1;
ld.param.u64 %i2, [n];
mov.f32 %f8, 0f40400000;)",
          .round = R"(shl.b64 %i3, %i0, 4;
add.u64 %i4, %b, %i3;
add.u64 %i5, %c, %i3;
add.u64 %i6, %a, %i3;
ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%i4];
ld.global.v4.f32 {%f4, %f5, %f6, %f7}, [%i5];
fma.rn.f32 %f0, %f4, %f8, %f0;
fma.rn.f32 %f1, %f5, %f8, %f1;
fma.rn.f32 %f2, %f6, %f8, %f2;
fma.rn.f32 %f3, %f7, %f8, %f3;
st.global.v4.f32 [%i6], {%f0, %f1, %f2, %f3};
add.u64 %i0, %i0, %i1;
setp.ge.u64 %q, %i0, %i2;
@%q sub.u64 %i0, %i0, %i2;)",
          .end = ""};
}

Parts mma(const char* shape, const char* sum, const char* letter) {
  Parts p;
  p.declare = fmt::format(".reg .{} %{}<16>;\n.reg .b32 %m<6>;", sum, letter);
  for (int i = 0; i < 4 * kAccumulators; ++i) {
    p.begin += fmt::format("mov.b32 %{0}{1}, {1};\n", letter, i);
  }
  for (int i = 0; i < 6; ++i) p.begin += fmt::format("mov.b32 %m{}, %tid.x;\n", i);
  for (int k = 0; k < 8; ++k) {
    const int at = 4 * (k % kAccumulators);
    const std::string sums = fmt::format("{{%{0}{1}, %{0}{2}, %{0}{3}, %{0}{4}}}", letter, at,
                                         at + 1, at + 2, at + 3);
    p.round += fmt::format("mma.sync.aligned.{} {}, {{%m0, %m1, %m2, %m3}}, {{%m4, %m5}}, {};\n",
                           shape, sums, sums);
  }
  p.end = fmt::format("add.{0} %{1}0, %{1}0, %{1}4;\nadd.{0} %{1}8, %{1}8, %{1}12;\n"
                      "add.{0} %{1}0, %{1}0, %{1}8;\nst.global.{0} [%a], %{1}0;",
                      sum, letter);
  return p;
}

Parts parts_of(CudaKernel kernel) {
  switch (kernel) {
    // x = 0.999999 x + 2^-24 and 2^-54: never grows, never vanishes.
    case CudaKernel::fma_f32: return fma("f32", "f", "0f3F7FFFEF", "0f33800000");
    case CudaKernel::fma_f64: return fma("f64", "d", "0d3FEFFFFDE7210BE9", "0d3C90000000000000");
    case CudaKernel::mma_f16: return mma("m16n8k16.row.col.f32.f16.f16.f32", "f32", "f");
    case CudaKernel::mma_int8: return mma("m16n8k32.row.col.s32.s8.s8.s32", "s32", "s");
    case CudaKernel::triad: break;
  }
  return triad();
}

bool on_matrix_units(CudaKernel kernel) {
  return kernel == CudaKernel::mma_f16 || kernel == CudaKernel::mma_int8;
}

}  // namespace

std::string_view to_string(CudaKernel kernel) {
  switch (kernel) {
    case CudaKernel::fma_f32: return "fma-f32";
    case CudaKernel::fma_f64: return "fma-f64";
    case CudaKernel::mma_f16: return "mma-f16";
    case CudaKernel::mma_int8: return "mma-int8";
    case CudaKernel::triad: break;
  }
  return "triad";
}

std::string_view work_unit(CudaKernel kernel) {
  if (kernel == CudaKernel::triad) return "B";
  return kernel == CudaKernel::mma_int8 ? "OP" : "FLOP";
}

double work_of_round(CudaKernel kernel) {
  switch (kernel) {
    case CudaKernel::fma_f32:
    case CudaKernel::fma_f64: return 16 * 2;
    case CudaKernel::mma_f16: return 8 * 2 * 16 * 8 * 16 / 32.0;
    case CudaKernel::mma_int8: return 8 * 2 * 16 * 8 * 32 / 32.0;
    case CudaKernel::triad: break;
  }
  return 3 * 16;
}

std::string cuda_entry(CudaKernel kernel) {
  std::string name = "joulebook_" + std::string(to_string(kernel));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string cuda_ptx(CudaKernel kernel) {
  const Parts p = parts_of(kernel);
  return fmt::format(R"(.version {0}
.target {1}
.address_size 64
.visible .entry {2}(.param .u64 ns, .param .u64 rounds, .param .u64 a, .param .u64 b,
                    .param .u64 c, .param .u64 n)
.maxntid {7}, 1, 1
{{
.reg .u64 %t<6>;
.reg .u64 %a, %b, %c;
.reg .u32 %k<5>;
.reg .pred %p<3>;
{3}
ld.param.u64 %t0, [ns];
ld.param.u64 %t1, [rounds];
ld.param.u64 %a, [a];
ld.param.u64 %b, [b];
ld.param.u64 %c, [c];
{4}
mov.u64 %t5, 0;
mov.u64 %t2, %globaltimer;
add.u64 %t3, %t2, %t0;
LOOP:
mov.u32 %k0, 64;
ROUND:
{5}
sub.u32 %k0, %k0, 1;
setp.ne.u32 %p0, %k0, 0;
@%p0 bra ROUND;
add.u64 %t5, %t5, 64;
mov.u64 %t4, %globaltimer;
setp.lt.u64 %p1, %t4, %t3;
@%p1 bra LOOP;
red.global.add.u64 [%t1], %t5;
setp.eq.u64 %p2, %a, 0;
@%p2 bra DONE;
{6}
DONE:
ret;
}}
)",
                     on_matrix_units(kernel) ? "7.0" : "6.0",
                     on_matrix_units(kernel) ? "sm_80" : "sm_50", cuda_entry(kernel), p.declare,
                     p.begin, p.round, p.end, kCudaThreads);
}

}  // namespace joulebook
