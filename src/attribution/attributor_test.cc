#include "attribution/attributor.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <numeric>

namespace joulebook::attribution {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

SteadyTime at(double s) { return {static_cast<std::int64_t>(s * 1e9)}; }

ActiveEnergy window(double begin, double end, std::int64_t microjoules,
                    std::string domain = "gpu:0") {
  ActiveEnergy e{
      .begin = at(begin), .end = at(end), .domain = std::move(domain), .active = {microjoules}};
  e.energy = Quantity::exact(static_cast<double>(microjoules) * 1e-6, "J");
  e.energy.shared = {{"gain", 0.97, 1.03}};
  return e;
}

std::int64_t total(const Division& d) {
  std::int64_t sum = d.load.count + d.other.count + d.unattributed.count;
  for (const Share& s : d.shares) sum += s.energy.count;
  return sum;
}

// A streamed answer: sent, a prompt read until `first`, then a token every `gap`.
struct Stream {
  RequestId id;
  double sent, first, gap;
  int tokens;
  std::int64_t prompt;
  Outcome outcome = Outcome::complete;
};

void feed(std::vector<Remark>& out, const Stream& s) {
  out.push_back({s.id, at(s.sent), Arrived{.prompt_bytes = 4 * s.prompt, .streamed = true}});
  out.push_back({s.id, at(s.sent), Sent{}});
  for (int i = 0; i < s.tokens; ++i) out.push_back({s.id, at(s.first + i * s.gap), Tokens{}});
  const double end = s.first + (s.tokens - 1) * s.gap;
  if (s.outcome == Outcome::complete) {
    out.push_back({s.id, at(end), Usage{.prompt = s.prompt, .cached = 0, .output = s.tokens}});
  }
  out.push_back({s.id, at(end), Ended{s.outcome}});
}

std::vector<RequestFigures> run(std::vector<Remark> remarks, double until,
                                std::int64_t watts = 200) {
  Attributor a({});
  for (const Remark& r : remarks) a.remark(r);
  a.now(at(until + 61));
  std::vector<RequestFigures> out;
  for (double t = 0; t < until; t += 1) {
    const Division d = a.divide(window(t, t + 1, watts * 1'000'000));
    EXPECT_EQ(total(d), watts * 1'000'000);
    for (auto& f : a.settled(at(t + 1))) out.push_back(std::move(f));
  }
  std::sort(out.begin(), out.end(),
            [](const auto& x, const auto& y) { return x.request < y.request; });
  return out;
}

RC_GTEST_PROP(DivideWhole, IsExactAndNearEachShare, ()) {
  const auto weights = *rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(0, 1'000'000), [](int x) { return x * 1e-3; }));
  const auto amount = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  const auto parts = divide_whole(amount, weights);
  RC_ASSERT(parts.size() == weights.size());
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const std::int64_t all = std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  RC_ASSERT(all == (sum > 0 ? amount : 0));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    RC_ASSERT(parts[i] >= 0);
    if (sum > 0)
      RC_ASSERT(std::abs(static_cast<double>(parts[i]) -
                         static_cast<double>(amount) * weights[i] / sum) < 1.01);
  }
}

TEST(DivideWhole, NoWeightIsTrustedBlindly) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(divide_whole(10, std::vector<double>{-5, nan, inf, 3, 3}),
            (std::vector<std::int64_t>{0, 0, 0, 5, 5}));
  EXPECT_EQ(divide_whole(10, std::vector<double>{1e308, 1e308}), (std::vector<std::int64_t>{5, 5}));
  EXPECT_EQ(divide_whole(7, std::vector<double>{1e-320, 1e-320}),
            (std::vector<std::int64_t>{4, 3}));
  EXPECT_EQ(divide_whole(7, std::vector<double>{0, 0}), (std::vector<std::int64_t>{0, 0}));
  EXPECT_TRUE(divide_whole(7, {}).empty());
}

