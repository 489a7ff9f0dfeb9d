#pragma once
// A load on an NVIDIA GPU without any toolkit: the driver's own library (libcuda.so.1, driver API)
// opened at run time, and a small kernel in PTX that the driver compiles. The kernel keeps every
// multiprocessor busy with multiply-adds for a stated time by the GPU's own nanosecond timer.
//
// Own declarations after the CUDA Driver API reference (12.x). One thread.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <memory>
#include <string>

#include "sensor/gpu/vendor_library.h"

namespace joulebook::device {

class CudaDriver {
 public:
  // Error: no_reading "cuda.missing" or "cuda.failed".
  [[nodiscard]] static Result<std::unique_ptr<CudaDriver>> open();
  ~CudaDriver();
  CudaDriver(const CudaDriver&) = delete;
  CudaDriver& operator=(const CudaDriver&) = delete;

  [[nodiscard]] int version() const { return version_; }  // 12040: 12.4
  [[nodiscard]] int count() const { return count_; }
  // "0000:17:00.0" of the device at the ordinal.
  [[nodiscard]] std::string pci(int ordinal) const;

  // A context on the device, and the kernel in it. Holds until release() or the end.
  [[nodiscard]] Status hold(int ordinal);
  void release();
  [[nodiscard]] bool held() const { return context_ != nullptr; }
  // Starts the kernel on the whole device and returns; REQUIRES held().
  [[nodiscard]] Status busy(Nanos duration);
  // Waits until every kernel has ended.
  [[nodiscard]] Status wait();

 private:
  struct Api;
  explicit CudaDriver(std::unique_ptr<VendorLibrary> library);

  std::unique_ptr<VendorLibrary> library_;
  std::unique_ptr<Api> api_;
  int version_ = 0, count_ = 0, multiprocessors_ = 0;
  void* context_ = nullptr;
  void* module_ = nullptr;
  void* kernel_ = nullptr;
};

}  // namespace joulebook::device
