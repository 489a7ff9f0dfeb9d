#include "meter/remote_meter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "core/text.h"
#include "fakes/patience.h"
#include "meter/feed.h"
#include "meter/record.h"
#include "meter/trace_wire.h"

namespace joulebook {
namespace {

constexpr Nanos kMs = std::chrono::milliseconds(1);

// An agent on a machine whose clock is `skew` ahead of ours; its one counter runs at 100 W.
class FakeAgent {
 public:
  static constexpr double kWatts = 100;

  explicit FakeAgent(Nanos skew) : skew_(skew.count()) {
    begin_trace();
    thread_ = std::thread([this] { run(); });
  }
  ~FakeAgent() {
    stop_ = true;
    thread_.join();
  }

  std::function<void(HttpCall&)> calls() {
    return [this](HttpCall& call) { answer(call); };
  }
  std::atomic<bool> cut{false};     // ends the connection that is open, once
  std::atomic<bool> silent{false};  // no blocks are made
  std::atomic<bool> down{false};    // answers nobody, and ends what is open
  std::atomic<std::size_t> gpus{1};  // each on a counter of its own
  std::atomic<bool> hung{false};    // connections stay open, and nothing comes, as of a host without power
  // Started anew: its clock is another, and its counter begins at nothing.
  void reboot(Nanos skew) {
    skew_ = skew.count();
    ++boots_;
    oldest_ = feed_.first_from(1'000'000);
  }
  std::atomic<int> connections{0};

 private:
  void begin_trace() {
    TraceHeader header{{}, {}, {}, 4, {}};
    for (std::size_t i = 0; i < gpus; ++i) {
      SensorInfo info;
      info.id = "fake:energy" + std::to_string(i);
      info.domain = info.device = "gpu:" + std::to_string(i);
      info.name = "fake";
      info.scale = 1e-6;
      info.method = "counter of a fake";
      header.sensors.push_back(info);
      header.models.emplace_back();
    }
    feed_.publish(TraceEncoder::header(header));
  }
  [[nodiscard]] SteadyTime theirs() const { return system_clock().now() + Nanos(skew_.load()); }

  void run() {
    std::int64_t skew = skew_;
    SteadyTime start = system_clock().now() + Nanos(skew);
    TraceEncoder encoder;
    std::size_t counted = 1;
    while (!stop_) {
      if (const std::size_t now = gpus; now != std::exchange(counted, now)) {
        (void)encoder.take();
        begin_trace();
      }
      // One that starts anew has another clock, and counts from nothing.
      if (const std::int64_t now = skew_; now != std::exchange(skew, now)) start = system_clock().now() + Nanos(skew);
      for (int i = 0; i < 4; ++i) {
        const SteadyTime begin = system_clock().now() + Nanos(skew);
        const double joules = kWatts * Seconds(begin - start).count();
        for (std::size_t channel = 0; channel < counted; ++channel) {
          encoder.add(ReadingEvent{
              channel, {static_cast<std::uint64_t>(joules * 1e6), begin, begin + Nanos(1000)}});
        }
        std::this_thread::sleep_for(5 * kMs);
      }
      const std::string block(encoder.take());
      if (!silent && !down) feed_.publish(block);
    }
  }

  void answer(HttpCall& call) {
    call.status = 0;
    call.failure = "connection refused";
    if (down) return;
    call.failure.clear();
    if (call.bearer != "secret") {
      call.status = 401;
      return;
    }
    call.status = 200;
    if (call.url.find(kAgentClock) != call.url.npos) {
      call.sent_ns = system_clock().now().ns;
      std::this_thread::sleep_for(2 * kMs);
      const auto now = theirs();
      std::this_thread::sleep_for(1 * kMs);
      call.answered_ns = system_clock().now().ns;
      call.on_body("{\"steady_ns\": " + std::to_string(now.ns) + ", \"boot_id\": \"boot " + std::to_string(boots_) + "\"}");
      return;
    }
    ++connections;
    const auto at = call.url.find("from=");
    std::uint64_t cursor = feed_.first_from(
        static_cast<std::uint64_t>(parse_int(call.url.substr(at + 5)).value_or(0)));
    cursor = std::max(cursor, oldest_.load());
    call.answer_headers = {{kAgentFirstBlock, std::to_string(cursor)}};
    if (!call.on_body(feed_.header())) return;
    while (!stop_ && !*call.cancel && !cut.exchange(false) && !down) {
      if (hung) {
        std::this_thread::sleep_for(5 * kMs);
        continue;
      }
      const std::string bytes = feed_.since(cursor);
      const std::string_view view(bytes);
      // In pieces, as a network would.
      for (std::size_t i = 0; i < view.size(); i += 37) {
        if (!call.on_body(view.substr(i, 37))) return;
      }
      std::this_thread::sleep_for(5 * kMs);
    }
  }

