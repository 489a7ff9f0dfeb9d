#include "export/card/verify_samples.h"

#include <fmt/format.h>

namespace joulebook::card {
namespace {

tl::unexpected<Error> no_replay() {
  return fail(ErrorKind::usage, "card.no_replay", "nothing here can replay samples", "");
}

// Where a figure stands, and its window.
struct Place {
  std::string at;
  const Json* energy;
  Replay::Window window;
};

// Phases with a length; one without has no energy to be read.
std::vector<Place> phases_of(const Json& document) {
  std::vector<Place> places;
  for (std::size_t t = 0; t < document["trials"].items().size(); ++t) {
    const Json& trial = document["trials"].at(t);
    if (trial.has("error")) continue;
    for (std::size_t p = 0; p < trial["phases"].items().size(); ++p) {
      const Json& phase = trial["phases"].at(p);
      const Replay::Window window{phase["begin_ns"].as_int(), phase["end_ns"].as_int()};
      if (window.begin_ns >= window.end_ns) continue;
      places.push_back({fmt::format("document.trials.{}.phases.{}.energy", t, p), &phase["energy"], window});
    }
  }
  return places;
}

Json bare(const Json& energy) {
  Json out = Json::object();
  for (const char* key : {"value", "unit", "own"}) out.set(key, energy[key]);
  return out.set("reason", energy["reason"]["code"]);
}

}  // namespace

Status replay_run(const Json& document, std::string_view trace, const Replay& replay, const Tell& tell) {
  if (!replay.run) return no_replay();
  auto again = replay.run(trace);
  if (!again) return fail(again.error());
  Json stated = document;
  for (const char* key : {"command", "joulebook"}) stated.erase(key), again->erase(key);
  for (const auto& [at, what] : differences(stated, *again, kMostFaults)) {
    tell("document." + at, what + " of its samples");
  }
  return {};
}

Status replay_trials(const Json& document, std::string_view trace, const Replay& replay, const Tell& tell) {
  if (!replay.windows) return no_replay();
  const std::vector<Place> places = phases_of(document);
  std::vector<Replay::Window> windows;
  for (const auto& place : places) windows.push_back(place.window);
  const auto again = replay.windows(trace, windows);
  if (!again) return fail(again.error());
  for (std::size_t i = 0; i < places.size() && i < again->size(); ++i) {
    for (const auto& [at, what] : differences(bare(*places[i].energy), bare(to_json((*again)[i])), 1)) {
      tell(places[i].at + "." + at, what + " of its samples");
    }
  }
  return {};
}

}  // namespace joulebook::card
