#include "meter/remote_meter.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/reason.h"
#include "core/text.h"
#include "meter/clock_join.h"
#include "meter/record.h"
#include "meter/replay.h"

namespace joulebook {
namespace {

constexpr const char* kUnreachable = "meter.unreachable";
constexpr Nanos kAsk = std::chrono::seconds(1);
constexpr Nanos kLeastRest = std::chrono::milliseconds(250);  // between two attempts to connect
constexpr Nanos kMostRest = std::chrono::seconds(5);
constexpr Nanos kPast = std::chrono::minutes(5);  // no window is asked for so late
constexpr Nanos kFirstRound = std::chrono::seconds(1);  // of an agent's readings, however busy its machine
constexpr Nanos kNetwork = std::chrono::seconds(2);  // what the way may add to a closing reading
constexpr Nanos kLate = std::chrono::milliseconds(1500);  // no block for so long: nothing is waited for
constexpr std::size_t kMostClockAnswer = 4096;

Error unreachable(const RemoteMeterOptions& options, const HttpCall& call) {
  if (call.status == 401 || call.status == 403) {
    return {ErrorKind::no_reading, "meter.forbidden", options.url + " does not take this token",
            "give the token that the agent printed or was given, by JOULEBOOK_METER_TOKEN"};
  }
  if (call.untrusted) {
    return {ErrorKind::no_reading, "meter.untrusted",
            "the certificate of " + options.url + " is signed by nobody trusted here",
            "name who signed it with --meter-ca FILE"};
  }
  if (call.status != 0) {
    return {ErrorKind::input, "meter.not_an_agent",
            options.url + " answers, but is no joulebook agent (" + std::to_string(call.status) + ")",
            "name the address of `joulebook agent`"};
  }
  return {ErrorKind::no_reading, kUnreachable,
          "no meter at " + options.url + (call.failure.empty() ? "" : ": " + call.failure),
          "start `joulebook agent` there and look at its address"};
}

// Events of the other machine in this one's time. Readings of a channel keep their order: a later
// one's instant is not before an earlier one's first, nor ends before it.
class Translator {
 public:
  // Nothing where the offset is not known.
  [[nodiscard]] std::optional<TraceEvent> ours(TraceEvent event, const ClockJoin& join,
                                               SteadyTime now) {
    const auto rough = join.at(now);
    if (!rough) return std::nullopt;
    if (auto* reading = std::get_if<ReadingEvent>(&event)) {
      const auto offset = join.at(reading->reading.end + rough->best).value_or(*rough);
      return placed(*reading, offset);
    }
    if (auto* miss = std::get_if<MissEvent>(&event)) miss->at = miss->at + rough->best;
    if (auto* cpu = std::get_if<CpuSample>(&event)) {
      if (cpu->at <= cpu_theirs_) return std::nullopt;
      cpu_theirs_ = cpu->at;
      cpu->at = cpu_ = std::max(cpu->at + rough->best, cpu_);
    }
    if (auto* anchor = std::get_if<Anchor>(&event)) {
      anchor->steady = anchor->steady + rough->best;
      anchor->boot_ns += rough->best.count();
    }
    return event;
  }
  void restart(std::size_t channels) {
    newest_.assign(channels, {});
    cpu_theirs_ = {};
  }
  // Their clock began anew; ours goes on.
  void reboot() {
    for (auto& newest : newest_) newest.theirs = {};
    cpu_theirs_ = {};
  }

 private:
  struct Newest {
    RawReading theirs;
    RawReading ours;
  };
  // Nothing where it was seen before, as after a new connection.
  std::optional<TraceEvent> placed(ReadingEvent event, const ClockJoin::Offset& offset) {
    Newest& newest = newest_[event.channel];
    RawReading& r = event.reading;
    if (r.end <= newest.theirs.end) return std::nullopt;
    newest.theirs = r;
    r.begin = std::max(r.begin + offset.best - offset.bound, newest.ours.begin);
    r.end = std::max(r.end + offset.best + offset.bound, newest.ours.end);
    newest.ours = r;
    return event;
  }

  std::vector<Newest> newest_;
  SteadyTime cpu_theirs_;
  SteadyTime cpu_;
};

class FollowingMeter final : public RemoteMeter {
 public:
  FollowingMeter(RemoteMeterOptions options, Clock& clock)
      : options_(std::move(options)), clock_(clock) {
    if (!options_.call) options_.call = [](HttpCall& call) { perform({&call, 1}); };
  }
  ~FollowingMeter() override { stop(); }

