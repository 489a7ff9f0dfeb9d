#include "ledger/ledger.h"

#include <sys/stat.h>

#include <cstdlib>

#include "core/file_tree.h"
#include "ledger/test_ledger.h"

namespace joulebook {
namespace {

std::unique_ptr<Ledger> opened(const std::string& path) {
  auto ledger = open_ledger(path);
  EXPECT_TRUE(ledger) << ledger.error().message;
  return ledger ? std::move(*ledger) : nullptr;
}

std::string begun(Ledger& ledger, std::string_view title = "forty", std::int64_t at = 1000) {
  return ledger.begin_run("study", title, anchor_at(at), Json::object({{"seed", 7}})).value();
}

mode_t mode_of(const std::string& path) {
  struct stat info{};
  ::stat(path.c_str(), &info);
  return info.st_mode & 0777;
}

TEST(Ledger, WhatIsWrittenReadsBack) {
  const TempDir dir;
  std::string id;
  {
    auto ledger = opened(dir.file());
    id = begun(*ledger);
    ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0), {settlement(1000, 2000, 1'500'000)}));
    ASSERT_TRUE(ledger->add_trial(id, 1, trial_json(1), {settlement(2000, 3000, 500'000)}));
    ASSERT_TRUE(ledger->end_run(id, anchor_at(2'000'001'000), result_json(), true));
  }
  auto ledger = opened(dir.file());
  EXPECT_EQ(ledger->show(id).value().dump(), result_json().dump());
  EXPECT_EQ(ledger->spec(id).value()["seed"].as_int(), 7);
  EXPECT_EQ(ledger->trials(id).value(), (std::vector<Json>{trial_json(0), trial_json(1)}));
  const auto runs = ledger->list(10).value();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].id, id);
  EXPECT_EQ(runs[0].title, "forty");
  EXPECT_TRUE(runs[0].complete);
  EXPECT_EQ(runs[0].duration_s, 2.0);
  EXPECT_EQ(runs[0].started_utc, iso8601(anchor_at(1000).wall_ns));
  EXPECT_EQ(runs[0].total.dump(), result_json()["total"].dump());
  const auto verdict = ledger->verify().value();
  EXPECT_TRUE(verdict.faults.empty());
  EXPECT_EQ(verdict.runs, 1);
  EXPECT_EQ(verdict.settlements, 2);
  EXPECT_EQ(verdict.postings, 4);
  EXPECT_EQ(verdict.metered.count, 2'000'000);
  EXPECT_EQ(verdict.unattributed.count, 600'000);
}

TEST(Ledger, UnfinishedRunShowsWhatIsThere) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  const auto id = begun(*ledger);
  ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0), {settlement(1000, 2000, 1'500'000)}));
  const Json shown = ledger->show(id).value();
  EXPECT_EQ(shown["spec"]["seed"].as_int(), 7);
  EXPECT_EQ(shown["trials"].items().size(), 1u);
  const auto summary = ledger->list(1).value()[0];
  EXPECT_FALSE(summary.complete);
  const auto total = quantity_from_json(summary.total).value();
  EXPECT_FALSE(total.present());
  EXPECT_EQ(total.reason->code, "run.unfinished");
  EXPECT_EQ(total.known_lo, 1.5);
}

TEST(Ledger, InterruptedRunIsTakenUpAgain) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  const auto id = begun(*ledger);
  ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0), {}));
  ASSERT_TRUE(ledger->end_run(id, anchor_at(5000), Json::object({{"part", 1}}), false));
  EXPECT_EQ(ledger->unfinished("study", "forty").value(), id);
  ASSERT_TRUE(ledger->add_trial(id, 1, trial_json(1), {}));
  ASSERT_TRUE(ledger->end_run(id, anchor_at(9000), result_json(), true));
  EXPECT_EQ(ledger->unfinished("study", "forty").value(), std::nullopt);
  EXPECT_EQ(ledger->show(id).value().dump(), result_json().dump());
  EXPECT_EQ(ledger->list(9).value().size(), 1u);
  EXPECT_EQ(ledger->add_trial(id, 2, trial_json(2), {}).error().code, "ledger.ended");
  EXPECT_EQ(ledger->end_run(id, anchor_at(9000), result_json(), true).error().code, "ledger.ended");
}

TEST(Ledger, UnfinishedIsTheNewestOfKindAndTitle) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  EXPECT_EQ(ledger->unfinished("study", "forty").value(), std::nullopt);
  begun(*ledger);
  const auto newest = begun(*ledger);
  begun(*ledger, "another");
  EXPECT_EQ(ledger->unfinished("study", "forty").value(), newest);
  EXPECT_EQ(ledger->unfinished("run", "forty").value(), std::nullopt);
}

TEST(Ledger, IdsAreFoundByPrefixAndLast) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  EXPECT_EQ(ledger->resolve("last").error().code, "ledger.no_such_run");
  const auto a = begun(*ledger);
  const auto b = ledger->begin_run("run", "true", anchor_at(5000), Json::object()).value();
  EXPECT_EQ(ledger->resolve("last").value(), b);
  EXPECT_EQ(ledger->resolve("stu").value(), a);
  EXPECT_EQ(ledger->resolve(b).value(), b);
  EXPECT_EQ(ledger->resolve("%").error().code, "ledger.no_such_run");
  EXPECT_EQ(ledger->resolve("").error().code, "ledger.no_such_run");
  const auto c = begun(*ledger);
  EXPECT_EQ(ledger->resolve("study-").error().code, "ledger.ambiguous");
  EXPECT_EQ(ledger->list(2).value().size(), 2u);
  EXPECT_EQ(ledger->list(2).value()[0].id, c);
  EXPECT_EQ(ledger->show("nothing").error().code, "ledger.no_such_run");
  EXPECT_EQ(ledger->trials("nothing").error().code, "ledger.no_such_run");
}

