// Bad files, full disks, busy neighbours and tampering: each a clear error or a fault, never a
// loss.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "core/file_tree.h"
#include "ledger/test_ledger.h"

namespace joulebook {
namespace {

std::string code_of(const std::string& path) {
  const auto ledger = open_ledger(path);
  return ledger ? "opened" : ledger.error().code;
}

void fill(const std::string& path, int trials = 3) {
  auto ledger = open_ledger(path).value();
  const auto id = ledger->begin_run("study", "forty", anchor_at(0), Json::object()).value();
  for (int i = 0; i < trials; ++i) {
    ASSERT_TRUE(ledger->add_trial(id, i, trial_json(i), {settlement(i * 10, i * 10 + 10, 1000)}));
  }
  ASSERT_TRUE(ledger->end_run(id, anchor_at(900), result_json(), false));
}

TEST(LedgerFaults, WhatIsNoLedgerIsToldApartAndLeftAlone) {
  const TempDir dir;
  ASSERT_TRUE(write_file(dir.file("text"), std::string(5000, 'x')));
  ASSERT_TRUE(write_file(dir.file("short"), "x"));
  EXPECT_EQ(code_of(dir.file("text")), "ledger.not_a_ledger");
  EXPECT_EQ(code_of(dir.file("short")), "ledger.not_a_ledger");
  EXPECT_EQ(read_file(dir.file("text")).value(), std::string(5000, 'x'));
  EXPECT_EQ(raw_sql(dir.file("other"), "CREATE TABLE t(x)"), "");
  const auto before = read_file(dir.file("other")).value();
  EXPECT_EQ(code_of(dir.file("other")), "ledger.not_a_ledger");
  EXPECT_EQ(read_file(dir.file("other")).value(), before);
  EXPECT_EQ(code_of(dir.file("")), "file.directory");
  EXPECT_EQ(code_of(dir.file("text") + "/ledger.db"), "file.unwritable");
  EXPECT_EQ(code_of("/dev/null"), "ledger.not_a_ledger");
}

TEST(LedgerFaults, ANewerSchemaIsNotTouched) {
  const TempDir dir;
  fill(dir.file());
  EXPECT_EQ(raw_sql(dir.file(), "PRAGMA user_version = 99"), "");
  const auto newer = open_ledger(dir.file());
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, "ledger.newer");
  EXPECT_NE(newer.error().message.find("99"), std::string::npos);
}

TEST(LedgerFaults, EmptyFileBecomesALedger) {
  const TempDir dir;
  ASSERT_TRUE(write_file(dir.file(), ""));
  EXPECT_EQ(code_of(dir.file()), "opened");
  EXPECT_EQ(open_ledger(dir.file()).value()->list(1).value().size(), 0u);
}

TEST(LedgerFaults, TruncatedAnywhereIsAnErrorOrAFaultNeverSilence) {
  const TempDir dir;
  fill(dir.file());
  const std::string whole = read_file(dir.file()).value();
  for (std::size_t size = 1; size < whole.size(); size += whole.size() / 23) {
    const std::string path = dir.file("cut");
    ASSERT_TRUE(write_file(path, whole.substr(0, size)));
    auto ledger = open_ledger(path);
    if (!ledger) {
      EXPECT_EQ(ledger.error().kind, ErrorKind::input) << size;
      continue;
    }
    const auto verdict = (*ledger)->verify();
    EXPECT_TRUE(!verdict || !verdict->faults.empty()) << size;
  }
}

TEST(LedgerFaults, FlippedBytesNeverCrash) {
  const TempDir dir;
  fill(dir.file());
  const std::string whole = read_file(dir.file()).value();
  std::mt19937 random(42);
  for (int i = 0; i < 60; ++i) {
    std::string bytes = whole;
    for (int k = 0; k < 8; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
    ASSERT_TRUE(write_file(dir.file("bad"), bytes));
    auto ledger = open_ledger(dir.file("bad"));
    if (!ledger) continue;
    (void)(*ledger)->list(10);
    (void)(*ledger)->show("last");
    (void)(*ledger)->verify();
  }
}

TEST(LedgerFaults, RowsCanNeitherBeChangedNorRemovedNorReplaced) {
  const TempDir dir;
  fill(dir.file());
  const std::string refused = "the ledger is append-only";
  const char* tables[] = {"sessions", "runs",     "trials",   "settlements", "amounts",
                          "accounts", "overlaps", "run_ends", "warnings"};
  for (const std::string table : tables) {
    EXPECT_EQ(raw_sql(dir.file(), "DELETE FROM " + table), refused) << table;
    EXPECT_EQ(raw_sql(dir.file(), "INSERT OR REPLACE INTO " + table + " SELECT * FROM " + table),
              refused)
        << table;
  }
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE sessions SET utc = ''"), refused);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE runs SET title = ''"), refused);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE trials SET document = ''"), refused);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE settlements SET meter_uj = 0"), refused);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE amounts SET amount_uj = 0"), refused);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE overlaps SET other = ''"), refused);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE run_ends SET complete = 1"), refused);
  EXPECT_EQ(raw_sql(dir.file(), "UPDATE warnings SET text = ''"), refused);
  EXPECT_NE(raw_sql(dir.file(), "INSERT INTO amounts VALUES (1, 3, -5)"), "");
  EXPECT_NE(raw_sql(dir.file(), "DELETE FROM postings"), "");
  EXPECT_NE(raw_sql(dir.file(), "INSERT INTO amounts VALUES (1, 3, 'five')"), "");
}

