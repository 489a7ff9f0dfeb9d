#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/file_tree.h"
#include "core/text.h"
#include "ledger/settlement_check.h"
#include "ledger/store.h"

namespace joulebook {
namespace {

using sqlite::Row;
using sqlite::Value;

// Which boot of this machine: steady time starts anew with each.
std::string boot_id() {
  const auto text = read_file("/proc/sys/kernel/random/boot_id");
  return text ? std::string(trim(*text)) : "unknown";
}

// "study-20261123T221800-1a2b".
std::string make_id(std::string_view kind, const std::string& utc) {
  std::string stamp;
  for (const char c : utc.substr(0, 19)) {
    if (c != '-' && c != ':') stamp += c;
  }
  std::random_device random;
  return fmt::format("{}-{}-{:04x}", kind, stamp, random() & 0xffffU);
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items()) out.emplace_back(item.as_string());
  return out;
}

// The part of a result document that holds domains and total: a study's window, or a run itself.
const Json& metered(const Json& result) {
  return result["whole"].is_object() ? result["whole"] : result;
}

}  // namespace

Result<std::int64_t> Store::session() {
  if (session_ != 0) return session_;
  session_anchor_ = system_clock().anchor();
  const auto ok = db_.run(
      "INSERT INTO sessions(boot_id, utc, steady_ns, boot_ns, wall_ns) VALUES (?, ?, ?, ?, ?)",
      {boot_id(), iso8601(session_anchor_.wall_ns), session_anchor_.steady.ns,
       session_anchor_.boot_ns, session_anchor_.wall_ns});
  if (!ok) return fail(ok.error());
  return db_.last_rowid();
}

Result<std::string> Store::write_run(std::int64_t session_number, std::string_view kind,
                                     std::string_view title, const Anchor& start,
                                     const Json& spec) {
  const std::string utc = iso8601(start.wall_ns);
  std::string id;
  do {
    id = make_id(kind, utc);
  } while (db_.number("SELECT count(*) FROM runs WHERE id = ?", {id}).value_or(0) != 0);
  const auto ok = db_.run(
      "INSERT INTO runs(id, session, kind, title, started_utc, start_ns, boot_ns, wall_ns, spec) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id, session_number, std::string(kind), valid_utf8(title), utc, start.steady.ns,
       start.boot_ns, start.wall_ns, spec.dump()});
  if (!ok) return fail(ok.error());
  return id;
}

Result<std::string> Store::begin_run(std::string_view kind, std::string_view title,
                                     const Anchor& start, const Json& spec) {
  std::string id;
  std::int64_t in_session = 0;
  const auto ok = db_.transaction([&]() -> Status {
    const auto session_number = session();
    if (!session_number) return fail(session_number.error());
    in_session = *session_number;
    auto written = write_run(in_session, kind, title, start, spec);
    if (!written) return fail(written.error());
    id = std::move(*written);
    return {};
  });
  if (!ok) return fail(ok.error());
  session_ = in_session;
  return id;
}

Result<std::int64_t> Store::account_number(const std::string& name) {
  constexpr std::string_view kFind = "SELECT coalesce(max(account), 0) FROM accounts WHERE name = ?";
  const auto found = db_.number(kFind, {name});
  if (!found || *found != 0) return found;
  if (auto ok = db_.run("INSERT INTO accounts(name) VALUES (?)", {name}); !ok) {
    return fail(ok.error());
  }
  return db_.last_rowid();
}

Status Store::refuse_if_closed(const Run& run, const std::string& id) const {
  const auto ends =
      db_.number("SELECT count(*) FROM run_ends WHERE run = ? AND complete = 1", {run.number});
  if (!ends) return fail(ends.error());
  if (*ends == 0) return {};
  return fail(ErrorKind::input, "ledger.ended", fmt::format("{} is complete", id),
              "start a new run: the ledger is append-only");
}

Status Store::write_overlaps(std::int64_t run, const std::string& domain,
                             const std::vector<std::string>& others) {
  for (const auto& other : others) {
    const auto known =
        db_.number("SELECT count(*) FROM overlaps WHERE run = ? AND domain = ? AND other = ?",
                   {run, domain, other});
    if (!known) return fail(known.error());
    if (*known != 0) continue;
    if (auto ok = db_.run("INSERT INTO overlaps(run, domain, other) VALUES (?, ?, ?)",
                          {run, domain, other});
        !ok) {
      return ok;
    }
  }
  return {};
}