// Two requests wait for a model that takes 2.5 s to load, as their server tells; then each is answered.
TEST(Attributor, WhatLoadingAModelTookIsNoRequests) {
  std::vector<Remark> remarks;
  for (const RequestId id : {1, 2}) {
    feed(remarks, {.id = id, .sent = 0.5, .first = 3.5, .gap = 0.05, .tokens = 30, .prompt = 200});
    const Timings told{.load_s = 2.5, .prefill_s = 0.5, .decode_s = 1.45};
    remarks.insert(std::prev(remarks.end()), {id, remarks.back().at, told});
  }
  std::stable_sort(remarks.begin(), remarks.end(), [](const auto& x, const auto& y) { return x.at < y.at; });
  Attributor a({});
  for (const Remark& r : remarks) a.remark(r);
  a.now(at(70));
  for (double t = 0; t < 5; t += 1) {
    const Division d = a.divide(window(t, t + 1, 100'000'000));
    EXPECT_EQ(total(d), 100'000'000);
    EXPECT_EQ(d.unattributed.count, 0) << t;
    EXPECT_NEAR(static_cast<double>(d.load.count), t < 3 ? 1e8 : 0, 1e3) << t;
  }
}

// A second in which one model is loaded for 0.4 s while another answers the whole time: by time.
TEST(Attributor, LoadingBesideWorkSharesByTime) {
  Options options;
  options.routers = {0};
  Attributor a(options);
  std::vector<Remark> remarks;
  feed(remarks, {.id = 1, .sent = 0, .first = 0.01, .gap = 0.01, .tokens = 200, .prompt = 10});
  std::get<Arrived>(remarks[0].what).model = "resident";
  remarks.push_back({2, at(1), Arrived{.model = "other", .prompt_bytes = 40, .streamed = true}});
  remarks.push_back({2, at(1), Sent{}});
  for (int i = 0; i < 60; ++i) remarks.push_back({2, at(1.4 + 0.01 * i), Tokens{}});
  remarks.push_back({2, at(1.99), Usage{.prompt = 10, .cached = 0, .output = 60}});
  // llama-server's timings behind llama-swap: what lies before the prompt is the swap.
  remarks.push_back({2, at(1.99), Timings{.prefill_s = 1e-3, .decode_s = 0.59}});
  remarks.push_back({2, at(1.99), Ended{}});
  std::stable_sort(remarks.begin(), remarks.end(), [](const auto& x, const auto& y) { return x.at < y.at; });
  for (const Remark& r : remarks) a.remark(r);
  a.now(at(70));
  EXPECT_EQ(a.divide(window(0, 1, 100'000'000)).load.count, 0);
  const Division d = a.divide(window(1, 2, 100'000'000));
  EXPECT_NEAR(static_cast<double>(d.load.count), 0.4 / 1.99 * 1e8, 0.05e8);
  EXPECT_EQ(total(d), 100'000'000);
}

// The look whether a model is there is no load, nor is a queue before the model that was asked for before.
TEST(Attributor, AModelThatIsThereIsNotLoaded) {
  std::vector<Remark> remarks;
  for (const RequestId id : {1, 2}) {
    const double sent = id == 1 ? 0.1 : 1.1;
    feed(remarks, {.id = id, .sent = sent, .first = sent + 0.7, .gap = 0.01, .tokens = 10, .prompt = 200});
    const Timings told = id == 1 ? Timings{.load_s = 0.06, .prefill_s = 0.6} : Timings{.prefill_s = 0.1};
    remarks.insert(std::prev(remarks.end()), {id, remarks.back().at, told});
  }
  Attributor a({});
  for (const Remark& r : remarks) a.remark(r);
  a.now(at(70));
  for (double t = 0; t < 2; t += 1) EXPECT_EQ(a.divide(window(t, t + 1, 100'000'000)).load.count, 0);
}

TEST(Attributor, NothingAtWorkIsUnattributedWithAReason) {
  Attributor a({});
  const Division d = a.divide(window(0, 1, 123));
  EXPECT_EQ(d.unattributed.count, 123);
  ASSERT_TRUE(d.reason);
  EXPECT_EQ(d.reason->code, "attribution.no_work");
  EXPECT_EQ(a.divide(window(1, 2, 0)).reason, std::nullopt);
  const Division negative = a.divide(window(2, 3, -5));
  EXPECT_EQ(negative.unattributed.count, -5);
}

