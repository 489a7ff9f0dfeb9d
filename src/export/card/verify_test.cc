#include "export/card/verify.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "core/text.h"
#include "export/card/card_fixture.h"

namespace joulebook::card {
namespace {

using testing::HasSubstr;

void replace(std::string& text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

std::string faults_of(const Verification& v) {
  std::string text;
  for (const auto& f : v.faults) text += f.part + "|" + f.at + "|" + f.what + "\n";
  return text;
}

// The sample bundle with a text of one part changed, under digests that are right.
Verification check_forged(std::string_view part, std::string_view from, std::string_view to) {
  return verify_bundle(forged(sample_bundle(),
                              [&](std::string_view name, std::string& bytes) {
                                if (name == part) replace(bytes, from, to);
                              }),
                       {}, {});
}

TEST(Verify, ASoundBundleIsVerified) {
  const std::string bundle = sample_bundle();
  const auto v = verify_bundle(bundle, {}, {});
  EXPECT_EQ(v.verdict, Verdict::verified) << faults_of(v);
  EXPECT_EQ(v.records, 1);
  EXPECT_GT(v.rows, 8);
  EXPECT_GT(v.figures, 50);
  const auto parts = *unpack(bundle);
  const auto* card = find_part(parts, kCardPart);
  EXPECT_EQ(verify_bundle(bundle, card->bytes, {}).verdict, Verdict::verified);
}

TEST(Verify, WithoutItsBundleACardIsNotCheckable) {
  const auto v = verify_alone(part_text(sample_card()));
  EXPECT_EQ(v.verdict, Verdict::not_checkable);
  EXPECT_EQ(verify_alone("{}").verdict, Verdict::failed);
  EXPECT_EQ(verify_alone("no card").verdict, Verdict::failed);
}

TEST(Verify, AnotherCardIsNotTheBundles) {
  std::string card = part_text(sample_card());
  replace(card, "\"answers\": 8", "\"answers\": 9");
  const auto v = verify_bundle(sample_bundle(), card, {});
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("answers|says 9, but 8"));
}

RC_GTEST_PROP(Verify, AnyAlteredByteFails, ()) {
  static const std::string bundle = sample_bundle(3);
  std::string bytes = bundle;
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^
                                static_cast<unsigned char>(*rc::gen::inRange(1, 256)));
  const auto v = verify_bundle(bytes, {}, {});
  RC_ASSERT(v.verdict == Verdict::failed);
  RC_ASSERT(!v.faults.empty());
  RC_ASSERT(!v.faults[0].part.empty());
}

// What a fault quotes is short and harmless, whatever the bundle holds.
TEST(Verify, FaultsQuoteNothingThatATerminalObeys) {
  for (const std::string& text : {std::string("{\"schema\":\"\x1b[2J\xa2\"}"), "{\"schema\":\"" + std::string(1'000'000, 'a') + "\"}", std::string("\x1b]0;x\x07")}) {
    const auto v = verify_alone(text);
    ASSERT_FALSE(v.faults.empty());
    for (const auto& f : v.faults) {
      EXPECT_LT(f.what.size(), 500U);
      EXPECT_TRUE(is_valid_utf8(f.what));
      EXPECT_EQ(f.what.find('\x1b'), std::string::npos);
    }
  }
}

TEST(Verify, SwappedRowsAreSeen) {
  const std::string bundle = sample_bundle();
  std::vector<Part> parts = parts_of(bundle);
  std::string& rows = parts.back().bytes;
  ASSERT_EQ(parts.back().name, kRequestsPart);
  const auto first = rows.find('\n') + 1;
  const auto second = rows.find('\n', first) + 1;
  rows = rows.substr(first, second - first) + rows.substr(0, first) + rows.substr(second);
  const auto v = verify_bundle(*pack(parts), {}, {});  // SHA256SUMS made anew, the card as it was
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("requests.jsonl||its digest is not the one that the card states"));
}

// The same lines in another order: as long, and each digest is there. It is not the one encoding.
TEST(Verify, SwappedDigestsAreSeen) {
  std::string bundle = sample_bundle();
  const std::string sums(unpack(bundle)->front().bytes);
  const auto first = sums.find('\n') + 1;
  const auto second = sums.find('\n', first) + 1;
  replace(bundle, sums, sums.substr(first, second - first) + sums.substr(0, first) + sums.substr(second));
  const auto v = verify_bundle(bundle, {}, {});
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_EQ(faults_of(v), "SHA256SUMS||it does not list the parts that are there as a bundle does\n");
}

TEST(Verify, AnAlteredRowIsNamedThoughItsDigestsAreRight) {
  const auto v = check_forged(kRequestsPart, "\"posted_uj\":12000000", "\"posted_uj\":2000000");
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("requests.jsonl|line 3.fair|is 12 J, but 2 J were posted"));
}

