#include "sensor/remote/remote.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/reason.h"
#include "core/text.h"
#include "sensor/containment.h"
#include "sensor/remote/ipmi.h"
#include "sensor/remote/line_source.h"
#include "sensor/remote/plugs.h"
#include "sensor/remote/powermetrics.h"
#include "sensor/remote/redfish.h"
#include "sensor/remote/spec.h"

namespace joulebook {
namespace {

// An open source and what should be said about it.
struct Opened {
  std::unique_ptr<RemoteSource> source;
  std::vector<Reason> notes;
};

// Arguments may hold secrets.
std::string shown_id(const SensorSpec& spec) {
  if (spec.scheme != "exec") return spec.id();
  const auto words = spec.words();
  return "exec:" + valid_utf8(words.empty() ? "" : words[0]);
}

Result<Opened> wrapped(Result<std::unique_ptr<RemoteSource>> source) {
  if (!source) return fail(source.error());
  return Opened{std::move(*source), {}};
}

Result<Opened> open_lines(const SensorSpec& spec, Clock& clock) {
  OpenStream open;
  const std::string id = shown_id(spec);
  if (spec.scheme == "exec") {
    const auto words = spec.words();
    open = [words] { return start_program(words); };
  } else if (spec.scheme == "serial") {
    const int baud = static_cast<int>(parse_double(spec.option("baud", "115200")).value_or(0));
    open = [path = spec.place, baud] { return open_serial(path, baud); };
  } else {
    open = [host = spec.place, port = spec.port] { return open_tcp(host, port); };
  }
  return wrapped(open_line_source(std::move(open), id, clock));
}

Result<Opened> open_web(const SensorSpec& spec, Clock& clock) {
  const bool redfish = spec.scheme.starts_with("redfish");
  const bool encrypted = spec.scheme == "redfish" || spec.scheme.ends_with("+https");
  auto place = WebPlace::from(spec, encrypted ? "https" : "http");
  if (!place) return fail(place.error());
  if (redfish) place->patience_s = 15;
  auto meter = [&]() -> Result<WebMeter> {
    if (redfish) return redfish_meter(*place, spec.option("chassis"), spec.id(), clock);
    const int channel = static_cast<int>(parse_double(spec.option("channel", "0")).value_or(0));
    if (spec.scheme.starts_with("tasmota")) return plug_meter(PlugKind::tasmota, channel, spec.id());
    const auto kind = shelly_kind(*place, clock);
    if (!kind) return fail(kind.error());
    place->digest = *kind == PlugKind::shelly2;  // the first generation knows only the other
    return plug_meter(*kind, channel, spec.id());
  }();
  if (!meter) return fail(meter.error());
  for (std::size_t i = 0; i < meter->infos.size(); ++i) {
    SensorInfo& info = meter->infos[i];
    const std::string domain = spec.option("domain");
    const auto dot = info.domain.find('.');
    const std::string suffix = dot == std::string::npos ? "" : info.domain.substr(dot);
    const Nanos tick = info.tick;
    const Nanos averaging = info.averaging;
    spec.adjust(info);
    if (!domain.empty()) info.domain = domain + suffix;
    for (auto& mirrored : info.mirrors) mirrored = domain.empty() ? mirrored : domain;
    if (place->insecure) info.method += "; certificate not checked";
    if (info.kind == SensorKind::energy_counter) {
      info.tick = std::max(tick, info.tick);
      info.averaging = averaging;
    }
  }
  Opened opened;
  for (const auto& note : meter->notes) opened.notes.push_back({"sensor.overlap", note, ""});
  if (place->insecure) {
    opened.notes.push_back({"sensor.insecure", spec.id() + " is read without checking its certificate",
                            "name who signed it with ca=FILE"});
  }
  const bool bare = (!place->password.empty() && !place->digest) || !place->token.empty();
  if (!encrypted && bare) {
    opened.notes.push_back({"sensor.insecure", "the credentials of " + spec.id() + " travel unencrypted",
                            "a network of its own for the meters"});
  }
  opened.source = web_source(std::move(*place), std::move(*meter), clock);
  return opened;
}

Result<Opened> open(const SensorSpec& spec, Clock& clock) {
  if (spec.scheme == "ipmi") return wrapped(open_ipmi(spec, clock));
  if (spec.scheme == "powermetrics") return wrapped(open_powermetrics(spec, clock));
  if (spec.scheme == "exec" || spec.scheme == "serial" || spec.scheme == "tcp") {
    return open_lines(spec, clock);
  }
  return open_web(spec, clock);
}

Finding problem(const std::string& subject, const Error& error) {
  return {Finding::Level::problem, subject, reason_of(error)};
}

// "wall:0" with its suffix taken off and the instance moved on until nobody has it.
std::string free_domain(const std::string& domain, const std::set<std::string>& taken) {
  std::string candidate = domain;
  for (int i = 0; taken.contains(candidate) && i < 1000; ++i) {
    candidate = fmt::format("{}:{}", domain_kind(domain), i);
  }
  return candidate;
}

std::string stem_of(const std::string& domain) { return domain.substr(0, domain.find('.')); }

// Gives a source's sensors domains that no other spec's have.
void place_apart(std::vector<std::unique_ptr<Sensor>>& sensors, std::set<std::string>& taken,
                 Discovery& all) {
  std::set<std::string> mine;
  for (auto& sensor : sensors) {
    SensorInfo info = sensor->info();
    if (info.domain.empty()) info.domain = "wall:0";
    const std::string stem = stem_of(info.domain);
    // Two plugs may feed one machine; two BMCs of it see the same energy.
    if (domain_kind(stem) == "node" && taken.contains(stem)) {
      all.findings.push_back({Finding::Level::problem,
                              info.id,
                              {"sensor.overlap", info.id + " is left out: another meter reads " + stem + " already",
                               "name one of them alone, or domain=node:1 where it is another machine's"}});
      sensor.reset();
      continue;
    }
    const std::string moved = free_domain(stem, taken);
    mine.insert(moved);
    if (moved != stem) {
      const auto rename = [&](std::string& domain) {
        if (stem_of(domain) == stem) domain = moved + domain.substr(stem.size());
      };
      all.findings.push_back({Finding::Level::note,
                              info.id,
                              {"sensor.renamed", fmt::format("{} is taken: {} is {}", stem, info.id, moved),
                               "name a domain of its own: domain=" + moved}});
      rename(info.domain);
      std::for_each(info.mirrors.begin(), info.mirrors.end(), rename);
    }
    if (info.domain != sensor->info().domain || moved != stem) {
      sensor = with_info(std::move(sensor), std::move(info));
    }
  }
  std::erase(sensors, nullptr);
  taken.merge(mine);
}

}  // namespace

std::string sensor_prefix(const std::string& spec) {
  const auto parsed = parse_sensor_spec(spec);
  return parsed ? shown_id(*parsed) : std::string();
}

Status check_sensor_spec(const std::string& spec) {
  const auto parsed = parse_sensor_spec(spec);
  return parsed ? Status() : fail(parsed.error());
}

Discovery probe_remote(std::span<const std::string> specs, Clock& clock) {
  Discovery all;
  std::set<std::string> taken;
  for (const std::string& text : specs) {
    const auto spec = parse_sensor_spec(text);
    if (!spec) {
      all.findings.push_back(problem("--sensor", spec.error()));
      continue;
    }
    auto opened = open(*spec, clock);
    if (!opened) {
      all.findings.push_back(problem(spec->scheme == "exec" ? "exec" : spec->id(), opened.error()));
      continue;
    }
    for (const auto& note : opened->notes) {
      all.findings.push_back({Finding::Level::note, spec->id(), note});
    }
    auto sensors = poll_in_background(std::move(opened->source), clock);
    place_apart(sensors, taken, all);
    std::move(sensors.begin(), sensors.end(), std::back_inserter(all.sensors));
  }
  return all;
}

}  // namespace joulebook
