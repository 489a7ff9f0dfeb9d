// What a gateway (or whoever answers in its place) sends to `top`: events that are any JSON are merged
// and drawn. No crash, no frame larger than its screen, never more seconds than are kept.
// Planted fault that it finds: merge_live() without its bound on the seconds kept.
#include <cstdint>
#include <cstdlib>

#include "core/text.h"
#include "export/live_json.h"
#include "report/text_grid.h"
#include "report/top_frame.h"

namespace {

void require(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using joulebook::Json;
  if (size < 2) return 0;
  joulebook::TopView view;
  view.width = 1 + data[0];
  view.height = 1 + data[1] % 100;
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  Json kept;
  // Events, one a line.
  for (const auto line : joulebook::split(rest, '\n')) {
    const auto event = joulebook::parse_json(line);
    if (!event) continue;
    joulebook::merge_live(kept, *event);
    require(kept["points"]["utc_ms"].items().size() <= joulebook::gateway::kLivePoints);
  }
  const std::string frame = joulebook::top_frame(kept, view);
  const auto lines = joulebook::split(frame, '\n');
  require(lines.size() <= static_cast<std::size_t>(view.height));
  for (const auto one : lines) require(joulebook::display_width(one) <= view.width);
  return 0;
}
