// Settling that gives way to traffic: what waits is kept whole and in few bytes, is settled as it would
// have been at once, and is bounded.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <latch>
#include <thread>

#include "gateway/settler_fixture.h"

namespace joulebook::gateway {
namespace {

namespace at = attribution;

template <class T>
std::string said(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "-";
}

std::string said(const at::Remark& r) {
  std::string out = fmt::format("{}@{} {} ", r.request, r.at.ns, r.what.index());
  if (const auto* a = std::get_if<at::Arrived>(&r.what)) {
    out += fmt::format("{} {} {} {} {} {} {}", a->upstream, a->model, a->choices, said(a->prompt_bytes),
                       said(a->most_tokens), a->streamed, a->embedding);
  } else if (const auto* t = std::get_if<at::Tokens>(&r.what)) {
    out += fmt::format("{} {} {} {} {} {}", t->count, t->choice, t->reasoning, t->counted, t->events, t->thought_before);
  } else if (const auto* u = std::get_if<at::Usage>(&r.what)) {
    for (const auto& value : {u->prompt, u->cached, u->output, u->reasoning, u->drafted, u->accepted}) out += said(value) + " ";
  } else if (const auto* s = std::get_if<at::Timings>(&r.what)) {
    for (const auto& value : {s->queue_s, s->load_s, s->prefill_s, s->decode_s}) out += said(value) + " ";
  } else if (const auto* e = std::get_if<at::Ended>(&r.what)) {
    out += std::to_string(static_cast<int>(e->outcome));
  }
  return out;
}

std::string said(const Fact& fact) {
  if (const auto* o = std::get_if<Opened>(&fact)) {
    const RequestBegin& b = o->begin;
    return fmt::format("opened {} {} {} {} {} {} {} {} {} {}", o->request, b.id, b.tenant, b.model, b.route, b.upstream,
                       b.stream, b.trace_id, b.parent_span, b.arrived.ns);
  }
  if (const auto* a = std::get_if<Answered>(&fact)) return fmt::format("answered {} {}", a->request, a->status);
  if (const auto* b = std::get_if<Broken>(&fact)) {
    return fmt::format("broken {} {} {} {}", b->request, b->reason.code, b->reason.message, b->reason.cure);
  }
  if (const auto* e = std::get_if<EngineNow>(&fact)) return fmt::format("engine {} {}", static_cast<int>(e->is), e->at.ns);
  if (const auto* r = std::get_if<at::Remark>(&fact)) return said(*r);
  const auto& r = std::get<at::EngineReading>(fact);
  return fmt::format("reading {} {} {} {} {}", r.upstream, r.begin.ns, r.end.ns, said(r.running), said(r.preemptions));
}

using Number = std::optional<std::int64_t>;

at::Remark any_remark(at::RequestId request, SteadyTime when) {
  const auto number = [] { return *rc::gen::maybe(rc::gen::arbitrary<std::int64_t>()); };
  const auto maybe = [&] {
    const auto n = number();
    return n ? Number(*n) : Number();
  };
  const auto seconds = [&] {
    const auto n = number();
    return n ? std::optional(static_cast<double>(*n) * 1e-3) : std::nullopt;
  };
  at::Remark out{request, when, at::Sent{}};
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      out.what = at::Arrived{*rc::gen::inRange(0U, 300U), *rc::gen::arbitrary<std::string>(), *rc::gen::inRange(0U, 9U),
                             maybe(), maybe(), *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
      break;
    case 1:
      out.what = at::Tokens{*rc::gen::inRange<std::int64_t>(1, 1000), *rc::gen::inRange(0U, 1024U), *rc::gen::arbitrary<bool>(),
                            *rc::gen::arbitrary<bool>(), *rc::gen::inRange<std::int64_t>(1, 9), *rc::gen::inRange<std::int64_t>(0, 3)};
      break;
    case 2: out.what = at::Usage{maybe(), maybe(), maybe(), maybe(), maybe(), maybe()}; break;
    case 3: out.what = at::Timings{seconds(), seconds(), seconds(), seconds()}; break;
    case 4: out.what = at::Ended{static_cast<at::Outcome>(*rc::gen::inRange(0, 3))}; break;
    default: break;
  }
  return out;
}

Fact any_fact(SteadyTime when) {
  const auto text = [] { return *rc::gen::arbitrary<std::string>(); };
  const auto request = *rc::gen::arbitrary<at::RequestId>();
  switch (*rc::gen::inRange(0, 9)) {
    case 0: {
      Opened out{request, {}};
      const bool usual = *rc::gen::arbitrary<bool>();
      out.begin.id = usual ? fmt::format("jb-{:032x}", *rc::gen::arbitrary<std::uint64_t>()) : text();
      for (std::string* field : {&out.begin.tenant, &out.begin.model, &out.begin.route, &out.begin.upstream,
                                 &out.begin.trace_id, &out.begin.parent_span}) {
        *field = text();
      }
      out.begin.stream = *rc::gen::arbitrary<bool>();
      out.begin.arrived = when;
      return out;
    }
    case 1: return Answered{request, *rc::gen::inRange(-1, 600)};
    case 2: return Broken{request, {text(), text(), text()}};
    case 3: return EngineNow{static_cast<EngineIs>(*rc::gen::inRange(0, 3)), when};
    case 4: {
      at::EngineReading out;
      out.upstream = *rc::gen::inRange(0U, 9U);
      out.begin = out.end = when;
      out.running = 2.5;
      if (*rc::gen::arbitrary<bool>()) out.preemptions = 7;
      return out;
    }
    default: return any_remark(request, when);
  }
}

void tell(FactLog& log, const Fact& fact) {
  if (const auto* o = std::get_if<Opened>(&fact)) log.opened(o->request, o->begin);
  if (const auto* a = std::get_if<Answered>(&fact)) log.answered(a->request, a->status);
  if (const auto* b = std::get_if<Broken>(&fact)) log.broken(b->request, b->reason);
  if (const auto* e = std::get_if<EngineNow>(&fact)) log.engine(e->is, e->at);
  if (const auto* r = std::get_if<at::Remark>(&fact)) log.remark(*r);
  if (const auto* r = std::get_if<at::EngineReading>(&fact)) log.reading(*r);
}

RC_GTEST_PROP(FactLog, WhatWasToldComesOutInItsOrder, ()) {
  FakeClock clock;
  FactLog log(clock);
  std::vector<std::string> told, read;
  const int count = *rc::gen::inRange(0, 80);
  std::deque<Facts> parts;
  for (int i = 0; i < count; ++i) {
    const Fact fact = any_fact({*rc::gen::arbitrary<std::int32_t>() * std::int64_t{1000} + i});
    tell(log, fact);
    told.push_back(said(fact));
    if (*rc::gen::inRange(0, 20) == 0) log.take(parts, {});
  }
  log.take(parts, {});
  std::uint64_t opened = 0;
  std::uint64_t bytes = 0;
  for (const Facts& part : parts) {
    part.each([&](Fact&& fact) {
      if (const auto* o = std::get_if<Opened>(&fact)) RC_ASSERT(part.begin_of(o->begin.id));
      read.push_back(said(fact));
    });
    opened += part.opened;
    bytes += part.bytes.size();
  }
  RC_ASSERT(read == told);
  RC_ASSERT(opened == log.opened());
  RC_ASSERT(bytes == log.bytes());
}

RequestBegin usual(at::RequestId id, SteadyTime arrived) {
  RequestBegin begin;
  begin.id = fmt::format("jb-{:032x}", id);
  begin.model = "llama-3.1-8b-instruct";
  begin.route = "/v1/chat/completions";
  begin.upstream = "http://127.0.0.1:8080";
  begin.arrived = arrived;
  return begin;
}

// A request, whole or streamed in as many reads, as the wire tells it.
template <class Sink>
void ask(Sink& sink, at::RequestId id, SteadyTime from, int reads = 0) {
  SteadyTime now = from;
  const auto later = [&] { return now = now + std::chrono::microseconds(117); };
  sink.opened(id, usual(id, now));
  sink.remark({id, now, at::Arrived{0, "llama-3.1-8b-instruct", 1, 400, 16, reads > 0, false}});
  sink.remark({id, later(), at::Sent{}});
  sink.answered(id, 200);
  for (int i = 0; i < reads; ++i) sink.remark({id, later(), at::Tokens{}});
  sink.remark({id, later(), at::Usage{100, 0, 16, {}, {}, {}}});
  sink.remark({id, now, at::Ended{}});
}

TEST(FactLog, ARequestTakesFewBytes) {
  FakeClock clock;
  for (const auto& [reads, most] : {std::pair(0, 90), std::pair(16, 260)}) {
    FactLog log(clock);
    for (at::RequestId id = 1; id <= 10'000; ++id) ask(log, id, {static_cast<std::int64_t>(id) * 100'000}, reads);
    EXPECT_LE(log.bytes() / 10'000, static_cast<std::uint64_t>(most)) << reads;
    EXPECT_EQ(log.opened(), 10'000U);
    EXPECT_EQ(log.ended(), 10'000U);
  }
}

class Behind : public SettlerTest {
 protected:
  static constexpr int kRequests = 12'000;  // more than are read at a time

  // Requests from 40 s to 45 s; settled as they come, or only from then on.
  void serve(bool at_once) {
    clock_ = FakeClock();
    start(gpu(40, 45));
    at(40);
    for (int i = 0; i < kRequests; ++i) {
      const double s = 40 + 5.0 * i / kRequests;
      const SteadyTime when = time(0) + Nanos(static_cast<std::int64_t>(s * 1e9));
      while (clock_.now() < when) {
        clock_.advance(std::chrono::milliseconds(100));
        if (at_once) settler_->pump();
      }
      ask(*settler_, static_cast<at::RequestId>(i + 1), when);
    }
  }
};

TEST_F(Behind, WhatWaitedIsSettledAsIfItHadNot) {
  serve(true);
  at(120);
  const auto prompt = writer_.accounts();
  writer_.batches.clear();
  serve(false);
  Backlog before = settler_->backlog();
  EXPECT_EQ(before.requests, static_cast<std::uint64_t>(kRequests));
  EXPECT_GT(before.bytes, 512U * 1024);
  EXPECT_GE(before.age, Nanos(std::chrono::seconds(4)));
  EXPECT_EQ(settler_->counts().pending, static_cast<std::uint64_t>(kRequests));
  int parts = 0;
  while (settler_->pump()) {
    const Backlog now = settler_->backlog();
    EXPECT_LT(now.requests, before.requests);
    EXPECT_LT(now.bytes, before.bytes);
    EXPECT_EQ(settler_->counts().open + settler_->counts().pending + writer_.ended(), static_cast<std::uint64_t>(kRequests));
    before = now;
    ++parts;
  }
  EXPECT_GE(parts, 1);
  EXPECT_EQ(settler_->backlog().requests, 0U);
  EXPECT_EQ(settler_->backlog().bytes, 0U);
  EXPECT_EQ(settler_->backlog().age, Nanos(0));
  at(120);
  const auto late = writer_.accounts();
  ASSERT_EQ(late.size(), prompt.size());
  EXPECT_EQ(writer_.ended(), static_cast<std::uint64_t>(kRequests));
  EXPECT_EQ(settler_->counts().open + settler_->counts().pending, 0U);
  double off = 0;
  double all = 0;
  for (const auto& [account, amount] : prompt) {
    off += std::abs(static_cast<double>(late.at(account) - amount));
    all += static_cast<double>(amount);
  }
  EXPECT_LT(off, 0.01 * all);
}

TEST_F(Behind, TheEndSettlesAllOfIt) {
  serve(false);
  settler_->pump(true);
  EXPECT_EQ(settler_->backlog().requests, 0U);
  EXPECT_EQ(writer_.ended(), static_cast<std::uint64_t>(kRequests));
  EXPECT_GT(writer_.accounts().at("(meter)"), 0);  // each window sums to its meter
}

TEST_F(Behind, ARequestThatWaitsIsFoundAndPending) {
  serve(false);
  for (const int i : {1, kRequests / 2, kRequests}) {
    const auto found = settler_->find(usual(static_cast<at::RequestId>(i), {}).id);
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(found->status, RequestStatus::pending);
    EXPECT_EQ(found->begin.model, "llama-3.1-8b-instruct");
  }
  settler_->pump();  // some are read, some are taken and not read
  for (const int i : {1, kRequests / 2, kRequests}) EXPECT_TRUE(settler_->find(usual(static_cast<at::RequestId>(i), {}).id)) << i;
  EXPECT_FALSE(settler_->find("jb-0"));
}

// Traffic goes on while the ledger is held up, and is told of nothing but its own requests.
TEST_F(Behind, ALedgerThatIsHeldUpHoldsUpNobody) {
  std::latch began(1);
  std::latch may_end(1);
  start(gpu(40, 45));
  at(40);
  ask(*settler_, 1, time(40));
  clock_.advance(std::chrono::seconds(60));
  writer_.hold = [&] {
    began.count_down();
    may_end.wait();
  };
  std::thread settling([&] { settler_->pump(); });
  began.wait();
  for (at::RequestId id = 2; id <= 1001; ++id) ask(*settler_, id, clock_.now());
  EXPECT_EQ(settler_->backlog().requests, 1000U);
  EXPECT_GE(settler_->counts().pending, 1000U);
  EXPECT_FALSE(settler_->seek(usual(1, {}).id).later);  // written or not, it may be looked at
  EXPECT_TRUE(settler_->seek(usual(1001, {}).id).request);
  may_end.count_down();
  settling.join();
  writer_.hold = nullptr;
  clock_.advance(std::chrono::seconds(1));
  settler_->pump(true);
  EXPECT_EQ(writer_.ended(), 1001U);
  EXPECT_EQ(settler_->counts().lost_rows, 0U);
}

TEST_F(Behind, WhoAsksWhileAWindowIsSettledIsToldToAskAgain) {
  start(gpu(40, 45));
  at(40);
  ask(*settler_, 1, time(40));
  int asked = 0;
  settler_->on_row = [&](const RequestRow&) {
    std::thread([&] {
      const auto sought = settler_->seek(usual(1, {}).id);
      asked += sought.later && !sought.request ? 1 : 0;
      // None of these waits.
      EXPECT_EQ(settler_->counts().open, 0U);
      EXPECT_EQ(settler_->rule(), "");
      EXPECT_EQ(settler_->backlog().requests, 0U);
      EXPECT_FALSE(settler_->provisional(3, 0).present() && settler_->boundary().empty());
    }).join();
  };
  at(120);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(settler_->seek(usual(1, {}).id).request->status, RequestStatus::final_);
}

TEST_F(Behind, BeyondTheBoundNewRequestsWaitAndNothingIsLost) {
  SettlerOptions options;
  options.most_backlog = 40'000;
  int waits = 0;
  options.wait = [&] { ++waits; };
  Settler settler({}, &writer_, books_, clock_, options);
  for (at::RequestId id = 1; id <= 1000; ++id) ask(settler, id, clock_.now());
  EXPECT_GT(waits, 300);
  EXPECT_LT(waits, 700);
  settler.pump();
  waits = 0;
  ask(settler, 1001, clock_.now());
  EXPECT_EQ(waits, 0);
  settler.pump(true);
  EXPECT_EQ(writer_.ended(), 1001U);
}

}  // namespace
}  // namespace joulebook::gateway
