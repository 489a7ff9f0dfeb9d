#include "load/transport.h"

#include "core/clock.h"

namespace joulebook::load {
namespace {

class HttpTransport final : public Transport, private HttpStreams::Listener {
 public:
  explicit HttpTransport(std::unique_ptr<HttpStreams> streams) : streams_(std::move(streams)) {}

  [[nodiscard]] SteadyTime now() const override { return system_clock().now(); }
  void post(std::size_t slot, std::string body) override { streams_->post(slot, std::move(body)); }
  void cancel(std::size_t slot) override { streams_->cancel(slot); }
  void wait(SteadyTime until, Transport::Listener& listener) override {
    listener_ = &listener;
    streams_->wait(until, *this);
  }

 private:
  bool body(std::size_t slot, std::string_view bytes) override {
    return listener_->body(slot, now(), bytes);
  }
  void ended(std::size_t slot, const HttpStreamEnd& end) override {
    listener_->ended(slot, now(), end);
  }

  std::unique_ptr<HttpStreams> streams_;
  Transport::Listener* listener_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Transport>> open_http_transport(HttpStreamOptions options) {
  auto streams = HttpStreams::open(std::move(options));
  if (!streams) return fail(streams.error());
  return std::make_unique<HttpTransport>(std::move(*streams));
}

}  // namespace joulebook::load
