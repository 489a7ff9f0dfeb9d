#pragma once
// A LiveState as JSON (docs/formats/live.md, docs/schema/live.schema.json): what the live page, `top`
// and /joulebook/v1/live are given. Pure.
#include <joulebook/quantity.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"
#include "export/live_state.h"

namespace joulebook {

constexpr std::string_view kLiveSchema = "joulebook.live/1";
constexpr std::size_t kLiveRows = 20;  // of each kind of consumer; the rest is "(other)"

// Points that end after `since_ms` alone (since 1970 UTC); 0: all of them.
[[nodiscard]] Json live_json(const gateway::LiveState& state, std::int64_t since_ms = 0);

// One server-sent event "live" with this state, and the blank line. `cursor`: 0, or as the last call
// left it (milliseconds since 1970 UTC of that event): an event holds the points that are new since,
// and those of the minute before, which may have been settled meanwhile.
[[nodiscard]] std::string live_event(const gateway::LiveState& state, std::uint64_t& cursor);

// What was metered, over all domains; an absence with its reason where nothing was settled.
[[nodiscard]] Quantity metered_total(const gateway::LiveState& state);

// What a reader keeps: `event` in the place of all but the points, which are added by their time, a
// newer reading of one second in place of the older, at most gateway::kLivePoints of them.
void merge_live(Json& kept, const Json& event);

}  // namespace joulebook
