#include "ledger/serve_windows.h"

namespace joulebook {
namespace {

using sqlite::Row;

// A row a posting. The hour in which a window is counted is the writer's (and compact.cc's).
constexpr std::string_view kPostings = R"sql(
  WITH counted AS (SELECT * FROM (SELECT s.settlement, s.domain, s.ordinal, s.begin_utc, s.begin_ns,
      s.end_utc, s.end_ns, s.meter_uj, max(CAST(strftime('%s', s.begin_utc) AS INTEGER) / 3600)
        OVER (PARTITION BY s.domain ORDER BY s.begin_ns) AS hour
    FROM settlements s WHERE s.run = (SELECT run FROM runs WHERE id = ?1 AND kind = 'serve'))
    WHERE hour >= ?2 AND hour < ?3)
  SELECT c.domain AS domain, c.begin_ns AS begin_ns, c.settlement AS settlement, a.name AS account,
    m.amount_uj, c.hour, c.ordinal, c.begin_utc, c.end_utc, c.end_ns, c.meter_uj
  FROM counted c JOIN amounts m ON m.settlement = c.settlement JOIN accounts a ON a.account = m.account
  UNION ALL
  SELECT c.domain, c.begin_ns, c.settlement, 'request:' || b.id,
    m.amount_uj, c.hour, c.ordinal, c.begin_utc, c.end_utc, c.end_ns, c.meter_uj
  FROM counted c JOIN request_amounts m ON m.settlement = c.settlement
  JOIN requests_begun b ON b.request = m.request
  ORDER BY domain, begin_ns, settlement, account)sql";

StoredWindow window_of(const Row& row, const std::string& run) {
  StoredWindow w;
  w.run = run;
  w.hour = row.number(5);
  w.rolled = row.number(6) > 0;
  w.begin_utc = row.text(7);
  w.end_utc = row.text(8);
  w.window = {row.text(0), {row.number(1)}, {row.number(9)}, {row.number(10)}, {}};
  return w;
}

}  // namespace

Status read_windows(sqlite::Database& db, const std::string& run, HourSpan span,
                    const std::function<void(const StoredWindow&)>& visit) {
  StoredWindow held;
  std::int64_t number = -1;
  const auto ok = db.each(kPostings, {run, span.from, span.to}, [&](const Row& row) {
    if (row.number(2) != number) {
      if (number >= 0) visit(held);
      held = window_of(row, run);
      number = row.number(2);
    }
    held.window.postings.push_back({row.text(3), {row.number(4)}});
  });
  if (ok && number >= 0) visit(held);
  return ok;
}

}  // namespace joulebook
