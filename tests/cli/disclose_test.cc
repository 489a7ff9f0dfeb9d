// card, report and export as programs, on a ledger of which every joule is known; the recipes of
// docs/recipes/duckdb.md; signatures by a key that is made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cli/process.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "core/version.h"
#include "export/card/card_fixture.h"
#include "fakes/closed_schema.h"
#include "fakes/sample_ledger.h"
#include "meter/record.h"
#include "study/comparison.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;
using testing::Not;

class Disclose : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fresh_folder("disclose");
    const auto written = write_sample_ledger(ledger_ = folder_ + "/ledger.db");
    ASSERT_TRUE(written) << written.error().message;
  }
  [[nodiscard]] Outcome on(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--ledger", ledger_});
    return joulebook(std::move(arguments));
  }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] static Json json_of(const std::string& path) {
    const auto text = read_file(path);
    const auto json = text ? parse_json(*text) : Result<Json>(fail(text.error()));
    EXPECT_TRUE(json) << path << ": " << json.error().message;
    return json.value_or(Json());
  }
  std::string folder_, ledger_;
};

TEST_F(Disclose, ACardOfASpanIsVerifiedFromItsBundleAlone) {
  const Outcome made = on({"card", "--since", "2026-11-01", "--by", "tenant,model", "--json", file("c.json"), "--html",
                           file("c.html"), "--csv", file("c.csv"), "--bundle", file("c.bundle")});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("Qwen3-8B"));
  std::filesystem::remove(ledger_);
  const Outcome verified = joulebook({"card", "verify", file("c.bundle"), "--json", file("v.json")});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  EXPECT_EQ(json_of(file("v.json"))["verdict"].as_string(), "verified");
  EXPECT_GT(json_of(file("v.json"))["rows"].as_int(), kLedgerRequests);
  EXPECT_EQ(json_of(file("v.json"))["windows"].as_int(), 2 * kLedgerRequests);
  EXPECT_EQ(Schema("card-check.schema.json").explain(Doc::parse(*read_file(file("v.json")))), "");
  EXPECT_EQ(Schema("card.schema.json").explain(Doc::parse(*read_file(file("c.json")))), "");
  EXPECT_EQ(joulebook({"card", "verify", file("c.json"), "--bundle", file("c.bundle")}).code, 0);
  const Outcome alone = joulebook({"card", "verify", file("c.json")});
  EXPECT_EQ(alone.code, 1);
  EXPECT_THAT(alone.out, HasSubstr("not checkable"));

  // 54 of 60 requests have a figure, 6 are void; of those every ninth was cancelled.
  double answers = 0;
  const Json card = json_of(file("c.json"));
  for (const auto& s : card["subjects"].items()) {
    if (s["kind"].as_string() == "requests") answers += s["answers"].as_double();
  }
  EXPECT_EQ(answers, 48);
}

TEST_F(Disclose, TheSameSelectionMakesTheSameFigures) {
  ASSERT_EQ(on({"card", "--since", "2026-11-26", "--bundle", file("a")}).code, 0);
  ASSERT_EQ(on({"card", "--since", "2026-11-26", "--bundle", file("b")}).code, 0);
  const auto a = read_file(file("a"));
  const auto b = read_file(file("b"));
  const auto parts_a = card::unpack(*a);
  const auto parts_b = card::unpack(*b);
  ASSERT_TRUE(parts_a && parts_b);
  EXPECT_EQ(card::find_part(*parts_a, card::kRequestsPart)->bytes, card::find_part(*parts_b, card::kRequestsPart)->bytes);
  const Json card_a = *parse_json(card::find_part(*parts_a, card::kCardPart)->bytes);
  const Json card_b = *parse_json(card::find_part(*parts_b, card::kCardPart)->bytes);
  EXPECT_EQ(card_a["subjects"], card_b["subjects"]);
}

TEST_F(Disclose, AnAlteredByteIsFoundAndNamed) {
  ASSERT_EQ(on({"card", "--since", "2026-11-26", "--bundle", file("b")}).code, 0);
  std::string bytes = *read_file(file("b"));
  const auto at = bytes.find("\"posted_uj\":24");
  ASSERT_NE(at, bytes.npos);
  bytes[at + 13] = '3';
  ASSERT_TRUE(write_file(file("b"), bytes));
  const Outcome v = joulebook({"card", "verify", file("b")});
  EXPECT_EQ(v.code, 1);
  EXPECT_THAT(v.out, HasSubstr("fault: requests.jsonl: its digest is not the one in SHA256SUMS"));
  EXPECT_THAT(v.out, HasSubstr("line 1.fair: is 240 J, but 230 J were posted to it"));
}