// Each joule of a window, moved under right digests and a meter that is right again, is found.
TEST(Verify, AnAlteredWindowIsNamed) {
  const auto unbalanced = check_forged(kWindowsPart, "\"unattributed\":1000", "\"unattributed\":999");
  EXPECT_EQ(unbalanced.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(unbalanced), HasSubstr("windows.jsonl|line 1|the window of gpu:0"));
  const auto moved = check_forged(kWindowsPart, "\"request:req-0\":5000000,\"idle.resident\":2500000",
                                  "\"request:req-0\":5000001,\"idle.resident\":2499999");
  EXPECT_THAT(faults_of(moved), HasSubstr("requests.jsonl|line 1.posted_uj|request req-0: its row says 10000000 uJ, its windows 10000001 uJ"));
  const auto idle = check_forged(kWindowsPart, "\"idle.resident\":2500000,\"unattributed\":1000",
                                 "\"idle.resident\":2400000,\"unattributed\":101000");
  EXPECT_THAT(faults_of(idle), HasSubstr("line 1.served.value|request req-0: says 15"));
  const auto account = check_forged(kWindowsPart, "\"unattributed\":1000", "\"self\":1000");
  EXPECT_THAT(faults_of(account), HasSubstr("card.json|metered.0.accounts"));
  const auto other = check_forged(kWindowsPart, "\"request:req-0\":5000000", "\"request:req-x\":5000000");
  EXPECT_THAT(faults_of(other), HasSubstr("windows.jsonl|request:req-x|windows posted to it, and it has no row"));
  const auto again = check_forged(kWindowsPart, "\"begin_ns\":1000000000", "\"begin_ns\":999999999");
  EXPECT_THAT(faults_of(again), HasSubstr("windows.jsonl|line 2|"));
}

// The first window has none before it: its begin is held against its other clock, and against its neighbour's.
TEST(Verify, AnAlteredStartIsNamed) {
  const auto first = check_forged(kWindowsPart, "\"begin_ns\":0", "\"begin_ns\":-5000000");
  EXPECT_THAT(faults_of(first), HasSubstr("windows.jsonl|line 1.begin_ns|it is 1.005000 s long, and 1.000 s from begin to end"));
  const auto second = check_forged(kWindowsPart, "\"begin\":\"2026-11-01T00:00:01.000Z\"", "\"begin\":\"2026-11-01T00:00:01.004Z\"");
  EXPECT_THAT(faults_of(second), HasSubstr("windows.jsonl|line 2.begin|the window before it ended at 2026-11-01T00:00:01.000Z"));
  const auto hour = check_forged(kWindowsPart, "\"hour\":500000", "\"hour\":400000");
  EXPECT_THAT(faults_of(hour), HasSubstr("line 1.hour|is before the hour in which it begins"));
  // A clock that was set is no fault; that nothing was worked out from it is said.
  const auto set = check_forged(kWindowsPart, "\"begin_ns\":0", "\"begin_ns\":-500000000");
  EXPECT_EQ(set.verdict, Verdict::verified) << faults_of(set);
  EXPECT_THAT(set.notes, testing::Contains(HasSubstr("the clock was set while this window ran")));
}

TEST(Verify, AServedFigureFollowsFromItsHour) {
  const auto v = check_forged(kRequestsPart, "\"served\":{\"value\":15", "\"served\":{\"value\":14.5");
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("requests.jsonl|line 1.served.value|request req-0: says 14.5, but 15 came out of its windows"));
}

// Whatever is taken from one account for another, the check fails.
RC_GTEST_PROP(Verify, NoJouleMovesUnseen, ()) {
  static const std::string bundle = sample_bundle(5);
  const auto line = *rc::gen::inRange<std::size_t>(0, 6);
  const auto from = *rc::gen::inRange<std::size_t>(0, 4);
  const auto on = *rc::gen::inRange<std::size_t>(0, 3);
  const std::string altered = forged(bundle, [&](std::string_view name, std::string& bytes) {
    if (name != kWindowsPart) return;
    auto lines = split(bytes, '\n');
    Json window = *parse_json(lines[line]);
    Json postings = window["postings"];
    const auto& members = postings.members();
    const auto n = members.size();
    const auto a = members[from % n], b = members[(from + 1 + on % (n - 1)) % n];
    postings.set(a.first, a.second.as_int() - 7).set(b.first, b.second.as_int() + 7);
    const std::string text = window.set("postings", postings).dump();
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i + 1 < lines.size() || !lines[i].empty()) out += (i == line ? text : std::string(lines[i])) + "\n";
    }
    bytes = out;
  });
  RC_ASSERT(verify_bundle(altered, {}, {}).verdict == Verdict::failed);
}

