// Writes the live page and what its gateways say, for the browser test:
//   write_live_page DIR
// live.html; metered.json, unmetered.json, empty.json, crowded.json: a list of events each.
#include <cstdio>
#include <string>

#include "core/file_tree.h"
#include "export/live_json.h"
#include "fakes/sample_live.h"
#include "report/live_page.h"

namespace {

using joulebook::Json;
using joulebook::gateway::LiveState;

// What the gateway says at once, and a second later.
Json two_events(LiveState state) {
  Json events = Json::array({joulebook::live_json(state)});
  if (state.points.empty()) return events;
  const auto last = state.points.back().utc_ms;
  state.points.push_back(state.points.back());
  state.points.back().utc_ms = last + 1000;
  state.points.back().watts += 40;
  state.now_wall_ns += 1'000'000'000;
  state.final_ += 1;
  return events.push(joulebook::live_json(state, last));
}

LiveState crowded() {
  LiveState state = joulebook::fakes::sample_live();
  for (int i = 0; i < 100; ++i) {
    auto c = state.consumers.front();
    c.name = "a-tenant-with-a-name-that-has-no-blank-to-break-at-" + std::to_string(i);
    c.fair = joulebook::MicroJoules{1'000'000LL * (i + 1)};
    state.consumers.push_back(c);
  }
  for (int i = 1; i < 8; ++i) {
    auto d = state.domains.front();
    d.domain = "gpu:" + std::to_string(i);
    state.domains.push_back(d);
  }
  state.consumers.front().name = "<script>alert(1)</script>";
  state.upstreams.front().name = "https://" + std::string(200, 'x') + ".example";
  state.absences.push_back({"upstream.elsewhere", "one upstream is on another machine", "--meter URL"});
  return state;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string dir = argv[1];
  const auto write = [&](const std::string& name, const std::string& text) {
    return joulebook::write_file(dir + "/" + name, text).has_value();
  };
  const bool written =
      write("live.html", joulebook::live_page()) &&
      write("metered.json", two_events(joulebook::fakes::sample_live()).dump()) &&
      write("unmetered.json", two_events(joulebook::fakes::sample_live_unmetered()).dump()) &&
      write("empty.json", two_events(LiveState{}).dump()) &&
      write("crowded.json", two_events(crowded()).dump());
  return written ? 0 : 1;
}