  std::atomic<std::int64_t> skew_;  // ns
  std::atomic<int> boots_{0};
  std::atomic<std::uint64_t> oldest_{0};  // block: those before it were lost
  TraceFeed feed_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

RemoteMeterOptions options_for(FakeAgent& agent) {
  RemoteMeterOptions options;
  options.url = "http://agent";
  options.token = "secret";
  options.call = agent.calls();
  return options;
}

std::unique_ptr<RemoteMeter> follow(FakeAgent& agent) {
  auto meter = open_remote_meter(options_for(agent), system_clock());
  EXPECT_TRUE(meter) << meter.error().message;
  return meter ? std::move(*meter) : nullptr;
}

// 100 W between two instants of our own clock lie within the window's bounds.
void expect_true(RemoteMeter& meter, SteadyTime begin, SteadyTime end) {
  meter.settle(end);
  const auto energy = meter.energy({"w", begin, end}).total;
  ASSERT_TRUE(energy.present()) << energy.reason->message;
  const double truth = FakeAgent::kWatts * Seconds(end - begin).count();
  EXPECT_LE(energy.interval().lo, truth);
  EXPECT_GE(energy.interval().hi, truth);
  EXPECT_LT(energy.interval().width(), truth);
}

void wait(Nanos span) { std::this_thread::sleep_for(span); }

// What the agent has come to read is read here, too, in the same connection; windows from before stay as they were.
TEST(RemoteMeter, AnotherTraceTakesOver) {
  FakeAgent agent(std::chrono::seconds(3));
  const auto meter = follow(agent);
  ASSERT_TRUE(meter);
  const SteadyTime begin = meter->now();
  std::this_thread::sleep_for(200 * kMs);
  const SteadyTime end = meter->now();
  expect_true(*meter, begin, end);
  const auto before = meter->energy({"w", begin, end}).total;
  agent.gpus = 2;
  ASSERT_TRUE(fakes::wait_for([&] { return meter->sensors().size() == 2; }));
  EXPECT_EQ(meter->energy({"w", begin, end}).total.value, before.value);
  EXPECT_EQ(agent.connections, 1);
  WindowEnergy both;
  ASSERT_TRUE(fakes::wait_for([&] {
    const SteadyTime from = meter->now();
    std::this_thread::sleep_for(100 * kMs);
    const SteadyTime to = meter->now();
    meter->settle(to);
    both = meter->energy({"w", from, to});
    return both.domains.size() == 2 && both.total.present();
  }));
  EXPECT_TRUE(both.total.interval().contains(2 * FakeAgent::kWatts * both.window.duration().count()));
}

TEST(RemoteMeter, HoldsTheTruthWhateverTheOtherClockSays) {
  for (const Nanos skew : {Nanos(std::chrono::seconds(-30)), Nanos(std::chrono::hours(300))}) {
    FakeAgent agent(skew);
    const auto meter = follow(agent);
    ASSERT_TRUE(meter);
    wait(100 * kMs);
    const SteadyTime begin = meter->now();
    wait(300 * kMs);
    expect_true(*meter, begin, meter->now());
    EXPECT_GE(meter->clock().bound.count(), 1'000'000);
    EXPECT_NEAR(static_cast<double>(meter->clock().offset.count()),
                -static_cast<double>(Nanos(skew).count()),
                static_cast<double>(meter->clock().bound.count()) + 1);
    EXPECT_TRUE(meter->connected());
  }
}

TEST(RemoteMeter, TakesUpABrokenConnectionWithoutAGap) {
  FakeAgent agent(std::chrono::seconds(77));
  const auto meter = follow(agent);
  ASSERT_TRUE(meter);
  wait(100 * kMs);
  const SteadyTime begin = meter->now();
  agent.cut = true;
  wait(600 * kMs);
  EXPECT_GE(agent.connections, 2);
  expect_true(*meter, begin, meter->now());
}

TEST(RemoteMeter, AnAgentThatFellSilentGivesAnAbsenceAndNoZero) {
  FakeAgent agent(std::chrono::seconds(5));
  const auto meter = follow(agent);
  ASSERT_TRUE(meter);
  wait(100 * kMs);
  agent.silent = true;
  wait(100 * kMs);
  const SteadyTime begin = meter->now();
  wait(100 * kMs);
  const SteadyTime end = meter->now();
  const auto energy = meter->energy({"w", begin, end}).total;
  EXPECT_FALSE(energy.present());
}

// A gateway that starts while a machine is away meters it once it is there.
TEST(RemoteMeter, MayComeLater) {
  FakeAgent agent(std::chrono::hours(3));
  agent.down = true;
  auto options = options_for(agent);
  EXPECT_FALSE(open_remote_meter(options, system_clock()));
  options.may_come_later = true;
  const auto opened = open_remote_meter(options, system_clock());
  ASSERT_TRUE(opened) << opened.error().message;
  RemoteMeter& meter = **opened;
  EXPECT_TRUE(meter.sensors().empty());
  const SteadyTime before = meter.now();
  meter.settle(before);
  const auto none = meter.energy({"w", before + -100 * kMs, before});
  EXPECT_FALSE(none.total.present());
  EXPECT_EQ(none.total.reason->code, "meter.unreachable");
  ASSERT_TRUE(meter.away());
  agent.down = false;
  EXPECT_TRUE(fakes::wait_for([&] { return !meter.away(); }));
  EXPECT_EQ(meter.sensors().size(), 1U);
  wait(100 * kMs);
  const SteadyTime begin = meter.now();
  wait(300 * kMs);
  expect_true(meter, begin, meter.now());
  options.token = "wrong";
  const auto forbidden = open_remote_meter(options, system_clock());
  ASSERT_FALSE(forbidden);  // waiting would not cure it
  EXPECT_EQ(forbidden.error().code, "meter.forbidden");
}

// It comes back with another clock, an hour behind or a day ahead, and a counter that began at nothing: what
// lies over its absence is not known, and what comes after is true.
TEST(RemoteMeter, AMachineThatStartedAnewIsMeteredAgain) {
  for (const auto skew : {std::chrono::minutes(1), std::chrono::minutes(1440)}) {
    FakeAgent agent(std::chrono::hours(1));
    const auto meter = follow(agent);
    ASSERT_TRUE(meter);
    wait(200 * kMs);
    const SteadyTime before = meter->now();
    agent.down = true;
    wait(50 * kMs);
    agent.reboot(skew);
    wait(50 * kMs);
    const auto lost = meter->energy({"w", before, meter->now()});
    EXPECT_FALSE(lost.total.present());
    EXPECT_EQ(lost.total.reason->code, "meter.unreachable");
    agent.down = false;
    EXPECT_TRUE(fakes::wait_for([&] { return !meter->away(); }));
    wait(200 * kMs);
    const SteadyTime begin = meter->now();
    wait(300 * kMs);
    expect_true(*meter, begin, meter->now());
    meter->settle(begin);
    EXPECT_FALSE(meter->energy({"w", before, begin}).total.present());
  }
}

// A host without power closes no connection: another is made, and meanwhile nobody waits for it.
TEST(RemoteMeter, AConnectionThatFellSilentIsMadeAnew) {
  FakeAgent agent(std::chrono::seconds(9));
  auto options = options_for(agent);
  options.silence = 1700 * kMs;
  const auto opened = open_remote_meter(options, system_clock());
  ASSERT_TRUE(opened);
  RemoteMeter& meter = **opened;
  wait(100 * kMs);
  agent.hung = true;
  wait(1650 * kMs);
  const SteadyTime asked = meter.now();
  meter.settle(asked);
  EXPECT_LT(Seconds(meter.now() - asked).count(), 0.3);
  EXPECT_TRUE(meter.away());
  const int before = agent.connections;
  EXPECT_TRUE(fakes::wait_for([&] { return agent.connections > before; }));
  agent.hung = false;
  EXPECT_TRUE(fakes::wait_for([&] { return !meter.away(); }));
  wait(100 * kMs);
  const SteadyTime begin = meter.now();
  wait(200 * kMs);
  expect_true(meter, begin, meter.now());
}

TEST(RemoteMeter, SaysWhyThereIsNone) {
  FakeAgent agent(Nanos(0));
  auto options = options_for(agent);
  options.url += "/";
  options.token = "wrong";
  const auto forbidden = open_remote_meter(options, system_clock());
  ASSERT_FALSE(forbidden);
  EXPECT_EQ(forbidden.error().code, "meter.forbidden");
  EXPECT_EQ(forbidden.error().message.find("wrong"), std::string::npos);
  agent.down = true;
  const auto down = open_remote_meter(options, system_clock());
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().code, "meter.unreachable");
}

TEST(TraceStream, ReadsWhatParseTraceReads) {
  TraceHeader header;
  SensorInfo info;
  info.id = "fake";
  info.domain = "gpu:0";
  header.sensors = {info, info};
  header.models = {Json(), Json()};
  std::string bytes = TraceEncoder::header(header);
  TraceEncoder encoder;
  for (std::int64_t i = 1; i < 50; ++i) {
    encoder.add(ReadingEvent{static_cast<std::size_t>(i % 2),
                             {static_cast<std::uint64_t>(i * 3), {i * 10}, {i * 10 + 2}}});
    if (i % 7 == 0) bytes += encoder.take();
  }
  const auto whole = parse_trace(bytes);
  ASSERT_TRUE(whole);
  for (const std::size_t step : {std::size_t{1}, std::size_t{5}, bytes.size()}) {
    TraceStream stream;
    std::size_t count = 0;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
      const auto events = stream.feed(std::string_view(bytes).substr(i, step));
      ASSERT_TRUE(events) << events.error().message;
      count += events->size();
    }
    EXPECT_EQ(count, whole->events.size());
    EXPECT_EQ(stream.take_blocks(), 7U);
    EXPECT_EQ(stream.take_blocks(), 0U);
  }
}

TEST(TraceStream, RefusesWhatIsNoTrace) {
  EXPECT_EQ(TraceStream().feed("HTTP").error().code, "trace.not_a_trace");
  std::string bytes = TraceEncoder::header({});
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_EQ(TraceStream().feed(bytes).error().code, "trace.malformed");
  std::string huge(kTraceMagic);
  huge += std::string("\xFF\xFF\xFF\x7F....", 8);
  EXPECT_EQ(TraceStream().feed(huge).error().code, "trace.malformed");
}

TEST(TraceFeed, KeepsTheNewestAndSaysWhereItBegins) {
  TraceFeed feed;
  feed.publish(kTraceMagic);
  for (std::size_t i = 0; i < TraceFeed::kMostBlocks + 10; ++i) feed.publish(std::to_string(i) + ",");
  EXPECT_EQ(feed.header(), kTraceMagic);
  EXPECT_EQ(feed.first_from(0), 10U);
  EXPECT_EQ(feed.first_from(1'000'000), TraceFeed::kMostBlocks + 10);
  std::uint64_t cursor = TraceFeed::kMostBlocks + 8;
  EXPECT_EQ(feed.since(cursor), "608,609,");
  EXPECT_EQ(feed.since(cursor), "");
}

TEST(TraceFeed, WhoReadsOnIsGivenTheHeaderOfAnotherTraceAndNothingOfTheOldOneBehindIt) {
  TraceFeed feed;
  const std::string magic(kTraceMagic);
  feed.publish(magic + "A");
  feed.publish("b");
  std::uint64_t behind = 0, ahead = 1;
  feed.publish(magic + "B");
  feed.publish("c");
  EXPECT_EQ(feed.header(), magic + "B");
  EXPECT_EQ(feed.since(behind), "Bc");
  EXPECT_EQ(feed.since(ahead), "Bc");
  EXPECT_EQ(feed.since(ahead), "");
  std::uint64_t fresh = feed.first_from(0);
  EXPECT_EQ(feed.since(fresh), "c");  // who has the header already
}

}  // namespace
}  // namespace joulebook
