#include "gateway/live_faces.h"

#include <algorithm>

#include "core/text.h"
#include "export/live_json.h"
#include "export/prometheus.h"
#include "gateway/wire/fields.h"

namespace joulebook::gateway {
namespace {

constexpr std::int64_t kEvery_ms = 1000;
constexpr const char* kFresh = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";

}  // namespace

Metering::Own LiveFaces::live(const RequestHead& head) const {
  const LiveState state = snapshot_();
  const std::string accept = lower(field_of(head.fields, "accept"));
  if (accept.find("application/json") != accept.npos && accept.find("text/event-stream") == accept.npos) {
    return {.content_type = "application/json", .body = live_json(state).dump() + "\n", .fields = kFresh};
  }
  Metering::Own own{.content_type = "text/event-stream", .live = head.method == "GET", .fields = kFresh};
  own.body = live_event(state, own.cursor);
  return own;
}

std::optional<Metering::Own> LiveFaces::own(const RequestHead& head) const {
  const std::string_view path = head.target.substr(0, head.target.find('?'));
  const bool metrics = path == "/metrics";
  const bool stream = path == "/joulebook/v1/live";
  const bool page = path == "/joulebook" || path == "/joulebook/";
  if (!metrics && !stream && !page) return std::nullopt;
  if (head.method != "GET" && head.method != "HEAD") {
    return Metering::Own{.status = 405, .content_type = "text/plain", .body = "only GET and HEAD\n",
                         .fields = "Allow: GET, HEAD\r\n"};
  }
  if (stream) return live(head);
  if (page) {
    return Metering::Own{.content_type = "text/html; charset=utf-8", .body = page_,
                         .fields = std::string(kFresh) + "Content-Security-Policy: frame-ancestors 'none'\r\n"};
  }
  const PrometheusFormat format = prometheus_format(field_of(head.fields, "accept"));
  return Metering::Own{.content_type = std::string(content_type(format)),
                       .body = prometheus_text(snapshot_(), format), .fields = kFresh};
}

std::string LiveFaces::next(std::uint64_t& cursor) const {
  const std::int64_t now_ms = clock_.anchor().wall_ns / 1'000'000;
  const auto last = static_cast<std::int64_t>(cursor);
  // A wall clock that was set back must not silence the stream.
  if (now_ms >= last && now_ms - last < kEvery_ms) return {};
  std::string event = live_event(snapshot_(), cursor);
  cursor = static_cast<std::uint64_t>(std::max<std::int64_t>(1, now_ms));
  return event;
}

}  // namespace joulebook::gateway
