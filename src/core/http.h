#pragma once
// HTTP requests made side by side on the calling thread. Only http and https; redirects are not
// followed, since a key could follow them. Certificates are checked unless `insecure` says not to.
//
// libcurl does the work. It is opened at run time (libcurl.so.4), so that a program that never
// speaks HTTP does not need it; without it every call fails, and says so.
#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace joulebook {

struct HttpCall {
  std::string url;
  std::string body;    // empty: GET, else POST as JSON
  std::string bearer;  // key; empty: none is sent
  std::string user;    // basic authentication, with `password`; empty: none
  std::string password;
  bool digest = false;  // digest authentication instead: the password itself is never sent
  std::vector<std::string> headers;  // more lines: "X-Auth-Token: ..."
  std::string ca_file;               // PEM of who may sign; empty: the system's
  bool insecure = false;             // takes any certificate
  long total_s = 0;                  // gives up after so long in all; 0: no such limit
  // Receives the body of a good (2xx) answer as it comes; false stops the transfer.
  std::function<bool(std::string_view)> on_body;
  const std::atomic<bool>* cancel = nullptr;

  // The outcome.
  long status = 0;         // 0: no answer
  std::string error_body;  // of an answer that was not good, at most 64 KiB
  std::string failure;     // why the transfer did not end as it should; empty: it did
  bool untrusted = false;  // the certificate was refused
  std::optional<double> retry_after_s;
  // Header lines of the answer, names in lower case; at most 64, of at most 1 KiB.
  std::vector<std::pair<std::string, std::string>> answer_headers;
  bool cancelled = false;
  // CLOCK_MONOTONIC: the request was not sent before, and the answer had begun by then; 0: no answer.
  // Making the connection is outside, so that a foreign clock in the answer is pinned closely.
  std::int64_t sent_ns = 0;
  std::int64_t answered_ns = 0;

  // The value of an answer's header; empty where it was not there. `name` in lower case.
  [[nodiscard]] std::string_view answer_header(std::string_view name) const;
};

// Performs all calls and returns when the last has ended. A call gives up when no connection was
// made in 10 s or no byte came in 15 minutes (a long prompt on a slow machine is silent for long).
void perform(std::span<HttpCall> calls);

// Whether libcurl can be opened; empty, or why not.
[[nodiscard]] std::string http_missing();

}  // namespace joulebook