// A joule that is idle in a settled window and nobody's in the forged one, under digests and a meter that are right.
TEST_F(Disclose, AnAlteredWindowIsFoundAndNamed) {
  ASSERT_EQ(on({"card", "--since", "2026-11-26", "--until", "2026-11-27", "--by", "tenant", "--bundle", file("b")}).code, 0);
  const std::string forged = card::forged(*read_file(file("b")), [](std::string_view name, std::string& bytes) {
    if (name != card::kWindowsPart) return;
    for (const auto& [from, to] : {std::pair{"\"idle.resident\":220000000", "\"idle.resident\":219000000"}, std::pair{"\"unattributed\":2500000", "\"unattributed\":3500000"}}) {
      const auto at = bytes.find(from);
      ASSERT_NE(at, bytes.npos);
      bytes.replace(at, std::string_view(from).size(), to);
    }
  });
  ASSERT_TRUE(write_file(file("f"), forged));
  const Outcome v = joulebook({"card", "verify", file("f")});
  EXPECT_EQ(v.code, 1);
  EXPECT_THAT(v.out, HasSubstr("fault: requests.jsonl, line 1.served.value: request 0199f0a0-1000"));
  EXPECT_THAT(v.out, HasSubstr("fault: card.json, metered.0.accounts"));
}

// What a study says of its own trials is worked out anew, though no figure of the card is made of it.
TEST_F(Disclose, ASummaryFollowsFromItsTrials) {
  StudyResult study = sample_study();
  study.version = build_version();
  study.commit = build_commit();
  analyse(study);
  {
    const auto ledger = open_ledger(ledger_);
    ASSERT_TRUE(ledger);
    const auto run = (*ledger)->begin_run("study", "analysed", ledger_anchor(0), Json::object());
    ASSERT_TRUE(run);
    ASSERT_TRUE((*ledger)->end_run(*run, ledger_anchor(kLedgerSecond), to_json(study), true));
  }
  ASSERT_EQ(on({"card", "last", "--bundle", file("b")}).code, 0);
  const Outcome sound = joulebook({"card", "verify", file("b")});
  EXPECT_EQ(sound.code, 0) << sound.out << sound.err;
  EXPECT_THAT(sound.out, Not(HasSubstr("another version")));
  const std::string forged = card::forged(*read_file(file("b")), [](std::string_view name, std::string& bytes) {
    if (!name.starts_with(card::kRecordsFolder)) return;
    Json record = *parse_json(bytes);
    Json document = record["document"];
    Json arms = Json::array();
    for (Json arm : document["arms"].items()) arms.push(arm.set("trials", arm["trials"].as_int() + 1));
    bytes = card::part_text(record.set("document", document.set("arms", arms)));
  });
  ASSERT_TRUE(write_file(file("f"), forged));
  const Outcome v = joulebook({"card", "verify", file("f")});
  EXPECT_EQ(v.code, 1);
  EXPECT_THAT(v.out, HasSubstr("document.arms.0.trials: says"));
}

// What requests outside of the span took in its hours is there as one sum, and not whose it was.
TEST_F(Disclose, OtherRequestsAreASum) {
  ASSERT_EQ(on({"card", "--since", "2026-11-26", "--until", "2026-11-26T00:30:00Z", "--bundle", file("b")}).code, 0);
  const std::string bundle = *read_file(file("b"));
  const auto parts = card::unpack(bundle);
  ASSERT_TRUE(parts);
  const std::string windows(card::find_part(*parts, card::kWindowsPart)->bytes);
  EXPECT_THAT(windows, HasSubstr("request:0199f0a0-1000"));
  EXPECT_THAT(windows, HasSubstr("requests.other"));
  EXPECT_THAT(windows, Not(HasSubstr("request:0199f0a0-1001")));
  EXPECT_EQ(joulebook({"card", "verify", file("b")}).code, 0);
}

