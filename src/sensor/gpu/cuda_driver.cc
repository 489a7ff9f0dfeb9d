#include "sensor/gpu/cuda_driver.h"

#include <algorithm>
#include <utility>

namespace joulebook {
namespace {

// CUdevice_attribute.
constexpr int kMultiprocessorCount = 16;
constexpr int kL2CacheSize = 38;
constexpr int kOutOfMemory = 2;  // CUDA_ERROR_OUT_OF_MEMORY

// The triad's arrays: each four times the L2 cache, as on the CPU, at least this much; all three at
// most a quarter of what is free.
constexpr std::int64_t kLeastArray = std::int64_t{64} << 20;

tl::unexpected<Error> failed(const std::string& call, int code) {
  return fail(ErrorKind::no_reading, "cuda.failed", call + " answered " + std::to_string(code),
              "joulebook doctor; nvidia-smi says what the driver sees");
}

std::size_t index_of(CudaKernel kernel) { return static_cast<std::size_t>(kernel); }

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
  int (*current)(void*);
  int (*load)(void**, const void*);
  int (*unload)(void*);
  int (*function)(void**, void*, const char*);
  int (*launch)(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*,
                void**, void**);
  int (*synchronize)();
  int (*allocate)(std::uint64_t*, std::size_t);
  int (*release)(std::uint64_t);
  int (*fill)(std::uint64_t, unsigned char, std::size_t);
  int (*fetch)(void*, std::uint64_t, std::size_t);
  int (*memory)(std::size_t*, std::size_t*);

