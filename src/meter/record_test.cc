#include "meter/record.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "meter/replay.h"
#include "meter/run_report.h"
#include "meter/sensor_json.h"
#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using test::at;

TraceHeader header() {
  TraceHeader out;
  out.sensors = {test::ideal("package:0", fakes::PowerFunction::constant(80)).info,
                 test::ideal("gpu:0", fakes::PowerFunction::constant(80)).info};
  out.sensors[0].accuracy = 0.03;
  out.sensors[0].contains = {"core:0"};
  out.sensors[1].range = ~std::uint64_t{0};
  out.models = {Json(), Json()};
  out.hardware_threads = 8;
  return out;
}

std::vector<TraceEvent> events() {
  const auto package = test::ideal("package:0", fakes::PowerFunction::square(40, 120, 0.07));
  const auto gpu = test::ideal("gpu:0", fakes::PowerFunction::constant(300));
  std::vector<TraceEvent> out = {Anchor{at(0), 77, -5}, NoteEvent{Json::object({{"note", "x"}})}};
  for (int i = 0; i < 100; ++i) {
    const double t = i * 0.01;
    out.push_back(ReadingEvent{0, package.read(t)});
    out.push_back(ReadingEvent{1, gpu.read(t)});
    out.push_back(CpuSample{at(t), i % 10 == 0 ? t : -1, t / 3, t / 7});
  }
  out.insert(out.begin() + 50,
             MissEvent{1, at(0.155), {ErrorKind::no_reading, "sensor.lost", "gone", "wait"}});
  return out;
}

std::string encoded(const std::vector<TraceEvent>& list, std::size_t block = 60) {
  std::string out = TraceEncoder::header(header());
  TraceEncoder encoder;
  for (std::size_t i = 0; i < list.size(); ++i) {
    encoder.add(list[i]);
    if (i % block == block - 1) out += encoder.take();
  }
  out += encoder.take();
  return out + TraceEncoder::end();
}

std::string figures(const Trace& trace) {
  const auto meter = replay_meter(trace);
  const WindowEnergy w = (*meter)->energy({"w", at(0.123), at(0.877)});
  std::string out = to_json(w.total).dump() + to_json(w.tree).dump() + to_json(w.self).dump();
  for (const auto& domain : w.domains) {
    out += to_json(domain.energy).dump() + to_json(domain.peak_power).dump();
  }
  return out;
}

TEST(Trace, ReadsBackWhatWasWritten) {
  const auto trace = parse_trace(encoded(events()));
  ASSERT_TRUE(trace);
  EXPECT_TRUE(trace->complete);
  EXPECT_EQ(trace->damage, "");
  EXPECT_EQ(trace->events.size(), events().size());
  EXPECT_EQ(encoded(trace->events), encoded(events()));
  EXPECT_EQ(trace->header.sensors[1].range, ~std::uint64_t{0});
  EXPECT_EQ(sensor_to_json(trace->header.sensors[0]), sensor_to_json(header().sensors[0]));
  EXPECT_EQ(std::get<MissEvent>(trace->events[50]).error.message, "gone");
}

TEST(Trace, ReplaysToTheLastBit) {
  MeterCore live({{header().sensors[0], nullptr}, {header().sensors[1], nullptr}}, {}, 8);
  for (const auto& event : events()) feed(live, event);
  const auto trace = parse_trace(encoded(events()));
  const auto meter = replay_meter(*trace);
  const Window window{"w", at(0.123), at(0.877)};
  const WindowEnergy w = live.energy(window);
  ASSERT_TRUE(w.total.present());
  EXPECT_EQ(w.total, (*meter)->energy(window).total);
  EXPECT_EQ(w.tree, (*meter)->energy(window).tree);
}

TEST(Trace, OneAlteredSampleShows) {
  const std::string before = figures(*parse_trace(encoded(events())));
  auto list = events();
  for (auto& event : list) {
    auto* reading = std::get_if<ReadingEvent>(&event);
    if (reading == nullptr || reading->reading.end < at(0.877)) continue;
    reading->reading.counts += 1;
    break;
  }
  EXPECT_NE(before, figures(*parse_trace(encoded(list))));
  EXPECT_EQ(before, figures(*parse_trace(encoded(events(), 7))));  // blocks change nothing
}

std::string whole_json(const Trace& trace) {
  const auto meter = replay_meter(trace);
  RunState state;
  state.regions = {{"part", at(0.2), at(0.5)}};
  return run_json(state, {"run", at(0.123), at(0.877)},
                  [&](const Window& w) { return (*meter)->energy(w); })
      .dump();
}

