#pragma once
// The gateway's writer on SQLite. Inside of the ledger; callers see serve_ledger.h.
#include <map>
#include <set>
#include <tuple>

#include "ledger/serve_ledger.h"
#include "ledger/serve_lock.h"
#include "ledger/serve_rows.h"
#include "ledger/store.h"

namespace joulebook {

// What a batch adds to the hourly tables.
struct HourlySums {
  struct Counts {
    std::int64_t begun = 0;
    std::int64_t final_ = 0;
    std::int64_t void_ = 0;
    RequestTokens tokens;
  };
  using Key = std::tuple<std::int64_t, std::string, std::int64_t>;  // hour, domain, account or group
  std::map<Key, std::int64_t> accounts;
  std::map<Key, std::int64_t> groups;
  std::map<std::pair<std::int64_t, std::int64_t>, Counts> requests;  // hour, group

  void ended(std::int64_t hour, std::int64_t group, bool is_void, const RequestTokens& tokens);
};

// The rows of metered requests and their windows, through statements that are prepared once. Every
// call is inside a transaction. Must not outlive its database.
class ServeRows {
 public:
  [[nodiscard]] static Result<ServeRows> over(sqlite::Database& db);

  // Its number.
  [[nodiscard]] Result<std::int64_t> begin(std::int64_t run, std::int64_t group,
                                           const RequestBegin& request, std::int64_t arrived_wall);
  [[nodiscard]] Status end(std::int64_t request, std::int64_t posted_uj, const EndRow& end,
                           const std::string& ended_utc);
  // Its number.
  [[nodiscard]] Result<std::int64_t> settlement(std::int64_t run, const Settlement& s,
                                                const std::string& begin_utc, const std::string& end_utc);
  [[nodiscard]] Status account_amount(std::int64_t settlement, std::int64_t account,
                                      std::int64_t amount_uj);
  [[nodiscard]] Status request_amount(std::int64_t settlement, std::int64_t request,
                                      std::int64_t amount_uj);
  [[nodiscard]] Status add(std::int64_t run, const HourlySums& sums);
  [[nodiscard]] Dictionary& names() { return names_; }

 private:
  [[nodiscard]] Status add_requests(std::int64_t run, std::int64_t hour, std::int64_t group,
                                    const HourlySums::Counts& counts);

  sqlite::Database* db_ = nullptr;
  Dictionary names_;
  sqlite::Statement begin_, end_, settle_, amount_, request_amount_;
  sqlite::Statement grow_account_, new_account_, grow_group_, new_group_, grow_requests_,
      new_requests_;
  std::string fair_, served_, marginal_, phases_;
};

// The name under which the hourly tables keep all requests of an hour together.
constexpr std::string_view kAllRequests = "requests";

// As open_serve_writer, with what only tests set.
[[nodiscard]] Result<std::unique_ptr<ServeWriter>> open_serve_writer(const std::string& path,
                                                                     std::string_view title,
                                                                     const Anchor& start,
                                                                     const Json& spec,
                                                                     const LedgerOptions& options);

[[nodiscard]] Result<Compaction> compact_ledger(const std::string& path,
                                                std::int64_t before_wall_ns, const Anchor& now,
                                                const LedgerOptions& options);

// Makes good what killed gateways left. Inside a transaction.
[[nodiscard]] Status recover_killed(Store& store, ServeRows& rows, std::int64_t session,
                                    const Anchor& now);

// What the end of a request says whose gateway did not live to see it.
[[nodiscard]] RequestEnd cut_short(const Reason& why, MicroJoules posted);
[[nodiscard]] Reason killed_reason();

// uJ posted to one request: ?1 its run, ?2 its number, ?3 when it arrived (steady ns).
// Windows of a domain rise and do not overlap: none that ends after the arrival begins before the
// one that holds it.
constexpr std::string_view kPostedOfRequest = R"sql(
  SELECT coalesce(sum(q.amount_uj), 0)
  FROM (SELECT DISTINCT domain FROM hourly_accounts WHERE run = ?1) d
  CROSS JOIN settlements s ON s.run = ?1 AND s.ordinal = 0 AND s.domain = d.domain
    AND s.begin_ns >= coalesce((SELECT max(x.begin_ns) FROM settlements x WHERE x.run = ?1
      AND x.ordinal = 0 AND x.domain = d.domain AND x.begin_ns <= ?3), ?3)
  CROSS JOIN request_amounts q ON q.settlement = s.settlement AND q.request = ?2)sql";

}  // namespace joulebook
