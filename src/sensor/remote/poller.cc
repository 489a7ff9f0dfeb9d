#include "sensor/remote/poller.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <thread>

namespace joulebook {
namespace {

constexpr std::size_t kMostWaiting = 256;

timespec to_timespec(Nanos d) {
  return {.tv_sec = d.count() / 1'000'000'000, .tv_nsec = d.count() % 1'000'000'000};
}

// What one channel's sensor has not yet looked at. Guarded by the poller's mutex.
struct Mailbox {
  std::array<RawReading, kMostWaiting> ring;
  std::size_t first = 0;
  std::size_t waiting = 0;
  std::optional<RawReading> newest;
  std::optional<Error> failure;  // the newest outcome, where it was one

  void put(const RawReading& reading) {
    failure.reset();
    if (newest && (reading.begin <= newest->begin || reading.end < newest->end)) return;
    newest = reading;
    ring[(first + waiting) % kMostWaiting] = reading;
    if (waiting < kMostWaiting) {
      ++waiting;
    } else {
      first = (first + 1) % kMostWaiting;  // the oldest gives way
    }
  }
  std::optional<RawReading> take() {
    if (waiting == 0) return std::nullopt;
    const RawReading reading = ring[first];
    first = (first + 1) % kMostWaiting;
    --waiting;
    return reading;
  }
};

class Poller final : public ReadingSink {
 public:
  Poller(std::unique_ptr<RemoteSource> source, Clock& clock)
      : source_(std::move(source)), clock_(clock), boxes_(source_->infos().size()) {}
  ~Poller() override {
    stop_.set();
    if (thread_.joinable()) thread_.join();
  }

  void exchange() { source_->exchange(*this, stop_); }

  // Signals are for the main thread, which passes them on to the command it measures.
  void start() {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { loop(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  [[nodiscard]] const SensorInfo& info(std::size_t channel) const {
    return source_->infos()[channel];
  }

  [[nodiscard]] Result<RawReading> read(std::size_t channel) {
    const std::lock_guard lock(mutex_);
    Mailbox& box = boxes_[channel];
    if (const auto reading = box.take()) return *reading;
    if (box.failure) return fail(*box.failure);
    const SensorInfo& what = info(channel);
    if (!box.newest) {
      return fail(ErrorKind::no_reading, "sensor.stale", what.name + " has not answered yet",
                  "see whether the meter is switched on and reachable");
    }
    const Nanos age = clock_.now() - box.newest->end;
    if (age > std::max<Nanos>(kStaleTicks * what.tick, kLeastStale)) return stale(what, age);
    return *box.newest;
  }

  void reading(std::size_t channel, const RawReading& reading) override {
    const auto& marks = info(channel).sentinels;
    if (std::find(marks.begin(), marks.end(), reading.counts) != marks.end()) {
      return absence(channel, sentinel(info(channel), reading.counts));
    }
    const std::lock_guard lock(mutex_);
    boxes_[channel].put(reading);
  }
  void absence(std::size_t channel, const Error& error) override {
    const std::lock_guard lock(mutex_);
    boxes_[channel].failure = error;
  }

  [[nodiscard]] double cpu_seconds() const { return cpu_ + source_->program_cpu_seconds(); }

 private:
  [[nodiscard]] static tl::unexpected<Error> stale(const SensorInfo& what, Nanos age) {
    return fail(
        ErrorKind::no_reading, "sensor.stale",
        fmt::format("the newest reading of {} is {:.1f} s old", what.name, Seconds(age).count()),
        "see whether the meter still answers; a slow one needs its true tick stated");
  }

  [[nodiscard]] static Error sentinel(const SensorInfo& what, std::uint64_t counts) {
    return {ErrorKind::no_reading, "sensor.sentinel",
            fmt::format("{} answered {:g}, its maker's mark of \"not known\"", what.name,
                        static_cast<double>(counts) * what.scale),
            "a newer firmware; leave this meter out if it never answers otherwise"};
  }

  void count_cpu() {
    timespec spent{};
    if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent) != 0) return;
    cpu_ = static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
  }

  void loop() {
    SteadyTime next = clock_.now() + source_->pace();
    while (!stop_.is_set()) {
      count_cpu();
      if (source_->pace().count() > 0 && !stop_.sleep(next - clock_.now())) return;
      exchange();
      next = std::max(next + source_->pace(), clock_.now());
    }
  }

  std::unique_ptr<RemoteSource> source_;
  Clock& clock_;
  StopSignal stop_;
  std::mutex mutex_;
  std::vector<Mailbox> boxes_;
  std::atomic<double> cpu_{0};
  std::thread thread_;
};

class PolledSensor final : public Sensor {
 public:
  PolledSensor(std::shared_ptr<Poller> poller, std::size_t channel)
      : poller_(std::move(poller)), channel_(channel) {}
  [[nodiscard]] const SensorInfo& info() const override { return poller_->info(channel_); }
  [[nodiscard]] Result<RawReading> read() override { return poller_->read(channel_); }
  // All channels share one thread: the first accounts for it.
  [[nodiscard]] double own_cpu_seconds() const override {
    return channel_ == 0 ? poller_->cpu_seconds() : 0;
  }

 private:
  std::shared_ptr<Poller> poller_;
  std::size_t channel_;
};

std::vector<std::unique_ptr<Sensor>> sensors_over(const std::shared_ptr<Poller>& poller,
                                                  std::size_t channels) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  for (std::size_t i = 0; i < channels; ++i) {
    sensors.push_back(std::make_unique<PolledSensor>(poller, i));
  }
  return sensors;
}

}  // namespace

StopSignal::StopSignal() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
StopSignal::~StopSignal() { ::close(event_); }

void StopSignal::set() {
  flag_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
}

bool StopSignal::sleep(Nanos d) const { return !readable(-1, d) && !is_set(); }

bool StopSignal::readable(int fd, Nanos patience) const {
  std::array<pollfd, 2> fds{pollfd{event_, POLLIN, 0}, pollfd{fd, POLLIN, 0}};
  const timespec limit = to_timespec(std::max(patience, Nanos{0}));
  if (::ppoll(fds.data(), fds.size(), &limit, nullptr) <= 0) return false;
  return fds[1].revents != 0 && !is_set();
}

std::vector<std::unique_ptr<Sensor>> poll_in_background(std::unique_ptr<RemoteSource> source,
                                                        Clock& clock) {
  const std::size_t channels = source->infos().size();
  const auto poller = std::make_shared<Poller>(std::move(source), clock);
  poller->exchange();
  poller->start();
  return sensors_over(poller, channels);
}

ManualPoll poll_by_hand(std::unique_ptr<RemoteSource> source, Clock& clock) {
  const std::size_t channels = source->infos().size();
  const auto poller = std::make_shared<Poller>(std::move(source), clock);
  return {sensors_over(poller, channels), [poller] { poller->exchange(); }};
}

}  // namespace joulebook
