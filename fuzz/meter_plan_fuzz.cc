// Any bytes as what a person writes to say whose meter is whose: lines that are --upstream and --meter, or a
// joulebook.toml with [serve] and [[meter]] tables. An error names its code and its cure. Of a plan every upstream
// is a meter's or left over and never both, no meter is idle, twice there or named like another, and who is told
// each pairing of a plan in words, or in tables, makes the same plan again.
// Found on 2026-11-27, from a seed with two agents behind one proxy: their domains had one name. Planted that day, a
// plan in which a meter has nothing to meter: found within 1,100 inputs.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "core/text.h"
#include "gateway/meter_plan.h"

namespace {

using namespace joulebook::gateway;
using Places = std::vector<UpstreamPlace>;

void must(bool holds) {
  if (!holds) std::abort();
}

void judge(const joulebook::Error& error) { must(!error.code.empty() && !error.cure.empty()); }

bool rises(const std::vector<std::uint32_t>& list) {
  return std::adjacent_find(list.begin(), list.end(), [](auto a, auto b) { return a >= b; }) == list.end();
}

void judge(const MeterPlan& plan, const Places& places) {
  std::set<std::uint32_t> metered;
  std::set<std::string> urls, labels;
  for (const auto& meter : plan.meters) {
    must(!meter.upstreams.empty() && rises(meter.upstreams) && meter.upstreams.back() < places.size());
    must(!meter.token_env.empty() && !meter.url.ends_with('/') && urls.insert(meter.url).second);
    must(labels.insert(meter.label).second);
    metered.insert(meter.upstreams.begin(), meter.upstreams.end());
  }
  must(rises(plan.rest));
  for (const auto u : plan.rest) must(u < places.size() && metered.insert(u).second);
  must(metered.size() == places.size());
}

bool same(const MeterPlan& a, const MeterPlan& b) {
  return a.rest == b.rest && std::ranges::equal(a.meters, b.meters, [](const auto& x, const auto& y) {
           return x.url == y.url && x.label == y.label && x.upstreams == y.upstreams && x.token_env == y.token_env && x.ca == y.ca;
         });
}

// The plan in tables; `words`: its pairings as --meter has them, too.
ServeOptions told(const MeterPlan& plan, const Places& places, bool words) {
  ServeOptions out;
  for (const auto& meter : plan.meters) {
    MeterTable table{meter.url, {}, meter.token_env, meter.ca};
    for (const auto u : meter.upstreams) {
      table.upstreams.push_back(places[u].name);
      if (words) out.meter.push_back(meter.url + "=" + places[u].name);
    }
    out.meters.push_back(std::move(table));
  }
  return out;
}

void judge(const ServeOptions& options) {
  const auto places = upstream_places(options.upstreams);
  if (!places) return judge(places.error());
  const auto plan = plan_meters(options, *places);
  if (!plan) return judge(plan.error());
  judge(*plan, *places);
  for (const bool words : {false, true}) {
    const auto again = plan_meters(told(*plan, *places, words), *places);
    must(again.has_value() && same(*again, *plan));
  }
}

// "u ADDRESS" and "m ADDRESS[=ADDRESS]", one a line.
ServeOptions in_words(std::string_view text) {
  ServeOptions out;
  for (const auto line : joulebook::split(text, '\n')) {
    if (line.starts_with("u ")) out.upstreams.emplace_back(line.substr(2));
    if (line.starts_with("m ")) out.meter.emplace_back(line.substr(2));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("u ") || text.starts_with("m ")) {
    judge(in_words(text));
    return 0;
  }
  const auto file = joulebook::parse_toml(text, "fuzz.toml");
  if (!file) return 0;
  const auto options = serve_options(*file);
  if (options) {
    judge(*options);
  } else {
    judge(options.error());
  }
  return 0;
}
