#include <fmt/format.h>

#include "ledger/schema.h"
#include "ledger/serve_verify.h"
#include "ledger/store.h"

namespace joulebook {
namespace {

using sqlite::Database;
using sqlite::Row;

constexpr std::size_t kMostFaults = 100;

class Verifier {
 public:
  explicit Verifier(Database& db) : db_(db) {}

  Result<Ledger::Verdict> work() {
    for (const auto check :
         {&Verifier::integrity, &Verifier::foreign_keys, &Verifier::schema, &Verifier::count,
          &Verifier::conservation, &Verifier::windows, &Verifier::nesting, &Verifier::documents,
          &Verifier::requests}) {
      const Status ok = (this->*check)();
      if (!ok && ok.error().kind == ErrorKind::resource) return fail(ok.error());
      // What cannot even be read is a fault of the file, not of the check.
      if (!ok) fault(ok.error().message);
    }
    return std::move(verdict_);
  }

 private:
  void fault(std::string what) {
    if (verdict_.faults.size() < kMostFaults) verdict_.faults.push_back(std::move(what));
  }

  Status integrity() {
    return db_.each("PRAGMA integrity_check", {}, [this](const Row& row) {
      if (const auto text = row.text(0); text != "ok") fault("integrity: " + text);
    });
  }

  Status foreign_keys() {
    return db_.each("PRAGMA foreign_key_check", {}, [this](const Row& row) {
      fault(fmt::format("row {} of {} points at a row of {} that is not there", row.number(1),
                        row.text(0), row.text(2)));
    });
  }

  // A ledger whose triggers were dropped is no longer append-only.
  Status schema() {
    const std::string ours = ledger_schema();
    std::int64_t known = 0;
    const auto ok = db_.each(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL", {}, [&](const Row& row) {
          if (ours.find(row.text(2) + ";") == std::string::npos) {
            fault(fmt::format("{} {} is not of the ledger's schema", row.text(0), row.text(1)));
          } else {
            ++known;
          }
        });
    std::int64_t expected = 0;
    for (auto at = ours.find("CREATE "); at != std::string::npos;
         at = ours.find("CREATE ", at + 1)) {
      ++expected;
    }
    if (ok && known < expected) {
      fault(fmt::format("{} tables, indices or triggers of the schema are missing",
                        expected - known));
    }
    return ok;
  }

  Status count() {
    const auto runs = db_.number("SELECT count(*) FROM runs");
    if (!runs) return fail(runs.error());
    verdict_.runs = *runs;
    return {};
  }

  void add(std::int64_t& sum, std::int64_t amount, std::string_view where) {
    if (__builtin_add_overflow(sum, amount, &sum)) fault(fmt::format("{}: sum overflows", where));
  }

  struct Open {
    std::int64_t settlement = 0;
    std::int64_t meter = 0;
    std::int64_t posted = 0;
    std::string where;
  };

  void close(const Open& s) {
    if (s.settlement == 0 || s.posted == s.meter) return;
    fault(fmt::format("{}: {} uJ posted of {} uJ metered", s.where, s.posted, s.meter));
  }

  void take(Open& open, const Row& row) {
    if (row.number(0) != open.settlement) {
      close(open);
      open = {row.number(0), row.number(1), 0,
              fmt::format("settlement {} of {} ({})", row.number(0), row.text(2), row.text(3))};
      ++verdict_.settlements;
      add(verdict_.metered.count, open.meter, open.where);
      add(open.posted, row.number(6), open.where);
      verdict_.postings += row.number(7);
      if (row.number(8) < 0) fault(open.where + ": negative posting to a request");
      if (open.meter < 0) fault(open.where + ": negative meter");
    }
    if (row.null(5)) return;
    ++verdict_.postings;
    const std::int64_t amount = row.number(5);
    if (amount < 0) fault(fmt::format("{}: negative posting to {}", open.where, row.text(4)));
    add(open.posted, amount, open.where);
    if (row.text(4) == "unattributed") add(verdict_.unattributed.count, amount, open.where);
  }

  Status conservation() {
    Open open;
    auto ok = db_.each(
        "SELECT s.settlement, s.meter_uj, r.id, s.domain, a.name, p.amount_uj, "
        "(SELECT coalesce(sum(amount_uj), 0) FROM request_amounts q "
        " WHERE q.settlement = s.settlement), "
        "(SELECT count(*) FROM request_amounts q WHERE q.settlement = s.settlement), "
        "(SELECT coalesce(min(amount_uj), 0) FROM request_amounts q "
        " WHERE q.settlement = s.settlement) "
        "FROM settlements s LEFT JOIN runs r ON r.run = s.run "
        "LEFT JOIN amounts p ON p.settlement = s.settlement "
        "LEFT JOIN accounts a ON a.account = p.account ORDER BY s.settlement",
        {}, [&](const Row& row) { take(open, row); });
    close(open);
    return ok;
  }

  // Steady time starts anew with each boot, so windows are compared within one.
  Status windows() {
    std::string line;
    std::int64_t end = 0;
    return db_.each(
        "SELECT r.id || ' ' || s.domain || ' ' || o.boot_id, s.begin_ns, s.end_ns, s.settlement "
        "FROM settlements s JOIN runs r ON r.run = s.run "
        "JOIN trials t ON t.run = s.run AND t.ordinal = s.ordinal "
        "JOIN sessions o ON o.session = t.session "
        "ORDER BY s.run, s.domain, o.boot_id, s.begin_ns, s.end_ns",
        {}, [&](const Row& row) {
          const bool same = row.text(0) == line;
          if (row.number(2) < row.number(1)) {
            fault(fmt::format("settlement {} ends before it begins", row.number(3)));
          }
          if (same && row.number(1) < end) {
            fault(fmt::format("settlement {} overlaps its neighbour ({})", row.number(3),
                              row.text(0)));
          }
          end = same ? std::max(end, row.number(2)) : row.number(2);
          line = row.text(0);
        });
  }

  Status requests() {
    return verify_serve(db_, [this](std::string what) { fault(std::move(what)); });
  }

  Status nesting() {
    return db_.each(
        "SELECT DISTINCT r.id, v.domain, v.other FROM overlaps v JOIN runs r ON r.run = v.run "
        "WHERE EXISTS (SELECT 1 FROM settlements s WHERE s.run = v.run AND s.domain = v.domain) "
        "AND EXISTS (SELECT 1 FROM settlements s WHERE s.run = v.run AND s.domain = v.other)",
        {}, [this](const Row& row) {
          fault(fmt::format("{}: {} was posted beside {}, which it overlaps", row.text(0),
                            row.text(2), row.text(1)));
        });
  }

  Status documents() {
    return db_.each(
        "SELECT 'spec of ' || id, spec FROM runs UNION ALL "
        "SELECT 'trial ' || ordinal || ' of run ' || run, document FROM trials UNION ALL "
        "SELECT 'result of run ' || run, result FROM run_ends",
        {}, [this](const Row& row) {
          if (!parse_json(row.text(1))) fault(row.text(0) + " is not JSON");
        });
  }

  Database& db_;
  Ledger::Verdict verdict_;
};

}  // namespace

Result<Ledger::Verdict> Store::verify() const { return Verifier(db_).work(); }

}  // namespace joulebook
