#include "gateway/meter_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/text.h"

namespace joulebook::gateway {
namespace {

struct Wish {
  PlannedMeter meter;
  UpstreamPlace place;
  std::vector<std::string> upstreams;  // addresses that were named
};

tl::unexpected<Error> unclear(std::string message, const std::string& url) {
  return fail(ErrorKind::usage, "serve.meter_pairing", std::move(message),
              "say which one it meters: --meter " + url + "=UPSTREAM, once for each of them, or `upstream` of its [[meter]]");
}

// "URL=UPSTREAM" in its two parts; an upstream's address begins with its scheme.
std::pair<std::string, std::string> parts_of(const std::string& text) {
  const auto at = std::min(text.find("=http://"), text.find("=https://"));
  if (at == text.npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool same_host(const UpstreamPlace& a, const UpstreamPlace& b) {
  return (a.here && b.here) || lower(a.host) == lower(b.host);
}

Result<Wish*> wish_for(std::vector<Wish>& wishes, std::string url) {
  while (url.ends_with('/')) url.pop_back();
  auto place = upstream_place(url);
  if (!place) {
    return fail(ErrorKind::usage, "serve.meter", "a meter has no address that can be used",
                "write it as --meter https://gpu-host:8901, or --meter https://gpu-host:8901=http://gpu-host:8000");
  }
  for (auto& wish : wishes) {  // a host's name is the same in any case
    if (lower(wish.place.name) == lower(place->name) && wish.place.prefix == place->prefix) return &wish;
  }
  Wish wish;
  wish.meter.url = std::move(url);
  wish.place = std::move(*place);
  wishes.push_back(std::move(wish));
  return &wishes.back();
}

Result<std::vector<Wish>> wishes_of(const ServeOptions& options) {
  std::vector<Wish> wishes;
  for (const auto& text : options.meter) {
    auto [url, upstream] = parts_of(text);
    auto wish = wish_for(wishes, std::move(url));
    if (!wish) return fail(wish.error());
    if (!upstream.empty()) (*wish)->upstreams.push_back(std::move(upstream));
  }
  const std::size_t named = wishes.size();
  for (const auto& table : options.meters) {
    auto wish = wish_for(wishes, table.url);
    if (!wish) return fail(wish.error());
    if ((*wish)->upstreams.empty()) (*wish)->upstreams = table.upstreams;
    if (!table.token_env.empty()) (*wish)->meter.token_env = table.token_env;
    (*wish)->meter.ca = table.ca;
  }
  if (named > 0) wishes.resize(named);
  for (auto& wish : wishes) {
    if (wish.meter.ca.empty()) wish.meter.ca = options.meter_ca;
  }
  return wishes;
}

class Pairing {
 public:
  Pairing(std::vector<Wish>& wishes, const std::vector<UpstreamPlace>& places) : wishes_(wishes), places_(places) {}

  [[nodiscard]] Status named() {
    std::vector<std::string> names;
    for (const auto& place : places_) names.push_back(place.name);
    for (auto& wish : wishes_) {
      auto wanted = named_upstreams(wish.upstreams, names);
      if (!wanted) return fail(wanted.error());
      for (std::uint32_t u = 0; u < places_.size(); ++u) {
        if (std::find(wanted->begin(), wanted->end(), names[u]) != wanted->end()) take(wish, u);
      }
    }
    named_ = taken_;
    return {};
  }

  // Those for which nothing is named: the upstreams of their own host.
  [[nodiscard]] Status by_host() {
    for (auto& wish : wishes_) {
      if (!wish.upstreams.empty()) continue;
      for (std::uint32_t u = 0; u < places_.size(); ++u) {
        if (!same_host(wish.place, places_[u]) || named_.contains(u)) continue;
        if (taken_.contains(u)) {
          return unclear("more than one meter is on the host of the upstream " + places_[u].name +
                             ", and nothing says which of them meters it", wish.meter.url);
        }
        take(wish, u);
      }
    }
    return {};
  }

  // One that is on no upstream's host: what is left, if it can be but one machine.
  [[nodiscard]] Status what_is_left() {
    for (auto& wish : wishes_) {
      if (!wish.meter.upstreams.empty()) continue;
      const auto left = rest();
      const bool one_host = std::all_of(left.begin(), left.end(), [&](auto u) { return same_host(places_[u], places_[left[0]]); });
      const auto lost = std::count_if(wishes_.begin(), wishes_.end(), [](const Wish& w) { return w.meter.upstreams.empty(); });
      if (left.empty() || !one_host || lost > 1) {
        return unclear("no upstream is on the host of the meter " + wish.meter.url + ", and nothing says which it meters",
                       wish.meter.url);
      }
      for (const auto u : left) take(wish, u);
    }
    return {};
  }

  [[nodiscard]] std::vector<std::uint32_t> rest() const {
    std::vector<std::uint32_t> out;
    for (std::uint32_t u = 0; u < places_.size(); ++u) {
      if (!taken_.contains(u)) out.push_back(u);
    }
    return out;
  }

 private:
  void take(Wish& wish, std::uint32_t upstream) {
    wish.meter.upstreams.push_back(upstream);
    taken_.insert(upstream);
  }

  std::vector<Wish>& wishes_;
  const std::vector<UpstreamPlace>& places_;
  std::set<std::uint32_t> named_;
  std::set<std::uint32_t> taken_;
};

// One meter alone needs no name. Several have as much of their address as tells them apart.
Status label(std::vector<Wish>& wishes, bool beside_ours) {
  if (wishes.size() < 2 && !beside_ours) return {};
  std::map<std::string, const Wish*> labels;
  for (auto& wish : wishes) {
    const auto alike = [&](auto like) { return std::count_if(wishes.begin(), wishes.end(), like) > 1; };
    const bool host = alike([&](const Wish& w) { return same_host(w.place, wish.place); });
    const bool port = alike([&](const Wish& w) { return lower(w.place.host) == lower(wish.place.host) && w.place.port == wish.place.port; });
    wish.meter.label = lower(wish.place.host) + (host ? ":" + std::to_string(wish.place.port) : "") + (port ? wish.place.prefix : "");
    const auto [it, is_new] = labels.emplace(wish.meter.label, &wish);
    if (is_new) continue;
    return fail(ErrorKind::usage, "serve.meter_twice", it->second->meter.url + " and " + wish.meter.url + " are one address",
                "name one agent a machine, with the scheme that it speaks");
  }
  return {};
}

}  // namespace

Result<MeterPlan> plan_meters(const ServeOptions& options, const std::vector<UpstreamPlace>& places) {
  auto wishes = wishes_of(options);
  if (!wishes) return fail(wishes.error());
  Pairing pairing(*wishes, places);
  if (auto ok = pairing.named(); !ok) return fail(ok.error());
  if (auto ok = pairing.by_host(); !ok) return fail(ok.error());
  if (auto ok = pairing.what_is_left(); !ok) return fail(ok.error());
  MeterPlan plan;
  plan.rest = pairing.rest();
  const bool beside_ours = std::any_of(plan.rest.begin(), plan.rest.end(), [&](auto u) { return places[u].here; });
  if (auto ok = label(*wishes, beside_ours); !ok) return fail(ok.error());
  for (auto& wish : *wishes) plan.meters.push_back(std::move(wish.meter));
  return plan;
}

}  // namespace joulebook::gateway
