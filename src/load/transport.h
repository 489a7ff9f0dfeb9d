#pragma once
// The seam to the outside: requests go out, pieces of answers come in, time passes. The real one is
// HTTP (open_http_transport); tests put a scripted server on a clock of its own behind it.
// Not thread-safe: one thread does all.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/http_streams.h"

namespace joulebook::load {

class Transport {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    // A piece of a good answer's body; false stops it. Must not call post or cancel.
    virtual bool body(std::size_t slot, SteadyTime t, std::string_view bytes) = 0;
    virtual void ended(std::size_t slot, SteadyTime t, const HttpStreamEnd& end) = 0;
  };

  virtual ~Transport() = default;
  [[nodiscard]] virtual SteadyTime now() const = 0;
  // REQUIRES: the slot is free.
  virtual void post(std::size_t slot, std::string body) = 0;
  virtual void cancel(std::size_t slot) = 0;
  // Waits until `until` at most, and hands on what comes meanwhile.
  virtual void wait(SteadyTime until, Listener& listener) = 0;
};

// Errors: as HttpStreams::open.
[[nodiscard]] Result<std::unique_ptr<Transport>> open_http_transport(HttpStreamOptions options);

}  // namespace joulebook::load