TEST(Verify, WithoutWindowsItSaysOnWhatRowsStand) {
  auto maker = CardMaker::make(statement(), true);
  ASSERT_TRUE(maker->add_request(request_json(stored_request(0))));
  ASSERT_TRUE(maker->finish());
  const auto v = verify_bundle(*maker->bundle(), {}, {});
  EXPECT_EQ(v.verdict, Verdict::verified) << faults_of(v);
  EXPECT_THAT(v.notes.back(), HasSubstr("no settled windows"));
}

TEST(Verify, ARowTakenAwayChangesTheFigures) {
  const auto v = verify_bundle(forged(sample_bundle(),
                                      [](std::string_view name, std::string& bytes) {
                                        if (name == kRequestsPart) bytes.erase(0, bytes.find('\n') + 1);
                                      }),
                               {}, {});
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("answers|says 8, but 7 came out"));
}

TEST(Verify, AnAlteredFigureIsNamed) {
  const auto v = check_forged(kCardPart, "\"per\": \"1000 requests\"", "\"per\": \"2000 requests\"");
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("card.json|subjects.0.energy.0.per_1000_requests.per|says \"2000 requests\""));
}

TEST(Verify, AnIntervalMustFollowFromItsParts) {
  const auto v = check_forged(kRequestsPart, "\"own\":[9,11]", "\"own\":[9.5,11]");
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("requests.jsonl|line 1.fair|its interval does not follow"));
}

// A run with its samples: what a replay gives must be what the record says.
std::string run_bundle(const std::string& trace) {
  const Json document = run_document(500).set("command", Json::array({"bench"}));
  auto maker = CardMaker::make(statement(), true);
  EXPECT_TRUE(maker->add({"run-1", "run", "bench", "2026-11-27T00:00:00.000Z", document}));
  EXPECT_FALSE(maker->add_samples("run-2", trace));
  EXPECT_TRUE(maker->add_samples("run-1", trace));
  EXPECT_TRUE(maker->finish());
  return *maker->bundle();
}

// Stands for a replay: the trace is the total in joules.
Result<Json> run_again(std::string_view trace) {
  const auto value = parse_double(trace);
  if (!value) return fail(ErrorKind::input, "trace.not_a_trace", "that is no trace", "");
  return run_document(*value).set("command", Json::array({"bench", "-p", "text"}));
}

const Replay replay{run_again, {}};

// Of a study each phase of each trial is read again.
TEST(Verify, PhasesFollowFromTheSamplesOfAStudy) {
  auto maker = sample_maker(0);
  ASSERT_TRUE(maker.add_samples(study_record().id, "samples"));
  ASSERT_TRUE(maker.finish());
  const auto bundle = *maker.bundle();
  std::map<std::pair<std::int64_t, std::int64_t>, Quantity> phases;
  for (const auto& trial : fakes::sample_study().trials) {
    for (const auto& p : trial.phases) phases[{p.span.begin.ns, p.span.end.ns}] = p.energy;
  }
  double factor = 1;
  const Replay again{{}, [&](std::string_view, const std::vector<Replay::Window>& windows) -> Result<std::vector<Quantity>> {
                       std::vector<Quantity> out;
                       for (const auto& w : windows) out.push_back(scaled(phases[{w.begin_ns, w.end_ns}], factor));
                       return out;
                     }};
  const auto sound = verify_bundle(bundle, {}, again);
  EXPECT_EQ(sound.verdict, Verdict::verified) << faults_of(sound);
  EXPECT_EQ(sound.replayed, 1);
  factor = 1.001;
  const auto v = verify_bundle(bundle, {}, again);
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("document.trials.0.phases.0.energy.value|says"));
}

TEST(Verify, ARecordFollowsFromItsSamples) {
  const auto sound = verify_bundle(run_bundle("500"), {}, replay);
  EXPECT_EQ(sound.verdict, Verdict::verified) << faults_of(sound);
  EXPECT_EQ(sound.replayed, 1);
  const auto other = verify_bundle(run_bundle("501"), {}, replay);
  EXPECT_EQ(other.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(other), HasSubstr("records/run-1.json|document.total.value|says 500, but 501 came out"));
  const auto none = verify_bundle(run_bundle("x"), {}, replay);
  EXPECT_THAT(faults_of(none), HasSubstr("samples/run-1.trace||that is no trace"));
}

TEST(Verify, SamplesAlteredUnderRightDigestsAreSeen) {
  const auto v = verify_bundle(forged(run_bundle("500"),
                                      [](std::string_view name, std::string& bytes) {
                                        if (name.starts_with(kSamplesFolder)) bytes = "400";
                                      }),
                               {}, replay);
  EXPECT_EQ(v.verdict, Verdict::failed);
  EXPECT_THAT(faults_of(v), HasSubstr("document.total.value|says 500, but 400 came out of its samples"));
}

}  // namespace
}  // namespace joulebook::card
