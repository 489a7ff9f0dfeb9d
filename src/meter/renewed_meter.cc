#include "meter/renewed_meter.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace joulebook {
namespace {

// Hands on the trace of the meter that answers; that of its successor is kept until it takes over.
class Traces {
 public:
  explicit Traces(Renewal::Publish publish) : publish_(std::move(publish)) {}

  [[nodiscard]] Renewal::Publish of(int generation) {
    if (!publish_) return {};
    return [this, generation](std::string_view bytes) {
      const std::lock_guard lock(mutex_);
      if (generation == answers_) publish_(bytes);
      if (generation > answers_) held_.emplace_back(bytes);
    };
  }
  void take_over(int generation) {
    const std::lock_guard lock(mutex_);
    answers_ = generation;
    for (const auto& bytes : std::exchange(held_, {})) publish_(bytes);
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    held_.clear();
  }

 private:
  Renewal::Publish publish_;
  std::mutex mutex_;
  int answers_ = 0;
  std::vector<std::string> held_;
};

bool has(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool reads(const std::vector<SensorInfo>& sensors, const std::string& id) {
  return std::any_of(sensors.begin(), sensors.end(), [&](const SensorInfo& info) { return info.id == id; });
}

// Meters are shared: who asks one may still do so while another takes over.
class SucceedingMeter final : public RenewedMeter {
 public:
  SucceedingMeter(Renewal renewal, Clock& clock)
      : renewal_(std::move(renewal)), clock_(clock), traces_(renewal_.publish) {}
  ~SucceedingMeter() override {
    if (current_) stop();  // else it could not be opened
  }

  [[nodiscard]] Status open() {
    auto first = renewal_.open(traces_.of(generation_));
    if (!first) return fail(first.error());
    current_ = std::move(*first);
    return {};
  }

  [[nodiscard]] Status start() override {
    if (thread_.joinable()) return {};
    if (auto ok = current_->start(); !ok) return ok;
    looked_ = clock_.now();
    thread_ = std::thread([this] { loop(); });
    return {};
  }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (const auto& meter : all()) meter->stop();
  }

  [[nodiscard]] SteadyTime now() const override {
    const auto meters = all();
    const SteadyTime t = meters.front()->now();
    for (std::size_t i = 1; i < meters.size(); ++i) meters[i]->edge(t);
    return t;
  }
  void edge(SteadyTime t) override {
    for (const auto& meter : all()) meter->edge(t);
  }
  [[nodiscard]] std::vector<ReadCost> read_costs() override { return current()->read_costs(); }
  // One that reads may take over before the energy is asked for.
  void settle(SteadyTime t) override {
    for (const auto& meter : reading()) meter->settle(t);
  }
  [[nodiscard]] WindowEnergy energy(const Window& window) const override {
    const auto meter = of(window.begin);
    WindowEnergy out = meter->energy(window);
    if (meter->sensors().empty()) out.total = Quantity::absent("J", renewal_.none);
    return out;
  }
  [[nodiscard]] std::vector<PowerPoint> trace(SteadyTime begin, SteadyTime end, std::size_t points) const override {
    return of(begin)->trace(begin, end, points);
  }
  [[nodiscard]] std::vector<SensorInfo> sensors() const override { return current()->sensors(); }
  void register_self_thread() override {
    clockid_t clock{};
    if (pthread_getcpuclockid(pthread_self(), &clock) == 0) {
      const std::lock_guard lock(mutex_);
      threads_.push_back(clock);
    }
    for (const auto& meter : all()) meter->register_self_thread();
  }
  void watch_processes(std::vector<int> pids) override {
    {
      const std::lock_guard lock(mutex_);
      pids_ = pids;
    }
    for (const auto& meter : all()) meter->watch_processes(pids);
  }
  void look() override { current()->look(); }
  void note(const Json& note) override { current()->note(note); }
  void renew() override {
    {
      const std::lock_guard lock(mutex_);
      asked_ = true;
    }
    wake_.notify_all();
  }

 private:
  using Shared = std::shared_ptr<Meter>;

  [[nodiscard]] Shared current() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }
  // The one that answers first; another may only begin to read.
  [[nodiscard]] std::vector<Shared> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Shared> out{current_};
    if (next_) out.push_back(next_);
    return out;
  }
  [[nodiscard]] std::vector<Shared> reading() const {
    const std::lock_guard lock(mutex_);
    std::vector<Shared> out{current_};
    if (next_ && next_reads_) out.push_back(next_);
    return out;
  }
  // Whose a window is that begins then.
  [[nodiscard]] Shared of(SteadyTime begin) const {
    const std::lock_guard lock(mutex_);
    return past_ && begin < since_ ? past_ : current_;
  }

  void loop() {
    register_self_thread();
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      const SteadyTime due = next_ ? ripe_ : looked_ + renewal_.pace;
      wake_.wait_for(lock, std::max(due - clock_.now(), Nanos(0)),
                     [this] { return stopping_ || (asked_ && !next_); });
      if (stopping_) return;
      const bool wanted = std::exchange(asked_, asked_ && next_ != nullptr);
      if (!wanted && clock_.now() < due) continue;
      lock.unlock();
      next_ ? take_over() : look_again();
      lock.lock();
    }
  }

  // Only this thread changes which meters there are, so it may look at them without the lock.
  void look_again() {
    looked_ = clock_.now();
    forget_past();
    const auto in_use = current_->sensors();
    const auto silent = silent_sensors(*current_, clock_.now());
    for (const auto& info : in_use) {
      if (!has(silent, info.id)) spoke_.insert(info.id);
    }
    const auto found = renewal_.look(in_use);
    const bool news = std::any_of(found.begin(), found.end(), [&](const SensorInfo& info) {
      return !reads(in_use, info.id) || (has(silent, info.id) && spoke_.contains(info.id));
    });
    if (news) begin_another(in_use.empty());
  }

  // Its windows have been asked for by now; its sensors, and what polls them, go with it.
  void forget_past() {
    const std::lock_guard lock(mutex_);
    if (past_ && clock_.now() - ripe_ > renewal_.overlap) past_.reset();
  }

  // Where nothing was read before there is nothing to be lost: it takes over at once.
  void begin_another(bool at_once) {
    traces_.forget();
    auto opened = renewal_.open(traces_.of(generation_ + 1));
    if (!opened || (*opened)->sensors().empty()) return;
    Shared next = std::move(*opened);
    {
      const std::lock_guard lock(mutex_);
      next_ = next;
    }
    if (auto* known = dynamic_cast<ThreadClocks*>(next.get())) {
      for (const auto clock : threads()) known->register_thread(clock);
    }
    if (const auto pids = watched(); !pids.empty()) next->watch_processes(pids);
    const bool started = next->start().has_value();
    const std::lock_guard lock(mutex_);
    if (!started) next_.reset();
    next_reads_ = started;
    begun_ = clock_.now();
    ripe_ = at_once ? begun_ : begun_ + renewal_.overlap;
  }

  void take_over() {
    {
      const std::lock_guard lock(mutex_);
      past_ = std::exchange(current_, std::exchange(next_, nullptr));
      since_ = begun_;
      next_reads_ = false;
    }
    ++generation_;
    if (renewal_.publish) traces_.take_over(generation_);
    spoke_.clear();
    past_->stop();
  }

  [[nodiscard]] std::vector<clockid_t> threads() const {
    const std::lock_guard lock(mutex_);
    return threads_;
  }
  [[nodiscard]] std::vector<int> watched() const {
    const std::lock_guard lock(mutex_);
    return pids_;
  }

  Renewal renewal_;
  Clock& clock_;
  Traces traces_;
  mutable std::mutex mutex_;  // guards what follows, but for the looking thread's own
  std::condition_variable wake_;
  Shared past_;     // stopped; its windows can still be asked for
  Shared current_;  // answers
  Shared next_;     // reads, and does not answer yet
  SteadyTime since_{0};  // where past_ ends
  SteadyTime begun_{0};  // next_, with all its sensors
  SteadyTime ripe_{0};
  std::vector<clockid_t> threads_;
  std::vector<int> pids_;
  bool next_reads_ = false;
  bool asked_ = false;
  bool stopping_ = false;
  std::thread thread_;
  // The looking thread's own:
  SteadyTime looked_{0};
  int generation_ = 0;
  std::set<std::string> spoke_;  // sensors in use that were read
};

}  // namespace

// A sensor that is read and whose window is only not closed yet says so otherwise, as does a counter that was judged.
std::vector<std::string> silent_sensors(const Meter& meter, SteadyTime now) {
  static constexpr std::array<std::string_view, 3> kJudged = {"sensor.reset", "sensor.backwards", "sensor.stuck"};
  constexpr Nanos kLately = std::chrono::seconds(1);
  std::vector<std::string> out;
  for (const auto& domain : meter.energy({"", now - kLately, now}).domains) {
    const auto& reason = domain.energy.reason;
    if (!reason || !reason->code.starts_with("sensor.")) continue;
    if (std::find(kJudged.begin(), kJudged.end(), reason->code) == kJudged.end()) out.push_back(domain.sensor);
  }
  return out;
}

Result<std::unique_ptr<RenewedMeter>> open_renewed_meter(Renewal renewal, Clock& clock) {
  auto meter = std::make_unique<SucceedingMeter>(std::move(renewal), clock);
  if (auto ok = meter->open(); !ok) return fail(ok.error());
  return meter;
}

}  // namespace joulebook
