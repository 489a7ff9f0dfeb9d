#include "cli/live_listener.h"

#include <fmt/format.h>

#include "core/clock.h"
#include "core/http.h"
#include "engine/sse.h"
#include "export/live_json.h"

namespace joulebook {
namespace {

constexpr std::string_view kPath = "/joulebook/v1/live";
constexpr std::int64_t kQuiet_ns = 10'000'000'000;
constexpr int kAgain_ms = 1000;

std::string stream_of(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with(kPath) ? url : url + std::string(kPath);
}

}  // namespace

LiveListener::LiveListener(const std::string& url, std::string bearer, std::string ca_file)
    : url_(stream_of(url)), bearer_(std::move(bearer)), ca_file_(std::move(ca_file)) {
  heard_.link = "connecting";
  thread_ = std::thread([this] { listen(); });
}

LiveListener::~LiveListener() {
  stop_ = true;
  thread_.join();
}

LiveListener::Heard LiveListener::heard() const {
  const std::lock_guard lock(mutex_);
  Heard out = heard_;
  const std::int64_t quiet = system_clock().now().ns - last_ns_;
  if (out.link == "live" && quiet > kQuiet_ns) out.link = fmt::format("no word for {} s", quiet / 1'000'000'000);
  return out;
}

void LiveListener::say(std::string link) {
  const std::lock_guard lock(mutex_);
  heard_.link = std::move(link);
}

void LiveListener::take(std::string_view data) {
  auto event = parse_json(data);
  if (!event || (*event)["schema"].as_string() != kLiveSchema) {
    return say("what answers there is no gateway of this version");
  }
  const std::lock_guard lock(mutex_);
  merge_live(heard_.live, *event);
  heard_.link = "live";
  ++heard_.events;
  last_ns_ = system_clock().now().ns;
}

void LiveListener::once() {
  SseParser parser([this](std::string_view data, std::string_view name) {
    if (name == "live") take(data);
  });
  HttpCall call;
  call.url = url_;
  call.bearer = bearer_;
  call.ca_file = ca_file_;
  call.cancel = &stop_;
  call.on_body = [&](std::string_view bytes) { return parser.feed(bytes); };
  perform({&call, 1});
  if (call.cancelled) return;
  if (call.status != 0 && (call.status < 200 || call.status >= 300)) {
    return say(fmt::format("it answered {}; trying again", call.status));
  }
  say((call.failure.empty() ? "it closed the stream" : call.failure) + "; trying again");
}

void LiveListener::listen() {
  while (!stop_) {
    once();
    for (int i = 0; i < kAgain_ms / 50 && !stop_; ++i) {
      system_clock().sleep_until(system_clock().now() + std::chrono::milliseconds(50));
    }
  }
}

}  // namespace joulebook
