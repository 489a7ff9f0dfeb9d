#pragma once
// The live page of a metering gateway: one self-contained page whose script listens to the event
// stream of docs/formats/live.md and shows it. Its Content-Security-Policy allows this one script, by
// its hash, and connections to the place that it came from alone.
#include <string>
#include <string_view>

namespace joulebook {

// `events`: where the stream is, as the browser is to ask for it.
[[nodiscard]] std::string live_page(std::string_view events = "/joulebook/v1/live");

}  // namespace joulebook
