#include "gateway/scraper.h"

#include <algorithm>

#include "core/http.h"
#include "gateway/wire/metrics_page.h"

namespace joulebook::gateway {
namespace {

constexpr Nanos kPeriod = std::chrono::seconds(1);
constexpr Nanos kLongest = std::chrono::seconds(30);
constexpr Nanos kNap = std::chrono::milliseconds(100);
constexpr std::size_t kMostPage = 4 << 20;

}  // namespace

Scraper::Scraper(std::vector<std::string> upstreams, std::string ca_file, Tell tell,
                 std::function<void()> born)
    : ca_file_(std::move(ca_file)), tell_(std::move(tell)), born_(std::move(born)) {
  for (auto& url : upstreams) {
    while (url.ends_with('/')) url.pop_back();
    places_.push_back({url + "/metrics", {}, kPeriod});
  }
  thread_ = std::thread([this] { loop(); });
}

Scraper::~Scraper() {
  stop_ = true;
  thread_.join();
}

void Scraper::look(std::size_t upstream) {
  Place& place = places_[upstream];
  HttpCall call;
  std::string page;
  call.url = place.url;
  call.ca_file = ca_file_;
  call.total_s = 2;
  call.cancel = &stop_;
  call.on_body = [&page](std::string_view bytes) {
    page += bytes;
    return page.size() <= kMostPage;
  };
  const SteadyTime begin = system_clock().now();
  perform({&call, 1});
  const SteadyTime end = system_clock().now();
  auto reading = call.status == 200 ? read_metrics_page(page) : std::nullopt;
  if (reading) {
    reading->upstream = static_cast<std::uint32_t>(upstream);
    reading->begin = call.sent_ns != 0 ? SteadyTime{call.sent_ns} : begin;
    reading->end = end;
  }
  // A server that is loading its model has no page yet; one that has none will hardly get one.
  place.wait = reading ? kPeriod : std::min(2 * place.wait, kLongest);
  place.next = end + place.wait;
  tell_(upstream, reading);
}

void Scraper::loop() {
  if (born_) born_();
  while (!stop_) {
    for (std::size_t i = 0; i < places_.size() && !stop_; ++i) {
      if (system_clock().now() >= places_[i].next) look(i);
    }
    std::this_thread::sleep_for(kNap);
  }
}

}  // namespace joulebook::gateway
