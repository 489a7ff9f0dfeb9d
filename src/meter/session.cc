#include <fmt/format.h>
#include <joulebook/session.h>

#include <algorithm>
#include <mutex>

#include "core/clock.h"
#include "core/sysroot.h"
#include "core/version.h"
#include "meter/calibration/reuse.h"
#include "meter/calibration/store.h"
#include "meter/child.h"
#include "meter/device_follow.h"
#include "meter/mark_channel.h"
#include "meter/meter.h"
#include "meter/record.h"
#include "meter/replay.h"
#include "meter/run_report.h"
#include "meter/sensor_json.h"
#include "sensor/discover.h"
#include "sensor/doctor.h"
#include "sensor/model/machine.h"
#include "sensor/remote/remote.h"

namespace joulebook {
namespace {

tl::unexpected<Error> in_replay() {
  return fail(ErrorKind::usage, "run.replay", "a replayed trace cannot be added to",
              "leave --replay away to measure");
}

}  // namespace

// `mutex_` guards the state; the meter has its own lock. run() holds it only to note its outcome.
class Session::Impl {
 public:
  [[nodiscard]] Status open(SessionOptions options) {
    return options.replay.empty() ? open_live(std::move(options)) : open_trace(options);
  }
  ~Impl() {
    if (meter_) meter_->stop();
  }

  [[nodiscard]] Status begin(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (auto ok = allowed(name); !ok) return ok;
    if (find_open(name) != open_.end()) {
      return fail(ErrorKind::usage, "region.open", "the region " + name + " is open already",
                  "end it first");
    }
    open_.push_back({name, meter_->now(), {}});
    return {};
  }

  [[nodiscard]] Status end(const std::string& name) {
    const SteadyTime now = meter_->now();
    const std::lock_guard lock(mutex_);
    if (auto ok = allowed(name); !ok) return ok;
    const auto it = find_open(name);
    if (it == open_.end()) {
      return fail(ErrorKind::usage, "region.not_open", "no region " + name + " is open",
                  "begin it first");
    }
    it->end = now;
    state_.regions.push_back(*it);
    meter_->note(region_note(*it));
    open_.erase(it);
    return {};
  }

  [[nodiscard]] Status mark(const std::string& name) {
    const SteadyTime now = meter_->now();
    const std::lock_guard lock(mutex_);
    if (auto ok = allowed(name); !ok) return ok;
    keep_mark({name, now});
    return {};
  }

  [[nodiscard]] Status lap(const std::string& name) {
    const SteadyTime now = meter_->now();
    const std::lock_guard lock(mutex_);
    if (auto ok = allowed(name); !ok) return ok;
    const Window lap{name, state_.lap.value_or(state_.start), now};
    meter_->note(lap_note(lap));
    apply_lap(state_, lap);
    return {};
  }

  [[nodiscard]] Result<std::string> window(const std::string& name) {
    std::optional<Window> found;
    {
      const std::lock_guard lock(mutex_);
      for (const auto* all : {&state_.laps, &state_.regions}) {
        const auto it = std::find_if(all->rbegin(), all->rend(),
                                     [&](const Window& region) { return region.name == name; });
        if (it != all->rend()) found = *it;
      }
    }
    if (!found) {
      return fail(ErrorKind::usage, "region.unknown", "no region " + name + " has ended",
                  "begin it and end it first");
    }
    if (live_) meter_->settle(found->end);
    return window_document(meter_->energy(*found)).dump(2);
  }

  [[nodiscard]] Result<ChildOutcome> run(const std::vector<std::string>& argv,
                                         const ChildOptions& options) {
    if (!live_) return in_replay();
    RepeatRecord record;
    record.command = argv;
    record.window.name = argv.empty() ? "" : argv.front();
    const ChildHooks hooks{.ready =
                               [&](int pid) {
                                 auto pids = pids_;
                                 pids.push_back(pid);
                                 meter_->watch_processes(std::move(pids));
                                 record.window.begin = meter_->now();
                               },
                           .ended =
                               [&] {
                                 record.window.end = meter_->now();
                                 meter_->settle(record.window.end);
                               }};
    auto outcome = run_child(argv, options, hooks, {{kMarkVariable, mark_address()}});
    if (!outcome) return outcome;
    record.exit_code = outcome->exit_code;
    record.user_s = outcome->user_s;
    record.system_s = outcome->system_s;
    record.max_rss_bytes = outcome->max_rss_bytes;
    const std::lock_guard lock(mutex_);
    collect_marks();
    meter_->note(repeat_note(record));
    state_.repeats.push_back(std::move(record));
    return outcome;
  }

