#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/compare/compare.h"
#include "core/text.h"
#include "core/toml.h"

namespace joulebook::account {
namespace {

constexpr std::string_view kFile =
    "write it in a file and give --instead-of FILE.toml: name = 'an e-mail instead of a letter', [that] name, carbon = '20 gCO2e' (or energy), "
    "source = 'whose figure, which year'";

// What is named for what it replaces: the account's own figure is then the e-mail's, the hour of
// video's, the call's.
constexpr std::pair<std::string_view, std::string_view> kReplaces[] = {
    {"email", "letter"}, {"e-mail", "letter"}, {"stream", "disc"}, {"call", "flight"}};

Choice one_for_one(std::string name) {
  Choice c;
  c.name = std::move(name);
  c.assumptions = {"each one replaces one: share 1, times 1", "nothing else changes, and nothing is done more often because it became easier"};
  return c;
}

void add_side(Choice& choice, const Factor& f) {
  Side side;
  side.name = f.name;
  const auto& powers = f.measure.unit.dimension.powers;
  if (powers.size() != 1) return;
  if (powers.contains("J")) side.energy = f;
  if (powers.contains("kgCO2e")) side.carbon = f;
  choice.there.push_back(std::move(side));
}

Status take(const TomlDocument& doc, const std::string& path, const Json& value, const char* unit, const std::string& source, std::optional<Factor>& into) {
  if (value.is_null()) return {};
  auto measure = measure_in(value.as_string(), unit, path);
  if (!measure) {
    Error placed = toml_error(doc, path, measure.error().message, measure.error().cure).value();
    placed.code = measure.error().code;
    return fail(std::move(placed));
  }
  into = given("given." + path, path, "alternative", std::move(*measure), source);
  return {};
}

Result<Side> read_side(const TomlDocument& doc, const std::string& path, const Json& table) {
  static const std::vector<std::string> kKeys{"name", "energy", "carbon", "source"};
  if (auto ok = check_keys(doc, path, table, kKeys); !ok) return fail(ok.error());
  const std::string source(table["source"].as_string());
  if (trim(source).empty()) {
    Error error = toml_error(doc, path, "a figure without its source", "write source = 'whose figure, which year'").value();
    error.code = "instead.source";
    return fail(std::move(error));
  }
  Side side;
  side.name = table["name"].as_string(path);
  if (auto ok = take(doc, path + ".energy", table["energy"], "J", source, side.energy); !ok) return fail(ok.error());
  if (auto ok = take(doc, path + ".carbon", table["carbon"], "kgCO2e", source, side.carbon); !ok) return fail(ok.error());
  if (!side.energy && !side.carbon) return toml_error(doc, path, "neither energy nor carbon", "write energy = '1 kWh' or carbon = '1 kgCO2e'");
  return side;
}

Status read_number(const TomlDocument& doc, const char* key, double most, double& into) {
  const Json& value = doc.root[key];
  if (value.is_null()) return {};
  into = value.as_double(-1);
  if (into >= 0 && into <= most) return {};
  return toml_error(doc, key, "no such number", fmt::format("write a number from 0 to {:g}", most));
}

// A side's amount as a quantity, like `like`.
Quantity amount(const Factor& f, const Quantity& like, double times) {
  Quantity one = Quantity::exact(1, "1");
  one.per = like.per, one.level = like.level;
  return reckoned(one, {&f}, [times](std::span<const double> v) { return times * v[0]; }, {like.unit, f.boundary, f.name + ": " + f.source});
}

}  // namespace

Result<Choice> choice_of(std::string_view name) {
  const std::string word = lower(trim(name));
  if (word == "cinema") return fail(ErrorKind::input, "instead.no_source", "no source of the tables says what a visit to the cinema takes", std::string(kFile));
  const auto replaced = std::ranges::find(kReplaces, word, &std::pair<std::string_view, std::string_view>::first);
  const std::string item(replaced == std::end(kReplaces) ? std::string_view(word) : replaced->second);
  const auto found = equivalents(item);
  if (!found) return fail(ErrorKind::input, "instead.no_source", found.error().message, found.error().cure + "; or " + std::string(kFile));
  Choice choice = one_for_one(fmt::format("instead of {}", item));
  for (const Factor* f : *found) add_side(choice, *f);
  if (choice.there.empty()) return fail(ErrorKind::input, "instead.no_source", fmt::format("'{}' has no amount of its own", name), "it is by distance or time: " + std::string(kFile));
  return choice;
}

Result<Choice> parse_choice(std::string_view toml, std::string origin) {
  const auto doc = parse_toml(toml, std::move(origin));
  if (!doc) return fail(doc.error());
  static const std::vector<std::string> kKeys{"name", "this", "that", "times", "share"};
  if (auto ok = check_keys(*doc, "", doc->root, kKeys); !ok) return fail(ok.error());
  Choice c = one_for_one(std::string(doc->root["name"].as_string("one's own pair")));
  if (auto ok = read_number(*doc, "times", 1e9, c.times); !ok) return fail(ok.error());
  if (auto ok = read_number(*doc, "share", 1, c.share); !ok) return fail(ok.error());
  c.assumptions[0] = fmt::format("each one replaces {:g}, in a share of {:g} of the cases", c.times, c.share);
  if (doc->root["this"].is_object()) {
    auto side = read_side(*doc, "this", doc->root["this"]);
    if (!side) return fail(side.error());
    c.here = std::move(*side);
  }
  if (!doc->root["that"].is_object()) return toml_error(*doc, "", "[that] is missing", "write [that] with name, energy or carbon, and source");
  auto side = read_side(*doc, "that", doc->root["that"]);
  if (!side) return fail(side.error());
  c.there.push_back(std::move(*side));
  return c;
}

Result<std::vector<Net>> net_of(const Footprint& footprint, const Choice& c) {
  std::vector<Net> nets;
  for (const auto& [id, member] : {std::pair{"energy", &Side::energy}, std::pair{"carbon.location.direct", &Side::carbon}}) {
    const Quantity& own = *figure_of(footprint, id);
    for (const Side& there : c.there) {
      const auto& theirs = there.*member;
      if (!theirs || (c.here && !((*c.here).*member))) continue;
      const Quantity here = c.here ? amount(*((*c.here).*member), own.present() ? own : Quantity::exact(0, own.unit), 1) : own;
      const Quantity that = amount(*theirs, here, c.times * c.share);
      Net net{id, theirs->source, here, that, difference(here, that)};
      net.net.per = here.per;
      if (net.net.present()) net.net.method = "this less that";
      nets.push_back(std::move(net));
    }
  }
  if (!nets.empty()) return nets;
  return fail(ErrorKind::input, "instead.kinds", "one side has energy, the other carbon", "give both sides the same kind: energy = '...' or carbon = '...'");
}

}  // namespace joulebook::account
