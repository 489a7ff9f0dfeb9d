#include "account/footprint/footprint.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulebook::account {
namespace {

Quantity none(std::string unit, std::string code, std::string message, std::string cure, const Quantity& like) {
  Quantity q = Quantity::absent(std::move(unit), {std::move(code), std::move(message), std::move(cure)});
  q.per = like.per;
  return q;
}

std::optional<Factor> found(Result<const Factor*> factor) {
  return factor ? std::optional<Factor>(**factor) : std::nullopt;
}

// Puts the figures together, and remembers the constants that they took.
class Reckoner {
 public:
  Reckoner(const Quantity& stated, Preset from, Preset preset, const Terms& terms) : terms_(terms) {
    out_.stated = stated;
    out_.from = from;
    out_.preset = preset;
    energy_ = across(stated, from, preset, terms.overheads);
    use(between(from, preset, terms.overheads));
  }

  Result<Footprint> run() {
    add_presets();
    add("energy", "energy", energy_);
    add_carbon();
    add_water();
    add_mix();
    if (auto ok = add_making(); !ok) return fail(ok.error());
    add_money();
    add_beyond();
    add_notes();
    std::ranges::sort(out_.constants, {}, &Factor::id);
    return std::move(out_);
  }

 private:
  void use(const Factor& factor) {
    if (std::ranges::find(out_.constants, factor.id, &Factor::id) == out_.constants.end()) out_.constants.push_back(factor);
  }
  void use(const std::vector<const Factor*>& factors) {
    for (const Factor* f : factors) use(*f);
  }
  void add(std::string id, std::string name, Quantity figure) {
    out_.figures.push_back({std::move(id), std::move(name), std::move(figure)});
  }

  void add_presets() {
    Quantity one = Quantity::exact(1, "1");
    one.level = 1, one.tier = Tier::modelled, one.method = "the boundary that was stated";
    one.boundary = to_string(out_.from);
    for (const PresetText& p : presets()) {
      out_.presets.push_back({p.preset, across(one, out_.from, p.preset, terms_.overheads),
                              across(out_.stated, out_.from, p.preset, terms_.overheads)});
    }
  }

  // energy x factor, or why there is no such figure.
  void add_product(std::string id, std::string name, const std::optional<Factor>& by, Figure figure, const Reason& otherwise) {
    if (!by) {
      add(std::move(id), std::move(name), none(figure.unit, otherwise.code, otherwise.message, otherwise.cure, energy_));
      return;
    }
    use(*by);
    figure.method = fmt::format("{} x {} ({})", figure.method, by->id, by->year);
    add(std::move(id), std::move(name), times(energy_, *by, std::move(figure)));
  }

  void add_carbon() {
    const std::string boundary = energy_.boundary;
    const Reason no_place{"grid.none", terms_.place.empty() ? "no grid was named" : "no factor of this kind is known of " + terms_.place,
                          terms_.place.empty() ? "name one: --grid DE, or --grid '300 gCO2e/kWh'" : "give one of your own: --grid '300 gCO2e/kWh' --grid-kind KIND"};
    add_product("carbon.location.direct", "carbon, by location, direct", terms_.direct, {"kgCO2e", boundary + ", generation", "energy"}, no_place);
    add_product("carbon.location.lifecycle", "carbon, by location, life cycle", terms_.lifecycle, {"kgCO2e", boundary + ", life cycle of electricity", "energy"}, no_place);
    add_product("carbon.market", "carbon, by market", terms_.market, {"kgCO2e", boundary + ", by contract", "energy"},
                {"market.none", "no contract was named; what the grid gives is not put in its place", "give its factor: --market '20 gCO2e/kWh'"});
  }

  // Energy that came into IT, of the figure's boundary.
  [[nodiscard]] const Factor* pue() const {
    return includes_building(out_.preset) ? &terms_.overheads.pue_for(out_.preset) : nullptr;
  }

  void add_water() {
    const std::string boundary = energy_.boundary;
    const Reason no_on{"water.none", "no water use of the site is known", "name --provider (and --region), or give --wue '0.2 L/kWh'"};
    const Reason no_off{"water.none", "no water use of the power stations is known", "name --grid, or give --wue-off '2 L/kWh'"};
    const auto on = water(terms_.water_on, true, boundary, no_on), off = water(terms_.water_off, false, boundary, no_off);
    add("water.on_site", "water on site", on);
    add("water.off_site", "water of power stations", off);
    const Quantity parts[] = {on, off};
    Quantity total = sum(parts);
    if (total.present()) total.method = "E x (WUE_on + PUE x WUE_off), E the energy of IT";
    total.per = energy_.per;
    add("water", "water in all", std::move(total));
  }

  Quantity water(const std::optional<Factor>& wue, bool on_site, const std::string& boundary, const Reason& otherwise) {
    if (!wue) return none("m3", otherwise.code, otherwise.message, otherwise.cure, energy_);
    use(*wue);
    std::vector<const Factor*> inputs{&*wue};
    if (on_site && pue() != nullptr) inputs.push_back(pue());
    const auto litres = [](std::span<const double> v) { return v.size() > 1 ? v[0] / v[1] : v[0]; };
    return reckoned(energy_, inputs, litres,
                    {"m3", boundary + (on_site ? ", on site" : ", power stations"), fmt::format("energy{} x {}", inputs.size() > 1 ? " of IT" : "", wue->id)});
  }

