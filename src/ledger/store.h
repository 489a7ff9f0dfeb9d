#pragma once
// The ledger on SQLite. Inside of the room; callers see ledger.h.
#include "ledger/ledger.h"
#include "ledger/sqlite.h"

namespace joulebook {

// As open_ledger, with what only tests set: another VFS, a shorter patience, a size limit.
struct LedgerOptions {
  sqlite::OpenOptions sqlite;
  std::int64_t max_pages = 0;  // 0: no limit
};
[[nodiscard]] Result<std::unique_ptr<Ledger>> open_ledger(const std::string& path,
                                                          const LedgerOptions& options);

class Store;
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const std::string& path,
                                                        const LedgerOptions& options);

class Store final : public Ledger {
 public:
  explicit Store(sqlite::Database db) : db_(std::move(db)) {}

  Result<std::string> begin_run(std::string_view kind, std::string_view title, const Anchor& start,
                                const Json& spec) override;
  Status add_trial(const std::string& run, std::int64_t ordinal, const Json& trial,
                   const std::vector<Settlement>& settlements) override;
  Status end_run(const std::string& run, const Anchor& end, const Json& result,
                 bool complete) override;

  Result<std::vector<RunSummary>> list(std::size_t most) const override;
  Result<Json> show(const std::string& id) const override;
  Result<std::string> resolve(const std::string& id) const override;
  Result<Json> spec(const std::string& id) const override;
  Result<std::vector<Json>> trials(const std::string& run) const override;
  Result<std::optional<std::string>> unfinished(std::string_view kind,
                                                std::string_view title) const override;
  Result<Verdict> verify() const override;

  // For those in this room that write other records into the same file, inside a transaction.
  [[nodiscard]] sqlite::Database& database() { return db_; }
  // The session of this opening, written with its first record.
  [[nodiscard]] Result<std::int64_t> session();
  [[nodiscard]] Result<std::string> write_run(std::int64_t session_number, std::string_view kind,
                                              std::string_view title, const Anchor& start,
                                              const Json& spec);
  [[nodiscard]] Result<std::int64_t> account_number(const std::string& name);
  [[nodiscard]] Status write_overlaps(std::int64_t run, const std::string& domain,
                                      const std::vector<std::string>& others);
  [[nodiscard]] Status write_run_end(const std::string& run, const Anchor& end, const Json& result,
                                     bool complete);
  // Once the transaction that session() was called in is sure to be committed, or the store is
  // thrown away if it is not.
  void keep_session(std::int64_t session) { session_ = session; }

 private:
  // One row of `runs`.
  struct Run {
    std::int64_t number = 0;
    std::int64_t session = 0;
    Anchor start;
  };
  [[nodiscard]] Result<Run> find(const std::string& id) const;
  [[nodiscard]] Status refuse_if_closed(const Run& run, const std::string& id) const;
  [[nodiscard]] Status write_settlement(const Run& run, std::int64_t ordinal, const Settlement& s,
                                        const Anchor& anchor);
  [[nodiscard]] Status write_end(const Run& run, std::int64_t session, const Anchor& end,
                                 const Json& result, bool complete);
  [[nodiscard]] Result<Json> document(std::string_view sql,
                                      const std::vector<sqlite::Value>& values) const;

  mutable sqlite::Database db_;
  std::int64_t session_ = 0;  // 0: none yet
  std::int64_t session_in_hand_ = 0;
  Anchor session_anchor_;
};

}  // namespace joulebook
