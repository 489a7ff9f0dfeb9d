#include "meter/meter.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "meter/core.h"
#include "meter/cpu_watch.h"
#include "meter/device_follow.h"
#include "meter/record.h"
#include "meter/renewed_meter.h"
#include "meter/sampler.h"

namespace joulebook {
namespace {

constexpr Nanos kLongRest = std::chrono::milliseconds(20);
constexpr Nanos kHeldUp = std::chrono::seconds(5);  // the sampler, by a machine that is busy with other things
constexpr int kTimedRounds = ReadPace::kKept;
constexpr Nanos kMeasured = std::chrono::seconds(10);  // for them, on a machine however busy
constexpr Nanos kLate = std::chrono::milliseconds(100);  // an edge further back is past reading around it

// Locks: `mutex_` guards the core and the recording. Sensors and CPU times are read outside of it,
// by the sampler thread, or by start() and stop() while there is none; only that thread changes the
// core, so it may look at it without the lock.
class LiveMeter final : public Meter, public ThreadClocks {
 public:
  LiveMeter(std::vector<std::unique_ptr<Sensor>> sensors, MeterOptions options, Clock& clock,
            std::shared_ptr<const FileTree> files)
      : options_(std::move(options)),
        clock_(clock),
        sampler_(std::move(sensors), options_, clock, std::move(files)) {
    const auto infos = sampler_.core().sensors();
    if (!options_.look || std::none_of(infos.begin(), infos.end(), is_gpu)) return;
    follower_.emplace(options_.look, options_.devices, [this](const DeviceChoice& choice) {
      const std::lock_guard lock(mutex_);
      sampler_.apply(devices_note(choice));
    });
  }
  ~LiveMeter() override { stop(); }

  [[nodiscard]] Status open_record() {
    if (options_.record_path.empty()) return {};
    return sampler_.record(options_.record_path);
  }

  [[nodiscard]] Status start() override {
    if (thread_.joinable()) return {};
    {
      const std::lock_guard lock(mutex_);
      sampler_.publish();
    }
    round(true);
    {
      const std::lock_guard lock(mutex_);
      running_ = true;
    }
    thread_ = std::thread([this] { loop(); });
    if (!follower_) return {};
    follower_->look();
    follower_->start([this] { register_self_thread(); });
    return {};
  }

  void stop() override {
    if (follower_) follower_->stop();
    {
      const std::lock_guard lock(mutex_);
      running_ = false;
    }
    wake_.notify_all();
    if (!thread_.joinable()) return;
    thread_.join();
    round(true);
    const std::lock_guard lock(mutex_);
    sampler_.end_record();
  }

  [[nodiscard]] SteadyTime now() const override {
    const SteadyTime t = clock_.now();
    marked_.store(t.ns, std::memory_order_relaxed);
    return t;
  }
  void edge(SteadyTime t) override {
    (t > clock_.now() ? announced_ : marked_).store(t.ns, std::memory_order_relaxed);
  }

  void settle(SteadyTime t) override {
    if (clock_.now() - t < kLate) edge(t);
    std::unique_lock lock(mutex_);
    if (!running_) return;
    const std::int64_t fresh = rounds_ + 2;  // the round under way may have begun before us
    fresh_ = std::max(fresh_, 1);
    // Three ticks, counted by the rounds that were made: one that a busy machine held up saw nothing meanwhile.
    const Nanos most = sampler_.core().closing() + 2 * options_.period;
    const SteadyTime enough = clock_.now() + most;
    const auto done = [&] { return !running_ || (rounds_ >= fresh && (began_ >= enough || sampler_.core().settled(t))); };
    rounded_.wait_for(lock, most + kHeldUp, done);
  }

  [[nodiscard]] std::vector<ReadCost> read_costs() override {
    std::unique_lock lock(mutex_);
    fresh_ = kTimedRounds;
    const std::int64_t enough = rounds_ + kTimedRounds + 1;  // the round under way may have begun before us
    rounded_.wait_for(lock, kMeasured, [&] { return !running_ || rounds_ >= enough; });
    return costs_;
  }

