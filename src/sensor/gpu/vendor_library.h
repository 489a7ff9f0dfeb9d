#pragma once
// A vendor's management library, opened at run time by soname through the dynamic linker's ordinary
// search path, so that one binary runs everywhere and another library can stand in front. A symbol
// that it lacks is a null pointer and loses only its feature.
#include <joulebook/result.h>

#include <initializer_list>
#include <memory>
#include <string>

#include "sensor/sensor.h"

namespace joulebook {

class VendorLibrary {
 public:
  explicit VendorLibrary(void* handle) : handle_(handle) {}
  ~VendorLibrary();
  VendorLibrary(const VendorLibrary&) = delete;
  VendorLibrary& operator=(const VendorLibrary&) = delete;

  // The first of the names that the library has; null where it has none. REQUIRES: the symbol is
  // what the pointer's type says.
  template <class Function>
  void bind(Function& function, std::initializer_list<const char*> names) const {
    function = nullptr;
    for (const char* name : names) {
      if (function == nullptr) function = reinterpret_cast<Function>(symbol(name));
    }
  }

 private:
  [[nodiscard]] void* symbol(const char* name) const;

  void* handle_;
};

// Error: no_reading "sensor.library_missing" with the cure given.
[[nodiscard]] Result<std::unique_ptr<VendorLibrary>> open_vendor_library(const std::string& soname,
                                                                         const std::string& cure);

// Why a library could not be used: a problem, but a note where there is none.
[[nodiscard]] Finding library_finding(std::string subject, const Error& error);

}  // namespace joulebook
