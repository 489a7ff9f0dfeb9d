#include "ledger/serve_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/breath.h"
#include "core/wall_times.h"
#include "ledger/hours.h"
#include "ledger/settlement_check.h"

namespace joulebook {
namespace {

constexpr std::string_view kRequestAccount = "request:";

tl::unexpected<Error> fault(std::string_view code, std::string message) {
  return fail(ErrorKind::input, "ledger." + std::string(code), std::move(message),
              "this is a fault of the program that settled it: please report it");
}

class Writer final : public ServeWriter {
 public:
  Writer(std::unique_ptr<Store> store, ServeRows rows, ServeLock lock, std::string id,
         std::int64_t run, const Anchor& start)
      : store_(std::move(store)),
        rows_(std::move(rows)),
        lock_(std::move(lock)),
        id_(std::move(id)),
        run_(run),
        wall_(start) {}

  [[nodiscard]] const std::string& run() const override { return id_; }
  [[nodiscard]] std::size_t open_requests() const override { return open_.size(); }
  [[nodiscard]] Status settle(const ServeBatch& batch) override;
  [[nodiscard]] Status end(const Anchor& end, const Json& result, bool complete) override;

 private:
  struct Open {
    std::int64_t number = 0;
    std::int64_t group = 0;
    std::int64_t posted = 0;  // uJ, committed
    std::int64_t staged = 0;  // uJ, of the batch in hand
    bool fresh = false;       // begun in it
    bool ending = false;      // ended in it
    bool touched = false;
  };
  using Entry = ByText<Open>::value_type;

  [[nodiscard]] Status check(const std::vector<Settlement>& windows) const;
  [[nodiscard]] Status commit_or_undo(const std::function<Status()>& body);
  [[nodiscard]] Status write_begin(const RequestBegin& request);
  [[nodiscard]] Status write_window(const Settlement& s);
  [[nodiscard]] Status write_posting(std::int64_t settlement, std::int64_t hour,
                                     const Settlement& s);
  [[nodiscard]] Status write_end(const EndRow& end);
  [[nodiscard]] Result<Entry*> open_request(std::string_view id);

  std::unique_ptr<Store> store_;
  ServeRows rows_;
  ServeLock lock_;
  std::string id_;
  std::int64_t run_;
  WallTimes wall_;
  bool ended_ = false;
  ByText<Open> open_;
  std::map<std::string, std::set<std::string>> overlaps_;  // of every domain posted so far
  std::map<std::string, std::int64_t> edges_;              // settled up to here, ns
  std::map<std::string, std::int64_t> hours_;              // of a domain; never falls

