#include "export/card/card.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "export/card/carbon.h"
#include "export/card/card_csv.h"
#include "export/card/card_fixture.h"
#include "export/card/forms.h"

namespace joulebook::card {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Card, AnArmsFiguresFollowFromItsTrials) {
  const StudyResult study = fakes::sample_study();
  const Json card = sample_card(0);
  ASSERT_EQ(card["subjects"].items().size(), study.arms.size());
  for (std::size_t arm = 0; arm < study.arms.size(); ++arm) {
    const Json& s = card["subjects"].at(arm);
    std::vector<Quantity> gross;
    double output = 0;
    std::int64_t failed = 0;
    for (const auto& t : study.trials) {
      if (t.arm != arm) continue;
      if (t.error) {
        ++failed;
        continue;
      }
      if (!t.energy.present()) continue;
      gross.push_back(t.energy);
      output += static_cast<double>(t.output_tokens().count);
    }
    const Quantity total = sum(gross);
    const Json& energy = s["energy"].at(0);
    const auto n = static_cast<double>(gross.size());
    EXPECT_DOUBLE_EQ(energy["total"]["value"].as_double(), *total.value);
    EXPECT_NEAR(energy["total"]["hi"].as_double(), total.interval().hi, 1e-9 * total.interval().hi);
    EXPECT_DOUBLE_EQ(energy["per_request"]["value"].as_double(), *total.value / n);
    EXPECT_DOUBLE_EQ(energy["per_1000_requests"]["value"].as_double(), *total.value * (1000 / n));
    EXPECT_DOUBLE_EQ(energy["per_million_output_tokens"]["value"].as_double(), *total.value * (1e6 / output));
    EXPECT_EQ(s["batch"]["mean"].as_double(), 1);
    std::int64_t apart = 0;
    for (const auto& item : s["apart"].items()) apart += item["count"].as_int();
    EXPECT_EQ(apart, failed);
  }
}

TEST(Card, RequestsAreSummedByGroup) {
  const Json card = sample_card(8, statement({"tenant", "month"}));
  std::vector<std::string> keys;
  double total = 0;
  for (const auto& s : card["subjects"].items()) {
    if (s["kind"].as_string() != "requests") continue;
    keys.push_back(s["key"].dump());
    total += s["energy"].at(0)["total"]["value"].as_double();
  }
  EXPECT_EQ(keys, (std::vector<std::string>{R"({"tenant":"blue","month":"2026-10"})",
                                            R"({"tenant":"blue","month":"2026-11"})",
                                            R"({"tenant":"red","month":"2026-10"})",
                                            R"({"tenant":"red","month":"2026-11"})"}));
  EXPECT_DOUBLE_EQ(total, 8 * 10 + 28);
}

// Request n runs from second n to n + 2, so inside of the stream two run at once: an answer shares its
// first second with the one before, its second with the one after.
TEST(Card, TheBatchIsWeightedByTime) {
  const Json card = sample_card(8);
  const Json& s = subject_of(card, "requests");
  // 16 s of requests; the first and the last second have one in flight: (14 * 2 + 2 * 1) / 16.
  EXPECT_DOUBLE_EQ(s["batch"]["mean"].as_double(), 30.0 / 16);
  EXPECT_EQ(s["batch"]["most"].as_double(), 2);
  EXPECT_EQ(s["lengths"]["output_tokens"]["median"].as_double(), 53.5);
  EXPECT_EQ(s["tokens"]["prompt"].as_int(), 800);
}

TEST(Card, WhatIsNoAnswerStandsApart) {
  auto maker = CardMaker::make(statement(), false);
  ASSERT_TRUE(maker);
  for (int n = 0; n < 4; ++n) {
    StoredRequest r = stored_request(n);
    if (n == 1) r.end.outcome = "cancelled";
    if (n == 2) {
      r.status = RequestStatus::void_;
      r.end.void_reason = Reason{"serve.killed", "the gateway was killed", ""};
      r.end.fair = Quantity::absent("J", *r.end.void_reason, 12);
    }
    ASSERT_TRUE(maker->add_request(request_json(r)));
  }
  const Json card = *maker->finish();
  const Json& s = card["subjects"].at(0);
  EXPECT_EQ(s["answers"].as_int(), 2);
  EXPECT_DOUBLE_EQ(s["energy"].at(0)["total"]["value"].as_double(), 10 + 13);
  EXPECT_DOUBLE_EQ(s["apart_energy"]["value"].as_double(), 11 + 12);
  EXPECT_EQ(s["apart"].dump(), R"([{"code":"cancelled","count":1},{"code":"void: serve.killed","count":1}])");
}