// A stream that shows nothing of its thinking: usage alone says that there was some. What it took is no
// queue's, nor that of those beside it.
TEST(Attributor, ThinkingThatIsNeverShownWasDoneBeforeTheAnswer) {
  std::vector<Remark> remarks;
  feed(remarks, {1, 0.01, 2.01, 0.02, 50, 30});
  feed(remarks, {2, 0.01, 0.05, 0.02, 148, 30});
  for (Remark& r : remarks) {
    auto* usage = std::get_if<Usage>(&r.what);
    if (r.request == 1 && usage != nullptr) usage->output = 148, usage->reasoning = 98;
  }
  std::stable_sort(remarks.begin(), remarks.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  const auto figures = run(remarks, 3);
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_NEAR(*figures[0].fair.value / *figures[1].fair.value, 1, 0.02);
  const auto& phases = figures[0].phases;
  const double answer = *phases[static_cast<std::size_t>(Phase::answer)].energy.value;
  EXPECT_NEAR(*phases[static_cast<std::size_t>(Phase::reason)].energy.value / answer, 98.0 / 50, 0.1);
  EXPECT_NEAR(phases[static_cast<std::size_t>(Phase::reason)].seconds, 1.96, 0.05);
  EXPECT_LT(phases[static_cast<std::size_t>(Phase::queue)].seconds, 0.05);
}

TEST(Attributor, AloneItTakesAllAndFairIsMarginal) {
  std::vector<Remark> remarks;
  feed(remarks, {1, 0.1, 0.6, 0.02, 200, 300});
  const auto figures = run(remarks, 6);
  ASSERT_EQ(figures.size(), 1U);
  const auto& f = figures[0];
  ASSERT_TRUE(f.fair.present());
  EXPECT_EQ(f.posted.count, 5'000'000 * 200);  // five windows hold work of it
  EXPECT_NEAR(*f.marginal.value, *f.fair.value, 1e-6 * *f.fair.value);
  double sum = 0;
  for (const PhaseFigure& p : f.phases) sum += *p.energy.value;
  EXPECT_NEAR(sum, *f.fair.value, 1e-6);
  EXPECT_EQ(f.phases[1].tokens, 300);
  EXPECT_EQ(f.phases[4].tokens, 200);
  EXPECT_GT(*f.phases[1].energy.value, 0);
  EXPECT_EQ(f.fair.shared, (std::vector<SharedPart>{{"gain", 0.97, 1.03}}));
}

TEST(Attributor, LockstepDecodersOfOneContextGetEqualShares) {
  std::vector<Remark> remarks;
  for (RequestId id = 1; id <= 8; ++id) feed(remarks, {id, 0.1, 0.5, 0.03, 300, 200});
  const auto figures = run(remarks, 11);
  ASSERT_EQ(figures.size(), 8U);
  for (const auto& f : figures) EXPECT_NEAR(*f.fair.value / *figures[0].fair.value, 1, 1e-6);
}

TEST(Attributor, ALongerPromptIsChargedForItsReading) {
  std::vector<Remark> remarks;
  feed(remarks, {1, 0.1, 0.2, 0.03, 300, 400});
  feed(remarks, {2, 0.1, 1.1, 0.03, 300, 4000});
  const auto figures = run(remarks, 11);
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_GT(*figures[1].phases[1].energy.value, 3 * *figures[0].phases[1].energy.value);
  EXPECT_GT(*figures[1].fair.value, *figures[0].fair.value);
}

// Eight tokens an event, or eight events at an instant: the work is the same.
TEST(Attributor, BurstsOfTokensAreSharedAsStreamsAre) {
  std::vector<Remark> remarks;
  feed(remarks, {1, 0.1, 0.5, 0.02, 401, 300});
  feed(remarks, {2, 0.1, 0.5, 0.02, 401, 300});
  std::vector<Remark> burst;
  for (const Remark& r : remarks) {
    if (r.request == 1 || !std::holds_alternative<Tokens>(r.what)) {
      burst.push_back(r);
      continue;
    }
    const double since = static_cast<double>(r.at.ns) * 1e-9 - 0.5;
    const double late = std::ceil(since / 0.16 - 1e-9) * 0.16;
    burst.push_back({r.request, at(0.5 + late), r.what});
  }
  std::stable_sort(burst.begin(), burst.end(),
                   [](const Remark& a, const Remark& b) { return a.at < b.at; });
  const auto figures = run(burst, 10);
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_NEAR(*figures[1].fair.value / *figures[0].fair.value, 1, 0.03);
}

// An answer that shows nothing before its end, beside two that stream: its prompt was read in its
// turn, between theirs.
TEST(Attributor, WhatDoesNotStreamHasItsTurnAmongThoseThatDo) {
  std::vector<Remark> remarks;
  feed(remarks, {1, 0.1, 2.0, 0.02, 300, 2000});
  remarks.push_back({2, at(0.2), Arrived{.prompt_bytes = 8000}});
  remarks.push_back({2, at(0.2), Sent{}});
  feed(remarks, {3, 0.3, 6.0, 0.02, 100, 2000});
  remarks.push_back({2, at(8.5), Usage{.prompt = 2000, .cached = 0, .output = 100}});
  remarks.push_back({2, at(8.5), Ended{}});
  std::stable_sort(remarks.begin(), remarks.end(),
                   [](const Remark& a, const Remark& b) { return a.at < b.at; });
  const auto figures = run(remarks, 9);
  ASSERT_EQ(figures.size(), 3U);
  EXPECT_NEAR(figures[1].phases[0].seconds, 1.8, 0.05);  // in the queue behind the first
}

TEST(Attributor, CancelledWorkKeepsItsJoulesAsWasted) {
  std::vector<Remark> remarks;
  feed(remarks, {1, 0.1, 0.5, 0.03, 100, 400, Outcome::cancelled});
  feed(remarks, {2, 0.1, 0.5, 0.03, 200, 400});
  const auto figures = run(remarks, 8);
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_GT(figures[0].posted.count, 100'000'000);
  EXPECT_EQ(to_microjoules(Joules(*figures[0].phases[5].energy.value)).count,
            figures[0].posted.count);
  EXPECT_EQ(*figures[0].phases[4].energy.value, 0);
}

// Metered, and nothing above idle to be seen: nothing was used, up to what the meter's edges hide.
TEST(Attributor, NoActiveEnergyIsNothingWithinAnInterval) {
  for (const bool worked : {true, false}) {
    Attributor a({});
    std::vector<Remark> remarks;
    if (worked) {
      feed(remarks, {1, 0.2, 0.4, 0.02, 10, 100});
    } else {  // all of its prompt was kept from before, and its token is the prompt's end
      remarks = {{1, at(0.2), Arrived{.streamed = true}},
                 {1, at(0.2), Sent{}},
                 {1, at(0.3), Tokens{}},
                 {1, at(0.3), Usage{.prompt = 64, .cached = 64, .output = 1}},
                 {1, at(0.3), Ended{}}};
    }
    for (const Remark& r : remarks) a.remark(r);
    a.now(at(62));
    ActiveEnergy e = window(0, 1, 0);
    e.energy.own = {0, 2};
    e.energy.boundary = "gpu";
    (void)a.divide(e);
    const auto figures = a.settled(at(1));
    ASSERT_EQ(figures.size(), 1U);
    ASSERT_TRUE(figures[0].fair.present()) << worked;
    EXPECT_EQ(*figures[0].fair.value, 0);
    EXPECT_EQ(figures[0].fair.interval().lo, 0);
    EXPECT_GT(figures[0].fair.interval().hi, 0.1);
    EXPECT_LE(figures[0].fair.interval().hi, 2);
    EXPECT_EQ(figures[0].fair.boundary, "gpu");
    EXPECT_TRUE(figures[0].marginal.present());
  }
}

TEST(Attributor, WaitsForWhatIsOpenUpToTheHorizon) {
  Attributor a({});
  a.remark({1, at(1), Arrived{.streamed = true}});
  a.remark({1, at(1), Sent{}});
  a.now(at(10));
  EXPECT_TRUE(a.ready(at(1)));
  EXPECT_FALSE(a.ready(at(2)));
  EXPECT_FALSE(a.ready(at(11)));
  a.now(at(62));
  EXPECT_TRUE(a.ready(at(2)));
  a.remark({1, at(63), Ended{}});
  EXPECT_TRUE(a.ready(at(60)));
  EXPECT_EQ(a.followed(), 1U);
  EXPECT_EQ(a.settled(at(64)).size(), 1U);
  EXPECT_EQ(a.followed(), 0U);
}

TEST(Attributor, TrafficThatBypassedIsOthers) {
  Attributor a({});
  std::vector<Remark> remarks;
  feed(remarks, {1, 0.1, 0.5, 0.03, 100, 400});
  for (const Remark& r : remarks) a.remark(r);
  const auto read = [&](double t, double running, double output) {
    a.reading({.begin = at(t),
               .end = at(t + 0.01),
               .running = running,
               .prompt_tokens = 0,
               .output_tokens = output});
  };
  read(-0.1, 0, 0);
  read(1.5, 2, 80);
  read(3.0, 2, 180);
  read(5.0, 1, 300);
  a.now(at(70));
  const Division d = a.divide(window(0, 1, 100'000'000));
  EXPECT_EQ(total(d), 100'000'000);
  const Division later = a.divide(window(4, 5, 100'000'000));  // none of ours
  EXPECT_GT(later.other.count, 99'000'000);
}

TEST(Attributor, AStormIsBounded) {
  Options options;
  options.most_requests = 100;
  options.most_pieces = 16;
  Attributor a(options);
  for (RequestId id = 1; id <= 1000; ++id) {
    a.remark({id, at(0.1), Arrived{.streamed = true}});
    a.remark({id, at(0.1), Sent{}});
    for (int i = 0; i < 100; ++i)
      a.remark({id, at(0.2 + 0.001 * i), Tokens{.choice = static_cast<std::uint32_t>(i)}});
  }
  EXPECT_EQ(a.followed(), 100U);
  EXPECT_EQ(a.not_followed(), 900U);
  a.now(at(100));
  EXPECT_EQ(total(a.divide(window(0, 1, 999'999))), 999'999);
}

// Whatever is said, and in whatever order: what is given out is what there was.
RC_GTEST_PROP(Attributor, ConservesWhateverItIsTold, ()) {
  Attributor a({.horizon = std::chrono::seconds(*rc::gen::inRange(0, 3))});
  const int n = *rc::gen::inRange(0, 200);
  double edge = 0;
  for (int i = 0; i < n; ++i) {
    const auto id = static_cast<RequestId>(*rc::gen::inRange(1, 9));
    const SteadyTime t = at(*rc::gen::inRange(-2000, 8000) * 1e-3);
    const auto number = *rc::gen::inRange<std::int64_t>(-3, 5000);
    switch (*rc::gen::inRange(0, 9)) {
      case 0:
      case 1:
        a.remark({id, t,
                  Arrived{.upstream = static_cast<std::uint32_t>(number % 2),
                          .choices = static_cast<std::uint32_t>(number),
                          .streamed = number % 3 == 0,
                          .embedding = number % 7 == 0}});
        break;
      case 2:
        a.remark({id, t, Sent{}});
        break;
      case 3:
      case 4:
        a.remark({id, t,
                  Tokens{.count = number,
                         .choice = static_cast<std::uint32_t>(number % 4),
                         .reasoning = number % 5 == 0}});
        break;
      case 5:
        a.remark({id, t,
                  Usage{.prompt = number,
                        .cached = number / 2,
                        .output = number,
                        .drafted = number,
                        .accepted = number / 3}});
        break;
      case 6:
        a.remark({id, t,
                  Timings{.prefill_s = static_cast<double>(number),
                          .decode_s = static_cast<double>(number) * 1e-3}});
        break;
      case 7:
        a.remark({id, t, Ended{number % 2 == 0 ? Outcome::complete : Outcome::cancelled}});
        break;
      default:
        a.reading({.begin = t,
                   .end = t,
                   .running = static_cast<double>(number),
                   .output_tokens = static_cast<double>(number)});
    }
    if (i % 20 != 19) continue;
    const std::int64_t joules = *rc::gen::inRange<std::int64_t>(0, 10'000'000'000);
    const Division d = a.divide(window(edge, edge + 1, joules));
    RC_ASSERT(total(d) == joules);
    for (const Share& s : d.shares) RC_ASSERT(s.energy.count > 0 && std::isfinite(s.uncertainty_j));
    RC_ASSERT(d.other.count >= 0 && d.unattributed.count >= 0);
    edge += 1;
    for (const RequestFigures& f : a.settled(at(edge))) {
      RC_ASSERT(f.phases.size() == kPhases);
      if (!f.fair.present()) continue;
      RC_ASSERT(to_microjoules(Joules(*f.fair.value)) == f.posted);
      const Interval within = f.fair.interval();
      RC_ASSERT(within.lo <= *f.fair.value && *f.fair.value <= within.hi);
    }
  }
}

TEST(Served, TakesItsPartOfIdle) {
  const Quantity fair = Quantity::exact(30, "J");
  const Quantity q = served(fair, {30'000'000}, {120'000'000}, Quantity::exact(40, "J"));
  ASSERT_TRUE(q.present());
  EXPECT_DOUBLE_EQ(*q.value, 40);
  EXPECT_FALSE(served(fair, {0}, {0}, Quantity::exact(40, "J")).present());
}

}  // namespace
}  // namespace joulebook::attribution
