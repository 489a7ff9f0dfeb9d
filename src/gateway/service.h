#pragma once
// Joins the edge to what meters: makes an exchange for each request that is known, and answers for the
// gateway itself (/joulebook/v1/..., /metrics, the live page). Called from the edge's thread; state()
// from any.
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/edge.h"
#include "gateway/live_books.h"
#include "gateway/live_faces.h"
#include "gateway/settler.h"
#include "gateway/wire/identity.h"
#include "gateway/wire/metered_exchange.h"

namespace joulebook::gateway {

struct ServiceOptions {
  WireOptions wire;
  std::string ledger;  // where settled requests are looked up; empty: nowhere
  std::vector<Reason> absences;
  std::string page;
};

class Service final : public Metering {
 public:
  // All outlive it.
  Service(ServiceOptions options, Settler& settler, const LiveBooks& books, Tenants tenants,
          const Clock& clock);

  [[nodiscard]] std::unique_ptr<Exchange> begin(const RequestHead& head, SteadyTime at) override;
  [[nodiscard]] std::optional<Own> own(const RequestHead& head) override;
  [[nodiscard]] std::string next(std::uint64_t& cursor) override { return faces_.next(cursor); }

  // Set once, before anything is served.
  void edge(const Edge* edge) { edge_ = edge; }
  void sink_dropped(std::uint64_t rows) { sink_dropped_ = rows; }
  void metrics_page(std::size_t upstream, bool found, double running, double waiting);
  void sensors(std::vector<SensorState> sensors);
  void tenants(Tenants tenants);
  // While there is an error, requests for upstreams are answered 503 with it and with Retry-After: as
  // many seconds more as it has lasted since `since`, 1 to 30.
  void unready(std::optional<Error> why, SteadyTime since);
  [[nodiscard]] LiveState state() const;

 private:
  [[nodiscard]] std::optional<Own> not_ready() const;
  [[nodiscard]] Own request(std::string_view id) const;
  [[nodiscard]] Own answer(std::string_view trace_id) const;

  struct Page {
    bool found = false;
    double running = 0;
    double waiting = 0;
  };
  ServiceOptions options_;
  Settler& settler_;
  const LiveBooks& books_;
  const Clock& clock_;
  Anchor started_;
  LiveFaces faces_;
  const Edge* edge_ = nullptr;
  std::atomic<std::uint64_t> sink_dropped_{0};
  attribution::RequestId newest_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  Tenants tenants_;
  std::vector<Page> pages_;
  std::vector<SensorState> sensors_;
  std::optional<Error> unready_;
  SteadyTime unready_since_{0};
  std::atomic<bool> ready_{true};  // unready_ is empty
};

}  // namespace joulebook::gateway