  [[nodiscard]] Result<std::string> report() {
    const SteadyTime now = meter_->now();
    if (live_) {
      meter_->look();
      meter_->settle(now);  // regions may have ended just now
    }
    const std::lock_guard lock(mutex_);
    collect_marks();
    if (live_) look_at_target();
    const Window whole = reported_ ? *reported_ : state_.whole(now);
    if (live_) meter_->note(report_note(whole));
    const auto energy = [this](const Window& window) { return meter_->energy(window); };
    return run_json(state_, whole, energy).dump(2);
  }

  [[nodiscard]] std::string sensors() const {
    Json sensors = Json::array();
    const auto costs = meter_->read_costs();
    std::size_t i = 0;
    for (const auto& info : meter_->sensors()) {
      Json sensor = sensor_to_json(info);
      sensor.set("read", i < costs.size() ? to_json(costs[i]) : Json());
      sensors.push(std::move(sensor));
      ++i;
    }
    return Json::object({{"schema", "joulebook.sensors/1"},
                         {"sensors", std::move(sensors)},
                         {"findings", findings_},
                         {"calibration", calibration_}})
        .dump(2);
  }

  [[nodiscard]] std::string watched() {
    const std::lock_guard lock(mutex_);
    if (live_) look_at_target();
    Json out = to_json(state_.target);
    out.set("alive", static_cast<std::int64_t>(state_.target.alive()));
    return out.dump();
  }

  void register_self_thread() { meter_->register_self_thread(); }
  [[nodiscard]] std::string mark_address() const { return marks_ ? marks_->address() : ""; }

 private:
  [[nodiscard]] Status open_live(SessionOptions options) {
    live_ = true;
    if (auto ok = check_sysroot(options.sysroot); !ok) return ok;
    files_ = real_files(options.sysroot);
    const auto& files = files_;
    for (const auto& meter : options.meters) {
      if (auto ok = check_sensor_spec(meter); !ok) return ok;
    }
    auto target = find_target(*files, options);
    if (!target) return fail(target.error());
    state_.target = std::move(*target);
    pids_ = state_.target.pids();
    const SensorChoice choice{options.sensors, options.vendor_libraries, options.machine_model,
                              options.perf, options.meters};
    Discovery found = discover(files, system_clock(), choice);
    for (const auto& finding : found.findings) {
      findings_.push(to_json(finding));
      if (finding.level != Finding::Level::ok) {
        state_.warnings.push_back(finding.reason.code + ": " + finding.reason.message);
      }
    }
    state_.machine = to_json(describe_machine(*files));
    auto floors = use_calibration(found.sensors, options.calibration, *files);
    auto meter = open_meter(std::move(found.sensors),
                            {.period = options.period,
                             .record_path = options.record,
                             .devices = std::move(options.devices),
                             .look = device_look(files),
                             .floors = std::move(floors)},
                            system_clock(), files);
    if (!meter) return fail(meter.error());
    meter_ = std::move(*meter);
    open_marks();
    if (!pids_.empty()) meter_->watch_processes(pids_);
    if (auto started = meter_->start(); !started) return started;
    state_.start = meter_->now();
    state_.started_utc = iso8601(system_clock().anchor().wall_ns);
    meter_->note(start_note(state_));
    return {};
  }

  // Notes in the recording who of the target has ended.
  void look_at_target() {
    if (state_.target.kind.empty()) return;
    const std::size_t before = state_.target.alive();
    note_ended(state_.target, *files_, meter_->now());
    if (before != state_.target.alive() || !target_noted_) meter_->note(target_note(state_.target));
    target_noted_ = true;
  }

