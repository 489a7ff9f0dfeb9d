#include "export/card/windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "account/footprint/when.h"
#include "export/card/verify.h"

namespace joulebook::card {
namespace {

constexpr std::string_view kIdleOfHours = "; idle of its hours by fair share";  // as the ledger reads `served`

tl::unexpected<Error> bad(const Json& window, const std::string& what) {
  return fail(ErrorKind::input, "card.window",
              fmt::format("the window of {} at {} {}", window["domain"].as_string("?"), window["begin"].as_string("?"), what),
              "`joulebook ledger verify` checks the ledger that it comes from");
}

bool idle(std::string_view account) { return account.starts_with("idle."); }
bool of_requests(std::string_view account) {
  return account.starts_with(kRequestPrefix) || account == kOtherRequests || account == "requests";
}

Status check_window(const Json& window) {
  for (const char* key : {"run", "domain", "begin", "end"}) {
    if (!window[key].is_string()) return bad(window, std::string("lacks its ") + key);
  }
  for (const char* key : {"hour", "begin_ns", "end_ns", "meter_uj"}) {
    if (!window[key].is_int()) return bad(window, std::string("lacks its ") + key);
  }
  std::int64_t left = window["meter_uj"].as_int();
  for (const auto& [account, uj] : window["postings"].members()) {
    if (!uj.is_int() || uj.as_int() < 0 || uj.as_int() > left) return bad(window, "posts to " + account + " what its meter has not");
    left -= uj.as_int();
  }
  if (left != 0) return bad(window, fmt::format("has a meter of {} uJ, of which {} uJ are posted to nobody", window["meter_uj"].as_int(), left));
  return {};
}

// The members that a check of `served` looks at.
Json bare(const Quantity& q) {
  const Json whole = to_json(q);
  Json out = Json::object();
  for (const char* key : {"value", "lo", "hi", "method"}) out.set(key, whole[key]);
  return out;
}

}  // namespace

Status WindowSums::add(const Json& window) {
  if (auto ok = check_window(window); !ok) return ok;
  Run& run = runs_[std::string(window["run"].as_string())];
  const auto [end, fresh] = run.ends_ns.try_emplace(std::string(window["domain"].as_string()), INT64_MIN);
  if (window["begin_ns"].as_int() < end->second || window["end_ns"].as_int() < window["begin_ns"].as_int()) {
    return bad(window, "begins before the one before it ends");
  }
  end->second = window["end_ns"].as_int();
  ++run.windows;
  run.meter_uj += window["meter_uj"].as_int();
  for (const auto& [account, uj] : window["postings"].members()) {
    run.accounts[account.starts_with(kRequestPrefix) ? std::string(kTheseRequests) : account] += uj.as_int();
  }
  const std::string from(window["begin"].as_string()), to(window["end"].as_string());
  if (run.from.empty() || from < run.from) run.from = from;
  run.to = std::max(run.to, to);
  return {};
}

void WindowSums::add_row(const Json& row) {
  if (const auto fair = quantity_from_json(row["fair"])) spreads_[std::string(row["run"].as_string())].add(*fair);
}

Json WindowSums::json() const {
  const auto joules = [](std::int64_t uj) { return static_cast<double>(uj) * 1e-6; };
  const auto counted = [](std::string_view account) { return account == kTheseRequests || of_requests(account); };
  Json list = Json::array();
  for (const auto& [id, run] : runs_) {
    const auto found = spreads_.find(id);
    const SpanSpread spread = found == spreads_.end() ? SpanSpread() : found->second;
    std::int64_t requested = 0;
    for (const auto& [account, uj] : run.accounts) requested += counted(account) ? uj : 0;
    Json accounts = Json::array();
    for (const auto& [account, uj] : run.accounts) {
      const Quantity q = counted(account) ? spread.requests(joules(uj), spread)
                                          : spread.rest(joules(uj), joules(run.meter_uj), joules(requested));
      accounts.push(Json::object({{"account", account}, {"energy", to_json(q)}}));
    }
    list.push(Json::object({{"run", id},
                            {"windows", run.windows},
                            {"from", run.from},
                            {"to", run.to},
                            {"meter", to_json(spread.meter(joules(run.meter_uj)))},
                            {"accounts", std::move(accounts)}}));
  }
  return list;
}

void WindowClocks::check(const Json& window, const std::string& at, const Tell& tell, const std::function<void(std::string)>& note) {
  constexpr std::int64_t kMilli = 1'000'000, kHour = 3600 * kMilli * 1000;
  Edge& last = ends_[std::string(window["run"].as_string()) + " " + std::string(window["domain"].as_string())];
  const Edge before = std::exchange(last, {window["end_ns"].as_int(), std::string(window["end"].as_string())});
  const auto begin = account::parse_instant(window["begin"].as_string(), 0), end = account::parse_instant(window["end"].as_string(), 0);
  if (!begin || !end) return tell(at, "its begin or end is no time");
  if (window["hour"].as_int() < *begin / kHour) tell(at + ".hour", "is before the hour in which it begins");
  if (before.ns == window["begin_ns"].as_int()) {
    if (before.utc != window["begin"].as_string()) tell(at + ".begin", fmt::format("the window before it ended at {}", before.utc));
    return;
  }
  const std::int64_t steady = window["end_ns"].as_int() - window["begin_ns"].as_int(), apart = std::abs(*end - *begin - steady);
  // Times are written to the millisecond. A ledger's clocks are set against each other by steps of 10 ms and more (WallTimes).
  if (apart <= kMilli) return;
  if (apart >= 9 * kMilli) return note(fmt::format("{}: the clock was set while this window ran; when it began is not worked out", at));
  tell(at + ".begin_ns", fmt::format("it is {:.6f} s long, and {:.3f} s from begin to end", static_cast<double>(steady) * 1e-9, static_cast<double>(*end - *begin) * 1e-9));
}

void WindowShares::add(const Json& window) {
  const std::string run(window["run"].as_string());
  const std::string key = fmt::format("{} {} {}", run, window["hour"].as_int(), window["domain"].as_string());
  const auto [it, fresh] = index_.try_emplace(key, hours_.size());
  if (fresh) hours_.emplace_back();
  Hour& hour = hours_[it->second];
  bool& rolled = runs_[run];
  for (const auto& [account, uj] : window["postings"].members()) {
    if (idle(account)) hour.idle_uj += uj.as_int();
    if (of_requests(account)) hour.requests_uj += uj.as_int();
    rolled = rolled || account == "requests";
    if (!account.starts_with(kRequestPrefix)) continue;
    auto& posted = requests_[account.substr(kRequestPrefix.size())].posted;
    if (posted.empty() || posted.back().first != it->second) posted.emplace_back(it->second, 0);
    posted.back().second += uj.as_int();
  }
}

double WindowShares::idle_of(const Request& request) const {
  double idle_uj = 0;
  for (const auto& [number, uj] : request.posted) {
    const Hour& hour = hours_[number];
    if (hour.requests_uj > 0) {
      idle_uj += static_cast<double>(uj) / static_cast<double>(hour.requests_uj) * static_cast<double>(hour.idle_uj);
    }
  }
  return idle_uj;
}

void WindowShares::check(const Json& row, const std::string& at, const Tell& tell) {
  const std::string id(row["id"].as_string());
  Request& request = requests_[id];
  request.seen = true;
  if (row["status"].as_string() == "pending") return;  // windows may have gone on
  std::int64_t posted = 0;
  for (const auto& [number, uj] : request.posted) posted += uj;
  const std::int64_t stated = row["posted_uj"].as_int();
  if (posted < stated && runs_[std::string(row["run"].as_string())]) {
    ++rolled_;
    return;
  }
  if (posted != stated) {
    tell(at + ".posted_uj", fmt::format("request {}: its row says {} uJ, its windows {} uJ", id, stated, posted));
    return;
  }
  const auto fair = quantity_from_json(row["fair"]);
  const auto served = quantity_from_json(row["served"]);
  if (!fair || !served || !served->present()) return;
  if (!fair->present()) return tell(at + ".served", fmt::format("request {}: it has a figure, and fair has none", id));
  Quantity again = scaled(*fair, posted > 0 ? 1 + idle_of(request) / static_cast<double>(posted) : 1, fair->per);
  again.method += kIdleOfHours;
  for (const auto& [path, what] : differences(bare(*served), bare(again), 1)) {
    tell(fmt::format("{}.served.{}", at, path), fmt::format("request {}: {} of its windows", id, what));
  }
}

void WindowShares::finish(const Tell& tell) const {
  std::vector<std::string> without;
  for (const auto& [id, request] : requests_) {
    if (!request.seen) without.push_back(id);
  }
  std::sort(without.begin(), without.end());
  for (const auto& id : without) tell("request:" + id, "windows posted to it, and it has no row");
}

}  // namespace joulebook::card
