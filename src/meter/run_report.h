#pragma once
// What a session knows of a run, and its JSON (docs/formats/run.md). Pure: state and a way to ask
// for energies in, document out.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "meter/mark_channel.h"
#include "meter/target.h"
#include "meter/window.h"

namespace joulebook {

inline constexpr const char* kRunSchema = "joulebook.run/1";

struct RepeatRecord {
  Window window;
  std::vector<std::string> command;
  int exit_code = 0;
  double user_s = 0;
  double system_s = 0;
  std::int64_t max_rss_bytes = 0;
};

struct RunState {
  SteadyTime start;
  Target target;                  // whom the session attached to
  std::vector<Window> regions;    // in order of their end
  std::vector<Window> laps;       // they tile
  std::optional<SteadyTime> lap;  // the end of the last lap
  std::vector<Mark> marks;
  std::vector<RepeatRecord> repeats;
  std::vector<std::string> warnings;
  Json machine;
  std::string started_utc;

  // The run's window: from the first command's start to the last one's end, else from the start to
  // the last lap, else to `now`.
  [[nodiscard]] Window whole(SteadyTime now) const;
};

using EnergyOf = std::function<WindowEnergy(const Window&)>;

// Sets "devices", "devices_apart" and "device_choice" of a document.
void set_devices(Json& out, const WindowEnergy& energy);
// One window as an item of the run's "windows", and the devices that its total covers.
[[nodiscard]] Json window_document(const WindowEnergy& energy);
[[nodiscard]] Json run_json(const RunState& state, const Window& whole, const EnergyOf& energy);

// As a trace's notes keep it, and back. Nothing where a note is of another kind.
[[nodiscard]] Json region_note(const Window& region);
[[nodiscard]] Json lap_note(const Window& lap);
[[nodiscard]] Json target_note(const Target& target);
// Keeps the lap; beyond kMostMarks of them only its end, and says so once.
void apply_lap(RunState& state, const Window& lap);
[[nodiscard]] Json mark_note(const Mark& mark);
[[nodiscard]] Json repeat_note(const RepeatRecord& repeat);
[[nodiscard]] Json start_note(const RunState& state);
[[nodiscard]] Json report_note(const Window& whole);
// Adds what the note says; returns the window of a report note.
std::optional<Window> apply_note(RunState& state, const Json& note);

}  // namespace joulebook
