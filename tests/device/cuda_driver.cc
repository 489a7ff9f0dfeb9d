#include "device/cuda_driver.h"

#include <array>
#include <utility>

namespace joulebook::device {
namespace {

constexpr int kMultiprocessorCount = 16;  // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT
constexpr unsigned kBlocksEach = 4, kThreads = 256;

// busy(ns, out): multiply-adds until %globaltimer has moved on by ns. The sum is stored only where
// `out` is not null, which keeps the compiler from leaving the work out.
constexpr const char* kPtx = R"(
.version 6.0
.target sm_50
.address_size 64
.visible .entry busy(.param .u64 ns, .param .u64 out)
{
  .reg .u64 %t<5>;
  .reg .f32 %f<6>;
  .reg .pred %p<3>;
  ld.param.u64 %t0, [ns];
  ld.param.u64 %t1, [out];
  mov.u64 %t2, %globaltimer;
  add.u64 %t3, %t2, %t0;
  mov.f32 %f0, 0f3F800001;
  mov.f32 %f1, 0f3F800002;
  mov.f32 %f2, 0f3F800003;
  mov.f32 %f3, 0f3F800004;
  mov.f32 %f4, 0f3F7FFFFE;
  mov.f32 %f5, 0f33800000;
LOOP:
  fma.rn.f32 %f0, %f0, %f4, %f5;
  fma.rn.f32 %f1, %f1, %f4, %f5;
  fma.rn.f32 %f2, %f2, %f4, %f5;
  fma.rn.f32 %f3, %f3, %f4, %f5;
  fma.rn.f32 %f0, %f0, %f4, %f5;
  fma.rn.f32 %f1, %f1, %f4, %f5;
  fma.rn.f32 %f2, %f2, %f4, %f5;
  fma.rn.f32 %f3, %f3, %f4, %f5;
  fma.rn.f32 %f0, %f0, %f4, %f5;
  fma.rn.f32 %f1, %f1, %f4, %f5;
  fma.rn.f32 %f2, %f2, %f4, %f5;
  fma.rn.f32 %f3, %f3, %f4, %f5;
  fma.rn.f32 %f0, %f0, %f4, %f5;
  fma.rn.f32 %f1, %f1, %f4, %f5;
  fma.rn.f32 %f2, %f2, %f4, %f5;
  fma.rn.f32 %f3, %f3, %f4, %f5;
  mov.u64 %t4, %globaltimer;
  setp.lt.u64 %p1, %t4, %t3;
  @%p1 bra LOOP;
  setp.eq.u64 %p2, %t1, 0;
  @%p2 bra DONE;
  add.f32 %f0, %f0, %f1;
  add.f32 %f2, %f2, %f3;
  add.f32 %f0, %f0, %f2;
  st.global.f32 [%t1], %f0;
DONE:
  ret;
}
)";

tl::unexpected<Error> failed(const std::string& call, int code) {
  return fail(ErrorKind::no_reading, "cuda.failed", call + " answered " + std::to_string(code));
}

}  // namespace

struct CudaDriver::Api {
  int (*init)(unsigned);
  int (*version)(int*);
  int (*count)(int*);
  int (*device)(int*, int);
  int (*pci)(char*, int, int);
  int (*attribute)(int*, int, int);
  int (*create)(void**, unsigned, int);
  int (*destroy)(void*);
  int (*load)(void**, const void*);
  int (*unload)(void*);
  int (*function)(void**, void*, const char*);
  int (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*,
                void**, void**);
  int (*synchronize)();

  [[nodiscard]] bool whole() const {
    return init != nullptr && count != nullptr && device != nullptr && pci != nullptr &&
           attribute != nullptr && create != nullptr && destroy != nullptr && load != nullptr &&
           function != nullptr && launch != nullptr && synchronize != nullptr;
  }
};

CudaDriver::CudaDriver(std::unique_ptr<VendorLibrary> library)
    : library_(std::move(library)), api_(std::make_unique<Api>()) {
  library_->bind(api_->init, {"cuInit"});
  library_->bind(api_->version, {"cuDriverGetVersion"});
  library_->bind(api_->count, {"cuDeviceGetCount"});
  library_->bind(api_->device, {"cuDeviceGet"});
  library_->bind(api_->pci, {"cuDeviceGetPCIBusId"});
  library_->bind(api_->attribute, {"cuDeviceGetAttribute"});
  library_->bind(api_->create, {"cuCtxCreate_v2"});
  library_->bind(api_->destroy, {"cuCtxDestroy_v2"});
  library_->bind(api_->load, {"cuModuleLoadData"});
  library_->bind(api_->unload, {"cuModuleUnload"});
  library_->bind(api_->function, {"cuModuleGetFunction"});
  library_->bind(api_->launch, {"cuLaunchKernel"});
  library_->bind(api_->synchronize, {"cuCtxSynchronize"});
}

CudaDriver::~CudaDriver() { release(); }

Result<std::unique_ptr<CudaDriver>> CudaDriver::open() {
  auto library = open_vendor_library("libcuda.so.1", "install the NVIDIA driver");
  if (!library) return fail(ErrorKind::no_reading, "cuda.missing", library.error().message);
  std::unique_ptr<CudaDriver> driver(new CudaDriver(std::move(*library)));
  const Api& api = *driver->api_;
  if (!api.whole()) return fail(ErrorKind::no_reading, "cuda.missing", "calls are missing");
  if (const int code = api.init(0); code != 0) return failed("cuInit", code);
  if (api.version != nullptr) api.version(&driver->version_);
  if (const int code = api.count(&driver->count_); code != 0)
    return failed("cuDeviceGetCount", code);
  return driver;
}

std::string CudaDriver::pci(int ordinal) const {
  int device = 0;
  std::array<char, 32> text{};
  if (api_->device(&device, ordinal) != 0) return {};
  if (api_->pci(text.data(), static_cast<int>(text.size()) - 1, device) != 0) return {};
  return text.data();
}

Status CudaDriver::hold(int ordinal) {
  int device = 0;
  if (const int code = api_->device(&device, ordinal); code != 0)
    return failed("cuDeviceGet", code);
  if (const int code = api_->attribute(&multiprocessors_, kMultiprocessorCount, device);
      code != 0) {
    return failed("cuDeviceGetAttribute", code);
  }
  if (const int code = api_->create(&context_, 0, device); code != 0) {
    context_ = nullptr;
    return failed("cuCtxCreate", code);
  }
  if (const int code = api_->load(&module_, kPtx); code != 0)
    return failed("cuModuleLoadData", code);
  if (const int code = api_->function(&kernel_, module_, "busy"); code != 0) {
    return failed("cuModuleGetFunction", code);
  }
  return {};
}

void CudaDriver::release() {
  if (context_ == nullptr) return;
  api_->synchronize();
  if (module_ != nullptr && api_->unload != nullptr) api_->unload(module_);
  api_->destroy(context_);
  context_ = module_ = kernel_ = nullptr;
}

Status CudaDriver::busy(Nanos duration) {
  auto ns = static_cast<std::uint64_t>(duration.count());
  std::uint64_t out = 0;
  void* parameters[] = {&ns, &out};
  const unsigned blocks = static_cast<unsigned>(multiprocessors_) * kBlocksEach;
  const int code =
      api_->launch(kernel_, blocks, 1, 1, kThreads, 1, 1, 0, nullptr, parameters, nullptr);
  if (code != 0) return failed("cuLaunchKernel", code);
  return {};
}

Status CudaDriver::wait() {
  if (const int code = api_->synchronize(); code != 0) return failed("cuCtxSynchronize", code);
  return {};
}

}  // namespace joulebook::device