TEST(LedgerFaults, TamperingIsSeen) {
  const char* tampering[] = {
      "DROP TRIGGER amounts_no_delete",
      "CREATE TABLE mine(x)",
      "DROP TRIGGER amounts_no_update; UPDATE amounts SET amount_uj = amount_uj + 1",
      "INSERT INTO accounts VALUES (99, 'one more'); INSERT INTO amounts VALUES (1, 99, 1)",
      "DROP TRIGGER trials_no_update; UPDATE trials SET document = '{'",
      "DROP TRIGGER settlements_no_delete; DELETE FROM settlements WHERE settlement = 1",
      "PRAGMA ignore_check_constraints = ON; INSERT INTO accounts VALUES (98, 'a'), (99, 'b'); "
      "INSERT INTO amounts VALUES (1, 98, -5), (1, 99, 5)",
  };
  for (const char* sql : tampering) {
    const TempDir dir;
    fill(dir.file());
    ASSERT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
    ASSERT_EQ(raw_sql(dir.file(), sql), "") << sql;
    EXPECT_FALSE(open_ledger(dir.file()).value()->verify().value().faults.empty()) << sql;
  }
}

TEST(LedgerFaults, AFullLedgerSaysSoAndKeepsWhatItHas) {
  const TempDir dir;
  fill(dir.file(), 1);
  LedgerOptions options;
  options.max_pages = 60;
  auto ledger = open_ledger(dir.file(), options).value();
  const auto id = ledger->resolve("last").value();
  Json big = trial_json(0);
  big.set("answer", std::string(20'000, 'x'));
  Status status;
  std::int64_t ordinal = 1;
  while (status && ordinal < 100) {
    status = ledger->add_trial(id, ordinal, big, {settlement(ordinal * 10, ordinal * 10 + 9, 5)});
    if (status) ++ordinal;
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, "file.full");
  EXPECT_EQ(status.error().kind, ErrorKind::resource);
  EXPECT_EQ(std::ssize(ledger->trials(id).value()), ordinal);
  EXPECT_TRUE(ledger->verify().value().faults.empty());
}

// In a child of its own, because the limit cannot be taken back.
TEST(LedgerFaults, AFileSizeLimitIsAFullDisk) {
  const TempDir dir;
  fill(dir.file(), 1);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{200'000, 200'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto ledger = open_ledger(dir.file());
    if (!ledger) ::_exit(1);
    Json big = trial_json(0);
    big.set("answer", std::string(20'000, 'x'));
    for (int i = 1; i < 100; ++i) {
      const auto status = (*ledger)->add_trial("study", i, big, {});
      const auto real = (*ledger)->add_trial((*ledger)->resolve("last").value(), i, big, {});
      if (status || status.error().code != "ledger.no_such_run") ::_exit(2);
      if (!real) ::_exit(real.error().code == "file.full" ? 42 : 3);
    }
    ::_exit(4);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

TEST(LedgerFaults, ABusyLedgerIsWaitedForThenSaidToBeBusy) {
  const TempDir dir;
  fill(dir.file());
  int locked[2];
  ASSERT_EQ(::pipe(locked), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    sqlite3* db = nullptr;
    sqlite3_open(dir.file().c_str(), &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    if (::write(locked[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(locked[0], &byte, 1), 1);
  LedgerOptions impatient;
  impatient.sqlite.busy_ms = 20;
  auto ledger = open_ledger(dir.file(), impatient).value();
  const auto id = ledger->resolve("last").value();  // readers do not wait
  const auto refused = ledger->add_trial(id, 9, trial_json(9), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "ledger.busy");
  EXPECT_EQ(refused.error().kind, ErrorKind::resource);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(ledger->add_trial(id, 9, trial_json(9), {}));
  ::close(locked[0]);
  ::close(locked[1]);
}

TEST(LedgerFaults, TwoProcessesMayFillOneLedger) {
  const TempDir dir;
  constexpr int kProcesses = 2;
  pid_t children[kProcesses];
  for (auto& child : children) {
    child = ::fork();
    if (child != 0) continue;
    auto ledger = open_ledger(dir.file());  // both may come to create it
    if (!ledger) ::_exit(1);
    const auto id = (*ledger)->begin_run("run", "x", anchor_at(0), Json::object());
    if (!id) ::_exit(2);
    for (int i = 0; i < 15; ++i) {
      if (!(*ledger)->add_trial(*id, i, trial_json(i), {settlement(i, i + 1, 100)})) ::_exit(3);
    }
    ::_exit(0);
  }
  for (const auto child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  const auto verdict = open_ledger(dir.file()).value()->verify().value();
  EXPECT_TRUE(verdict.faults.empty());
  EXPECT_EQ(verdict.runs, 2);
  EXPECT_EQ(verdict.settlements, 30);
}

}  // namespace
}  // namespace joulebook
