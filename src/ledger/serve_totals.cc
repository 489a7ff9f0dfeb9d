#include "ledger/serve_totals.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace joulebook {
namespace {

using sqlite::Row;
using sqlite::Value;

// The hourly rows of a span, of one run or of every serve run.
std::string within(std::string_view table) {
  return fmt::format(
      " FROM {} h {} WHERE h.run IN (SELECT run FROM runs WHERE kind = 'serve' AND (?3 = '' OR id "
      "= ?3)) AND h.hour >= ?1 AND h.hour < ?2 ",
      table,
      table == "hourly_accounts" ? "JOIN accounts a ON a.account = h.account"
                                 : "JOIN request_groups g ON g.request_group = h.request_group");
}

struct Source {
  std::string_view table;
  std::string_view key;
};

Source source(TotalBy by) {
  switch (by) {
    case TotalBy::tenant:
      return {"hourly_groups", "g.tenant"};
    case TotalBy::model:
      return {"hourly_groups", "g.model"};
    case TotalBy::route:
      return {"hourly_groups", "g.route"};
    case TotalBy::upstream:
      return {"hourly_groups", "g.upstream"};
    case TotalBy::account:
      return {"hourly_accounts", "a.name"};
    case TotalBy::domain:
      return {"hourly_accounts", "h.domain"};
  }
  return {"hourly_accounts", "a.name"};
}

}  // namespace

std::string_view request_key(TotalBy by) {
  const Source from = source(by);
  return from.table == "hourly_groups" ? from.key : "'requests'";
}

Result<std::vector<UsageTotal>> read_totals(sqlite::Database& db, TotalBy by, HourSpan span,
                                            const std::string& run) {
  const Source from = source(by);
  const std::vector<Value> values = {span.from, span.to, run};
  std::map<std::string, UsageTotal> found;
  auto ok = db.each(fmt::format("SELECT {0}, sum(h.amount_uj) {1} GROUP BY {0}", from.key,
                                  within(from.table)),
                      values, [&](const Row& row) {
                        found[row.text(0)].amount.count = row.number(1);
                      });
  if (!ok) return fail(ok.error());
  if (from.table == "hourly_groups") {
    ok = db.each(
        fmt::format("SELECT {0}, sum(begun), sum(final), sum(void), sum(prompt_tokens), "
                    "sum(cached_tokens), sum(reasoning_tokens), sum(answer_tokens), "
                    "sum(wasted_tokens) {1} GROUP BY {0}",
                    from.key, within("hourly_requests")),
        values, [&](const Row& row) {
          UsageTotal& t = found[row.text(0)];
          t.begun = row.number(1);
          t.final_ = row.number(2);
          t.void_ = row.number(3);
          t.tokens = {row.number_if(4), row.number_if(5), row.number_if(6), row.number_if(7), row.number_if(8)};
        });
    if (!ok) return fail(ok.error());
  }
  std::vector<UsageTotal> totals;
  for (auto& [key, total] : found) {
    total.key = key;
    totals.push_back(std::move(total));
  }
  std::ranges::stable_sort(totals, std::greater(), [](const auto& t) { return t.amount.count; });
  return totals;
}

Result<std::vector<HourTotal>> read_hourly(sqlite::Database& db, TotalBy by, HourSpan span,
                                           const std::string& run) {
  const Source from = source(by);
  std::vector<HourTotal> series;
  const auto ok = db.each(
      fmt::format("SELECT h.hour, {0}, sum(h.amount_uj) {1} GROUP BY h.hour, {0} ORDER BY 1, 2",
                  from.key, within(from.table)),
      {span.from, span.to, run}, [&](const Row& row) {
        series.push_back({row.number(0), row.text(1), {row.number(2)}});
      });
  if (!ok) return fail(ok.error());
  return series;
}

}  // namespace joulebook