// Any reading up to the window's end, by any amount: some figure, its validity or the digest of the
// readings differs.
RC_GTEST_PROP(Trace, AnyAlteredReadingShowsInTheJson, ()) {
  static const std::string before = whole_json(*parse_trace(encoded(events())));
  auto list = events();
  std::vector<ReadingEvent*> readings;
  for (auto& event : list) {
    auto* reading = std::get_if<ReadingEvent>(&event);
    if (reading != nullptr && reading->reading.end <= at(0.877)) readings.push_back(reading);
  }
  ReadingEvent& altered = *readings[*rc::gen::inRange<std::size_t>(0, readings.size())];
  const auto by = static_cast<std::uint64_t>(*rc::gen::inRange<std::int64_t>(1, 1'000'000));
  altered.reading.counts += *rc::gen::arbitrary<bool>() ? by : ~by + 1;
  RC_ASSERT(whole_json(*parse_trace(encoded(list))) != before);
  RC_ASSERT(whole_json(*parse_trace(encoded(events(), 7))) == before);
}

// docs/formats/trace.md states it: two counters at 100 Hz, block frames and CPU times left out.
TEST(Trace, AReadingTakesTwelveBytesOrLess) {
  std::vector<TraceEvent> readings;
  for (const auto& event : events()) {
    if (std::holds_alternative<ReadingEvent>(event)) readings.push_back(event);
  }
  const std::size_t bytes = encoded(readings).size() - TraceEncoder::header(header()).size();
  const double each = static_cast<double>(bytes) / static_cast<double>(readings.size());
  EXPECT_LE(each, 12) << each;
}

TEST(Trace, CanBeReadAfterACutAtEveryByte) {
  const std::string whole = encoded(events());
  const std::size_t head = TraceEncoder::header(header()).size();
  std::size_t most = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto trace = parse_trace(std::string_view(whole).substr(0, size));
    ASSERT_EQ(trace.has_value(), size >= head) << size;
    if (!trace) continue;
    EXPECT_FALSE(trace->complete);
    EXPECT_FALSE(trace->damage.empty());
    EXPECT_GE(trace->events.size(), most);
    most = trace->events.size();
  }
  EXPECT_EQ(most, events().size());
}

RC_GTEST_PROP(Trace, AFlippedByteNeverPassesForASample, ()) {
  std::string bytes = encoded(events());
  const auto where = *rc::gen::inRange<std::size_t>(0, bytes.size());
  bytes[where] = static_cast<char>(bytes[where] ^ *rc::gen::inRange(1, 256));
  const auto trace = parse_trace(bytes);
  if (!trace) return;
  RC_ASSERT(!trace->complete || !trace->damage.empty());
  RC_ASSERT(trace->events.size() <= events().size());
}

TEST(Trace, RefusesWhatIsNone) {
  EXPECT_EQ(parse_trace("").error().code, "trace.not_a_trace");
  EXPECT_EQ(parse_trace("GGUF....").error().code, "trace.not_a_trace");
  EXPECT_EQ(read_trace(testing::TempDir() + "/nothing").error().code, "file.missing");
}

TEST(Trace, AModelledMachineNeedsItsModel) {
  Trace trace;
  trace.header = header();
  trace.header.sensors[0].kind = SensorKind::busy_time;
  EXPECT_EQ(replay_meter(trace).error().code, "trace.malformed");
}

TEST(Trace, Crc32IsTheUsualOne) { EXPECT_EQ(crc32("123456789"), 0xCBF43926U); }

TEST(RunState, NotesReadBack) {
  RunState state;
  state.start = at(1);
  state.started_utc = "2026-01-01T00:00:00.000Z";
  state.machine = Json::object({{"cpu", "x"}});
  state.warnings = {"careful"};
  RunState back;
  EXPECT_FALSE(apply_note(back, start_note(state)));
  EXPECT_FALSE(apply_note(back, region_note({"r", at(1), at(2)})));
  EXPECT_FALSE(apply_note(back, mark_note({"m", at(1.5)})));
  EXPECT_FALSE(apply_note(back, repeat_note({{"c", at(1), at(3)}, {"c", "-x"}, 7, 1, 2, 3})));
  EXPECT_EQ(apply_note(back, report_note({"run", at(1), at(3)}))->end, at(3));
  EXPECT_EQ(back.started_utc, state.started_utc);
  EXPECT_EQ(back.machine, state.machine);
  EXPECT_EQ(back.warnings, state.warnings);
  EXPECT_EQ(back.regions.at(0).end, at(2));
  EXPECT_EQ(back.marks.at(0).at, at(1.5));
  EXPECT_EQ(back.repeats.at(0).command.at(1), "-x");
  EXPECT_EQ(back.repeats.at(0).exit_code, 7);
  EXPECT_EQ(back.whole(at(9)).end, at(3));
}

}  // namespace
}  // namespace joulebook
