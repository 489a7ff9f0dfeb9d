#include "sensor/gpu/vendor_library.h"

#include <dlfcn.h>

#include <utility>

#include "core/reason.h"

namespace joulebook {

VendorLibrary::~VendorLibrary() { ::dlclose(handle_); }

void* VendorLibrary::symbol(const char* name) const { return ::dlsym(handle_, name); }

Result<std::unique_ptr<VendorLibrary>> open_vendor_library(const std::string& soname,
                                                           const std::string& cure) {
  void* handle = ::dlopen(soname.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(ErrorKind::no_reading, "sensor.library_missing",
                soname + " is not in the linker's search path", cure);
  }
  return std::make_unique<VendorLibrary>(handle);
}

Finding library_finding(std::string subject, const Error& error) {
  const bool missing = error.code == "sensor.library_missing";
  return {missing ? Finding::Level::note : Finding::Level::problem, std::move(subject), reason_of(error)};
}

}  // namespace joulebook
