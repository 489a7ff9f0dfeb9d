#pragma once
// Asks a metering gateway what it settled for requests (docs/formats/request.md).
#include <joulebook/quantity.h>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace joulebook {

struct GatewayQuestion {
  std::string base;  // "http://127.0.0.1:8900", without a path
  std::string bearer;
  double patience_s = 90;  // for what is still pending
  const std::atomic<bool>* cancel = nullptr;
  std::function<void(const std::string&)> say;  // progress; may be null
};

// The fair share of each, J, in order; an absence with its reason where it is void, unknown or still pending. Empty where
// what answers there is no gateway of ours. Blocks.
[[nodiscard]] std::vector<Quantity> ask_gateway(const GatewayQuestion& question, const std::vector<std::string>& ids);

}  // namespace joulebook
