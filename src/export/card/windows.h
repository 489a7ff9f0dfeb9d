#pragma once
// A gateway's settled windows (window_json of request_export.h) in a card and its bundle: what they sum to,
// and what follows from them for each request. Not thread-safe.
#include <joulebook/result.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/json.h"
#include "export/card/verify_rows.h"
#include "export/span_spread.h"

namespace joulebook::card {

// Account of requests that are not in the selection, and of those that are (in a card's `metered`); the
// ledger's own "requests" holds those of an hour that was rolled up.
inline constexpr std::string_view kOtherRequests = "requests.other";
inline constexpr std::string_view kTheseRequests = "requests.these";
inline constexpr std::string_view kRequestPrefix = "request:";

// The window with requests that `selected` does not name added up under kOtherRequests.
template <class Set>
[[nodiscard]] Json folded(Json window, const Set& selected) {
  Json postings = Json::object();
  std::int64_t others = 0;
  for (const auto& [account, uj] : window["postings"].members()) {
    const bool request = account.starts_with(kRequestPrefix);
    if (request && !selected.contains(account.substr(kRequestPrefix.size()))) {
      others += uj.as_int();
    } else {
      postings.set(account, uj);
    }
  }
  if (others > 0) postings.set(std::string(kOtherRequests), others);
  return window.set("postings", std::move(postings));
}

// What the windows of each run sum to: a card's `metered`.
class WindowSums {
 public:
  // Errors: input "card.window": a member that is missing, a negative posting, postings that do not sum to
  // the meter, a window that begins before the one before it of its run and domain ends.
  [[nodiscard]] Status add(const Json& window);
  // A request's fair share: how sure the sums are.
  void add_row(const Json& row);
  [[nodiscard]] Json json() const;

 private:
  struct Run {
    std::int64_t windows = 0, meter_uj = 0;
    std::map<std::string, std::int64_t> accounts;
    std::map<std::string, std::int64_t> ends_ns;  // by domain
    std::string from, to;
  };
  std::map<std::string, Run> runs_;
  std::map<std::string, SpanSpread> spreads_;  // of rows, by run
};

// When windows were, by both clocks: neighbours share their edge, and the first of several is as long by one as by the other.
class WindowClocks {
 public:
  // REQUIRES: WindowSums took it. A fault is told; `note` is told where the wall clock was set while it ran.
  void check(const Json& window, const std::string& at, const Tell& tell, const std::function<void(std::string)>& note);

 private:
  struct Edge {
    std::int64_t ns = INT64_MIN;
    std::string utc;
  };
  std::map<std::string, Edge> ends_;  // by run and domain
};

// What windows say of single requests: joules posted to it, and its part of the idle joules of its hours.
class WindowShares {
 public:
  // REQUIRES: WindowSums took it.
  void add(const Json& window);
  // A row is told where its windows do not say what it says.
  void check(const Json& row, const std::string& at, const Tell& tell);
  // Requests to which windows posted and that have no row.
  void finish(const Tell& tell) const;
  // Rows whose hours are rolled up, at least in part: they stand on themselves.
  [[nodiscard]] std::int64_t rolled() const { return rolled_; }
  [[nodiscard]] bool any() const { return !hours_.empty(); }

 private:
  struct Hour {
    std::int64_t requests_uj = 0;
    std::int64_t idle_uj = 0;
  };
  struct Request {
    std::vector<std::pair<std::size_t, std::int64_t>> posted;  // hour's number, uJ
    bool seen = false;
  };
  [[nodiscard]] double idle_of(const Request& request) const;  // uJ

  std::map<std::string, std::size_t> index_;  // by run, hour and domain
  std::vector<Hour> hours_;
  std::map<std::string, bool> runs_;  // whether some of its hours are rolled up
  std::unordered_map<std::string, Request> requests_;
  std::int64_t rolled_ = 0;
};

}  // namespace joulebook::card