// The trace with one count of a reading from inside of the run changed, written as a recorder would.
std::string altered_trace(std::string_view bytes) {
  auto trace = *parse_trace(bytes);
  std::vector<ReadingEvent*> readings;
  for (auto& event : trace.events) {
    if (auto* reading = std::get_if<ReadingEvent>(&event)) readings.push_back(reading);
  }
  readings[readings.size() / 4]->reading.counts += 1;
  TraceEncoder encoder;
  for (const auto& event : trace.events) encoder.add(event);
  return TraceEncoder::header(trace.header) + std::string(encoder.take()) + TraceEncoder::end();
}

// A real run, its raw samples, and what a replay makes of them: also where digests were made anew.
TEST_F(Disclose, SamplesAreReplayed) {
  const Outcome run = joulebook({"run", "--ledger", ledger_, "--record", file("t"), "--", "sh", "-c", "sleep 0.2", "a secret prompt"});
  ASSERT_EQ(run.code, 0) << run.err;
  ASSERT_EQ(on({"card", "last", "--samples", "last=" + file("t"), "--bundle", file("b")}).code, 0);
  const std::string bundle = *read_file(file("b"));
  EXPECT_EQ(bundle.find("secret"), bundle.npos);
  const Outcome sound = joulebook({"card", "verify", file("b")});
  EXPECT_EQ(sound.code, 0) << sound.out << sound.err;
  EXPECT_THAT(sound.out, HasSubstr("1 records, 1 of them worked out anew"));

  // The samples of another run in their place, under digests that are right.
  ASSERT_EQ(joulebook({"run", "--ledger", ledger_, "--record", file("u"), "--", "sleep", "0.1"}).code, 0);
  const std::string other = *read_file(file("u"));
  const std::string forged = card::forged(bundle, [&other](std::string_view name, std::string& bytes) {
    if (name.starts_with(card::kSamplesFolder)) bytes = other;
  });
  ASSERT_TRUE(write_file(file("f"), forged));
  const Outcome v = joulebook({"card", "verify", file("f")});
  EXPECT_EQ(v.code, 1);
  EXPECT_THAT(v.out, HasSubstr("came out of its samples"));

  const std::string altered = card::forged(bundle, [](std::string_view name, std::string& bytes) {
    if (name.starts_with(card::kSamplesFolder)) bytes = altered_trace(bytes);
  });
  ASSERT_TRUE(write_file(file("f"), altered));
  const Outcome one = joulebook({"card", "verify", file("f")});
  EXPECT_EQ(one.code, 1);
  EXPECT_THAT(one.out, HasSubstr("came out of its samples"));
}

TEST_F(Disclose, SignaturesAreTheUsersOwn) {
  ASSERT_EQ(on({"card", "--since", "2026-11-26", "--bundle", file("b")}).code, 0);
  ASSERT_EQ(run_process({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file("key")}).code, 0);
  ASSERT_TRUE(write_file(file("signers"), "me@example.org " + *read_file(file("key.pub"))));
  const Outcome made = joulebook({"card", "sign", file("b"), "--key", file("key")});
  ASSERT_EQ(made.code, 0) << made.err;
  const auto verify = [this](const std::string& who) {
    return joulebook({"card", "verify", file("b"), "--signature", file("b.sig"), "--signers", file("signers"),
                      "--identity", who});
  };
  EXPECT_EQ(verify("me@example.org").code, 0);
  EXPECT_EQ(verify("you@example.org").code, 1);
  EXPECT_EQ(joulebook({"card", "sign", file("b"), "--key", file("key")}).code, 2) << "it is there already";
  EXPECT_EQ(joulebook({"card", "sign", file("b"), "--key", file("b")}).code, 2) << "no key";
  EXPECT_EQ(joulebook({"card", "verify", file("b"), "--signature", file("b.sig")}).code, 2);
  // Another bundle, sound in itself, under the same signature.
  ASSERT_EQ(on({"card", "--since", "2026-11-27", "--bundle", file("b")}).code, 0);
  EXPECT_EQ(verify("me@example.org").code, 1);
}

TEST_F(Disclose, MinisignDoes) {
  ASSERT_EQ(on({"card", "--since", "2026-11-26", "--bundle", file("b")}).code, 0);
  const Outcome key = run_process({"/usr/bin/minisign", "-G", "-W", "-p", file("key.pub"), "-s", file("key")});
  ASSERT_EQ(key.code, 0) << key.out << key.err;
  const Outcome made = joulebook({"card", "sign", file("b"), "--key", file("key")});
  ASSERT_EQ(made.code, 0) << made.err;
  const auto verify = [this] {
    return joulebook({"card", "verify", file("b"), "--signature", file("b.minisig"), "--signers", file("key.pub")});
  };
  EXPECT_EQ(verify().code, 0) << verify().out << verify().err;
  // Another bundle, sound in itself, under the same signature.
  ASSERT_EQ(on({"card", "--since", "2026-11-27", "--bundle", file("b")}).code, 0);
  EXPECT_EQ(verify().code, 1);
}

