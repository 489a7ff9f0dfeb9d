#include "cli/account_input.h"

#include <fmt/format.h>

#include <set>

#include "account/footprint/when.h"
#include "core/text.h"
#include "export/request_export.h"
#include "ledger/hours.h"
#include "ledger/serve_ledger.h"
#include "physics/machine/hardware.h"

namespace joulebook {
namespace {

using account::Factor;
using account::given;
using account::Measure;
using account::Preset;
using account::TimedEnergy;

constexpr double kNanos = 1e9;

// A boundary of domain kinds: of accelerators alone, or of more.
Preset at_of(std::string_view domains) {
  for (const auto part : split(domains, '+')) {
    if (!trim(part).starts_with("gpu")) return Preset::it;
  }
  return domains.empty() ? Preset::it : Preset::gpu;
}

Result<Accounted> of_document(const std::string& id, const Json& document) {
  const Json& total = document["total"].is_object() ? document["total"] : document["whole"]["total"];
  auto energy = quantity_from_json(total);
  if (!energy) {
    return fail(ErrorKind::input, "account.no_total", fmt::format("{} holds no total energy", id),
                "name a run, an answer or a study that has ended, or give --since and --until for what a gateway metered");
  }
  Accounted a;
  a.kind = "run", a.id = id;
  a.energy = std::move(*energy);
  a.at = at_of(a.energy.boundary);
  a.seconds = document["duration_s"].as_double();
  const auto begin = account::parse_instant(document["started_utc"].as_string(), 0);
  if (begin && a.seconds > 0) a.when = {{*begin, *begin + static_cast<std::int64_t>(a.seconds * kNanos), 0}};
  return a;
}

Result<Accounted> of_request(const Context& context, const std::string& id, const Error& no_run) {
  const auto reader = open_serve_reader(context.settings.get("ledger"));
  if (!reader) return fail(reader.error());
  const auto request = (*reader)->request(id);
  if (!request) return fail(request.error().code == "ledger.no_such_request" ? no_run : request.error());
  Accounted a;
  a.kind = "request", a.id = request->begin.id;
  const bool served = request->end.served && request->end.served->present();
  a.energy = served ? *request->end.served : request->end.fair;
  a.at = at_of(a.energy.boundary);
  a.notes.emplace_back(served ? "served: the request's fair share and its part of the hour's idle" : "the request's fair share; idle is not in it");
  const auto end = account::parse_instant(request->ended_utc, 0);
  if (end && *end > request->arrived_wall_ns) {
    a.when = {{request->arrived_wall_ns, *end, 0}};
    a.seconds = static_cast<double>(*end - request->arrived_wall_ns) / kNanos;
  }
  return a;
}

struct Hours {
  HourSpan span;
  std::vector<std::string> notes;
};
Result<Hours> hours_of(const AccountOptions& o) {
  std::optional<int> zone;
  if (!o.zone.empty()) {
    const auto read = account::parse_zone(o.zone);
    if (!read) return fail(read.error());
    zone = *read;
  }
  Hours h;
  const auto hour = [&](const std::string& text, std::int64_t round_up, std::int64_t& into) -> Status {
    if (text.empty()) return {};
    const auto ns = account::parse_instant(text, zone);
    if (!ns) return fail(ns.error());
    into = (*ns + round_up) / kHourNs;
    if (*ns % kHourNs != 0) h.notes.push_back(text + " is inside an hour: the ledger's sums are by the hour, so that all of it counts");
    return {};
  };
  if (auto ok = hour(o.since, 0, h.span.from); !ok) return fail(ok.error());
  if (auto ok = hour(o.until, kHourNs - 1, h.span.to); !ok) return fail(ok.error());
  if (h.span.from >= h.span.to) return fail(ErrorKind::input, "account.span", "the span ends before it begins", "give --since before --until");
  return h;
}

std::string kinds_of(const std::vector<UsageTotal>& domains) {
  std::set<std::string> kinds;
  for (const auto& d : domains) kinds.insert(d.key.substr(0, d.key.find(':')));
  return join(std::vector<std::string>(kinds.begin(), kinds.end()), "+");
}

Result<Accounted> of_span(const Context& context, const AccountOptions& o) {
  auto hours = hours_of(o);
  if (!hours) return fail(hours.error());
  const auto reader = open_serve_reader(context.settings.get("ledger"));
  if (!reader) return fail(reader.error());
  const auto accounts = (*reader)->totals(TotalBy::account, hours->span);
  const auto domains = (*reader)->totals(TotalBy::domain, hours->span);
  const auto hourly = (*reader)->hourly(TotalBy::domain, hours->span);
  if (!accounts) return fail(accounts.error());
  if (!domains) return fail(domains.error());
  if (!hourly) return fail(hourly.error());
  Accounted a;
  a.kind = "span";
  a.notes = std::move(hours->notes);
  std::string parts;
  for (const auto& t : *accounts) {
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", t.key, human(to_joules(t.amount).value(), "J"));
  }
  if (accounts->empty()) {
    return fail(ErrorKind::input, "account.nothing", "no gateway metered anything in this span", "joulebook list shows what is in the ledger; serve meters");
  }
  const std::string kinds = kinds_of(*domains);
  auto energy = metered_energy(**reader, hours->span);
  if (!energy) return fail(energy.error());
  a.energy = std::move(*energy);
  a.energy.boundary = kinds;
  a.at = at_of(kinds);
  a.notes.push_back("gross, by account: " + parts);
  for (const auto& h : *hourly) a.when.push_back({h.hour * kHourNs, (h.hour + 1) * kHourNs, to_joules(h.amount).value()});
  return a;
}

Result<Accounted> of_id(const Context& context, const std::string& id) {
  const auto ledger = open_ledger(context.settings.get("ledger"));
  if (!ledger) return fail(ledger.error());
  const auto run = (*ledger)->resolve(id);
  if (!run) return of_request(context, id, run.error());
  const auto document = (*ledger)->show(*run);
  if (!document) return fail(document.error());
  return of_document(*run, *document);
}

// A flag's amount as a constant; nothing where the flag was not given.
Status take(const std::string& text, const char* flag, const char* unit, const char* kind, std::optional<Factor>& into) {
  if (text.empty()) return {};
  auto measure = account::measure_in(text, unit, flag);
  if (!measure) return fail(measure.error());
  into = given(std::string("given.") + (flag + 2), kind, kind, std::move(*measure), fmt::format("{} {}", flag, text));
  return {};
}

Status take_intensity(const std::string& text, const char* flag, const char* kind, std::optional<Factor>& into) {
  auto measure = account::intensity_of(text, flag);
  if (!measure) return fail(measure.error());
  into = given(std::string("given.") + (flag + 2), "intensity of electricity", kind, std::move(*measure), fmt::format("{} {}", flag, text));
  return {};
}

std::optional<Factor>& of_kind(account::Terms& t, const std::string& kind) { return kind == "direct" ? t.direct : t.lifecycle; }

Status take_series(const AccountOptions& o, const Accounted& what, account::Terms& t) {
  std::optional<int> zone;
  if (!o.zone.empty()) {
    const auto read = account::parse_zone(o.zone);
    if (!read) return fail(read.error());
    zone = *read;
  }
  const auto text = read_file(o.grid);
  if (!text) return fail(text.error());
  const auto series = account::parse_series(*text, o.grid, zone);
  if (!series) return fail(series.error());
  std::vector<TimedEnergy> when = what.when;
  if (when.empty() && !o.since.empty() && !o.until.empty()) {
    const auto from = account::parse_instant(o.since, zone), to = account::parse_instant(o.until, zone);
    if (!from) return fail(from.error());
    if (!to) return fail(to.error());
    if (*from >= *to) return fail(ErrorKind::input, "account.span", "the span ends before it begins", "give --since before --until");
    when = {{*from, *to, 0}};
  }
  if (when.empty()) when = {{series->begin_ns, series->end_ns(), 0}};
  const auto mean = account::mean_intensity(*series, when);
  if (!mean) return fail(mean.error());
  const auto unit = account::Unit::parse("gCO2e/kWh");
  Factor f = given("given.grid", fmt::format("mean of {} over {} span{}", o.grid, when.size(), when.size() == 1 ? "" : "s"),
                   "grid." + o.grid_kind, Measure::exact(*mean, *unit), "--grid " + o.grid);
  of_kind(t, o.grid_kind) = std::move(f);
  t.place = o.grid;
  return {};
}

Status take_grid(const AccountOptions& o, const Accounted& what, account::Terms& t) {
  if (!o.market.empty()) {
    if (auto ok = take_intensity(o.market, "--market", "grid.market", t.market); !ok) return ok;
  }
  if (o.grid.empty()) return {};
  if (o.grid.ends_with(".csv")) return take_series(o, what, t);
  const char first = o.grid[0];
  if ((first < '0' || first > '9') && first != '-' && first != '+' && first != '.') return account::set_place(t, o.grid);
  t.place = o.grid;
  return take_intensity(o.grid, "--grid", o.grid_kind == "direct" ? "grid.direct" : "grid.lifecycle", of_kind(t, o.grid_kind));
}

Status take_site(const AccountOptions& o, account::Terms& t) {
  if (!o.provider.empty()) {
    if (auto ok = account::set_site(t, o.provider, o.region); !ok) return ok;
  } else if (!o.region.empty()) {
    return fail(ErrorKind::usage, "account.region", "a region of whom?", "name --provider, too");
  }
  if (!o.pue.empty()) {
    auto pue = account::pue_of(o.pue);
    if (!pue) return fail(pue.error());
    t.overheads.pue = given("given.pue", "PUE", "pue", std::move(*pue), "--pue " + o.pue);
  }
  if (auto ok = take(o.wue, "--wue", "L/kWh", "wue.onsite", t.water_on); !ok) return ok;
  if (auto ok = take(o.wue_off, "--wue-off", "L/kWh", "wue.offsite", t.water_off); !ok) return ok;
  for (const auto& [text, flag, into] : {std::tuple{&o.host_share, "--host-share", &t.overheads.host}, std::tuple{&o.idle_share, "--idle-share", &t.overheads.idle}}) {
    std::optional<Factor> own;
    if (auto ok = take(*text, flag, "", "boundary", own); !ok) return ok;
    if (own) *into = std::move(*own);
  }
  return {};
}

Status take_price(const AccountOptions& o, account::Terms& t) {
  if (o.price.empty()) return {};
  auto price = Measure::parse(o.price);
  if (!price) return fail(price.error());
  const auto& powers = price->unit.dimension.powers;
  const bool is_price = powers.size() == 2 && powers.contains("J") && powers.at("J") == -1;
  if (!is_price || price->lo < 0) {
    return fail(ErrorKind::input, "account.price", fmt::format("'{}' is no price of electricity", o.price), "write it as '0.25 EUR/kWh' or '120 USD/MWh'");
  }
  t.price = given("given.price", "price of electricity", "price", std::move(*price), "--price " + o.price);
  return {};
}

Status take_hardware(const AccountOptions& o, const Accounted& what, account::Terms& t) {
  if (o.hardware.empty()) return {};
  account::HardwareUse use;
  // A misspelt name is no device of which nobody knows the making.
  if (const auto known = physics::find_hardware(o.hardware); !known && o.embodied.empty()) return fail(known.error());
  use.device = o.hardware;
  use.devices = o.devices;
  std::optional<Factor> time;
  if (auto ok = take(o.hardware_time, "--hardware-time", "s", "time", time); !ok) return ok;
  if (time) {
    use.time = Quantity::exact(time->measure.value, "s");
    use.time.own = {time->measure.lo, time->measure.hi};
  } else if (what.seconds > 0) {
    use.time = Quantity::exact(what.seconds, "s");
  } else {
    use.time = Quantity::absent("s", {"embodied.time", "how long the hardware was taken up is not known", "give --hardware-time '2 s'"});
  }
  use.time.level = 1, use.time.tier = what.energy.tier;
  if (auto ok = take(o.embodied, "--embodied", "kgCO2e", "embodied", use.making); !ok) return ok;
  if (auto ok = take(o.lifetime, "--lifetime", "s", "lifetime", use.lifetime); !ok) return ok;
  if (auto ok = take(o.utilisation, "--utilisation", "", "utilisation", use.utilisation); !ok) return ok;
  t.hardware = std::move(use);
  return {};
}

// J of what lies beyond the data centre, for each unit of the energy's denominator.
Status take_beyond(const AccountOptions& o, const Accounted& what, account::Terms& t) {
  const std::string unit = what.energy.per.empty() ? "J" : "J/" + what.energy.per;
  if (auto ok = take(o.network, "--network", unit.c_str(), "network", t.network); !ok) return ok;
  if (o.device != "laptop") return take(o.device, "--device", unit.c_str(), "device", t.device);
  if (what.energy.per != "response") {
    return fail(ErrorKind::input, "account.device", "the built-in laptop is of one response", "give --energy per response, or --device of your own");
  }
  t.device = **account::factor("device.laptop-waiting");
  return {};
}

}  // namespace

Result<Quantity> stated_energy(const std::string& text, std::string_view flag) {
  const auto measure = Measure::parse(text);
  if (!measure) return fail(measure.error());
  std::string per;
  for (const auto& [base, power] : measure->unit.dimension.powers) {
    if (power == -1 && base != "s" && per.empty()) per = base;
  }
  const std::string unit = per.empty() ? "J" : "J/" + per;
  if (auto ok = account::measure_in(text, unit, flag); !ok) return fail(ok.error());
  Quantity q = Quantity::exact(measure->value, "J");
  q.own = {measure->lo, measure->hi};
  q.level = 1;
  q.per = per;
  q.tier = Tier::published;
  q.method = "as stated";
  return q;
}

Result<Accounted> accounted(const Context& context, const AccountOptions& o) {
  const bool span = o.energy.empty() && o.what.empty() && !(o.since.empty() && o.until.empty());
  if (!o.energy.empty() && !o.what.empty()) {
    return fail(ErrorKind::usage, "account.several", "a run and an energy are two things", "name a run or give --energy");
  }
  Result<Accounted> a = Accounted{};
  if (!o.energy.empty()) {
    // A span of a series over time: whole, and of the calendar.
    if (auto ok = hours_of(o); !ok) return fail(ok.error());
    if (o.since.empty() != o.until.empty()) return fail(ErrorKind::usage, "account.span", "an energy's span has two ends", "give both --since and --until, or neither");
    auto q = stated_energy(o.energy, "--energy");
    if (!q) return fail(q.error());
    a->kind = "energy";
    a->energy = std::move(*q);
    if (o.at.empty()) a->notes.emplace_back("taken as the energy of IT, host and all: where it is a GPU meter's, say --at gpu");
  } else if (!o.what.empty()) {
    a = of_id(context, o.what);
  } else if (span) {
    a = of_span(context, o);
  } else {
    return fail(ErrorKind::usage, "account.nothing", "account of what?", "give --energy '512 J/response', a run's id, --since and --until, or --usage FILE.csv");
  }
  if (!a) return a;
  if (!o.at.empty()) {
    const auto at = account::preset_of(o.at);
    if (!at) return fail(at.error());
    a->at = *at;
  }
  if (a->kind == "energy") a->energy.boundary = to_string(a->at);
  return a;
}

Result<account::Terms> terms_of(const AccountOptions& o, const Accounted& what) {
  account::Terms t;
  if (auto ok = take_grid(o, what, t); !ok) return fail(ok.error());
  if (auto ok = take_site(o, t); !ok) return fail(ok.error());
  if (auto ok = take_price(o, t); !ok) return fail(ok.error());
  if (auto ok = take_hardware(o, what, t); !ok) return fail(ok.error());
  if (auto ok = take_beyond(o, what, t); !ok) return fail(ok.error());
  return t;
}

}  // namespace joulebook