  // Of the batch in hand.
  std::vector<Entry*> touched_;
  HourlySums sums_;
  std::map<std::string, std::int64_t> new_edges_;
  std::map<std::string, std::int64_t> new_hours_;
};

Status Writer::check(const std::vector<Settlement>& windows) const {
  if (auto ok = check_nested(windows); !ok) return ok;
  auto edges = edges_;
  for (const auto& s : windows) {
    if (auto ok = check_balance(s); !ok) return ok;
    for (const auto& [domain, others] : overlaps_) {
      if (others.contains(s.domain) || std::ranges::count(s.overlaps, domain) != 0) {
        return fail(ErrorKind::input, "ledger.nested",
                    fmt::format("{} overlaps {}: its joules would be counted twice", s.domain,
                                domain),
                    "post top-level domains only");
      }
    }
    const auto [edge, first] = edges.try_emplace(s.domain, s.begin.ns);
    if (s.begin.ns < edge->second) {
      return fault("overlap", fmt::format("a window of {} begins at {}, before {}, where the last "
                                          "one ends",
                                          s.domain, s.begin.ns, edge->second));
    }
    edge->second = s.end.ns;
  }
  return {};
}

// What the batch changed in memory becomes true with the commit, or is undone without it.
Status Writer::commit_or_undo(const std::function<Status()>& body) {
  const auto done = store_->database().transaction([&]() -> Status {
    if (auto ok = body(); !ok) return ok;
    return rows_.add(run_, sums_);
  });
  for (Entry* entry : touched_) {
    Open& open = entry->second;
    if (done ? open.ending : open.fresh) {
      open_.erase(open_.find(entry->first));
      continue;
    }
    if (done) open.posted += open.staged;
    open.staged = 0;
    open.fresh = open.ending = open.touched = false;
  }
  if (done) {
    for (auto& [domain, edge] : new_edges_) edges_[domain] = edge;
    for (auto& [domain, hour] : new_hours_) hours_[domain] = hour;
  } else {
    rows_.names().forget();
  }
  touched_.clear();
  sums_ = {};
  new_edges_.clear();
  new_hours_.clear();
  return done;
}

Result<Writer::Entry*> Writer::open_request(std::string_view id) {
  const auto it = open_.find(id);
  if (it == open_.end() || it->second.ending) {
    return fault("no_such_request", fmt::format("request {} is not open", id));
  }
  if (!it->second.touched) {
    it->second.touched = true;
    touched_.push_back(&*it);
  }
  return &*it;
}

Status Writer::write_begin(const RequestBegin& request) {
  if (open_.contains(request.id)) {
    return fault("duplicate", fmt::format("request {} is begun already", request.id));
  }
  const auto group = rows_.names().group(request);
  if (!group) return fail(group.error());
  const std::int64_t wall = wall_.wall_ns(request.arrived);
  const auto number = rows_.begin(run_, *group, request, wall);
  if (!number) {
    const auto known = store_->database().number("SELECT count(*) FROM requests_begun WHERE id = ?",
                                                 {request.id});
    if (known.value_or(0) == 0) return fail(number.error());
    return fault("duplicate", fmt::format("request {} is in the ledger already", request.id));
  }
  const auto entry = open_.try_emplace(request.id).first;
  entry->second = {*number, *group, 0, 0, true, false, true};
  touched_.push_back(&*entry);
  ++sums_.requests[{hour_of(wall), *group}].begun;
  return {};
}

Status Writer::write_posting(std::int64_t settlement, std::int64_t hour, const Settlement& s) {
  std::map<std::string_view, std::int64_t> named;
  std::vector<std::pair<Entry*, std::int64_t>> requests;
  requests.reserve(s.postings.size());
  for (const auto& posting : s.postings) {
    const std::string_view account = posting.account;
    if (!account.starts_with(kRequestAccount)) {
      if (account == kAllRequests) return fault("reserved", "the account `requests` is a sum");
      named[account] += posting.amount.count;
      continue;
    }
    const auto request = open_request(account.substr(kRequestAccount.size()));
    if (!request) return fail(request.error());
    requests.emplace_back(*request, posting.amount.count);
  }
  // In the order of the key: every row goes to the end of the table.
  std::ranges::sort(requests, {}, [](const auto& r) { return r.first->second.number; });
  std::int64_t all = 0;
  std::unordered_map<std::int64_t, std::int64_t> groups;
  for (std::size_t i = 0; i < requests.size();) {
    Open& open = requests[i].first->second;
    std::int64_t amount = 0;
    for (; i < requests.size() && &requests[i].first->second == &open; ++i) {
      amount += requests[i].second;
    }
    if (auto ok = rows_.request_amount(settlement, open.number, amount); !ok) return ok;
    open.staged += amount;
    all += amount;
    groups[open.group] += amount;
  }
  for (const auto& [group, amount] : groups) sums_.groups[{hour, s.domain, group}] += amount;
  if (!requests.empty()) {
    const auto account = rows_.names().account(kAllRequests);
    if (!account) return fail(account.error());
    sums_.accounts[{hour, s.domain, *account}] += all;
  }
  for (const auto& [name, amount] : named) {
    const auto account = rows_.names().account(name);
    if (!account) return fail(account.error());
    if (auto ok = rows_.account_amount(settlement, *account, amount); !ok) return ok;
    sums_.accounts[{hour, s.domain, *account}] += amount;
  }
  return {};
}

Status Writer::write_window(const Settlement& s) {
  const auto number = rows_.settlement(run_, s, iso8601(wall_.wall_ns(s.begin)), iso8601(wall_.wall_ns(s.end)));
  if (!number) return fail(number.error());
  // A wall clock that is set back does not take a domain back into an hour that was left.
  std::int64_t hour = hour_of(wall_.wall_ns(s.begin));
  if (const auto known = hours_.find(s.domain); known != hours_.end()) {
    hour = std::max(hour, known->second);
  }
  hour = std::max(hour, new_hours_.try_emplace(s.domain, hour).first->second);
  new_hours_[s.domain] = hour;
  new_edges_[s.domain] = s.end.ns;
  if (auto ok = write_posting(*number, hour, s); !ok) return ok;
  auto& known = overlaps_[s.domain];
  for (const auto& other : s.overlaps) {
    if (known.contains(other)) continue;
    if (auto ok = store_->write_overlaps(run_, s.domain, {other}); !ok) return ok;
  }
  return {};
}

Status Writer::write_end(const EndRow& end) {
  const auto entry = open_request(end.id);
  if (!entry) return fail(entry.error());
  Open& open = (*entry)->second;
  std::string utc;
  if (end.ended) utc = iso8601(wall_.wall_ns(*end.ended));
  if (auto ok = rows_.end(open.number, open.posted + open.staged, end, utc); !ok) return ok;
  open.ending = true;
  sums_.ended(hour_of(wall_.wall_ns(end.ended.value_or(wall_.newest()))), open.group,
              end.void_reason.has_value(), end.tokens);
  return {};
}

Status Writer::settle(const ServeBatch& batch) {
  if (ended_) {
    return fail(ErrorKind::input, "ledger.ended", fmt::format("{} has ended", id_),
                "start a new run: the ledger is append-only");
  }
  if (auto ok = check(batch.windows); !ok) return ok;
  wall_.note(batch.now);
  auto done = commit_or_undo([&]() -> Status {
    for (const auto& request : batch.begun) {
      breathe();
      if (auto ok = write_begin(request); !ok) return ok;
    }
    for (const auto& window : batch.windows) {
      breathe();
      if (auto ok = write_window(window); !ok) return ok;
    }
    for (const auto& end : batch.ended) {
      breathe();
      if (auto ok = write_end(end); !ok) return ok;
    }
    return {};
  });
  if (!done) return done;
  for (const auto& s : batch.windows) {
    overlaps_[s.domain].insert(s.overlaps.begin(), s.overlaps.end());
  }
  return {};
}

Status Writer::end(const Anchor& end, const Json& result, bool complete) {
  wall_.note(end);
  const auto done = commit_or_undo([&]() -> Status {
    std::vector<std::pair<std::int64_t, std::string>> left;
    for (const auto& [id, open] : open_) left.emplace_back(open.number, id);
    std::ranges::sort(left);
    for (const auto& [number, id] : left) {
      RequestEnd stopped = cut_short({"serve.stopped",
                                      "the gateway was stopped before this request was settled",
                                      "let the gateway drain before it is stopped"},
                                     {open_.find(id)->second.posted});
      stopped.id = id;
      if (auto ok = write_end(stopped); !ok) return ok;
    }
    return store_->write_run_end(id_, end, result, complete);
  });
  ended_ = ended_ || done;
  return done;
}

}  // namespace

Result<std::unique_ptr<ServeWriter>> open_serve_writer(const std::string& path,
                                                       std::string_view title, const Anchor& start,
                                                       const Json& spec,
                                                       const LedgerOptions& options) {
  auto store = open_store(path, options);
  if (!store) return fail(store.error());
  if (auto ok = (*store)->database().ask_triggers(false); !ok) return fail(ok.error());
  auto rows = ServeRows::over((*store)->database());
  if (!rows) return fail(rows.error());
  ServeLock lock;
  std::string id;
  std::int64_t run = 0;
  auto& db = (*store)->database();
  const auto begun = db.transaction([&]() -> Status {
    const auto session = (*store)->session();
    if (!session) return fail(session.error());
    // Held before anybody can see the run.
    auto taken = ServeLock::take(path, *session);
    if (!taken) return fail(taken.error());
    lock = std::move(*taken);
    if (auto ok = recover_killed(**store, *rows, *session, start); !ok) return ok;
    const auto first = db.number("SELECT coalesce(max(request), 0) + 1 FROM requests_begun");
    if (!first) return fail(first.error());
    auto written = (*store)->write_run(*session, "serve", title, start, spec);
    if (!written) return fail(written.error());
    id = std::move(*written);
    run = db.last_rowid();
    (*store)->keep_session(*session);
    const Json document =
        Json::object({{"schema", "joulebook.serve/1"}, {"first_request", *first}});
    return db.run("INSERT INTO trials(run, ordinal, session, document) VALUES (?, 0, ?, ?)",
                  {run, *session, document.dump()});
  });
  if (!begun) return fail(begun.error());
  return std::make_unique<Writer>(std::move(*store), std::move(*rows), std::move(lock),
                                  std::move(id), run, start);
}

Result<std::unique_ptr<ServeWriter>> open_serve_writer(const std::string& path,
                                                       std::string_view title, const Anchor& start,
                                                       const Json& spec) {
  return open_serve_writer(path, title, start, spec, LedgerOptions{});
}

}  // namespace joulebook
