#include "meter/run_report.h"

#include <fmt/format.h>
#include <joulebook/session.h>

#include <algorithm>

#include "core/json_strings.h"
#include "meter/device_choice.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

Json domain_json(const DomainEnergy& domain) {
  Json out = Json::object({{"domain", domain.domain},
                       {"device", domain.device},
                       {"name", domain.name},
                       {"sensor", domain.sensor},
                       {"energy", to_json(domain.energy)},
                       {"above_idle", to_json(domain.above_idle)},
                       {"mean_power", to_json(domain.mean_power)},
                       {"peak_power", to_json(domain.peak_power)},
                       {"contains", strings(domain.contains)},
                       {"mirrors", strings(domain.mirrors)},
                       {"may_contain", strings(domain.may_contain)},
                       {"top_level", domain.top_level},
                       {"settled_uj", domain.settled ? Json(domain.settled->count) : Json()}});
  if (domain.crosscheck) {
    out.set("crosscheck", Json::object({{"with", domain.crosscheck->with},
                                        {"ratio", to_json(domain.crosscheck->ratio)}}));
  }
  return out;
}

Json domains_json(const WindowEnergy& energy) {
  Json out = Json::array();
  for (const auto& domain : energy.domains) {
    Json item = domain_json(domain);
    const auto idle = energy.idle.find(domain.domain);
    if (idle != energy.idle.end()) item.set("idle", to_json(idle->second));
    out.push(std::move(item));
  }
  return out;
}

Json apart_json(const WindowEnergy& energy) {
  Json out = Json::array();
  for (const auto& device : energy.devices_apart) {
    out.push(Json::object({{"device", device.device},
                           {"name", device.name},
                           {"domains", strings(device.domains)},
                           {"energy", to_json(device.energy)}}));
  }
  return out;
}

// A measured node or wall beside the total, with what the parts leave of it.
Json beside_json(const WindowEnergy& energy) {
  Json out = Json::array();
  for (const auto& domain : energy.domains) {
    const auto kind = domain_kind(domain.domain);
    if (domain.top_level || !domain.mirrors.empty() || (kind != "node" && kind != "wall")) continue;
    out.push(Json::object({{"domain", domain.domain},
                           {"energy", to_json(domain.energy)},
                           {"remainder", to_json(difference(domain.energy, energy.total))}}));
  }
  return out;
}

Json seconds_json(double seconds) { return seconds < 0 ? Json() : Json(seconds); }

Json cpu_json(const CpuShare& cpu) {
  return Json::object({{"capacity_s", seconds_json(cpu.capacity)},
                       {"machine_s", seconds_json(cpu.machine)},
                       {"tree_s", seconds_json(cpu.tree)},
                       {"self_s", seconds_json(cpu.self)}});
}

void set_span(Json& out, const Window& window) {
  out.set("start_ns", window.begin.ns);
  out.set("end_ns", window.end.ns);
  out.set("duration_s", window.duration().count());
}

void set_energy(Json& out, const WindowEnergy& energy) {
  out.set("domains", domains_json(energy));
  out.set("total", to_json(energy.total));
  out.set("above_idle", to_json(energy.above_idle));
  out.set("tree", to_json(energy.tree));
  out.set("self", to_json(energy.self));
  out.set("cpu", cpu_json(energy.cpu));
}

Json window_json(const WindowEnergy& figures) {
  Json out = Json::object({{"name", figures.window.name}});
  set_span(out, figures.window);
  set_energy(out, figures);
  out.set("warnings", strings(figures.warnings));
  return out;
}

// Each mark holds until the next one, or the end.
std::vector<Window> marked(std::vector<Mark> marks, const Window& whole) {
  std::stable_sort(marks.begin(), marks.end(),
                   [](const Mark& a, const Mark& b) { return a.at < b.at; });
  std::vector<Window> out;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const SteadyTime end = i + 1 < marks.size() ? marks[i + 1].at : whole.end;
    const SteadyTime begin = std::max(marks[i].at, whole.begin);
    if (begin < end) out.push_back({marks[i].name, begin, std::min(end, whole.end)});
  }
  return out;
}

Json repeat_json(const RepeatRecord& repeat, const EnergyOf& energy) {
  Json out = window_json(energy(repeat.window));
  out.set("exit_code", repeat.exit_code);
  out.set("user_s", repeat.user_s);
  out.set("system_s", repeat.system_s);
  out.set("max_rss_bytes", repeat.max_rss_bytes);
  return out;
}

Json per_run(const RunState& state, const EnergyOf& energy) {
  std::vector<Quantity> totals;
  for (const auto& repeat : state.repeats) totals.push_back(energy(repeat.window).total);
  return to_json(scaled(sum(totals), 1.0 / static_cast<double>(totals.size()), "run"));
}

Window window_from(const Json& note) {
  return {std::string(note["name"].as_string()),
          {note["start_ns"].as_int()},
          {note["end_ns"].as_int()}};
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items()) out.emplace_back(item.as_string());
  return out;
}

}  // namespace

