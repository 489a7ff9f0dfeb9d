#pragma once
// HTTP requests made side by side on the calling thread, through libcurl (which shows nowhere
// else). Only http and https; redirects are not followed, since a key could follow them.
#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

struct HttpCall {
  std::string url;
  std::string body;    // empty: GET, else POST as JSON
  std::string bearer;  // key; empty: none is sent
  // Receives the body of a good (2xx) answer as it comes; false stops the transfer.
  std::function<bool(std::string_view)> on_body;
  const std::atomic<bool>* cancel = nullptr;

  // The outcome.
  long status = 0;         // 0: no answer
  std::string error_body;  // of an answer that was not good, at most 64 KiB
  std::string failure;     // why the transfer did not end as it should; empty: it did
  std::optional<double> retry_after_s;
  bool cancelled = false;
};

// Performs all calls and returns when the last has ended. A call gives up when no connection was
// made in 10 s or no byte came in 15 minutes (a long prompt on a slow machine is silent for long).
void perform(std::span<HttpCall> calls);

}  // namespace joulebook
