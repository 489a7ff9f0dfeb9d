#pragma once
// What a gateway answers itself about its state: /metrics for Prometheus, /joulebook/v1/live as events
// or as one JSON, and the live page at /joulebook/. Functions of a snapshot; no socket.
// Thread-safe as far as `snapshot` is.
#include <functional>
#include <optional>
#include <string>

#include "core/clock.h"
#include "export/live_state.h"
#include "gateway/exchange.h"

namespace joulebook::gateway {

class LiveFaces {
 public:
  using Snapshot = std::function<LiveState()>;
  // `page`: what live_page() of the report gives.
  LiveFaces(Snapshot snapshot, std::string page, const Clock& clock = system_clock())
      : snapshot_(std::move(snapshot)), page_(std::move(page)), clock_(clock) {}

  // GET and HEAD of those paths; nothing for any other path, 405 for another method.
  [[nodiscard]] std::optional<Metering::Own> own(const RequestHead& head) const;
  // For a stream that own() began: an event once a second, else nothing (Metering::next).
  [[nodiscard]] std::string next(std::uint64_t& cursor) const;

 private:
  [[nodiscard]] Metering::Own live(const RequestHead& head) const;

  Snapshot snapshot_;
  std::string page_;
  const Clock& clock_;
};

}  // namespace joulebook::gateway
