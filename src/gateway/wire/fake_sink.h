#pragma once
// Keeps what an exchange tells, for tests.
#include <vector>

#include "gateway/wire/metered_exchange.h"

namespace joulebook::gateway {

class FakeSink final : public TrafficSink {
 public:
  std::vector<RequestBegin> begun;
  std::vector<int> statuses;
  std::vector<attribution::Remark> remarks;
  std::vector<Reason> reasons;  // of those that broke

  void opened(attribution::RequestId, const RequestBegin& begin) override { begun.push_back(begin); }
  void answered(attribution::RequestId, int status) override { statuses.push_back(status); }
  void broken(attribution::RequestId, const Reason& reason) override { reasons.push_back(reason); }
  void remark(const attribution::Remark& remark) override { remarks.push_back(remark); }
  [[nodiscard]] Quantity provisional(double tokens, std::uint32_t) const override { return Quantity::exact(tokens, "J"); }

  template <class What>
  [[nodiscard]] std::vector<What> all() const {
    std::vector<What> out;
    for (const auto& r : remarks) {
      if (const auto* what = std::get_if<What>(&r.what)) out.push_back(*what);
    }
    return out;
  }
  [[nodiscard]] std::int64_t tokens(bool reasoning) const {
    std::int64_t sum = 0;
    for (const auto& t : all<attribution::Tokens>()) sum += t.reasoning == reasoning ? t.count : 0;
    return sum;
  }
  [[nodiscard]] attribution::Usage usage() const {
    const auto all_usage = all<attribution::Usage>();
    return all_usage.empty() ? attribution::Usage{} : all_usage.back();
  }
  [[nodiscard]] attribution::Timings timings() const {
    const auto all_timings = all<attribution::Timings>();
    return all_timings.empty() ? attribution::Timings{} : all_timings.back();
  }
};

// One exchange from the request's body to its end; what the client saw, and what went upstream.
struct Passed {
  std::string client;
  std::string upstream_body;
  std::string header;
  std::string trailer;
};

inline Passed pass(FakeSink& sink, std::string_view target, std::string_view request,
                   std::string_view type, std::string_view answer, std::size_t step,
                   WireOptions options = {}) {
  RequestBegin begin;
  begin.id = "jb-1";
  begin.route = route_of(target);
  MeteredExchange exchange(*api_of("POST", target), 1, begin, options, sink);
  Passed out;
  out.upstream_body = exchange.body(request).value_or(std::string(request));
  exchange.sent(0, {10});
  const HeaderField field{"Content-Type", type};
  bool framed = false;
  out.header = exchange.head({200, {&field, 1}}, {20}, framed);
  std::int64_t t = 30;
  for (std::size_t i = 0; i < answer.size(); i += step) {
    const std::string_view part = answer.substr(i, step);
    std::string edited;
    exchange.payload(part, {t++}, edited);
    out.client += framed ? edited : std::string(part);
  }
  exchange.last({t}, out.client, out.trailer);
  exchange.over(Finish::complete, {t});
  return out;
}

}  // namespace joulebook::gateway
