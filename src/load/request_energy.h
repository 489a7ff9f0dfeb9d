#pragma once
// Joules request by request, as a metering gateway in front of the endpoint settled them: each request's own share of
// the meter, in place of the span's joules divided by what was done in it.
//
// Mean over the answered requests that were due in the span; J/good request has the joules of those that failed or were
// late among it, too. The interval holds the gateway's own error of the mean (core's sum of quantities) and, in
// quadrature, the scatter of the requests (Student's t at 95 %): another draw of requests would differ by that. Pure, but
// for the question itself.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "load/figures.h"
#include "load/request_record.h"

namespace joulebook::load {

// One request as the load generator saw it.
struct AskedRequest {
  std::string id;  // the gateway's
  int window = 0;  // it was due in
  std::int64_t input = 0;
  std::int64_t output = 0;
  bool answered = false;
  bool good = false;
};

// What the gateway says of it: J, or void or still pending with its reason.
using SettledRequest = Quantity;

// What it says of each, in order; empty where no gateway of ours is there. Blocks until they are settled, or for as long
// as its maker has patience.
using AskGateway = std::function<std::vector<SettledRequest>(const std::vector<std::string>& ids)>;

// Notes requests as they end, in bounded memory: beyond kMostKept a uniform draw of them.
class AskedRequests {
 public:
  static constexpr std::size_t kMostKept = 20'000;
  static constexpr std::size_t kMostAsked = 2'000;

  void add(const RequestRecord& record, int window, const Slo& slo);
  // Of those due in windows [first, last), at most kMostAsked, evenly drawn.
  [[nodiscard]] std::vector<AskedRequest> due_in(std::size_t first, std::size_t last) const;

 private:
  std::vector<AskedRequest> kept_;
  std::uint64_t seen_ = 0;
  std::uint64_t state_ = 0x9e3779b97f4a7c15;  // of the draw
};

// Puts them into the repeat's figures; leaves those as they are where the gateway is none, or names no request.
void add_request_energies(Repeat& repeat, const LoadPlan& plan, const AskedRequests& asked, const AskGateway& gateway);

}  // namespace joulebook::load
