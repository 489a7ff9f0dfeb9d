#include <fmt/format.h>

#include <algorithm>

#include "ledger/store.h"

namespace joulebook {
namespace {

using sqlite::Row;
using sqlite::Value;

tl::unexpected<Error> no_such_run(const std::string& id) {
  return fail(ErrorKind::input, "ledger.no_such_run",
              id.empty() || id == "last" ? "the ledger holds no run"
                                         : fmt::format("the ledger holds no run `{}`", id),
              "`joulebook list` shows what it holds");
}

// What is known of a run's energy before it has ended: what its trials have posted.
Json unfinished_total(std::int64_t posted_uj) {
  return to_json(Quantity::absent(
      "J", {"run.unfinished", "the run has not ended", "go on with it, or run it again"},
      to_joules({posted_uj}).value()));
}

// Steady time where both ends are of one boot, else the wall clock.
double duration(std::int64_t steady_ns, std::int64_t wall_ns) {
  return static_cast<double>(steady_ns >= 0 ? steady_ns : wall_ns) * 1e-9;
}

}  // namespace

Result<Store::Run> Store::find(const std::string& id) const {
  Run run;
  const auto ok = db_.each(
      "SELECT run, session, start_ns, boot_ns, wall_ns FROM runs WHERE id = ?", {id},
      [&](const Row& row) {
        run = {row.number(0), row.number(1), {{row.number(2)}, row.number(3), row.number(4)}};
      });
  if (!ok) return fail(ok.error());
  if (run.number == 0) return no_such_run(id);
  return run;
}

Result<std::vector<RunSummary>> Store::list(std::size_t most) const {
  // A gateway's run may have millions of windows: its sums stand in the hourly tables.
  constexpr std::string_view kSql = R"sql(
    SELECT r.id, r.kind, r.title, r.started_utc, e.complete, e.total,
           coalesce(e.end_ns,
                    CASE r.kind WHEN 'serve' THEN
                      (SELECT max((SELECT s.end_ns FROM settlements s WHERE s.run = r.run
                           AND s.ordinal = 0 AND s.domain = d.domain
                           ORDER BY s.begin_ns DESC LIMIT 1))
                       FROM (SELECT DISTINCT domain FROM hourly_accounts h WHERE h.run = r.run) d)
                    ELSE (SELECT max(end_ns) FROM settlements s WHERE s.run = r.run) END,
                    r.start_ns) - r.start_ns,
           coalesce(e.wall_ns, r.wall_ns) - r.wall_ns,
           CASE r.kind WHEN 'serve' THEN
             (SELECT total(amount_uj) FROM hourly_accounts h WHERE h.run = r.run)
           ELSE (SELECT total(meter_uj) FROM settlements s WHERE s.run = r.run) END
    FROM runs r LEFT JOIN run_ends e
      ON e.run_end = (SELECT max(run_end) FROM run_ends x WHERE x.run = r.run)
    ORDER BY r.run DESC LIMIT ?)sql";
  std::vector<RunSummary> runs;
  const auto limit = static_cast<std::int64_t>(std::min<std::size_t>(most, INT64_MAX));
  const auto ok = db_.each(kSql, {limit}, [&](const Row& row) {
    RunSummary s{row.text(0), row.text(1), row.text(2), row.text(3)};
    s.complete = row.number(4) != 0;
    s.duration_s = duration(row.number(6), row.number(7));
    s.total =
        row.null(5) ? unfinished_total(row.number(8)) : parse_json(row.text(5)).value_or(Json());
    runs.push_back(std::move(s));
  });
  if (!ok) return fail(ok.error());
  return runs;
}

Result<std::string> Store::resolve(const std::string& id) const {
  std::vector<std::string> found;
  const auto keep = [&](const Row& row) { found.push_back(row.text(0)); };
  const auto ok =
      id == "last"
          ? db_.each("SELECT id FROM runs ORDER BY run DESC LIMIT 1", {}, keep)
          : db_.each("SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY run DESC",
                     {id}, keep);
  if (!ok) return fail(ok.error());
  if (found.empty() || id.empty()) return no_such_run(id);
  if (found.size() == 1 || std::ranges::count(found, id) > 0) {
    return found.size() == 1 ? found.front() : id;
  }
  return fail(ErrorKind::input, "ledger.ambiguous",
              fmt::format("`{}` could be any of {} runs, the newest of them {}", id, found.size(),
                          found.front()),
              "give more of the id");
}

Result<Json> Store::document(std::string_view sql, const std::vector<Value>& values) const {
  std::string text = "null";
  if (auto ok = db_.each(sql, values, [&](const Row& row) { text = row.text(0); }); !ok) {
    return fail(ok.error());
  }
  auto json = parse_json(text);
  if (json) return json;
  return fail(ErrorKind::input, "ledger.corrupt",
              "a document in the ledger is damaged: " + json.error().message,
              "restore the ledger from a copy");
}

Result<Json> Store::spec(const std::string& id) const {
  const auto full = resolve(id);
  if (!full) return fail(full.error());
  return document("SELECT spec FROM runs WHERE id = ?", {*full});
}

Result<std::vector<Json>> Store::trials(const std::string& id) const {
  const auto full = resolve(id);
  if (!full) return fail(full.error());
  std::vector<Json> trials;
  std::optional<Error> broken;
  const auto ok = db_.each(
      "SELECT t.document FROM trials t JOIN runs r ON r.run = t.run WHERE r.id = ? "
      "ORDER BY t.ordinal",
      {*full}, [&](const Row& row) {
        auto trial = parse_json(row.text(0));
        if (trial)
          trials.push_back(std::move(*trial));
        else
          broken = trial.error();
      });
  if (!ok) return fail(ok.error());
  if (broken) {
    return fail(ErrorKind::input, "ledger.corrupt",
                "a trial in the ledger is damaged: " + broken->message,
                "restore the ledger from a copy");
  }
  return trials;
}

Result<Json> Store::show(const std::string& id) const {
  const auto full = resolve(id);
  if (!full) return fail(full.error());
  auto result = document(
      "SELECT e.result FROM run_ends e JOIN runs r ON r.run = e.run WHERE r.id = ? "
      "ORDER BY e.run_end DESC LIMIT 1",
      {*full});
  if (!result || !result->is_null()) return result;
  auto what = spec(*full);
  if (!what) return what;
  auto done = trials(*full);
  if (!done) return fail(done.error());
  return Json::object({{"schema", "joulebook.unfinished/1"},
                       {"id", *full},
                       {"spec", std::move(*what)},
                       {"trials", std::move(*done)}});
}

Result<std::optional<std::string>> Store::unfinished(std::string_view kind,
                                                     std::string_view title) const {
  std::optional<std::string> id;
  const auto ok = db_.each(
      "SELECT id FROM runs r WHERE kind = ? AND title = ? AND NOT EXISTS "
      "(SELECT 1 FROM run_ends e WHERE e.run = r.run AND e.complete = 1) ORDER BY run DESC LIMIT 1",
      {std::string(kind), std::string(title)}, [&](const Row& row) { id = row.text(0); });
  if (!ok) return fail(ok.error());
  return id;
}

}  // namespace joulebook
