#pragma once
// A load on NVIDIA GPUs without any toolkit: the driver's own library (libcuda.so.1, driver API)
// opened at run time, and small kernels in PTX (cuda_kernels.h) that the driver compiles.
//
// Own declarations after the CUDA Driver API reference (12.x). One thread.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <array>
#include <memory>
#include <string>

#include "sensor/gpu/cuda_kernels.h"
#include "sensor/gpu/vendor_library.h"

namespace joulebook {

class CudaContext;

class CudaDriver : public std::enable_shared_from_this<CudaDriver> {
 public:
  // Error: no_reading "cuda.missing" or "cuda.failed".
  [[nodiscard]] static Result<std::shared_ptr<CudaDriver>> open();
  ~CudaDriver();
  CudaDriver(const CudaDriver&) = delete;
  CudaDriver& operator=(const CudaDriver&) = delete;

  [[nodiscard]] int version() const { return version_; }  // 12040: 12.4
  [[nodiscard]] int count() const { return count_; }
  // "0000:17:00.0" of the device at the ordinal; empty where it cannot be had.
  [[nodiscard]] std::string pci(int ordinal) const;
  // A context on the device. Holds until it is destroyed.
  [[nodiscard]] Result<std::unique_ptr<CudaContext>> hold(int ordinal);

 private:
  friend class CudaContext;
  struct Api;
  explicit CudaDriver(std::unique_ptr<VendorLibrary> library);

  std::unique_ptr<VendorLibrary> library_;
  std::unique_ptr<Api> api_;
  int version_ = 0, count_ = 0;
};

class CudaContext {
 public:
  ~CudaContext();
  CudaContext(const CudaContext&) = delete;
  CudaContext& operator=(const CudaContext&) = delete;

  [[nodiscard]] int multiprocessors() const { return multiprocessors_; }
  // Compiles the kernel and makes its memory ready; at rest. Errors: no_reading "cuda.kernel" (this
  // GPU or driver has no such unit), "cuda.failed"; resource "cuda.memory".
  [[nodiscard]] Status prepare(CudaKernel kernel);
  // Starts the kernel on the first `busy` multiprocessors' worth of blocks and returns; it ends by
  // the GPU's own clock after `duration`. Kernels run one after another. REQUIRES: prepared;
  // 1 <= busy <= multiprocessors().
  [[nodiscard]] Status start(CudaKernel kernel, int busy, Nanos duration);
  // Waits until every kernel has ended; rounds (cuda_kernels.h) of all threads since the last call.
  [[nodiscard]] Result<std::uint64_t> wait();
  // Bytes that the triad's arrays take together; 0 before it was prepared.
  [[nodiscard]] std::int64_t triad_bytes() const { return 3 * array_bytes_; }

 private:
  friend class CudaDriver;
  explicit CudaContext(std::shared_ptr<CudaDriver> driver) : driver_(std::move(driver)) {}
  [[nodiscard]] Status open(int ordinal);
  [[nodiscard]] Status make_current() const;
  [[nodiscard]] Status allocate_arrays();

  std::shared_ptr<CudaDriver> driver_;
  int multiprocessors_ = 0, cache_bytes_ = 0;
  void* context_ = nullptr;
  std::array<void*, kCudaKernels.size()> modules_{};
  std::array<void*, kCudaKernels.size()> functions_{};
  std::uint64_t rounds_ = 0;               // device pointer to the counter
  std::array<std::uint64_t, 3> arrays_{};  // device pointers
  std::int64_t array_bytes_ = 0;
};

}  // namespace joulebook