  [[nodiscard]] WindowEnergy energy(const Window& window) const override {
    const std::lock_guard lock(mutex_);
    return sampler_.core().energy(window);
  }
  [[nodiscard]] std::vector<PowerPoint> trace(SteadyTime begin, SteadyTime end,
                                              std::size_t points) const override {
    const std::lock_guard lock(mutex_);
    return sampler_.core().trace(begin, end, points);
  }
  [[nodiscard]] std::vector<SensorInfo> sensors() const override {
    const std::lock_guard lock(mutex_);
    return sampler_.core().sensors();
  }
  void register_self_thread() override { sampler_.cpu().register_thread(); }
  void register_thread(clockid_t clock) override { sampler_.cpu().register_thread(clock); }
  void watch_processes(std::vector<int> pids) override {
    if (follower_) follower_->watch(pids);
    sampler_.cpu().watch(std::move(pids));
  }
  void look() override {
    if (follower_) follower_->look();
  }
  void note(const Json& note) override {
    const std::lock_guard lock(mutex_);
    sampler_.keep(NoteEvent{note});
  }

 private:
  void round(bool fresh) {
    for (auto* at : {&marked_, &announced_}) {
      if (const std::int64_t ns = at->exchange(0, std::memory_order_relaxed); ns != 0) sampler_.edge({ns});
    }
    const SteadyTime began = clock_.now();
    const auto& events = sampler_.read_all(fresh);
    const std::lock_guard lock(mutex_);
    began_ = began;
    for (const auto& event : events) sampler_.apply(event);
    if (fresh) sampler_.costs(costs_);
    ++rounds_;
    rounded_.notify_all();
  }

  // Until `next`, or until stop(). One sleep costs the kernel half of what a condition variable
  // does, so only a long rest is one that can be broken off.
  void rest(SteadyTime next) {
    const Nanos left = next - clock_.now();
    if (left > kLongRest) {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, left, [&] { return !running_; });
    } else if (left.count() > 0) {
      std::this_thread::sleep_for(left);
    }
  }

  void loop() {
    register_self_thread();
    SteadyTime next = clock_.now() + options_.period;
    for (;;) {
      bool fresh = false;
      {
        rest(next);
        const std::lock_guard lock(mutex_);
        if (!running_) return;
        fresh = fresh_ > 0;
        fresh_ -= fresh ? 1 : 0;
      }
      round(fresh);
      // Deadlines are absolute; rounds that could not be held are left out, not caught up.
      next = std::max(next + options_.period, clock_.now());
    }
  }

  MeterOptions options_;
  Clock& clock_;
  Sampler sampler_;
  mutable std::atomic<std::int64_t> marked_{0};  // ns of the newest edges; 0: the sampler has them
  std::atomic<std::int64_t> announced_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable rounded_;
  std::thread thread_;
  std::optional<DeviceFollower> follower_;
  std::int64_t rounds_ = 0;
  SteadyTime began_{0};  // the newest of them
  bool running_ = false;
  int fresh_ = 0;  // rounds in which every sensor is to be read
  std::vector<ReadCost> costs_;
};

}  // namespace

Result<std::unique_ptr<Meter>> open_meter(std::vector<std::unique_ptr<Sensor>> sensors,
                                          MeterOptions options, Clock& clock,
                                          std::shared_ptr<const FileTree> files) {
  if (options.period <= Nanos{0}) {
    return fail(ErrorKind::usage, "meter.period", "the sampling period must be positive",
                "name a period of at least 1 ms");
  }
  std::vector<SensorInfo> infos;
  for (const auto& sensor : sensors) infos.push_back(sensor->info());
  auto named = devices_named(options.devices, infos);
  if (!named) return fail(named.error());
  options.devices = std::move(*named);
  auto meter =
      std::make_unique<LiveMeter>(std::move(sensors), std::move(options), clock, std::move(files));
  if (auto opened = meter->open_record(); !opened) return fail(opened.error());
  return meter;
}

}  // namespace joulebook