// An answer without a figure is neither zero joules nor one of those that are divided by.
TEST(Card, AnAbsenceIsNoZero) {
  auto maker = CardMaker::make(statement(), false);
  for (int n = 0; n < 3; ++n) {
    StoredRequest r = stored_request(n);
    if (n == 0) r.end.fair = Quantity::absent("J", {"sensor.none", "no sensor", ""});
    ASSERT_TRUE(maker->add_request(request_json(r)));
  }
  const Json card = *maker->finish();
  const Json& energy = card["subjects"].at(0)["energy"].at(0);
  EXPECT_DOUBLE_EQ(energy["per_request"]["value"].as_double(), (11 + 12) / 2.0);
  EXPECT_EQ(energy["without_figure"].as_int(), 1);
  EXPECT_EQ(energy["reasons"].at(0)["code"].as_string(), "sensor.none");
}

TEST(Card, ARunNeedsItsAnswersStated) {
  const Record run{"run-1", "run", "bench", "2026-11-27T00:00:00.000Z", run_document(500)};
  auto bare = CardMaker::make(statement(), false);
  ASSERT_TRUE(bare->add(run));
  const Json without = *bare->finish();
  EXPECT_EQ(without["subjects"].at(0)["energy"].at(0)["per_request"]["reason"]["code"].as_string(), "card.no_answers");

  Statement stated = statement();
  stated.facts = *parse_facts("[serving]\nrequests = 50\noutput_tokens = 1000\nbatch = 8\nsource = \"log\"\n", "f");
  auto maker = CardMaker::make(stated, false);
  ASSERT_TRUE(maker->add(run));
  const Json card = *maker->finish();
  const Json& energy = card["subjects"].at(0)["energy"].at(0);
  EXPECT_DOUBLE_EQ(energy["per_request"]["value"].as_double(), 10);
  EXPECT_DOUBLE_EQ(energy["per_million_output_tokens"]["value"].as_double(), 500'000);
  EXPECT_EQ(card["subjects"].at(0)["batch"]["mean"].as_double(), 8);
}

TEST(Card, HoldsNoTextUnlessAsked) {
  StudyResult study = fakes::sample_study();
  study.spec.prompts[0].text = "a secret question";
  study.spec.arms[0].system = "a secret system";
  study.spec.arms[0].model = "/home/me/secret/model.gguf";
  study.trials[0].answer = "a secret answer";
  const std::string kept = to_json(study).dump();
  EXPECT_THAT(kept, HasSubstr("secret"));
  const Json bare = without_text(to_json(study));
  EXPECT_THAT(bare.dump(), Not(HasSubstr("secret")));
  EXPECT_TRUE(study_from_json(bare));
  const Json run = without_text(Json::object({{"command", Json::array({"/opt/x/llama", "-p", "a secret"})}}));
  EXPECT_EQ(run["command"].dump(), R"(["llama"])");
}

TEST(Facts, AFigureNeedsItsSource) {
  EXPECT_EQ(parse_facts("[training]\nenergy_kwh = 10\n", "f").error().code, "toml.value");
  EXPECT_EQ(parse_facts("[training]\nenergy_kwh = -10\nsource = \"me\"\n", "f").error().code, "toml.value");
  EXPECT_EQ(parse_facts("[trainign]\n", "f").error().code, "toml.unknown_key");
  EXPECT_EQ(parse_facts("training = 3\n", "f").error().code, "toml.value");
  EXPECT_EQ(parse_facts("[training]\nenergy_kwh = 1\ntier = \"best\"\nsource = \"me\"\n", "f").error().code,
            "toml.value");
  const auto facts = parse_facts(
      "[training]\nenergy_kwh = 1287000\nenergy_kwh_lo = 1e6\nenergy_kwh_hi = 2e6\nsource = \"paper\"\n", "f");
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_DOUBLE_EQ((*facts)["training"]["energy"]["value"].as_double(), 1287000 * 3.6e6);
  EXPECT_EQ((*facts)["training"]["energy"]["tier"].as_string(), "published");
}

std::string scale_toml(const std::string& classes) {
  return "[scale]\nauthor = \"An Institute\"\ntitle = \"A scale\"\nper = \"per_request\"\n" + classes;
}

TEST(Scale, NamesItsAuthorAndLeavesTheUndecidedOpen) {
  EXPECT_EQ(parse_facts("[scale]\ntitle = \"mine\"\nper = \"per_request\"\n", "f").error().code, "toml.value");
  const std::string rising = "[[scale.class]]\nname = \"A\"\nmost = 12\n[[scale.class]]\nname = \"B\"\nmost = 40\n";
  const auto facts = parse_facts(scale_toml(rising), "f");
  ASSERT_TRUE(facts) << facts.error().message;
  const auto rated = [&facts](double lo, double value, double hi) {
    Quantity q = Quantity::exact(value, "J");
    q.own = {lo, hi};
    const Json subject = Json::object({{"energy", Json::array({Json::object({{"basis", "gross"},
                                                                             {"per_request", to_json(q)}})})}});
    return class_of(subject, (*facts)["scale"]);
  };
  EXPECT_EQ(rated(10, 11, 12)["class"].as_string(), "A");
  EXPECT_TRUE(rated(10, 11, 13)["class"].is_null());
  EXPECT_EQ(rated(10, 11, 13)["to"].as_string(), "B");
  EXPECT_TRUE(rated(30, 35, 50)["to"].is_null());
  EXPECT_EQ(class_of(Json::object(), Json())["reason"]["code"].as_string(), "card.no_scale");
  const std::string falling = "[[scale.class]]\nname = \"A\"\nmost = 12\n[[scale.class]]\nname = \"B\"\nmost = 11\n";
  EXPECT_FALSE(parse_facts(scale_toml(falling), "f"));
}

const Json& field(const Json& subject, std::string_view form, std::string_view name) {
  for (const auto& f : subject["forms"].items()) {
    if (f["id"].as_string() != form) continue;
    for (const auto& item : f["fields"].items()) {
      if (item["field"].as_string().find(name) != std::string_view::npos) return item;
    }
  }
  ADD_FAILURE() << form << " has no " << name;
  return subject["none"];
}

// What nobody stated or measured is missing, with a way to supply it; it never has a value.
TEST(Forms, WhatIsNotKnownIsMissing) {
  const Json card = sample_card();
  int missing = 0;
  for (const auto& s : card["subjects"].items()) {
    for (const auto& form : s["forms"].items()) {
      EXPECT_FALSE(form["source"].as_string().empty());
      EXPECT_EQ(form["seen"].as_string().size(), 10U);
      for (const auto& f : form["fields"].items()) {
        EXPECT_FALSE(f["cites"].as_string().empty()) << f.dump();
        const bool none = f["value"].is_null() && f["energy"].is_null();
        EXPECT_EQ(f["status"].as_string() == "missing", none) << f.dump();
        if (!none) continue;
        ++missing;
        EXPECT_FALSE(f["note"].as_string().empty()) << f.dump();
      }
    }
  }
  EXPECT_GT(missing, 20);
  const Json& s = subject_of(card, "requests");
  EXPECT_EQ(field(s, "huggingface", "emissions (grams")["status"].as_string(), "missing");
  EXPECT_EQ(field(s, "boamps", "nbRequest")["value"].as_int(), 8);
  EXPECT_EQ(field(s, "boamps", "quality")["value"].as_string(), "medium");  // +- 10 % each, as if all erred alike
}

TEST(Forms, TakeWhatIsStated) {
  Statement stated = statement();
  stated.facts = *parse_facts(
      "publisher = \"Lab\"\n[training]\nenergy_kwh = 433200\nco2_kg = 24700\nflops = 1e23\nhours = 240\n"
      "type = \"pre-training\"\nhardware = \"384 A100\"\nlocation = \"France\"\nmethod = \"wall\"\nsource = \"paper\"\n"
      "[model]\nparameters = 176e9\n",
      "f");
  const Json card = sample_card(2, stated);
  const Json& s = subject_of(card, "requests");
  EXPECT_DOUBLE_EQ(field(s, "gpai-code", "energy used for training")["energy"]["value"].as_double(), 433.2);
  EXPECT_EQ(field(s, "gpai-code", "energy used for training")["energy"]["unit"].as_string(), "MWh");
  EXPECT_DOUBLE_EQ(field(s, "huggingface", "emissions (grams")["value"].as_double(), 24.7e6);
  EXPECT_EQ(field(s, "eu-ai-act", "model: use")["status"].as_string(), "given");
  EXPECT_DOUBLE_EQ(field(s, "boamps", "parametersNumber")["value"].as_double(), 176);
  EXPECT_THAT(card_csv(card), HasSubstr("alpha,requests,model=alpha,fair,per_request,J,request,10.5,"));
}

TEST(Carbon, IsEnergyTimesTheGridThatIsStated) {
  Statement stated = statement();
  const auto grid = stated_grid("DE", account::GridKind::direct);
  ASSERT_TRUE(grid) << grid.error().message;
  stated.grid = *grid;
  const Json card = sample_card(4, stated);
  const Json& s = subject_of(card, "requests");
  const double energy = s["energy"].at(0)["total"]["value"].as_double();
  EXPECT_DOUBLE_EQ(s["carbon"]["operational"]["value"].as_double(), energy * (*grid)["kg_per_j"].as_double());
  EXPECT_EQ(s["carbon"]["operational"]["unit"].as_string(), "kgCO2e");
  EXPECT_EQ(s["carbon"]["sci_consumer"]["reason"]["code"].as_string(), "card.no_embodied");
  EXPECT_NEAR(s["carbon"]["intensity"]["value"].as_double(), 381, 120);
  // With what the hardware's making took: (O + M) / R, R the tokens in and out.
  stated.facts = *parse_facts("[hardware]\nembodied_kg_per_1000_requests = 2\nembodied_kg_per_1000_requests_hi = 3\nsource = \"theirs\"\n", "f");
  const Json with = sample_card(8, stated);
  const Json& made = subject_of(with, "requests");
  const double tokens = made["tokens"]["prompt"].as_double() + made["tokens"]["output"].as_double();
  EXPECT_DOUBLE_EQ(made["carbon"]["embodied"]["value"].as_double(), 0.016);
  EXPECT_NEAR(made["carbon"]["sci_consumer"]["value"].as_double(), (made["carbon"]["operational"]["value"].as_double() + 0.016) / tokens, 1e-15);
  EXPECT_EQ(made["carbon"]["sci_consumer"]["per"].as_string(), "token");
  EXPECT_FALSE(parse_facts("[hardware]\nembodied_kg_per_1000_requests = 2\n", "f"));
  EXPECT_FALSE((*grid)["source"].as_string().empty());
  EXPECT_EQ(stated_grid("Atlantis", account::GridKind::direct).error().code, "grid.unknown");
  const Json without = sample_card(4);
  EXPECT_EQ(subject_of(without, "requests")["carbon"]["operational"]["reason"]["code"].as_string(), "card.no_grid");
}

TEST(GroupBy, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_group_by("model,colour").error().code, "card.by");
  EXPECT_EQ(parse_group_by("model,model").error().code, "card.by");
  EXPECT_EQ(parse_group_by("tenant, month")->size(), 2U);
}