Window RunState::whole(SteadyTime now) const {
  if (repeats.empty()) return {"run", start, lap.value_or(now)};
  return {"run", repeats.front().window.begin, repeats.back().window.end};
}

void set_devices(Json& out, const WindowEnergy& energy) {
  out.set("devices", strings(energy.devices));
  out.set("devices_apart", apart_json(energy));
  if (energy.choice) out.set("device_choice", to_json(*energy.choice));
}

Json window_document(const WindowEnergy& energy) {
  Json out = window_json(energy);
  set_devices(out, energy);
  return out;
}

Json run_json(const RunState& state, const Window& whole, const EnergyOf& energy) {
  const WindowEnergy figures = energy(whole);
  Json out = Json::object({{"schema", kRunSchema}});
  out.set("joulebook", Json::object({{"version", version()}, {"commit", commit()}}));
  out.set("started_utc", state.started_utc);
  set_span(out, whole);
  set_energy(out, figures);
  out.set("beside", beside_json(figures));
  set_devices(out, figures);
  out.set("readings",
          Json::object({{"count", static_cast<std::int64_t>(figures.readings.count)},
                        {"digest", fmt::format("{:016x}", figures.readings.chain)}}));
  if (!state.target.kind.empty()) out.set("target", to_json(state.target));
  Json windows = Json::array();
  for (const auto& region : state.regions) windows.push(window_json(energy(region)));
  for (const auto& lap : state.laps) {
    Json item = window_json(energy(lap));
    item.set("lap", true);
    windows.push(std::move(item));
  }
  for (const auto& mark : marked(state.marks, whole)) windows.push(window_json(energy(mark)));
  out.set("windows", std::move(windows));
  Json repeats = Json::array();
  for (const auto& repeat : state.repeats) repeats.push(repeat_json(repeat, energy));
  out.set("repeats", std::move(repeats));
  if (!state.repeats.empty()) {
    out.set("command", strings(state.repeats.front().command));
    out.set("per_run", per_run(state, energy));
  }
  auto warnings = state.warnings;
  warnings.insert(warnings.end(), figures.warnings.begin(), figures.warnings.end());
  out.set("warnings", strings(warnings));
  out.set("machine", state.machine);
  return out;
}

Json region_note(const Window& region) {
  return Json::object({{"note", "region"},
                       {"name", region.name},
                       {"start_ns", region.begin.ns},
                       {"end_ns", region.end.ns}});
}

Json lap_note(const Window& lap) {
  Json note = region_note(lap);
  note.set("note", "lap");
  return note;
}

Json target_note(const Target& target) {
  return Json::object({{"note", "target"}, {"target", to_json(target)}});
}

void apply_lap(RunState& state, const Window& lap) {
  state.lap = lap.end;
  if (state.laps.size() < kMostMarks) {
    state.laps.push_back(lap);
    return;
  }
  const auto text = fmt::format("lap.many: only the first {} laps are kept", kMostMarks);
  if (state.warnings.empty() || state.warnings.back() != text) state.warnings.push_back(text);
}

Json mark_note(const Mark& mark) {
  return Json::object({{"note", "mark"}, {"name", mark.name}, {"at_ns", mark.at.ns}});
}

Json repeat_note(const RepeatRecord& repeat) {
  Json note = region_note(repeat.window);
  note.set("note", "repeat");
  note.set("command", strings(repeat.command));
  note.set("exit_code", repeat.exit_code);
  note.set("user_s", repeat.user_s);
  note.set("system_s", repeat.system_s);
  note.set("max_rss_bytes", repeat.max_rss_bytes);
  return note;
}

Json start_note(const RunState& state) {
  return Json::object({{"note", "start"},
                       {"start_ns", state.start.ns},
                       {"started_utc", state.started_utc},
                       {"machine", state.machine},
                       {"warnings", strings(state.warnings)}});
}

Json report_note(const Window& whole) {
  Json note = region_note(whole);
  note.set("note", "report");
  return note;
}

std::optional<Window> apply_note(RunState& state, const Json& note) {
  const auto kind = note["note"].as_string();
  if (kind == "start") {
    state.start = {note["start_ns"].as_int()};
    state.started_utc = note["started_utc"].as_string();
    state.machine = note["machine"];
    state.warnings = texts(note["warnings"]);
  } else if (kind == "region") {
    state.regions.push_back(window_from(note));
  } else if (kind == "lap") {
    apply_lap(state, window_from(note));
  } else if (kind == "target") {
    state.target = target_from_json(note["target"]);
  } else if (kind == "mark") {
    state.marks.push_back({std::string(note["name"].as_string()), {note["at_ns"].as_int()}});
  } else if (kind == "repeat") {
    state.repeats.push_back(
        {window_from(note), texts(note["command"]), static_cast<int>(note["exit_code"].as_int()),
         note["user_s"].as_double(), note["system_s"].as_double(), note["max_rss_bytes"].as_int()});
  } else if (kind == "report") {
    return window_from(note);
  }
  return std::nullopt;
}

}  // namespace joulebook
