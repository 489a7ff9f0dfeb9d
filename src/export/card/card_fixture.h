#pragma once
// Records and rows for tests of cards: the sample study, and metered requests whose joules are known.
#include <gtest/gtest.h>

#include <functional>

#include "core/clock.h"
#include "core/text.h"
#include "export/card/facts.h"
#include "export/card/make.h"
#include "export/request_export.h"
#include "export/study_json.h"
#include "fakes/sample_study.h"

namespace joulebook::card {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;

inline Quantity joules_of(double value) {
  Quantity q = Quantity::exact(value, "J");
  q.own = {value * 0.9, value * 1.1};
  q.shared = {{"gain:gpu:0", 0.98, 1.02}};
  q.tier = Tier::apportioned;
  q.boundary = "gpu";
  q.method = "fair share";
  return q;
}

// The n-th request: from second n to n + 2, 10 + n J, 100 prompt and 50 + n answer tokens.
inline StoredRequest stored_request(int n, const std::string& model = "alpha") {
  StoredRequest r;
  r.run = "serve-20261127T000000-0001";
  r.status = RequestStatus::final_;
  r.begin.id = "req-" + std::to_string(n);
  r.begin.tenant = n % 2 == 0 ? "red" : "blue";
  r.begin.model = model;
  r.begin.route = "/v1/chat/completions";
  r.begin.upstream = "http://127.0.0.1:8080";
  r.begin.arrived = {n * kSecondNs};
  r.arrived_utc = n < 5 ? "2026-10-31T23:59:00.000Z" : "2026-11-01T00:00:00.000Z";
  r.ended_utc = r.arrived_utc;
  r.end.id = r.begin.id;
  r.end.outcome = "complete";
  r.end.http_status = 200;
  r.end.sent = SteadyTime{n * kSecondNs};
  r.end.ended = SteadyTime{(n + 2) * kSecondNs};
  r.end.tokens = {100, 20, std::nullopt, 50 + n, 0};
  r.end.rule = "tokens";
  const double energy = 10 + n;
  r.end.fair = joules_of(energy);
  // Its hour's idle, half of what went to requests: as the ledger reads it.
  r.end.served = scaled(joules_of(energy), 1.5);
  r.end.served->method += "; idle of its hours by fair share";
  r.end.marginal = joules_of(energy / 2);
  r.end.phases = {{"prefill", 80, 0.5, joules_of(energy / 4)},
                  {"answer", 50 + n, 1.5, joules_of(energy * 3 / 4)}};
  r.posted = to_microjoules(Joules(energy));
  return r;
}

inline Statement statement(std::vector<std::string> by = {"model"}) {
  Statement s;
  s.title = "A card";
  s.made = "2026-11-27T00:00:00.000Z";
  s.version = "0.1.0";
  s.commit = "abc";
  s.by = std::move(by);
  s.facts = no_facts();
  return s;
}

inline Record study_record() {
  const StudyResult study = fakes::sample_study();
  return {study.id, "study", "forty", "2026-11-23T22:18:00.000Z", without_text(to_json(study))};
}

// A run's document, all of whose figures are that many joules.
inline Json run_document(double joules) {
  const Json total = to_json(joules_of(joules));
  return Json::object({{"schema", "joulebook.run/1"}, {"total", total}, {"above_idle", total}, {"tree", total}});
}

// The n-th second's window: a request's joules half in the one in which it began, half in the next.
inline Json sample_window(int n, int requests) {
  Json postings = Json::object();
  std::int64_t meter = 0;
  const auto post = [&](const std::string& account, std::int64_t uj) {
    if (uj == 0) return;
    postings.set(account, uj);
    meter += uj;
  };
  std::int64_t served = 0;
  for (const int r : {n - 1, n}) {
    if (r < 0 || r >= requests) continue;
    const std::int64_t half = (10 + r) * 500'000LL;
    post("request:req-" + std::to_string(r), half);
    served += half;
  }
  post("idle.resident", served / 2);
  post("unattributed", 1000);
  const std::string run = stored_request(n).run;
  const auto utc = [](int second) { return iso8601(1'793'491'200 * kSecondNs + second * kSecondNs); };  // from 2026-11-01
  return Json::object({{"run", run}, {"domain", "gpu:0"}, {"hour", 500'000}, {"begin", utc(n)},
                       {"end", utc(n + 1)}, {"begin_ns", n * kSecondNs}, {"end_ns", (n + 1) * kSecondNs},
                       {"meter_uj", meter}, {"postings", postings}});
}

// The sample study, and `requests` requests.
inline CardMaker sample_maker(int requests = 8, const Statement& stated = statement()) {
  auto maker = CardMaker::make(stated, true);
  EXPECT_TRUE(maker) << maker.error().message;
  EXPECT_TRUE(maker->add(study_record()));
  for (int n = 0; n < requests; ++n) EXPECT_TRUE(maker->add_request(request_json(stored_request(n))));
  for (int n = 0; requests > 0 && n <= requests; ++n) EXPECT_TRUE(maker->add_window(sample_window(n, requests)));
  return std::move(*maker);
}

inline Json sample_card(int requests = 8, const Statement& stated = statement()) {
  auto maker = sample_maker(requests, stated);
  auto card = maker.finish();
  EXPECT_TRUE(card) << card.error().message;
  return std::move(*card);
}

inline std::string sample_bundle(int requests = 8) {
  auto maker = sample_maker(requests);
  EXPECT_TRUE(maker.finish());
  auto bytes = maker.bundle();
  EXPECT_TRUE(bytes) << bytes.error().message;
  return std::move(*bytes);
}

// A bundle's parts, but SHA256SUMS.
inline std::vector<Part> parts_of(std::string_view bundle) {
  std::vector<Part> parts;
  const auto read = *unpack(bundle);
  for (const auto& part : read) {
    if (part.name != kSums) parts.push_back({std::string(part.name), std::string(part.bytes)});
  }
  return parts;
}

// A bundle whose parts were changed by somebody who can make digests, too: SHA256SUMS and those in the
// card are right again.
inline std::string forged(const std::string& bundle, const std::function<void(std::string_view, std::string&)>& change) {
  std::vector<Part> parts = parts_of(bundle);
  for (auto& part : parts) change(part.name, part.bytes);
  Json altered = *parse_json(parts[0].bytes);
  Json evidence = Json::array();
  for (Json e : altered["evidence"].items()) {
    for (const auto& part : parts) {
      if (part.name != e["part"].as_string()) continue;
      e.set("bytes", static_cast<std::int64_t>(part.bytes.size())).set("sha256", sha256_hex(part.bytes));
    }
    evidence.push(std::move(e));
  }
  altered.set("evidence", std::move(evidence));
  parts[0].bytes = part_text(altered);
  return *pack(parts);
}

// The subject of that kind (the first).
inline const Json& subject_of(const Json& card, std::string_view kind) {
  for (const auto& s : card["subjects"].items()) {
    if (s["kind"].as_string() == kind) return s;
  }
  ADD_FAILURE() << "no " << kind;
  return card["none"];
}

}  // namespace joulebook::card
