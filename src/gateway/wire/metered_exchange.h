#pragma once
// A request whose answer is metered: reads what passes, tells it to a sink, and adds what it was asked
// to (docs/formats/gateway-wire.md). Events pass byte for byte; `usage` is never touched.
#include <joulebook/quantity.h>

#include <functional>
#include <string>

#include "attribution/traffic.h"
#include "gateway/exchange.h"
#include "gateway/wire/answer_reader.h"
#include "gateway/wire/events.h"
#include "ledger/serve_ledger.h"

namespace joulebook::gateway {

// Who is told of the traffic. Called on the edge's thread; must not block.
class TrafficSink {
 public:
  virtual ~TrafficSink() = default;
  // A request that was handed to an upstream.
  virtual void opened(attribution::RequestId request, const RequestBegin& begin) = 0;
  virtual void answered(attribution::RequestId request, int http_status) = 0;
  // What it took will not be known whole: it is void, for that reason. Before its Ended.
  virtual void broken(attribution::RequestId request, const Reason& reason) = 0;
  virtual void remark(const attribution::Remark& remark) = 0;
  // What `tokens` of output of that upstream may have taken so far; an absence where that is not known.
  // Never waits.
  [[nodiscard]] virtual Quantity provisional(double tokens, std::uint32_t upstream) const = 0;
};

struct WireOptions {
  bool include_usage = true;
  bool energy_event = false;
  bool trailer = false;
  bool pristine = false;
  std::vector<std::string> upstreams;  // their names, in order
  std::vector<std::string> no_usage_from;  // those of them that are not asked for usage
};

class MeteredExchange final : public Exchange {
 public:
  static constexpr std::size_t kMostWhole = std::size_t{16} << 20;  // of an unstreamed answer

  // `begin`: its id, tenant, route, trace and arrival. `options` and `sink` outlive it.
  MeteredExchange(Api api, attribution::RequestId request, RequestBegin begin,
                  const WireOptions& options, TrafficSink& sink);

  [[nodiscard]] Wants wants() const override { return {true, true}; }
  std::optional<std::string> body(std::string_view whole) override;
  [[nodiscard]] bool replaces_for(std::uint32_t upstream) const override;
  [[nodiscard]] std::span<const std::uint32_t> upstreams() const override { return {}; }
  void sent(std::uint32_t upstream, SteadyTime at) override;
  std::string head(const AnswerHead& head, SteadyTime at, bool& framed) override;
  void payload(std::string_view bytes, SteadyTime at, std::string& out) override;
  void last(SteadyTime at, std::string& out, std::string& trailer) override;
  void over(Finish how, SteadyTime at) override;

 private:
  enum class Mode { unread, events, lines, whole };
  void piece(const Piece& piece, std::string& out);
  void remark(SteadyTime at, AnswerReader::What what);
  void note(std::string& out) const;  // what is added before the last event

  Api api_;
  attribution::RequestId request_;
  RequestBegin begin_;
  const WireOptions& options_;
  TrafficSink& sink_;
  Asked asked_;
  AnswerReader reader_;
  PieceCutter cutter_{PieceCutter::Kind::events};
  Mode mode_ = Mode::unread;
  SteadyTime now_;
  std::string whole_;
  std::uint32_t upstream_ = 0;
  int status_ = 0;
  bool opened_ = false;
  bool asked_usage_ = false;  // by us
  bool framed_ = false;
  bool noted_ = false;
};

}  // namespace joulebook::gateway
