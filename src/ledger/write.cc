#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "core/file_tree.h"
#include "core/text.h"
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

// A steady instant in wall-clock time, through the anchor of its session.
std::string utc_of(SteadyTime t, const Anchor& anchor) {
  return iso8601(anchor.wall_ns + (t.ns - anchor.steady.ns));
}

tl::unexpected<Error> unbalanced(const Settlement& s, const std::string& what) {
  return fail(ErrorKind::input, "ledger.unbalanced",
              fmt::format("the settlement of {} [{}, {}) {}", s.domain, s.begin.ns, s.end.ns, what),
              "this is a fault of the program that settled it: please report it");
}

Status check_balance(const Settlement& s) {
  if (s.meter.count < 0) return unbalanced(s, "has a negative meter");
  if (s.end < s.begin) return unbalanced(s, "ends before it begins");
  std::int64_t sum = 0;
  for (const auto& posting : s.postings) {
    if (posting.amount.count < 0) return unbalanced(s, "posts a negative amount");
    if (__builtin_add_overflow(sum, posting.amount.count, &sum)) {
      return unbalanced(s, "posts more than can be counted");
    }
  }
  if (sum == s.meter.count) return {};
  return unbalanced(s, fmt::format("posts {} uJ of {} uJ", sum, s.meter.count));
}

Status check_nested(const std::vector<Settlement>& settlements) {
  for (const auto& outer : settlements) {
    for (const auto& inner : settlements) {
      if (std::ranges::count(outer.overlaps, inner.domain) == 0) continue;
      return fail(ErrorKind::input, "ledger.nested",
                  fmt::format("{} overlaps {}: its joules would be counted twice", inner.domain,
                              outer.domain),
                  "post top-level domains only");
    }
  }
  return {};
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

Result<std::string> Store::begin_run(std::string_view kind, std::string_view title,
                                     const Anchor& start, const Json& spec) {
  const std::string utc = iso8601(start.wall_ns);
  std::string id;
  std::int64_t in_session = 0;
  const auto ok = db_.transaction([&]() -> Status {
    const auto session_number = session();
    if (!session_number) return fail(session_number.error());
    in_session = *session_number;
    do {
      id = make_id(kind, utc);
    } while (db_.number("SELECT count(*) FROM runs WHERE id = ?", {id}).value_or(0) != 0);
    return db_.run(
        "INSERT INTO runs(id, session, kind, title, started_utc, start_ns, boot_ns, wall_ns, spec) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {id, in_session, std::string(kind), valid_utf8(title), utc, start.steady.ns, start.boot_ns,
         start.wall_ns, spec.dump()});
  });
  if (!ok) return fail(ok.error());
  session_ = in_session;
  return id;
}

Status Store::refuse_if_closed(const Run& run, const std::string& id) const {
  const auto ends =
      db_.number("SELECT count(*) FROM run_ends WHERE run = ? AND complete = 1", {run.number});
  if (!ends) return fail(ends.error());
  if (*ends == 0) return {};
  return fail(ErrorKind::input, "ledger.ended", fmt::format("{} is complete", id),
              "start a new run: the ledger is append-only");
}

Status Store::write_overlaps(const Run& run, const std::string& domain,
                             const std::vector<std::string>& others) {
  for (const auto& other : others) {
    const auto known =
        db_.number("SELECT count(*) FROM overlaps WHERE run = ? AND domain = ? AND other = ?",
                   {run.number, domain, other});
    if (!known) return fail(known.error());
    if (*known != 0) continue;
    if (auto ok = db_.run("INSERT INTO overlaps(run, domain, other) VALUES (?, ?, ?)",
                          {run.number, domain, other});
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
    if (auto ok = db_.run("INSERT INTO postings(settlement, account, amount_uj) VALUES (?, ?, ?)",
                          {settlement, account, amount});
        !ok) {
      return ok;
    }
  }
  return write_overlaps(run, s.domain, s.overlaps);
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
      if (auto ok = write_overlaps(run, name, texts(domain[edge])); !ok) return ok;
    }
  }
  return {};
}

Status Store::end_run(const std::string& id, const Anchor& end, const Json& result, bool complete) {
  std::int64_t in_session = 0;
  auto done = db_.transaction([&]() -> Status {
    const auto run = find(id);
    if (!run) return fail(run.error());
    if (auto ok = refuse_if_closed(*run, id); !ok) return ok;
    const auto session_number = session();
    if (!session_number) return fail(session_number.error());
    in_session = *session_number;
    return write_end(*run, in_session, end, result, complete);
  });
  if (done) session_ = in_session;
  return done;
}

}  // namespace joulebook
