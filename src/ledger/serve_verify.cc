// What `ledger verify` asks of metered requests: what they were posted is what their windows say, and
// the hourly sums are those of the rows.
#include "ledger/serve_verify.h"

#include <fmt/format.h>

#include <array>

namespace joulebook {
namespace {

using sqlite::Row;

// Windows of serve runs with the hour in which they are counted: as compact.cc has it.
constexpr std::string_view kCounted = R"sql(
  WITH counted AS (SELECT s.settlement, s.run, s.domain, s.ordinal,
    max(CAST(strftime('%s', s.begin_utc) AS INTEGER) / 3600)
      OVER (PARTITION BY s.run, s.domain ORDER BY s.begin_ns) AS hour
  FROM settlements s JOIN runs r ON r.run = s.run WHERE r.kind = 'serve'))sql";

struct Question {
  std::string_view sql;   // a row is a fault: what, found, expected
  std::string_view what;
  bool counted = false;   // begins with kCounted
};

constexpr std::string_view kPosted = R"sql(
  SELECT b.id, coalesce(q.total, 0), e.posted_uj
  FROM requests_ended e JOIN requests_begun b ON b.request = e.request
  LEFT JOIN (SELECT request, sum(amount_uj) AS total FROM request_amounts GROUP BY request) q
    ON q.request = e.request
  WHERE coalesce(q.total, 0) > e.posted_uj OR (coalesce(q.total, 0) < e.posted_uj
    AND b.arrived_utc >= coalesce((SELECT max(before_utc) FROM compactions), '')))sql";

constexpr std::string_view kAccounts = R"sql(
  SELECT 'hour ' || hour || ' of run ' || run || ', ' || domain || ', account ' || account,
    sum(rows), sum(kept)
  FROM (
    SELECT c.run, c.hour, c.domain, m.account, m.amount_uj AS rows, 0 AS kept
    FROM counted c JOIN amounts m ON m.settlement = c.settlement
    UNION ALL
    SELECT c.run, c.hour, c.domain, (SELECT account FROM accounts WHERE name = 'requests'),
      m.amount_uj, 0
    FROM counted c JOIN request_amounts m ON m.settlement = c.settlement
    UNION ALL
    SELECT run, hour, domain, account, 0, amount_uj FROM hourly_accounts)
  GROUP BY run, hour, domain, account HAVING sum(rows) <> sum(kept))sql";

// Hours that were rolled up no longer say whose the requests were.
constexpr std::string_view kGroups = R"sql(
  SELECT 'hour ' || hour || ' of run ' || run || ', ' || domain || ', group ' || request_group,
    sum(rows), sum(kept)
  FROM (
    SELECT c.run, c.hour, c.domain, b.request_group, m.amount_uj AS rows, 0 AS kept
    FROM counted c JOIN request_amounts m ON m.settlement = c.settlement
    JOIN requests_begun b ON b.request = m.request
    UNION ALL
    SELECT run, hour, domain, request_group, 0, amount_uj FROM hourly_groups)
  WHERE (run, hour, domain) NOT IN (SELECT run, hour, domain FROM counted WHERE ordinal > 0)
  GROUP BY run, hour, domain, request_group HAVING sum(rows) <> sum(kept))sql";

constexpr std::string_view kGroupsOfHours = R"sql(
  SELECT 'hour ' || hour || ' of run ' || run || ', ' || domain, sum(grouped), sum(kept)
  FROM (
    SELECT run, hour, domain, amount_uj AS grouped, 0 AS kept FROM hourly_groups
    UNION ALL
    SELECT run, hour, domain, 0, amount_uj FROM hourly_accounts
    WHERE account = (SELECT account FROM accounts WHERE name = 'requests'))
  GROUP BY run, hour, domain HAVING sum(grouped) <> sum(kept))sql";

constexpr std::string_view kCounts = R"sql(
  SELECT 'requests begun', (SELECT count(*) FROM requests_begun) + rolled, counted FROM (
    SELECT (SELECT coalesce(sum(requests), 0) FROM compactions) AS rolled,
      (SELECT coalesce(sum(begun), 0) FROM hourly_requests) AS counted)
  WHERE (SELECT count(*) FROM requests_begun) + rolled <> counted
  UNION ALL
  SELECT 'requests ended', (SELECT count(*) FROM requests_ended) + rolled, counted FROM (
    SELECT (SELECT coalesce(sum(requests), 0) FROM compactions) AS rolled,
      (SELECT coalesce(sum(final) + sum(void), 0) FROM hourly_requests) AS counted)
  WHERE (SELECT count(*) FROM requests_ended) + rolled <> counted)sql";

constexpr std::array kQuestions = {
    Question{kPosted, "request {}: {} uJ in its windows, {} uJ in its row"},
    Question{kAccounts, "{}: {} uJ in rows, {} uJ in the hourly sum", true},
    Question{kGroups, "{}: {} uJ in rows, {} uJ in the hourly sum", true},
    Question{kGroupsOfHours, "{}: {} uJ by group, {} uJ in all"},
    Question{kCounts, "{}: {} in rows, {} in the hourly counts"},
};

}  // namespace

Status verify_serve(sqlite::Database& db, const std::function<void(std::string)>& fault) {
  for (const Question& question : kQuestions) {
    const std::string sql = std::string(question.counted ? kCounted : "") + std::string(question.sql);
    const auto ok = db.each(sql, {}, [&](const Row& row) {
      fault(fmt::format(fmt::runtime(question.what), row.text(0), row.number(1), row.number(2)));
    });
    if (!ok) return ok;
  }
  return {};
}

}  // namespace joulebook