Status Store::write_settlement(const Run& run, std::int64_t ordinal, const Settlement& s,
                               const Anchor& anchor) {
  if (auto ok = db_.run(
          "INSERT INTO settlements(run, ordinal, domain, begin_utc, begin_ns, end_utc, end_ns, "
          "meter_uj) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          {run.number, ordinal, s.domain, utc_of(s.begin, anchor), s.begin.ns,
           utc_of(s.end, anchor), s.end.ns, s.meter.count});
      !ok) {
    return ok;
  }
  const std::int64_t settlement = db_.last_rowid();
  std::map<std::string, std::int64_t> accounts;
  for (const auto& posting : s.postings) accounts[posting.account] += posting.amount.count;
  for (const auto& [account, amount] : accounts) {
    const auto number = account_number(account);
    if (!number) return fail(number.error());
    if (auto ok = db_.run("INSERT INTO amounts(settlement, account, amount_uj) VALUES (?, ?, ?)",
                          {settlement, *number, amount});
        !ok) {
      return ok;
    }
  }
  return write_overlaps(run.number, s.domain, s.overlaps);
}

Status Store::add_trial(const std::string& id, std::int64_t ordinal, const Json& trial,
                        const std::vector<Settlement>& settlements) {
  for (const auto& s : settlements) {
    if (auto ok = check_balance(s); !ok) return ok;
  }
  if (auto ok = check_nested(settlements); !ok) return ok;
  std::int64_t in_session = 0;
  auto done = db_.transaction([&]() -> Status {
    const auto run = find(id);
    if (!run) return fail(run.error());
    if (auto ok = refuse_if_closed(*run, id); !ok) return ok;
    const auto there = db_.number("SELECT count(*) FROM trials WHERE run = ? AND ordinal = ?",
                                  {run->number, ordinal});
    if (!there) return fail(there.error());
    if (*there != 0) {
      return fail(ErrorKind::input, "ledger.duplicate",
                  fmt::format("trial {} of {} is written already", ordinal, id),
                  "let one process at a time go on with a run");
    }
    const auto session_number = session();
    if (!session_number) return fail(session_number.error());
    in_session = *session_number;
    if (auto ok = db_.run("INSERT INTO trials(run, ordinal, session, document) VALUES (?, ?, ?, ?)",
                          {run->number, ordinal, in_session, trial.dump()});
        !ok) {
      return ok;
    }
    const Anchor& anchor = run->session == in_session ? run->start : session_anchor_;
    for (const auto& s : settlements) {
      if (auto ok = write_settlement(*run, ordinal, s, anchor); !ok) return ok;
    }
    return {};
  });
  if (done) session_ = in_session;
  return done;
}

Status Store::write_end(const Run& run, std::int64_t session_number, const Anchor& end,
                        const Json& result, bool complete) {
  const Json& body = metered(result);
  Value total = nullptr;
  if (body["total"].is_object()) total = body["total"].dump();
  if (auto ok = db_.run(
          "INSERT INTO run_ends(run, session, ended_utc, end_ns, boot_ns, wall_ns, complete, "
          "total, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {run.number, session_number, iso8601(end.wall_ns), end.steady.ns, end.boot_ns,
           end.wall_ns, std::int64_t{complete}, total, result.dump()});
      !ok) {
    return ok;
  }
  const std::int64_t run_end = db_.last_rowid();
  std::int64_t position = 0;
  for (const auto& warning : texts(result["warnings"])) {
    if (auto ok = db_.run("INSERT INTO warnings(run_end, position, text) VALUES (?, ?, ?)",
                          {run_end, position++, warning});
        !ok) {
      return ok;
    }
  }
  for (const auto& domain : body["domains"].items()) {
    for (const char* edge : {"contains", "mirrors", "may_contain"}) {
      const std::string name(domain["domain"].as_string());
      if (auto ok = write_overlaps(run.number, name, texts(domain[edge])); !ok) return ok;
    }
  }
  return {};
}

Status Store::write_run_end(const std::string& id, const Anchor& end, const Json& result,
                            bool complete) {
  const auto run = find(id);
  if (!run) return fail(run.error());
  if (auto ok = refuse_if_closed(*run, id); !ok) return ok;
  const auto session_number = session();
  if (!session_number) return fail(session_number.error());
  session_in_hand_ = *session_number;
  return write_end(*run, session_in_hand_, end, result, complete);
}

Status Store::end_run(const std::string& id, const Anchor& end, const Json& result, bool complete) {
  auto done = db_.transaction([&] { return write_run_end(id, end, result, complete); });
  if (done) session_ = session_in_hand_;
  return done;
}

}  // namespace joulebook