  void add_mix() {
    const Reason no{"grid.none", "no source gives it for this grid", "name a --grid of EcoLogits' table"};
    add_product("antimony.electricity", "antimony of electricity", terms_.antimony, {"kgSbe", energy_.boundary + ", life cycle of electricity", "energy"}, no);
    add_product("primary.electricity", "primary energy of electricity", terms_.primary, {"J", energy_.boundary + ", life cycle of electricity", "energy"}, no);
  }

  Status add_making() {
    Embodied e = no_embodied({"embodied.none", "no hardware was named", "name it: --hardware H100 --devices 8 --hardware-time '2 s'"});
    if (terms_.hardware) {
      auto made = embodied(*terms_.hardware);
      if (!made) return fail(made.error());
      e = std::move(*made);
    }
    for (const Factor& f : e.constants) use(f);
    for (Quantity* q : {&e.carbon, &e.antimony, &e.primary, &e.water}) q->per = energy_.per;
    const Quantity parts[] = {figure_of(out_, "carbon.location.direct") != nullptr ? *figure_of(out_, "carbon.location.direct") : Quantity{}, e.carbon};
    add("carbon.embodied", "carbon of making the hardware", e.carbon);
    if (out_.preset == Preset::sci_ai) add_sci(parts);
    if (out_.preset == Preset::ghg) add_scopes(e.carbon);
    add("antimony.embodied", "antimony of making the hardware", e.antimony);
    add("primary.embodied", "primary energy of making the hardware", e.primary);
    add("water.embodied", "water of making the hardware", e.water);
    return {};
  }

  void add_sci(std::span<const Quantity> parts) {
    Quantity sci = sum(parts);
    sci.per = energy_.per;
    if (sci.present()) {
      sci.boundary = "sci-ai";
      sci.method = "SCI: (E x I) + M, I by location (direct), M the hardware's share";
    }
    add("carbon.sci", "SCI for AI: operation and making", std::move(sci));
  }

  void add_scopes(const Quantity& making) {
    add("carbon.scope2.location", "scope 2, by location", *figure_of(out_, "carbon.location.direct"));
    add("carbon.scope2.market", "scope 2, by market", *figure_of(out_, "carbon.market"));
    add("carbon.scope3.capital", "scope 3, category 2: capital goods", making);
    add("carbon.scope3.fuel", "scope 3, category 3: fuels and losses before the meter",
        none("kgCO2e", "scope3.never_mixed", "life-cycle less direct factors of different sources is no figure", "take a factor for category 3 from your supplier", energy_));
  }

  void add_money() {
    const std::string currency = terms_.price ? currency_of(*terms_.price) : "USD";
    add_product("money", "price of electricity", terms_.price, {currency, energy_.boundary, "energy"},
                {"price.none", "no price was given", "give it: --price '0.25 EUR/kWh'"});
  }

  static std::string currency_of(const Factor& price) {
    for (const auto& [base, power] : price.measure.unit.dimension.powers) {
      if (power > 0) return base;
    }
    return "USD";
  }

  // Energy beyond the data centre: beside the preset's, never inside.
  void add_beyond() {
    for (const auto& [id, name, input] : {std::tuple{"energy.network", "energy of the network", &terms_.network},
                                          std::tuple{"energy.device", "energy of the user's device", &terms_.device}}) {
      if (!*input) continue;
      use(**input);
      Quantity one = Quantity::exact(1, "1");
      one.per = energy_.per, one.level = 1;
      add(id, name, times(one, **input, {"J", id + 7, "as " + (*input)->source}));
    }
  }

  void add_notes() {
    if (!terms_.overheads.pue) {
      out_.notes.push_back(fmt::format("no PUE was given: facility and ghg take {:g} (the published mean), full-stack and sci-ai {:g} (Google's)",
                                       terms_.overheads.pue_for(Preset::facility).measure.value, terms_.overheads.pue_for(Preset::full_stack).measure.value));
    }
    if (terms_.direct && terms_.lifecycle) {
      out_.notes.emplace_back("direct and life-cycle intensities come from different sources and are neither added nor averaged");
    }
  }

  const Terms& terms_;
  Quantity energy_;
  Footprint out_;
};

}  // namespace

Status set_place(Terms& terms, std::string_view place) {
  const auto direct = grid_intensity(place, GridKind::direct), cycle = grid_intensity(place, GridKind::lifecycle);
  if (!direct && !cycle) return fail(direct.error());
  terms.place = place;
  terms.direct = found(direct);
  terms.lifecycle = found(cycle);
  const std::string iso = (direct ? *direct : *cycle)->id.substr(5, 3);
  terms.water_off = found(factor("wue.offsite." + iso));
  terms.antimony = found(factor("grid." + iso + ".antimony"));
  terms.primary = found(factor("grid." + iso + ".primary"));
  return {};
}

Status set_site(Terms& terms, std::string_view provider, std::string_view region) {
  const auto s = site(provider, region);
  if (!s) return fail(s.error());
  if (s->pue != nullptr) terms.overheads.pue = *s->pue;
  if (s->wue != nullptr) terms.water_on = *s->wue;
  return {};
}

Result<Footprint> footprint(const Quantity& energy, Preset from, Preset preset, const Terms& terms) {
  return Reckoner(energy, from, preset, terms).run();
}

const Quantity* figure_of(const Footprint& footprint, std::string_view id) {
  const auto at = std::ranges::find(footprint.figures, id, &NamedFigure::id);
  return at == footprint.figures.end() ? nullptr : &at->figure;
}

}  // namespace joulebook::account