  [[nodiscard]] bool whole() const {
    return init != nullptr && count != nullptr && device != nullptr && pci != nullptr &&
           attribute != nullptr && create != nullptr && destroy != nullptr && current != nullptr &&
           load != nullptr && function != nullptr && launch != nullptr && synchronize != nullptr &&
           allocate != nullptr && release != nullptr && fill != nullptr && fetch != nullptr &&
           memory != nullptr;
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
  library_->bind(api_->current, {"cuCtxSetCurrent"});
  library_->bind(api_->load, {"cuModuleLoadData"});
  library_->bind(api_->unload, {"cuModuleUnload"});
  library_->bind(api_->function, {"cuModuleGetFunction"});
  library_->bind(api_->launch, {"cuLaunchKernel"});
  library_->bind(api_->synchronize, {"cuCtxSynchronize"});
  library_->bind(api_->allocate, {"cuMemAlloc_v2"});
  library_->bind(api_->release, {"cuMemFree_v2"});
  library_->bind(api_->fill, {"cuMemsetD8_v2"});
  library_->bind(api_->fetch, {"cuMemcpyDtoH_v2"});
  library_->bind(api_->memory, {"cuMemGetInfo_v2"});
}

CudaDriver::~CudaDriver() = default;

Result<std::shared_ptr<CudaDriver>> CudaDriver::open() {
  const char* cure = "install the NVIDIA driver (libcuda.so.1)";
  auto library = open_vendor_library("libcuda.so.1", cure);
  if (!library) return fail(ErrorKind::no_reading, "cuda.missing", library.error().message, cure);
  std::shared_ptr<CudaDriver> driver(new CudaDriver(std::move(*library)));
  const Api& api = *driver->api_;
  if (!api.whole()) {
    return fail(ErrorKind::no_reading, "cuda.missing", "libcuda.so.1 lacks calls that are needed",
                "install a newer NVIDIA driver");
  }
  if (const int code = api.init(0); code != 0) return failed("cuInit", code);
  if (api.version != nullptr) api.version(&driver->version_);
  if (const int code = api.count(&driver->count_); code != 0) {
    return failed("cuDeviceGetCount", code);
  }
  return driver;
}

std::string CudaDriver::pci(int ordinal) const {
  int device = 0;
  std::array<char, 32> text{};
  if (api_->device(&device, ordinal) != 0) return {};
  if (api_->pci(text.data(), static_cast<int>(text.size()) - 1, device) != 0) return {};
  return text.data();
}

Result<std::unique_ptr<CudaContext>> CudaDriver::hold(int ordinal) {
  std::unique_ptr<CudaContext> context(new CudaContext(shared_from_this()));
  if (auto ok = context->open(ordinal); !ok) return fail(ok.error());
  return context;
}

Status CudaContext::open(int ordinal) {
  const auto& api = *driver_->api_;
  int device = 0;
  if (const int code = api.device(&device, ordinal); code != 0) return failed("cuDeviceGet", code);
  api.attribute(&cache_bytes_, kL2CacheSize, device);
  if (const int code = api.attribute(&multiprocessors_, kMultiprocessorCount, device); code != 0) {
    return failed("cuDeviceGetAttribute", code);
  }
  if (const int code = api.create(&context_, 0, device); code != 0) {
    context_ = nullptr;
    return failed("cuCtxCreate", code);
  }
  if (const int code = api.allocate(&rounds_, sizeof(std::uint64_t)); code != 0) {
    return failed("cuMemAlloc", code);
  }
  if (const int code = api.fill(rounds_, 0, sizeof(std::uint64_t)); code != 0) {
    return failed("cuMemsetD8", code);
  }
  return {};
}

CudaContext::~CudaContext() {
  if (context_ == nullptr) return;
  const auto& api = *driver_->api_;
  if (make_current()) {
    api.synchronize();
    for (void* module : modules_) {
      if (module != nullptr && api.unload != nullptr) api.unload(module);
    }
    for (const std::uint64_t memory : {rounds_, arrays_[0], arrays_[1], arrays_[2]}) {
      if (memory != 0) api.release(memory);
    }
  }
  api.destroy(context_);
}

Status CudaContext::make_current() const {
  if (const int code = driver_->api_->current(context_); code != 0) {
    return failed("cuCtxSetCurrent", code);
  }
  return {};
}

Status CudaContext::allocate_arrays() {
  if (array_bytes_ > 0) return {};
  const auto& api = *driver_->api_;
  std::size_t free = 0, total = 0;
  if (const int code = api.memory(&free, &total); code != 0) return failed("cuMemGetInfo", code);
  const std::int64_t most = static_cast<std::int64_t>(free) / 4 / 3;
  const std::int64_t wanted = std::max(kLeastArray, std::int64_t{4} * cache_bytes_);
  const std::int64_t bytes = std::min(wanted, most) / 4096 * 4096;
  const auto threads = static_cast<std::int64_t>(multiprocessors_) * kCudaThreads;
  if (bytes < 2 * 16 * threads) {
    return fail(ErrorKind::resource, "cuda.memory",
                "the GPU has too little free memory for the bandwidth measurement",
                "end what fills the GPU's memory");
  }
  for (auto& array : arrays_) {
    const int code = api.allocate(&array, static_cast<std::size_t>(bytes));
    if (code == kOutOfMemory) {
      return fail(ErrorKind::resource, "cuda.memory", "the GPU's memory is taken",
                  "end what fills the GPU's memory");
    }
    if (code != 0) return failed("cuMemAlloc", code);
    if (const int filled = api.fill(array, 0, static_cast<std::size_t>(bytes)); filled != 0) {
      return failed("cuMemsetD8", filled);
    }
  }
  array_bytes_ = bytes;
  return {};
}

Status CudaContext::prepare(CudaKernel kernel) {
  if (auto ok = make_current(); !ok) return ok;
  if (kernel == CudaKernel::triad) {
    if (auto ok = allocate_arrays(); !ok) return ok;
  }
  void*& module = modules_[index_of(kernel)];
  if (module != nullptr) return {};
  const auto& api = *driver_->api_;
  if (const int code = api.load(&module, cuda_ptx(kernel).c_str()); code != 0) {
    module = nullptr;
    return fail(ErrorKind::no_reading, "cuda.kernel",
                std::string(to_string(kernel)) + " does not run on this GPU (cuModuleLoadData " +
                    "answered " + std::to_string(code) + ")",
                "matrix units need compute capability 8.0, and a driver that knows them");
  }
  void*& function = functions_[index_of(kernel)];
  if (const int code = api.function(&function, module, cuda_entry(kernel).c_str()); code != 0) {
    return failed("cuModuleGetFunction", code);
  }
  return {};
}

Status CudaContext::start(CudaKernel kernel, int busy, Nanos duration) {
  if (auto ok = make_current(); !ok) return ok;
  auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count()));
  const bool triad = kernel == CudaKernel::triad;
  std::uint64_t a = triad ? arrays_[0] : 0;
  std::uint64_t n = triad ? static_cast<std::uint64_t>(array_bytes_) / 16 : 0;
  void* parameters[] = {&ns, &rounds_, &a, &arrays_[1], &arrays_[2], &n};
  const int code =
      driver_->api_->launch(functions_[index_of(kernel)], static_cast<unsigned>(busy), 1, 1,
                            kCudaThreads, 1, 1, 0, nullptr, parameters, nullptr);
  if (code != 0) return failed("cuLaunchKernel", code);
  return {};
}

Result<std::uint64_t> CudaContext::wait() {
  if (auto ok = make_current(); !ok) return fail(ok.error());
  const auto& api = *driver_->api_;
  if (const int code = api.synchronize(); code != 0) return failed("cuCtxSynchronize", code);
  std::uint64_t rounds = 0;
  if (const int code = api.fetch(&rounds, rounds_, sizeof rounds); code != 0) {
    return failed("cuMemcpyDtoH", code);
  }
  if (const int code = api.fill(rounds_, 0, sizeof rounds); code != 0) {
    return failed("cuMemsetD8", code);
  }
  return rounds;
}

}  // namespace joulebook
