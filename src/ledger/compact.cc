// Rolls old windows of serve runs into one an hour and domain.
#include <fmt/format.h>

#include <filesystem>

#include "ledger/hours.h"
#include "ledger/serve_writer.h"

namespace joulebook {
namespace {

using sqlite::Row;

// The hour in which a window is counted never falls within a run and domain (a wall clock may be set
// back), which is how the writer counts it too.
constexpr std::string_view kRolled = R"sql(
  INSERT INTO temp.rolled(settlement, run, domain, hour, old)
  SELECT s.settlement, s.run, s.domain,
    max(CAST(strftime('%s', s.begin_utc) AS INTEGER) / 3600)
      OVER (PARTITION BY s.run, s.domain ORDER BY s.begin_ns),
    s.ordinal
  FROM settlements s JOIN runs r ON r.run = s.run
  WHERE r.kind = 'serve' AND s.begin_utc < ?)sql";

constexpr const char* kTables = R"sql(
  DROP TABLE IF EXISTS temp.rolled;
  DROP TABLE IF EXISTS temp.gone;
  CREATE TEMP TABLE rolled (settlement INTEGER PRIMARY KEY, run INTEGER, domain TEXT, hour INTEGER,
    old INTEGER);
  CREATE TEMP TABLE gone (request INTEGER PRIMARY KEY);)sql";

// What is left of an hour's windows, from first to last; its number is the next free one.
constexpr std::string_view kHours = R"sql(
  INSERT INTO settlements(run, ordinal, domain, begin_utc, begin_ns, end_utc, end_ns, meter_uj)
  SELECT h.run, (SELECT max(ordinal) FROM trials t WHERE t.run = h.run), h.domain, f.begin_utc,
    f.begin_ns, l.end_utc, l.end_ns, h.meter
  FROM (SELECT r.run, r.domain, r.hour, min(r.settlement) AS first, max(r.settlement) AS last,
      sum(s.meter_uj) AS meter
    FROM temp.rolled r JOIN settlements s ON s.settlement = r.settlement
    GROUP BY r.run, r.domain, r.hour) h
  JOIN settlements f ON f.settlement = h.first JOIN settlements l ON l.settlement = h.last
  ORDER BY h.run, f.begin_ns, h.domain)sql";

// Which settlement an old one has become.
constexpr const char* kBecame = R"sql(
  DROP TABLE IF EXISTS temp.became;
  CREATE TEMP TABLE became AS
  SELECT r.settlement AS old, (SELECT s.settlement FROM settlements s
      WHERE s.run = r.run AND s.ordinal = (SELECT max(ordinal) FROM trials t WHERE t.run = r.run)
        AND s.domain = r.domain AND s.begin_ns <= o.begin_ns
      ORDER BY s.begin_ns DESC LIMIT 1) AS new
  FROM temp.rolled r JOIN settlements o ON o.settlement = r.settlement;)sql";

constexpr std::string_view kAmounts = R"sql(
  INSERT INTO amounts(settlement, account, amount_uj)
  SELECT b.new, a.account, sum(a.amount_uj)
  FROM temp.became b JOIN amounts a ON a.settlement = b.old GROUP BY b.new, a.account)sql";

constexpr std::string_view kRequestAmounts = R"sql(
  INSERT INTO amounts(settlement, account, amount_uj)
  SELECT b.new, ?, sum(q.amount_uj)
  FROM temp.became b JOIN request_amounts q ON q.settlement = b.old GROUP BY b.new)sql";

constexpr const char* kDelete = R"sql(
  DELETE FROM request_amounts WHERE settlement IN (SELECT settlement FROM temp.rolled);
  DELETE FROM amounts WHERE settlement IN (SELECT settlement FROM temp.rolled);
  DELETE FROM settlements WHERE settlement IN (SELECT settlement FROM temp.rolled);)sql";

// A request that runs into the hours that stay is kept whole.
constexpr std::string_view kGone = R"sql(
  INSERT INTO temp.gone(request)
  SELECT e.request FROM requests_ended e JOIN requests_begun b ON b.request = e.request
  WHERE b.arrived_utc < ?1 AND coalesce(e.ended_utc, '') < ?1
  EXCEPT SELECT request FROM request_amounts)sql";

constexpr const char* kDeleteRequests = R"sql(
  DELETE FROM requests_ended WHERE request IN (SELECT request FROM temp.gone);
  DELETE FROM requests_begun WHERE request IN (SELECT request FROM temp.gone);)sql";

class Compactor {
 public:
  Compactor(Store& store, ServeRows& rows, std::int64_t before, Compaction& report,
            const Anchor& now)
      : store_(store),
        db_(store.database()),
        rows_(rows),
        before_(before),
        report_(report),
        now_(now) {}

