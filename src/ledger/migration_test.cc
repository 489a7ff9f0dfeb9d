// A ledger of schema version 1 (tests/data/ledger_v1.sql: what `.dump` said of one that was written
// then) is brought up to this version when it is opened: nothing is lost, and a half-done step is
// never seen.
#include "core/file_tree.h"
#include "ledger/schema.h"
#include "ledger/serve_fixture.h"

namespace joulebook {
namespace {

void write_first_version(const std::string& path) {
  const auto sql = read_file(LEDGER_DATA "/ledger_v1.sql");
  ASSERT_TRUE(sql);
  ASSERT_EQ(raw_sql(path, *sql), "");
}

TEST(LedgerMigration, KeepsEveryRowOfVersionOne) {
  const TempDir dir;
  write_first_version(dir.file());
  const char* by_account = "SELECT sum(amount_uj) FROM postings WHERE account = 'unattributed'";
  const auto before = raw_number(dir.file(), by_account);
  const auto rows = raw_number(dir.file(), "SELECT count(*) FROM postings");
  auto ledger = open_ledger(dir.file());
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_EQ(raw_number(dir.file(), "PRAGMA user_version"), kLedgerVersion);
  EXPECT_EQ(raw_number(dir.file(), by_account), before);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM postings"), rows);
  const auto verdict = (*ledger)->verify().value();
  EXPECT_TRUE(verdict.faults.empty()) << verdict.faults.front();
  EXPECT_EQ(verdict.runs, 2);
  EXPECT_EQ(verdict.settlements, 5);
  EXPECT_EQ(verdict.metered.count, 1'500'003 + 7 + 500'001 + 10 + 11);
  const auto runs = (*ledger)->list(9).value();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ((*ledger)->show(runs[1].id).value().dump(), result_json().dump());
  EXPECT_TRUE((*ledger)->add_trial(runs[0].id, 1, trial_json(1), {settlement(8000, 9000, 5)}));
  EXPECT_TRUE(serving(dir.file()));
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

TEST(LedgerMigration, TheSchemaIsThatOfANewLedger) {
  const TempDir dir;
  write_first_version(dir.file("old"));
  ASSERT_TRUE(open_ledger(dir.file("old")));
  ASSERT_TRUE(open_ledger(dir.file("new")));
  const auto schema = [](const std::string& path) {
    std::string all;
    auto db = sqlite::Database::open(path, {}).value();
    EXPECT_TRUE(db.each("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name", {},
                        [&](const sqlite::Row& row) { all += row.text(0) + ";\n"; }));
    return all;
  };
  EXPECT_EQ(schema(dir.file("old")), schema(dir.file("new")));
}

TEST(LedgerMigration, AFullDiskLeavesVersionOneAsItWas) {
  const TempDir dir;
  write_first_version(dir.file());
  LedgerOptions options;
  options.max_pages = raw_number(dir.file(), "PRAGMA page_count") + 3;
  const auto refused = open_ledger(dir.file(), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "file.full");
  EXPECT_EQ(raw_number(dir.file(), "PRAGMA user_version"), 1);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM sqlite_schema WHERE name = 'postings' AND "
                                   "type = 'table'"),
            1);
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

}  // namespace
}  // namespace joulebook
