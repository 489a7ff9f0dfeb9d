#include "meter/replay.h"

#include <algorithm>

#include "sensor/model/machine_model.h"

namespace joulebook {
namespace {

SteadyTime instant(const TraceEvent& event) {
  if (const auto* r = std::get_if<ReadingEvent>(&event)) return r->reading.end;
  if (const auto* m = std::get_if<MissEvent>(&event)) return m->at;
  if (const auto* c = std::get_if<CpuSample>(&event)) return c->at;
  if (const auto* a = std::get_if<Anchor>(&event)) return a->steady;
  return {};
}

std::string_view note_of(const TraceEvent& event) {
  const auto* note = std::get_if<NoteEvent>(&event);
  return note != nullptr ? note->note["note"].as_string() : std::string_view();
}

bool is_devices_note(const TraceEvent& event) { return note_of(event) == kDevicesNote; }

// Index of the last report's note; all events where there is none.
std::size_t last_report(const Trace& trace) {
  for (std::size_t i = trace.events.size(); i > 0; --i) {
    if (note_of(trace.events[i - 1]) == "report") return i - 1;
  }
  return trace.events.size();
}

class ReplayMeter final : public Meter {
 public:
  ReplayMeter(const Trace& trace, std::unique_ptr<TracedCore> core) : traced_(std::move(core)) {
    const std::size_t reported = last_report(trace);
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
      // What was learnt of devices after the last report is not in it.
      if (i < reported || !is_devices_note(trace.events[i])) feed(traced_->core(), trace.events[i]);
      now_ = std::max(now_, instant(trace.events[i]));
    }
  }

  [[nodiscard]] Status start() override { return {}; }
  void stop() override {}
  [[nodiscard]] SteadyTime now() const override { return now_; }
  void settle(SteadyTime) override {}
  [[nodiscard]] WindowEnergy energy(const Window& window) const override {
    return traced_->core().energy(window);
  }
  [[nodiscard]] std::vector<PowerPoint> trace(SteadyTime begin, SteadyTime end,
                                              std::size_t points) const override {
    return traced_->core().trace(begin, end, points);
  }
  [[nodiscard]] std::vector<SensorInfo> sensors() const override { return traced_->core().sensors(); }
  void register_self_thread() override {}
  void watch_processes(std::vector<int>) override {}

 private:
  std::unique_ptr<TracedCore> traced_;
  SteadyTime now_{0};
};

std::vector<Channel> channels(const TraceHeader& header,
                              const std::vector<std::unique_ptr<EnergyModel>>& models) {
  std::vector<Channel> out;
  for (std::size_t i = 0; i < header.sensors.size(); ++i) {
    out.push_back({header.sensors[i], models[i].get()});
  }
  return out;
}

}  // namespace

TracedCore::TracedCore(const TraceHeader& header, std::vector<std::unique_ptr<EnergyModel>> models)
    : models_(std::move(models)),
      core_(channels(header, models_), header.options, header.hardware_threads) {}

Result<std::unique_ptr<TracedCore>> TracedCore::make(const TraceHeader& header) {
  std::vector<std::unique_ptr<EnergyModel>> models;
  for (std::size_t i = 0; i < header.sensors.size(); ++i) {
    const Json& described = i < header.models.size() ? header.models[i] : Json();
    models.push_back(described.is_null() ? nullptr : make_model(described));
    if (header.sensors[i].kind != SensorKind::busy_time || models.back()) continue;
    return fail(ErrorKind::input, "trace.malformed",
                "the trace holds busy time of " + header.sensors[i].name +
                    " but not the model that turns it into joules",
                "record the trace again");
  }
  return std::unique_ptr<TracedCore>(new TracedCore(header, std::move(models)));
}

Result<std::unique_ptr<Meter>> replay_meter(const Trace& trace) {
  auto core = TracedCore::make(trace.header);
  if (!core) return fail(core.error());
  return std::make_unique<ReplayMeter>(trace, std::move(*core));
}

}  // namespace joulebook