  // Inside a transaction.
  Status work() {
    const auto session = store_.session();
    if (!session) return fail(session.error());
    if (auto ok = recover_killed(store_, rows_, *session, now_); !ok) return ok;
    if (auto ok = choose(); !ok) return ok;
    if (report_.settlements > 0) {
      if (auto ok = roll_up(); !ok) return ok;
    }
    if (auto ok = take_out_requests(); !ok) return ok;
    if (report_.settlements == 0 && report_.requests == 0) return {};
    if (auto ok = nothing_dangles(); !ok) return ok;
    return db_.run(
        "INSERT INTO compactions(session, utc, before_utc, settlements, requests, meter_uj) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {*session, iso8601(now_.wall_ns), report_.before_utc, report_.settlements,
         report_.requests, report_.meter.count});
  }

 private:
  Status count(std::string_view sql, std::int64_t& into) {
    const auto n = db_.number(sql);
    if (!n) return fail(n.error());
    into = *n;
    return {};
  }

  Status choose() {
    if (auto ok = db_.script(kTables); !ok) return ok;
    if (auto ok = db_.run(kRolled, {report_.before_utc}); !ok) return ok;
    // An hour that was left is written no more, so what is rolled up already stays as it is.
    if (auto ok = db_.run("DELETE FROM temp.rolled WHERE hour >= ? OR old > 0", {before_}); !ok) {
      return ok;
    }
    if (auto ok = count("SELECT count(*) FROM temp.rolled", report_.settlements); !ok) return ok;
    if (auto ok = count("SELECT coalesce(sum(s.meter_uj), 0) FROM temp.rolled r JOIN settlements s "
                        "ON s.settlement = r.settlement",
                        report_.meter.count);
        !ok) {
      return ok;
    }
    return count("SELECT count(*) FROM (SELECT DISTINCT run, domain, hour FROM temp.rolled)",
                 report_.hours);
  }

  Status roll_up() {
    const Json document = Json::object(
        {{"schema", "joulebook.compaction/1"}, {"before", report_.before_utc}});
    // In the run's own session: its windows are of that boot's steady time.
    if (auto ok = db_.run(
            "INSERT INTO trials(run, ordinal, session, document) SELECT r.run, (SELECT "
            "max(t.ordinal) + 1 FROM trials t WHERE t.run = r.run), r.session, ? FROM runs r WHERE "
            "r.run IN (SELECT run FROM temp.rolled)",
            {document.dump()});
        !ok) {
      return ok;
    }
    if (auto ok = db_.run(kHours); !ok) return ok;
    if (auto ok = db_.script(kBecame); !ok) return ok;
    if (auto ok = db_.run(kAmounts); !ok) return ok;
    const auto all = rows_.names().account(kAllRequests);
    if (!all) return fail(all.error());
    if (auto ok = db_.run(kRequestAmounts, {*all}); !ok) return ok;
    return db_.script(kDelete);
  }

  Status take_out_requests() {
    if (auto ok = db_.run(kGone, {report_.before_utc}); !ok) return ok;
    if (auto ok = count("SELECT count(*) FROM temp.gone", report_.requests); !ok) return ok;
    return db_.script(kDeleteRequests);
  }

  // Foreign keys are not enforced here: nothing finds a request's amounts but a walk over all.
  Status nothing_dangles() {
    std::int64_t dangling = 0;
    const auto ok = db_.each("PRAGMA foreign_key_check", {}, [&](const Row&) { ++dangling; });
    if (!ok) return ok;
    if (dangling == 0) return {};
    return fail(ErrorKind::input, "ledger.corrupt",
                fmt::format("{} rows would be left without what they belong to", dangling),
                "`joulebook ledger verify` says what is wrong with it");
  }

  Store& store_;
  sqlite::Database& db_;
  ServeRows& rows_;
  std::int64_t before_;  // hours since 1970
  Compaction& report_;
  const Anchor& now_;
};

std::int64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

// Into the file, which is then written anew without its empty pages.
Status shrink(sqlite::Database& db) {
  for (const char* sql : {"PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM",
                          "PRAGMA wal_checkpoint(TRUNCATE)"}) {
    if (auto ok = db.run(sql); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<Compaction> compact_ledger(const std::string& path, std::int64_t before_wall_ns,
                                  const Anchor& now, const LedgerOptions& options) {
  auto store = open_store(path, options);
  if (!store) return fail(store.error());
  auto& db = (*store)->database();
  if (auto ok = db.ask_triggers(false); !ok) return fail(ok.error());
  if (auto ok = db.run("PRAGMA foreign_keys = OFF"); !ok) return fail(ok.error());
  auto rows = ServeRows::over(db);
  if (!rows) return fail(rows.error());
  Compaction report;
  report.before_utc = iso8601(hour_of(before_wall_ns) * kHourNs);
  if (auto ok = db.run("PRAGMA wal_checkpoint(PASSIVE)"); !ok) return fail(ok.error());
  report.bytes_before = report.bytes_after = size_of(path);
  Compactor compactor(**store, *rows, hour_of(before_wall_ns), report, now);
  if (auto ok = db.transaction([&] { return compactor.work(); }); !ok) return fail(ok.error());
  if (report.settlements == 0 && report.requests == 0) return report;
  if (auto ok = shrink(db); !ok) report.not_shrunk = ok.error();
  report.bytes_after = size_of(path);
  return report;
}

Result<Compaction> compact_ledger(const std::string& path, std::int64_t before_wall_ns,
                                  const Anchor& now) {
  return compact_ledger(path, before_wall_ns, now, LedgerOptions{});
}

}  // namespace joulebook
