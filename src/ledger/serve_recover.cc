// What a gateway that was killed has left: requests begun and not ended, and a run without an end.
#include <fmt/format.h>

#include "ledger/hours.h"
#include "ledger/serve_writer.h"

namespace joulebook {
namespace {

using sqlite::Row;

struct Killed {
  std::int64_t run = 0;
  std::int64_t first_request = 1;
  std::string id;
  Anchor start;
};

struct Left {
  std::int64_t request = 0;
  std::int64_t group = 0;
  std::int64_t hour = 0;
  std::int64_t posted = 0;
};

Result<std::vector<Killed>> killed_runs(Store& store, std::int64_t own_session) {
  std::vector<Killed> runs;
  const auto ok = store.database().each(
      "SELECT r.run, r.id, r.session, r.start_ns, r.boot_ns, r.wall_ns, t.document FROM runs r "
      "JOIN trials t ON t.run = r.run AND t.ordinal = 0 WHERE r.kind = 'serve' "
      "AND NOT EXISTS (SELECT 1 FROM run_ends e WHERE e.run = r.run)",
      {}, [&](const Row& row) {
        if (row.number(2) == own_session) return;
        if (ServeLock::held(store.database().path(), row.number(2))) return;
        const auto first = parse_json(row.text(6)).value_or(Json())["first_request"].as_int(1);
        runs.push_back({row.number(0), first, row.text(1),
                        {{row.number(3)}, row.number(4), row.number(5)}});
      });
  if (!ok) return fail(ok.error());
  return runs;
}

Result<std::vector<Left>> left_open(sqlite::Database& db, const Killed& killed) {
  std::vector<Left> left;
  std::vector<std::int64_t> arrived;
  const auto ok = db.each(
      "SELECT request, request_group, arrived_ns FROM requests_begun b WHERE run = ? AND request "
      ">= ? AND NOT EXISTS (SELECT 1 FROM requests_ended e WHERE e.request = b.request)",
      {killed.run, killed.first_request}, [&](const Row& row) {
        left.push_back({row.number(0), row.number(1), 0, 0});
        arrived.push_back(row.number(2));
      });
  if (!ok) return fail(ok.error());
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto posted = db.number(kPostedOfRequest, {killed.run, left[i].request, arrived[i]});
    if (!posted) return fail(posted.error());
    left[i].posted = *posted;
  }
  return left;
}

Status make_good(Store& store, ServeRows& rows, const Killed& killed, const Anchor& now) {
  auto& db = store.database();
  const auto left = left_open(db, killed);
  if (!left) return fail(left.error());
  const Reason why = killed_reason();
  HourlySums sums;
  for (const auto& request : *left) {
    if (auto ok = rows.end(request.request, request.posted,
                           cut_short(why, {request.posted}), {});
        !ok) {
      return ok;
    }
    sums.ended(hour_of(now.wall_ns), request.group, true, {});
  }
  if (auto ok = rows.add(killed.run, sums); !ok) return ok;
  const auto metered = db.number(
      "SELECT coalesce(sum(amount_uj), 0) FROM hourly_accounts WHERE run = ?", {killed.run});
  if (!metered) return fail(metered.error());
  const Reason unknown{"serve.killed", "the gateway was killed: what came after its last settled "
                       "window is not known", "stop the gateway with SIGTERM, so that it drains"};
  const Json result = Json::object(
      {{"schema", "joulebook.serve/1"},
       {"total", to_json(Quantity::absent("J", unknown, to_joules({*metered}).value()))},
       {"void_requests", std::ssize(*left)}});
  return store.write_run_end(killed.id, now, result, false);
}

}  // namespace

Reason killed_reason() {
  return {"serve.killed", "the gateway was killed before this request was settled",
          "stop the gateway with SIGTERM, so that it drains"};
}

RequestEnd cut_short(const Reason& why, MicroJoules posted) {
  RequestEnd end;
  end.void_reason = why;
  end.outcome = "failed";
  end.fair = Quantity::absent("J", why, to_joules(posted).value());
  end.marginal = Quantity::absent("J", why);
  end.served = end.fair;
  return end;
}

Status recover_killed(Store& store, ServeRows& rows, std::int64_t session, const Anchor& now) {
  const auto runs = killed_runs(store, session);
  if (!runs) return fail(runs.error());
  for (const auto& killed : *runs) {
    if (auto ok = make_good(store, rows, killed, now); !ok) return ok;
  }
  return {};
}

}  // namespace joulebook