// However the answers are cut into portions, their sum is that of all of them.
RC_GTEST_PROP(QuantitySum, IsTheSumOfAll, (const std::vector<std::uint16_t>& values)) {
  QuantitySum portions;
  std::vector<Quantity> all;
  const auto repeats = *rc::gen::inRange(1, 8);
  for (int i = 0; i < repeats; ++i) {
    for (const auto v : values) {
      all.push_back(joules_of(v + 1.0));
      portions.add(all.back());
    }
  }
  const Quantity total = portions.total({"none", "", ""});
  RC_ASSERT(total.present() == !all.empty());
  if (all.empty()) return;
  const Quantity expected = sum(all);
  RC_ASSERT(std::abs(*total.value - *expected.value) <= 1e-9 * *expected.value);
  RC_ASSERT(std::abs(total.interval().lo - expected.interval().lo) <= 1e-9 * *expected.value);
  RC_ASSERT(std::abs(total.interval().hi - expected.interval().hi) <= 1e-9 * *expected.value);
}

// A span that is too long is refused at the first row that is beyond, and not when memory has run out.
TEST(Card, ASpanBeyondTheLimitsIsRefusedAsItComes) {
  auto few = CardMaker::make(statement(), false, {2, kMostBundle});
  EXPECT_TRUE(few->add_request(request_json(stored_request(0))));
  EXPECT_TRUE(few->add_request(request_json(stored_request(1))));
  const auto third = few->add_request(request_json(stored_request(2)));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, "card.too_many");
  EXPECT_EQ(third.error().kind, ErrorKind::resource);
  EXPECT_THAT(third.error().cure, testing::HasSubstr("--since"));
  const std::size_t row = request_json(stored_request(0)).dump().size() + 1;
  auto small = CardMaker::make(statement(), true, {100, row + 10});
  EXPECT_TRUE(small->add_request(request_json(stored_request(0))));
  EXPECT_EQ(small->add_window(sample_window(0, 1)).error().code, "bundle.too_large");
  // Without a bundle nothing of them is kept.
  auto bare = CardMaker::make(statement(), false, {100, row + 10});
  EXPECT_TRUE(bare->add_request(request_json(stored_request(0))));
  EXPECT_TRUE(bare->add_window(sample_window(0, 1)));
}

}  // namespace
}  // namespace joulebook::card