TEST(Ledger, UnbalancedSettlementsAreRefusedWhole) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  const auto id = begun(*ledger);
  Settlement lost = settlement(1000, 2000, 100);
  lost.meter.count += 1;
  Settlement negative{"package:0", {1}, {2}, {5}, {{"self", {-1}}, {"unattributed", {6}}}};
  Settlement huge{"package:0", {1}, {2}, {0}, {{"a", {INT64_MAX}}, {"b", {INT64_MAX}}}};
  Settlement backwards = settlement(2000, 1000, 100);
  for (const auto& bad : {lost, negative, huge, backwards}) {
    const auto refused = ledger->add_trial(id, 0, trial_json(0), {settlement(1, 2, 7), bad});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "ledger.unbalanced");
  }
  EXPECT_TRUE(ledger->trials(id).value().empty());
  EXPECT_EQ(ledger->verify().value().settlements, 0);
}

TEST(Ledger, NestedDomainsAreNeverPostedTogether) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  const auto id = begun(*ledger);
  Settlement package = settlement(1000, 2000, 100);
  package.overlaps = {"core:0"};
  const auto both = {package, settlement(1000, 2000, 50, "core:0")};
  EXPECT_EQ(ledger->add_trial(id, 0, trial_json(0), both).error().code, "ledger.nested");
  // Spread over two trials it can only be seen afterwards.
  ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0), {package}));
  ASSERT_TRUE(ledger->add_trial(id, 1, trial_json(1), {settlement(2000, 3000, 50, "core:0")}));
  const auto faults = ledger->verify().value().faults;
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_NE(faults[0].find("core:0"), std::string::npos);
}

TEST(Ledger, ResultsDomainsSayWhatOverlaps) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  const auto id = begun(*ledger);
  ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0),
                                {settlement(1, 2, 10), settlement(1, 2, 10, "core:0")}));
  EXPECT_TRUE(ledger->verify().value().faults.empty());
  ASSERT_TRUE(ledger->end_run(id, anchor_at(9), result_json(), true));
  EXPECT_EQ(ledger->verify().value().faults.size(), 1u);
}

TEST(Ledger, OverlappingWindowsOfADomainAreAFault) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  const auto id = begun(*ledger);
  ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0), {settlement(1000, 2000, 100)}));
  ASSERT_TRUE(ledger->add_trial(id, 1, trial_json(1),
                                {settlement(2000, 3000, 100), settlement(1500, 1900, 5, "gpu:0")}));
  EXPECT_TRUE(ledger->verify().value().faults.empty());  // neighbours share an edge
  ASSERT_TRUE(ledger->add_trial(id, 2, trial_json(2), {settlement(2999, 3100, 100)}));
  EXPECT_EQ(ledger->verify().value().faults.size(), 1u);
}

TEST(Ledger, PostingsToOneAccountAreAddedUp) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  const auto id = begun(*ledger);
  const Settlement twice{"package:0", {1}, {2}, {5}, {{"self", {2}}, {"self", {3}}}};
  ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0), {twice}));
  EXPECT_EQ(ledger->verify().value().postings, 1);
  EXPECT_EQ(ledger->add_trial(id, 0, trial_json(0), {}).error().code, "ledger.duplicate");
  EXPECT_EQ(ledger->add_trial("nobody", 0, trial_json(0), {}).error().code, "ledger.no_such_run");
}

TEST(Ledger, FilesAreForTheirOwnerAlone) {
  const TempDir dir;
  const std::string path = dir.file("new/deep/ledger.db");
  const mode_t before = ::umask(0);
  auto ledger = opened(path);
  begun(*ledger);
  ::umask(before);
  EXPECT_EQ(mode_of(path), 0600u);
  EXPECT_EQ(mode_of(path + "-wal"), 0600u);
  EXPECT_EQ(mode_of(dir.file("new")), 0700u);
  EXPECT_EQ(mode_of(dir.file("new/deep")), 0700u);
}

TEST(Ledger, InvalidUtf8InATitleIsMadeValid) {
  const TempDir dir;
  auto ledger = opened(dir.file());
  begun(*ledger,
        "a\xff"
        "b");
  EXPECT_EQ(ledger->list(1).value()[0].title,
            "a\xEF\xBF\xBD"
            "b");
}

TEST(LedgerPath, FollowsTheContract) {
  ::setenv("JOULEBOOK_LEDGER", "/x/mine.db", 1);
  ::setenv("XDG_STATE_HOME", "/state", 1);
  ::setenv("HOME", "/home/u", 1);
  EXPECT_EQ(default_ledger_path(), "/x/mine.db");
  ::unsetenv("JOULEBOOK_LEDGER");
  EXPECT_EQ(default_ledger_path(), "/state/joulebook/ledger.db");
  ::setenv("XDG_STATE_HOME", "relative", 1);
  EXPECT_EQ(default_ledger_path(), "/home/u/.local/state/joulebook/ledger.db");
  ::unsetenv("XDG_STATE_HOME");
  EXPECT_EQ(default_ledger_path(), "/home/u/.local/state/joulebook/ledger.db");
  ::unsetenv("HOME");
  EXPECT_EQ(open_ledger(default_ledger_path()).error().code, "ledger.no_path");
}

}  // namespace
}  // namespace joulebook