TEST_F(Disclose, BadSelectionsSayTheCure) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"card"}, {"card", "--since", "2026-02-31"}, {"card", "--since", "yesterday"},
           {"card", "--since", "2026-11-27", "--until", "2026-11-26"}, {"card", "last", "--by", "colour"},
           {"card", "last", "--samples", "x"}}) {
    const Outcome bad = on(arguments);
    EXPECT_EQ(bad.code, 2) << join(arguments, " ") << ": " << bad.err;
    EXPECT_EQ(split(bad.err, '\n').size(), 3U) << bad.err;
  }
  EXPECT_EQ(on({"card", "--since", "2030-01-01"}).code, 3);
  EXPECT_EQ(on({"card", "no-such-run"}).code, 3);
}

TEST_F(Disclose, AReportShowsTheSelection) {
  const Outcome made = on({"report", "--since", "2026-11-01", "-o", file("r.html"), "--json", file("r.json")});
  ASSERT_EQ(made.code, 0) << made.err;
  const Json report = json_of(file("r.json"));
  EXPECT_EQ(report["records"].items().size(), 2U);
  EXPECT_EQ(report["gateways"].items().size(), 1U);
  const Schema schema("report.schema.json");
  expect_no_open_object(schema.raw(), "");
  EXPECT_EQ(schema.explain(Doc::parse(*read_file(file("r.json")))), "");
  // What was posted has an interval: that of its rows.
  const Json& usage = report["gateways"].at(0)["usage"];
  for (const Json& figure : {usage["meter"], usage["accounts"].at(0)["energy"], usage["tenants"].at(0)["energy"]}) {
    EXPECT_GT(figure["lo"].as_double(), 0) << figure.dump();
    EXPECT_LT(figure["lo"].as_double(), figure["value"].as_double()) << figure.dump();
    EXPECT_GT(figure["hi"].as_double(), figure["value"].as_double()) << figure.dump();
  }
  const std::string page = *read_file(file("r.html"));
  for (const char* word : {"idle.resident", "support", "Llama-3.1-70B", "Record by record", "NVML"}) {
    EXPECT_THAT(page, HasSubstr(word));
  }
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  // A span's gateway shows what was posted in its hours, not all of it.
  ASSERT_EQ(on({"report", "--since", "2026-11-27", "--json", file("d.json"), "-o", file("d.html")}).code, 0);
  EXPECT_LT(json_of(file("d.json"))["total"]["value"].as_double(), report["total"]["value"].as_double());
  EXPECT_GT(json_of(file("d.json"))["total"]["hi"].as_double(), json_of(file("d.json"))["total"]["value"].as_double());
  EXPECT_EQ(on({"report", "--until", "2020-01-01", "-o", file("e.html")}).code, 3);
}

TEST_F(Disclose, TheRecipesRun) {
  const std::string python = std::string(JOULEBOOK_DUCKDB_ENV) + "/bin/python";
  ASSERT_TRUE(std::filesystem::exists(python)) << "run tests/duckdb/setup";
  ASSERT_EQ(on({"export", "last", "--format", "csv", "-o", file("requests.csv")}).code, 0);
  ASSERT_EQ(on({"export", "last", "--format", "jsonl", "-o", file("requests.jsonl")}).code, 0);
  ASSERT_EQ(on({"export", "last", "--format", "sql", "-o", file("requests.sql")}).code, 0);
  ASSERT_EQ(on({"export", "study-2026", "--format", "csv", "-o", file("trials.csv")}).code, 0);
  ASSERT_EQ(on({"export", "study-2026", "--format", "sql", "-o", file("trials.sql")}).code, 0);
  const std::string source = JOULEBOOK_SOURCE_DIR;
  const Outcome ran = run_process({python, source + "/tests/duckdb/recipes.py", source + "/docs/recipes/duckdb.md", folder_});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
}

}  // namespace
}  // namespace joulebook::fakes
