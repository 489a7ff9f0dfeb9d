// A libcuda.so.1 that computes nothing: contexts and kernels are lines in the file that
// JOULEBOOK_FAKE_LOAD names (../vendor/load.h), which the fake NVML's `power=load:...` follows. One
// device, 0000:01:00.0. A kernel's first parameter is how long it runs, in nanoseconds; kernels run
// one after another, as in one stream. Each counts one round a nanosecond of its length into the
// counter that its second parameter points to. As in the real one a context has modules of its own, a module
// functions, and both are gone with it: what is started elsewhere or unmade is refused (400, 201). Modules for the matrix units (sm_80) are refused
// where JOULEBOOK_FAKE_CUDA_OLD is set.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

#include "../vendor/load.h"

namespace {

std::mutex mutex;
double busy_until = 0;

constexpr int kInvalidContext = 201, kInvalidHandle = 400;
struct Module {
  void* context = nullptr;
};
std::set<void*> contexts;
std::map<void*, Module> modules;       // by handle
std::map<void*, void*> functions;      // and their module
std::uintptr_t made = 0;
thread_local void* current = nullptr;

void* new_handle() { return reinterpret_cast<void*>(made += 16); }

void write(const std::string& line) {
  const char* path = std::getenv("JOULEBOOK_FAKE_LOAD");
  std::ofstream out(path != nullptr ? path : "/dev/null", std::ios::app);
  out.precision(17);
  out << line << '\n';
}

std::string seconds(double t) {
  std::ostringstream text;
  text.precision(17);
  text << t;
  return text.str();
}

}  // namespace

extern "C" {

int cuInit(unsigned) { return 0; }
int cuDriverGetVersion(int* version) {
  *version = 12040;
  return 0;
}
int cuDeviceGetCount(int* count) {
  *count = 1;
  return 0;
}
int cuDeviceGet(int* device, int) {
  *device = 0;
  return 0;
}
int cuDeviceGetPCIBusId(char* to, int size, int) {
  std::strncpy(to, "0000:01:00.0", static_cast<std::size_t>(size));
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 16 ? 108 : 1 << 20;
  return 0;
}
int cuCtxCreate_v2(void** context, unsigned, int) {
  const std::lock_guard lock(mutex);
  current = *context = new_handle();
  contexts.insert(current);
  write("context " + seconds(fake_vendor::load_clock()));
  return 0;
}
int cuCtxDestroy_v2(void* context) {
  const std::lock_guard lock(mutex);
  if (contexts.erase(context) == 0) return kInvalidContext;
  std::erase_if(modules, [&](const auto& m) { return m.second.context == context; });
  std::erase_if(functions, [&](const auto& f) { return !modules.contains(f.second); });
  if (current == context) current = nullptr;
  write("release " + seconds(fake_vendor::load_clock()));
  return 0;
}
int cuCtxSetCurrent(void* context) {
  const std::lock_guard lock(mutex);
  if (!contexts.contains(context)) return kInvalidContext;
  current = context;
  return 0;
}
int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  *free = *total = std::size_t{1} << 30;
  return 0;
}
// Arrays are as small as a counter: nothing but the counter is ever touched.
int cuMemAlloc_v2(std::uint64_t* pointer, std::size_t) {
  *pointer = reinterpret_cast<std::uint64_t>(std::calloc(1, sizeof(std::uint64_t)));
  return 0;
}
int cuMemFree_v2(std::uint64_t pointer) {
  std::free(reinterpret_cast<void*>(pointer));
  return 0;
}
int cuMemsetD8_v2(std::uint64_t pointer, unsigned char value, std::size_t size) {
  std::memset(reinterpret_cast<void*>(pointer), value, std::min(size, sizeof(std::uint64_t)));
  return 0;
}
int cuMemcpyDtoH_v2(void* to, std::uint64_t from, std::size_t size) {
  std::memcpy(to, reinterpret_cast<void*>(from), size);
  return 0;
}
int cuModuleLoadData(void** module, const void* image) {
  const bool matrix = std::strstr(static_cast<const char*>(image), "sm_80") != nullptr;
  if (matrix && std::getenv("JOULEBOOK_FAKE_CUDA_OLD") != nullptr) return 222;  // unsupported PTX
  const std::lock_guard lock(mutex);
  if (current == nullptr) return kInvalidContext;
  *module = new_handle();
  modules[*module] = {current};
  return 0;
}
int cuModuleUnload(void* module) {
  const std::lock_guard lock(mutex);
  if (modules.erase(module) == 0) return kInvalidHandle;
  std::erase_if(functions, [&](const auto& f) { return f.second == module; });
  return 0;
}
int cuModuleGetFunction(void** function, void* module, const char*) {
  const std::lock_guard lock(mutex);
  if (!modules.contains(module)) return kInvalidHandle;
  *function = new_handle();
  functions[*function] = module;
  return 0;
}
int cuLaunchKernel(void* function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                   void*, void** parameters, void**) {
  const std::lock_guard lock(mutex);
  const auto known = functions.find(function);
  if (known == functions.end()) return kInvalidHandle;
  if (modules.at(known->second).context != current) return kInvalidHandle;
  std::uint64_t ns = 0;
  std::memcpy(&ns, parameters[0], sizeof ns);
  const double from = std::max(busy_until, fake_vendor::load_clock());
  busy_until = from + static_cast<double>(ns) * 1e-9;
  std::uint64_t counter = 0;
  std::memcpy(&counter, parameters[1], sizeof counter);
  *reinterpret_cast<std::uint64_t*>(counter) += ns;
  write("busy " + seconds(from) + " " + seconds(busy_until));
  return 0;
}
int cuCtxSynchronize() {
  double until = 0;
  {
    const std::lock_guard lock(mutex);
    until = busy_until;
  }
  const timespec at{
      static_cast<time_t>(until),
      static_cast<long>((until - static_cast<double>(static_cast<time_t>(until))) * 1e9)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) != 0) {
  }
  return 0;
}

}  // extern "C"
