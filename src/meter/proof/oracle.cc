#include "meter/proof/oracle.h"

#include <algorithm>
#include <limits>
#include <map>

namespace joulebook::proof {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

// A value of the counter, from a common origin, and between which instants it was published.
struct Seen {
  double value = 0;
  double after = 0;
  double by = 0;
};

std::vector<Seen> values_seen(const Plant& plant) {
  std::vector<Seen> out;
  double value = 0;
  for (std::size_t i = 0; i < plant.reads.size(); ++i) {
    const RawReading& read = plant.reads[i];
    if (i == 0) {
      out.push_back({0, -kInfinite, seconds(read.end)});
      continue;
    }
    const RawReading& before = plant.reads[i - 1];
    if (read.counts == before.counts) continue;
    const std::uint64_t turn = read.counts < before.counts ? plant.info.range : 0;
    value += static_cast<double>(turn + read.counts - before.counts) * plant.info.scale;
    out.push_back({value, seconds(before.begin), seconds(read.end)});
  }
  return out;
}

struct Link {  // E(to) - E(from) is at most `most`; for any two instants
  double from;
  double to;
  double most;
};

double greatest_growth(const std::vector<Link>& links, double length, double most_watts) {
  std::map<double, std::size_t> places = {{0, 0}, {length, 0}};
  for (const Link& link : links) places.emplace(link.from, 0), places.emplace(link.to, 0);
  std::vector<double> times;
  for (auto& [time, place] : places) place = times.size(), times.push_back(time);
  struct Arc {
    std::size_t from, to;
    double most;
  };
  std::vector<Arc> arcs;
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    arcs.push_back({i, i + 1, most_watts * (times[i + 1] - times[i])});
    arcs.push_back({i + 1, i, 0});
  }
  for (const Link& link : links) arcs.push_back({places[link.from], places[link.to], link.most});
  std::sort(arcs.begin(), arcs.end(), [](const Arc& a, const Arc& b) { return a.from < b.from; });
  std::vector<double> label(times.size(), kInfinite);
  label[places[0]] = 0;
  const auto relax = [&](const Arc& arc) {
    if (label[arc.from] + arc.most >= label[arc.to] - 1e-9) return false;
    label[arc.to] = label[arc.from] + arc.most;
    return true;
  };
  bool changed = true;
  for (std::size_t round = 0; changed && round <= times.size(); ++round) {
    changed = false;
    for (const Arc& arc : arcs) changed = relax(arc) || changed;
    for (auto arc = arcs.rbegin(); arc != arcs.rend(); ++arc) changed = relax(*arc) || changed;
  }
  return label[places[length]];
}

// The mean over w before an update between `low` and `high` lies in [least, most] J, as links.
void link_reading(std::vector<Link>& links, double low, double high, double w, double least,
                  double most, double most_watts) {
  const double loose = (high - low) * most_watts;
  links.push_back({low - w, high, most + loose});
  links.push_back({high, low - w, -least});
  if (low <= high - w) return;
  links.push_back({high - w, low, most});
  links.push_back({low, high - w, loose - least});
}

}  // namespace

Interval tightest_of_counter(const Plant& plant) {
  constexpr double kMost = 2 * kMostWatts;
  const double length = plant.end - plant.begin;
  const double step = static_cast<double>(plant.info.resolution) * plant.info.scale;
  const double near = 30 * std::max(plant.tick, plant.period);
  const double zero = -plant.begin - 100 * near;  // so early that the energy there binds nothing
  std::vector<Link> up;
  std::vector<Link> down;
  const auto link = [&](double time, double least, double most) {
    const double full = kMost * (time - zero);
    up.insert(up.end(), {{zero, time, most}, {time, zero, -least}});
    down.insert(down.end(), {{zero, time, full - least}, {time, zero, most - full}});
  };
  for (const Seen& seen : values_seen(plant)) {
    const double after = seen.after - plant.begin;
    const double by = seen.by - plant.begin;
    if (by < -near || after > length + near || (after > near && by < length - near)) continue;
    if (seen.after == -kInfinite) continue;
    const double loose = kMost * (by - after);
    link(by, seen.value, seen.value + step + loose);
    link(after, seen.value - loose, seen.value + step);
  }
  const double most = greatest_growth(up, length, kMost);
  const double least = std::max(0.0, kMost * length - greatest_growth(down, length, kMost));
  return {least * (1 - plant.info.accuracy), most * (1 + plant.info.accuracy)};
}

Interval tightest_of_gauge(const Plant& plant, bool known_updates) {
  const SensorInfo& info = plant.info;
  const double length = plant.end - plant.begin;
  const double w = Seconds(info.averaging).count();
  const double hold = 1.5 * Seconds(info.tick).count();
  if (w <= 0) return {0, kMostWatts * length};
  std::vector<Link> up;
  std::vector<Link> down;  // of the energy missing from the greatest power
  double changed_after = -kInfinite;
  double last_update = -kInfinite;
  for (std::size_t k = 0; k < plant.reads.size(); ++k) {
    const RawReading& read = plant.reads[k];
    if (k > 0 && read.counts != plant.reads[k - 1].counts) {
      changed_after = seconds(plant.reads[k - 1].begin);
    }
    double low = seconds(read.begin) - hold;
    double high = seconds(read.end);
    if (hold > 0) low = std::max(low, changed_after);
    if (known_updates && hold > 0) {
      auto update = std::upper_bound(plant.updates.begin(), plant.updates.end(), high);
      while (update != plant.updates.begin() && plant.raw(*std::prev(update)) != read.counts) --update;
      if (update == plant.updates.begin() || *std::prev(update) <= last_update) continue;
      low = high = last_update = *std::prev(update);
    }
    const double watts = static_cast<double>(read.counts) * info.scale;
    const double step = static_cast<double>(info.resolution) * info.scale;
    const double least = info.duty * w * std::max(0.0, watts - step);
    const double most = std::min(info.duty * w * (watts + step) + (1 - info.duty) * w * kMostWatts,
                                 w * kMostWatts);
    low -= plant.begin;
    high -= plant.begin;
    const double full = kMostWatts * w;
    link_reading(up, low, high, w, least, most, kMostWatts);
    link_reading(down, low, high, w, full - most, full - least, kMostWatts);
  }
  return {std::max(0.0, kMostWatts * length - greatest_growth(down, length, kMostWatts)),
          greatest_growth(up, length, kMostWatts)};
}

Interval tightest_of_busy_time(const Plant& plant) {
  const double step = plant.info.scale;
  double before_begin = 0, after_begin = kInfinite, before_end = 0, after_end = kInfinite;
  for (const RawReading& read : plant.reads) {
    const double value = static_cast<double>(read.counts) * plant.info.scale;
    if (seconds(read.end) <= plant.begin) before_begin = value;
    if (seconds(read.end) <= plant.end) before_end = value;
    if (seconds(read.begin) >= plant.begin) after_begin = std::min(after_begin, value + step);
    if (seconds(read.begin) >= plant.end) after_end = std::min(after_end, value + step);
  }
  const double idle = kIdleWatts * (plant.end - plant.begin);
  return {idle + kBusyWatts * std::max(0.0, before_end - after_begin),
          idle + kBusyWatts * (after_end - before_begin)};
}

}  // namespace joulebook::proof