  IdleFloors use_calibration(std::vector<std::unique_ptr<Sensor>>& sensors,
                             const std::string& path, const FileTree& files) {
    const auto known =
        calibration_state(path.empty() ? default_calibration_path() : path, machine_key(files),
                          system_clock().anchor().wall_ns);
    calibration_ = known.json();
    reuse(sensors, known);
    return idle_floors(known);
  }

  void open_marks() {
    auto channel = MarkChannel::open();
    if (channel) {
      marks_ = std::move(*channel);
    } else {
      state_.warnings.push_back(channel.error().code + ": " + channel.error().message);
    }
  }

  [[nodiscard]] Status open_trace(const SessionOptions& options) {
    auto trace = read_trace(options.replay);
    if (!trace) return fail(trace.error());
    auto meter = replay_meter(*trace);
    if (!meter) return fail(meter.error());
    meter_ = std::move(*meter);
    for (const auto& event : trace->events) {
      const auto* note = std::get_if<NoteEvent>(&event);
      if (note == nullptr) continue;
      if (auto whole = apply_note(state_, note->note)) reported_ = whole;
    }
    if (!trace->complete) {
      state_.warnings.push_back("trace.cut: " + trace->damage + "; what precedes it was used");
    }
    return {};
  }

  [[nodiscard]] Status allowed(const std::string& name) const {
    if (!live_) return in_replay();
    if (!name.empty() && name.size() <= kMarkName) return {};
    return fail(ErrorKind::usage, "region.name", fmt::format("a name has 1 to {} bytes", kMarkName),
                "shorten the name");
  }

  std::vector<Window>::iterator find_open(const std::string& name) {
    return std::find_if(open_.begin(), open_.end(),
                        [&](const Window& w) { return w.name == name; });
  }

  void keep_mark(Mark mark) {
    if (state_.marks.size() >= kMostMarks) {
      if (state_.marks.size() == kMostMarks && !marks_full_) {
        state_.warnings.push_back(
            fmt::format("mark.many: only the first {} marks are kept", kMostMarks));
      }
      marks_full_ = true;
      return;
    }
    meter_->note(mark_note(mark));
    state_.marks.push_back(std::move(mark));
  }

  void collect_marks() {
    if (!marks_) return;
    for (auto& mark : marks_->drain()) keep_mark(std::move(mark));
    if (marks_->refused() > 0 && !refused_said_) {
      refused_said_ = true;
      state_.warnings.push_back("mark.malformed: some marks could not be read and were left out");
    }
  }

  bool live_ = false;
  bool target_noted_ = false;
  std::shared_ptr<const FileTree> files_;
  std::vector<int> pids_;
  std::unique_ptr<Meter> meter_;
  std::unique_ptr<MarkChannel> marks_;
  Json findings_ = Json::array();
  Json calibration_;
  mutable std::mutex mutex_;
  RunState state_;
  std::vector<Window> open_;
  std::optional<Window> reported_;
  bool marks_full_ = false;
  bool refused_said_ = false;
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::open(SessionOptions options) {
  auto impl = std::make_unique<Impl>();
  if (auto opened = impl->open(std::move(options)); !opened) return fail(opened.error());
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

Status Session::begin(const std::string& name) { return impl_->begin(name); }
Status Session::end(const std::string& name) { return impl_->end(name); }
Status Session::mark(const std::string& name) { return impl_->mark(name); }
Status Session::lap(const std::string& name) { return impl_->lap(name); }
Result<std::string> Session::window(const std::string& name) { return impl_->window(name); }
Result<ChildOutcome> Session::run(const std::vector<std::string>& argv,
                                  const ChildOptions& options) {
  return impl_->run(argv, options);
}
Result<std::string> Session::report() { return impl_->report(); }
std::string Session::watched() { return impl_->watched(); }
std::string Session::sensors() const { return impl_->sensors(); }
void Session::register_self_thread() { impl_->register_self_thread(); }
std::string Session::mark_address() const { return impl_->mark_address(); }

std::string version() { return std::string(build_version()); }
std::string commit() { return std::string(build_commit()); }

}  // namespace joulebook
