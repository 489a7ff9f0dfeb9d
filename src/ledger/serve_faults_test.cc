// What may befall a gateway's rows: other hands, a full disk, a lock.
#include "ledger/serve_fixture.h"

namespace joulebook {
namespace {

TEST(ServeFaults, RowsCanNeitherBeChangedNorRemovedNorReplaced) {
  const TempDir dir;
  auto writer = serving(dir.file());
  for (const auto& batch : traffic(6, 600)) ASSERT_TRUE(writer->settle(batch));
  const std::string refused_words = "the ledger is append-only";
  const char* tables[] = {"accounts",       "amounts",         "request_groups",  "texts",
                          "requests_begun", "requests_ended",  "request_amounts", "hourly_accounts",
                          "hourly_groups",  "hourly_requests"};
  for (const std::string table : tables) {
    EXPECT_EQ(raw_sql(dir.file(), "DELETE FROM " + table), refused_words) << table;
    EXPECT_NE(raw_sql(dir.file(), "INSERT INTO " + table + " SELECT * FROM " + table), "") << table;
    if (table.starts_with("hourly")) continue;
    EXPECT_EQ(raw_sql(dir.file(), "INSERT OR REPLACE INTO " + table + " SELECT * FROM " + table),
              refused_words)
        << table;
  }
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE requests_ended SET posted_uj = 0"), refused_words);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE request_amounts SET amount_uj = 0"), refused_words);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE requests_begun SET id = id || 'x'"), refused_words);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE hourly_accounts SET amount_uj = amount_uj - 1"),
            "hourly sums only grow");
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE hourly_groups SET hour = hour + 1"),
            "hourly sums only grow");
}

TEST(ServeFaults, TamperingIsSeen) {
  const char* tampering[] = {
      "UPDATE hourly_accounts SET amount_uj = amount_uj + 1",
      "UPDATE hourly_groups SET amount_uj = amount_uj + 1 WHERE request_group = 1",
      "UPDATE hourly_requests SET begun = begun + 1",
      "UPDATE hourly_requests SET final = final + 1",
      "DROP TRIGGER requests_ended_no_update; UPDATE requests_ended SET posted_uj = posted_uj + 1",
      ("DROP TRIGGER request_amounts_no_update; UPDATE request_amounts SET amount_uj = amount_uj + "
       "CASE request WHEN 1 THEN 1 ELSE -1 END WHERE settlement = 3"),
      "DROP TRIGGER requests_begun_no_update; UPDATE requests_begun SET request_group = 2",
      "DROP VIEW postings; CREATE VIEW postings AS SELECT 1",
  };
  for (const char* sql : tampering) {
    const TempDir dir;
    {
      auto writer = serving(dir.file(), without_fsync());
      for (const auto& batch : traffic(6, 600)) ASSERT_TRUE(writer->settle(batch));
    }
    ASSERT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
    ASSERT_EQ(raw_sql(dir.file(), sql), "") << sql;
    EXPECT_FALSE(open_ledger(dir.file()).value()->verify().value().faults.empty()) << sql;
  }
}

TEST(ServeFaults, AFullLedgerRefusesTheBatchWhole) {
  const TempDir dir;
  LedgerOptions options = without_fsync();
  options.max_pages = 90;
  const auto batches = traffic(400, 60);
  std::size_t done = 0;
  std::int64_t settled = 0;
  {
    auto writer = serving(dir.file(), options);
    Status status;
    while (done < batches.size() && (status = writer->settle(batches[done]))) ++done;
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, "file.full");
    EXPECT_EQ(status.error().kind, ErrorKind::resource);
    EXPECT_EQ(writer->open_requests(), 2u);
    settled = raw_number(dir.file(), "SELECT count(*) FROM settlements");
    EXPECT_EQ(settled, 2 * static_cast<std::int64_t>(done));
    EXPECT_FALSE(writer->settle(batches[done]));  // still full: still whole
  }
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM settlements"), settled);
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

// Another process holds the ledger: the batch comes back as busy, and goes in once it is free.
TEST(ServeFaults, ABusyLedgerIsTriedAgain) {
  const TempDir dir;
  LedgerOptions options = without_fsync();
  options.sqlite.busy_ms = 20;
  auto writer = serving(dir.file(), options);
  const auto batches = traffic(3, 60);
  ASSERT_TRUE(writer->settle(batches[0]));
  auto other = sqlite::Database::open(dir.file(), {}).value();
  ASSERT_TRUE(other.run("BEGIN IMMEDIATE"));
  EXPECT_EQ(writer->settle(batches[1]).error().code, "ledger.busy");
  EXPECT_EQ(writer->settle(batches[1]).error().code, "ledger.busy");
  EXPECT_EQ(writer->open_requests(), 1u);
  ASSERT_TRUE(other.run("ROLLBACK"));
  EXPECT_TRUE(writer->settle(batches[1]));
  EXPECT_TRUE(writer->settle(batches[2]));
  EXPECT_EQ(writer->open_requests(), 2u);
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

}  // namespace
}  // namespace joulebook
