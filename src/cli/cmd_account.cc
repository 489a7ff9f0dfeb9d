// account: what joules mean in grams, litres and money.
#include "account/footprint/footprint.h"

#include "cli/account_input.h"
#include "cli/account_result.h"
#include "cli/account_screen.h"
#include "cli/cmd_account.h"

namespace joulebook {
namespace {

using account::Preset;

// Every constant that is built in.
int explain_all(const Context& context) {
  context.print(constants_text(account::all_factors(), terminal_width()));
  const auto ok = context.emit(Json::object({{"schema", "joulebook.constants/1"}, {"constants", constants_json(account::all_factors())}}));
  return ok ? 0 : report_error(ok.error());
}

Result<Preset> reckoned_to(const AccountOptions& o, const Accounted& what, const account::Terms& terms) {
  if (!o.boundary.empty()) return account::preset_of(o.boundary);
  const bool inside = !account::includes_building(what.at);
  return inside && terms.overheads.pue ? Preset::facility : what.at;
}

int run_account(const Context& context, const AccountOptions& o) {
  if (auto ok = context.check_outputs(); !ok) return report_error(ok.error());
  if (o.explain && o.energy.empty() && o.what.empty() && o.since.empty() && o.until.empty()) return explain_all(context);
  const auto what = accounted(context, o);
  if (!what) return report_error(what.error());
  const auto terms = terms_of(o, *what);
  if (!terms) return report_error(terms.error());
  const auto preset = reckoned_to(o, *what, *terms);
  if (!preset) return report_error(preset.error());
  const auto footprint = account::footprint(what->energy, what->at, *preset, *terms);
  if (!footprint) return report_error(footprint.error());
  const auto beside = compared(o, *footprint);
  if (!beside) return report_error(beside.error());
  context.print(account_text(*what, *footprint, *beside, o.explain, terminal_width()));
  const auto ok = context.emit(account_json(*what, *footprint, *beside));
  return ok ? 0 : report_error(ok.error());
}

void add_terms(CLI::App& k, AccountOptions& o) {
  const auto text = [&k](const char* flag, std::string& into, const char* doc, const char* type = "AMOUNT") {
    k.add_option(flag, into, doc)->type_name(type);
  };
  text("--grid", o.grid, "where: a country (DE), an intensity ('300 gCO2e/kWh'), or a CSV of them over time", "PLACE");
  k.add_option("--grid-kind", o.grid_kind, "of an intensity of one's own: direct or lifecycle")->check(CLI::IsMember({"direct", "lifecycle"}))->capture_default_str();
  text("--market", o.market, "intensity by contract ('20 gCO2e/kWh'); by location stands beside it");
  text("--zone", o.zone, "time zone of times that carry none: +01:00", "OFFSET");
  text("--pue", o.pue, "of the building: 1.1", "N");
  text("--provider", o.provider, "whose PUE and water use: aws, google, azure, ...", "NAME");
  text("--region", o.region, "of the provider: us-east-1", "NAME");
  text("--wue", o.wue, "water on site per energy of IT: '0.2 L/kWh'");
  text("--wue-off", o.wue_off, "water of the power stations: '2 L/kWh'");
  text("--host-share", o.host_share, "host over accelerators, energy: '30 %' (default: Google's 43 %)");
  text("--idle-share", o.idle_share, "idle reserve over accelerators, energy (default: Google's 14 %)");
  text("--price", o.price, "of electricity: '0.25 EUR/kWh'");
  text("--hardware", o.hardware, "device whose making counts: H100", "NAME");
  k.add_option("--devices", o.devices, "how many of them")->type_name("N")->capture_default_str();
  text("--hardware-time", o.hardware_time, "how long they were taken up: '2 s' (default: the run's duration)");
  text("--embodied", o.embodied, "carbon of making one: '200 kgCO2e'");
  text("--lifetime", o.lifetime, "of the hardware: '4 years' (default: 3 to 5)");
  text("--utilisation", o.utilisation, "share of its life that it works: 0.5 (default: 0.25 to 1)", "N");
  text("--network", o.network, "energy of the network, beside it: '5 J/response'");
  text("--device", o.device, "energy of the user's device, beside it: '40 J/response', or laptop");
}

}  // namespace

void add_account(CommandLine& line) {
  struct All {
    AccountOptions of;
    UsageOptions usage;
    LifeOptions life;
  };
  const auto all = std::make_shared<All>();
  const auto o = std::shared_ptr<AccountOptions>(all, &all->of);
  CLI::App& k = line.add("account", "what joules mean in carbon, water and money", [all](const Context& context) {
    if (!all->usage.file.empty()) return account_usage(context, all->of, all->usage);
    return all->life.asked() ? account_life(context, all->of, all->life) : run_account(context, all->of);
  });
  k.add_option("what", o->what, "a run's or a metered request's id, or last")->type_name("ID");
  k.add_option("--energy", o->energy, "an energy instead: '512 J/response', '0.24 Wh'")->type_name("AMOUNT");
  k.add_option("--since", o->since, "of what gateways metered: 2026-11-01T00:00Z")->type_name("TIME");
  k.add_option("--until", o->until, "up to here")->type_name("TIME");
  k.add_option("--at", o->at, "what the energy covers: gpu, it, facility, full-stack")->type_name("BOUNDARY");
  k.add_option("--boundary", o->boundary, "to reckon to: gpu, it, facility, full-stack, sci-ai, ghg")->type_name("BOUNDARY");
  k.add_flag("--explain", o->explain, "every constant with its source, date and licence; alone: all that are built in");
  k.add_option("--equivalents", o->equivalents, "as many phone charges, hours of video, ... as that: part of a name, or all")->type_name("ITEM")->allow_extra_args(false);
  k.add_option("--instead-of", o->instead_of, "what it replaces: flight, letter, disc, an equivalent's name, or a pair in a TOML file")->type_name("NAME");
  add_terms(k, *o);
  add_usage_flags(k, all->usage);
  add_life_flags(k, all->life);
}

}  // namespace joulebook