  [[nodiscard]] Status connect() {
    HttpCall first = ask();
    const bool answered = first.status == 200 && join_.at(clock_.now());
    if (!answered) {
      trouble_ = unreachable(options_, first);
      if (!options_.may_come_later || trouble_->code != kUnreachable) return fail(*trouble_);
    }
    asker_ = std::thread([this] { ask_on(); });
    reader_ = std::thread([this] { read_on(); });
    if (!answered) return {};
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, options_.patience, [&] { return traced_ != nullptr || trouble_; });
    if (traced_ || options_.may_come_later) return {};
    if (trouble_) return fail(*trouble_);
    return fail(ErrorKind::no_reading, kUnreachable, "no trace came from " + options_.url,
                "look at what the agent says there");
  }

  [[nodiscard]] Status start() override { return {}; }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      cancel_ = true;
      drop_ = true;
    }
    changed_.notify_all();
    if (asker_.joinable()) asker_.join();
    if (reader_.joinable()) reader_.join();
  }
  [[nodiscard]] SteadyTime now() const override { return clock_.now(); }
  void settle(SteadyTime t) override {
    std::unique_lock lock(mutex_);
    if (!traced_ || late()) return;
    changed_.wait_for(lock, traced_->core().closing() + kNetwork,
                      [&] { return cancel_ || traced_->core().settled(t); });
  }
  [[nodiscard]] WindowEnergy energy(const Window& window) const override {
    const std::lock_guard lock(mutex_);
    WindowEnergy out;
    out.window = window;
    if (traced_) out = of(window.begin).energy(window);
    const auto why = why_away();
    if (!why) return out;
    for (auto& domain : out.domains) {
      if (!domain.settled) domain.energy.reason = why;
    }
    if (!out.total.present()) out.total = Quantity::absent("J", *why);
    return out;
  }
  [[nodiscard]] std::vector<PowerPoint> trace(SteadyTime begin, SteadyTime end,
                                              std::size_t points) const override {
    const std::lock_guard lock(mutex_);
    return traced_ ? of(begin).trace(begin, end, points) : std::vector<PowerPoint>();
  }
  [[nodiscard]] std::vector<SensorInfo> sensors() const override {
    const std::lock_guard lock(mutex_);
    return traced_ ? traced_->core().sensors() : std::vector<SensorInfo>();
  }
  void register_self_thread() override {}
  void watch_processes(std::vector<int>) override {}
  [[nodiscard]] bool connected() const override { return connected_; }
  [[nodiscard]] RemoteClock clock() const override {
    const std::lock_guard lock(mutex_);
    const auto offset = join_.at(clock_.now());
    if (!offset) return {};
    return {offset->best, offset->bound, join_.broken()};
  }
  [[nodiscard]] std::optional<Reason> away() const override {
    const std::lock_guard lock(mutex_);
    return why_away();
  }
  [[nodiscard]] std::string boot_id() const override {
    const std::lock_guard lock(mutex_);
    return boot_;
  }

 private:
  [[nodiscard]] bool late() const { return !connected_ || clock_.now().ns - heard_ns_ > kLate.count(); }
  [[nodiscard]] std::optional<Reason> why_away() const {
    if (!late()) return std::nullopt;
    if (trouble_) return reason_of(*trouble_);
    return Reason{kUnreachable, "no word from the meter at " + options_.url,
                  "see whether `joulebook agent` runs there, and the network to it"};
  }
  [[nodiscard]] HttpCall call(const std::string& path) const {
    HttpCall call;
    call.url = options_.url + path;
    call.bearer = options_.token;
    call.ca_file = options_.ca_file;
    call.cancel = &cancel_;
    return call;
  }

  HttpCall ask() {
    HttpCall question = call(kAgentClock);
    std::string body;
    question.total_s = 5;
    question.on_body = [&body](std::string_view bytes) {
      body += bytes;
      return body.size() <= kMostClockAnswer;
    };
    options_.call(question);
    question.on_body = {};
    const auto answer = parse_json(body);
    const std::int64_t theirs = answer ? (*answer)["steady_ns"].as_int() : 0;
    if (question.status != 200 || theirs <= 0 || question.answered_ns == 0) return question;
    const std::string boot(answer ? (*answer)["boot_id"].as_string() : std::string_view());
    const std::lock_guard lock(mutex_);
    if (boot != boot_) {
      join_.forget();
      translator_.reboot();
    }
    boot_ = boot;
    join_.answer({question.sent_ns}, {theirs}, {question.answered_ns});
    return question;
  }

  // Returns false where it was stopped.
  bool rest(Nanos span) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, span, [&] { return cancel_.load(); });
  }
  void ask_on() {
    while (rest(kAsk)) {
      ask();
      if (connected_ && clock_.now().ns - heard_ns_ > options_.silence.count()) drop_ = true;
    }
  }

  // Which run of their clock the readings are of is asked before each connection.
  void read_on() {
    Nanos pause = kLeastRest;
    while (!cancel_) {
      const std::uint64_t before = blocks_;
      const HttpCall question = ask();
      if (question.status == 200 && joined()) {
        follow();
      } else {
        troubled(question);
      }
      connected_ = false;
      pause = blocks_ > before ? kLeastRest : std::min(2 * pause, kMostRest);
      if (!rest(pause)) return;
    }
  }

  [[nodiscard]] bool joined() const {
    const std::lock_guard lock(mutex_);
    return join_.at(clock_.now()).has_value();
  }

  void troubled(const HttpCall& call) {
    if (cancel_) return;
    const std::lock_guard lock(mutex_);
    trouble_ = unreachable(options_, call);
    changed_.notify_all();
  }

  // One connection, for as long as it holds.
  void follow() {
    TraceStream stream;
    bool numbered = false;
    HttpCall reading = call(std::string(kAgentTrace) + "?from=" + std::to_string(blocks_));
    drop_ = false;
    if (cancel_) return;
    reading.cancel = &drop_;
    reading.on_body = [&](std::string_view bytes) {
      if (!numbered) {
        blocks_ = static_cast<std::uint64_t>(
            parse_int(reading.answer_header(kAgentFirstBlock)).value_or(0));
        numbered = true;
      }
      return take(stream, bytes);
    };
    options_.call(reading);
    if (reading.status != 200) troubled(reading);
  }

  bool take(TraceStream& stream, std::string_view bytes) {
    auto events = stream.feed(bytes);
    const std::lock_guard lock(mutex_);
    if (!events) {
      trouble_ = events.error();
      return false;
    }
    if (!stream.header()) return true;
    if (auto ok = begin(*stream.header()); !ok) {
      trouble_ = ok.error();
      return false;
    }
    connected_ = true;
    trouble_.reset();
    heard_ns_ = clock_.now().ns;
    blocks_ = blocks_ + stream.take_blocks();
    if (since_ && clock_.now() - *since_ > kPast) past_.reset();
    for (auto& event : *events) {
      if (const auto mine = translator_.ours(std::move(event), join_, clock_.now())) {
        if (!since_) since_ = begun_by(*mine);
        feed(traced_->core(), *mine);
      }
    }
    changed_.notify_all();
    return true;
  }

  // REQUIRES: a trace has come. Whose a window is that begins then.
  [[nodiscard]] const MeterCore& of(SteadyTime begin) const {
    return past_ && (!since_ || begin < *since_) ? past_->core() : traced_->core();
  }
  // Where all sensors of a trace have been read once, if this is the first that is heard of any.
  [[nodiscard]] static std::optional<SteadyTime> begun_by(const TraceEvent& event) {
    const auto* reading = std::get_if<ReadingEvent>(&event);
    return reading != nullptr ? std::optional(reading->reading.end + kFirstRound) : std::nullopt;
  }

  // A trace with other sensors than before begins new curves; windows from before it are still the old ones'.
  [[nodiscard]] Status begin(const TraceHeader& header) {
    std::string text = header.json().dump();
    if (traced_ && text == header_) return {};
    auto traced = TracedCore::make(header);
    if (!traced) return fail(traced.error());
    past_ = std::exchange(traced_, std::move(*traced));
    since_.reset();
    translator_.restart(header.sensors.size());
    header_ = std::move(text);
    return {};
  }

  RemoteMeterOptions options_;
  Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows, but for the atomics
  std::condition_variable changed_;
  ClockJoin join_;
  std::string boot_;
  std::unique_ptr<TracedCore> traced_;
  std::unique_ptr<TracedCore> past_;  // that of the trace before
  std::optional<SteadyTime> since_;   // where traced_ begins; empty: it has no reading yet
  Translator translator_;
  std::string header_;
  std::optional<Error> trouble_;  // of the newest attempt; empty: it was heard since
  std::atomic<std::int64_t> heard_ns_{0};
  std::atomic<std::uint64_t> blocks_{0};  // number of the next one wanted
  std::atomic<bool> connected_{false};
  std::atomic<bool> cancel_{false};
  std::atomic<bool> drop_{false};  // the connection that is open
  std::thread asker_;
  std::thread reader_;
};

}  // namespace

Result<std::unique_ptr<RemoteMeter>> open_remote_meter(RemoteMeterOptions options, Clock& clock) {
  while (options.url.ends_with('/')) options.url.pop_back();
  auto meter = std::make_unique<FollowingMeter>(std::move(options), clock);
  if (auto ok = meter->connect(); !ok) return fail(ok.error());
  return meter;
}

}  // namespace joulebook
