#include <fmt/format.h>

#include "account/life/distribution_toml.h"
#include "account/scenario/scenario.h"

namespace joulebook {
std::string_view data_centres_2010_toml();  // the embedded files
std::string_view search_2023_toml();
}  // namespace joulebook

namespace joulebook::account {
namespace {

// One table of the file: its keys are checked, then read one by one; the first error stays.
class Table {
 public:
  Table(const TomlDocument& doc, std::string name, std::vector<std::string> keys) : doc_(doc), name_(std::move(name)), table_(doc.root[name_]) {
    status_ = check_keys(doc, name_, table_, keys);
  }
  template <class Into>
  Table& take(const char* key, const char* unit, Into& into) {
    // TOML's nan is kept as nothing, and is no number.
    if (status_ && table_.has(key) && table_[key].is_null()) status_ = toml_error(doc_, name_ + "." + key, "no number", fmt::format("write a number, or leave {} out", key));
    if (status_) status_ = take_distribution(doc_, name_ + "." + key, table_[key], unit, into);
    return *this;
  }
  Table& ramp(const char* key, Ramp& into) {
    const Json& value = table_[key];
    if (!status_ || value.is_null()) return *this;
    if (value.is_number()) {
      into = {value.as_double(), value.as_double()};
    } else if (value.items().size() == 2 && value.at(0).is_number() && value.at(1).is_number()) {
      into = {value.at(0).as_double(), value.at(1).as_double()};
    } else {
      status_ = toml_error(doc_, name_ + "." + key, "no share", fmt::format("write {} = [0.1, 0.4]: in the first and in the last year", key));
    }
    return *this;
  }
  Table& need(const char* key, const char* example) {
    if (status_ && table_[key].is_null()) status_ = toml_error(doc_, name_, fmt::format("{} is missing", key), fmt::format("write [{}] {} = '{}'", name_, key, example));
    return *this;
  }
  [[nodiscard]] const Json& json() const { return table_; }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  const TomlDocument& doc_;
  std::string name_;
  const Json& table_;
  Status status_;
};

Status read_tables(const TomlDocument& doc, Scenario& s) {
  Table demand(doc, "demand", {"answers", "growth", "cap"});
  demand.need("answers", "1e12 response/year").take("answers", "response/year", s.demand).take("growth", "", s.growth).take("cap", "response/year", s.cap);
  if (!demand.status()) return demand.status();
  Table efficiency(doc, "efficiency", {"answer", "gain", "diminishing", "floor"});
  efficiency.need("answer", "0.3 Wh/response").take("answer", "J/response", s.answer).take("gain", "", s.gain).take("diminishing", "", s.diminishing).take("floor", "J/response", s.floor);
  if (!efficiency.status()) return efficiency.status();
  Table rebound(doc, "rebound", {"elasticity"});
  if (!rebound.take("elasticity", "", s.elasticity).status()) return rebound.status();
  Table mix(doc, "mix", {"reasoning", "reasoning_factor", "small", "small_factor"});
  mix.ramp("reasoning", s.reasoning).ramp("small", s.small).take("reasoning_factor", "", s.reasoning_factor).take("small_factor", "", s.small_factor);
  if (!mix.status()) return mix.status();
  Table limits(doc, "limits", {"power", "chips", "chip_power", "money", "chip_price"});
  limits.take("power", "W", s.power).take("chips", "", s.chips).take("chip_power", "W", s.chip_power).take("money", "USD", s.money).take("chip_price", "USD", s.chip_price);
  if (!limits.status()) return limits.status();
  Table grid(doc, "grid", {"intensity", "decline"});
  return grid.take("intensity", "gCO2e/kWh", s.intensity).take("decline", "", s.decline).status();
}

Status read_observed(const TomlDocument& doc, Scenario& s) {
  if (!doc.root["observed"].is_object()) return {};
  Observed o;
  Table table(doc, "observed", {"year", "energy_ratio", "source"});
  table.need("source", "who observed it").need("energy_ratio", "1.06").take("energy_ratio", "", o.ratio);
  if (!table.status()) return table.status();
  o.year = static_cast<int>(table.json()["year"].as_int());
  o.source = table.json()["source"].as_string();
  s.observed = std::move(o);
  return {};
}

Status read_draws(const TomlDocument& doc, Scenario& s) {
  const Json &seed = doc.root["seed"], &draws = doc.root["draws"];
  if (!seed.is_null() && (!seed.is_int() || seed.as_int() < 0)) return toml_error(doc, "seed", "no whole number", "write seed = 1");
  if (!draws.is_null() && (!draws.is_int() || draws.as_int() < 1)) return toml_error(doc, "draws", "no whole number", "write draws = 4000");
  s.draws.seed = static_cast<std::uint64_t>(seed.as_int(1));
  s.draws.count = static_cast<std::size_t>(draws.as_int(4000));
  return {};
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view toml, std::string origin) {
  const auto doc = parse_toml(toml, std::move(origin));
  if (!doc) return fail(doc.error());
  static const std::vector<std::string> kKeys{"name", "note", "start", "end", "seed", "draws", "demand", "efficiency", "rebound", "mix", "limits", "grid", "observed"};
  if (auto ok = check_keys(*doc, "", doc->root, kKeys); !ok) return fail(ok.error());
  Scenario s;
  s.name = doc->root["name"].as_string(doc->origin);
  s.note = doc->root["note"].as_string();
  for (const auto& [key, into] : {std::pair{"start", &s.start}, std::pair{"end", &s.end}}) {
    const std::int64_t year = doc->root[key].as_int(-1);
    if (year < 1900 || year > 2300) return toml_error(*doc, key, "no year", fmt::format("write {} = 2025", key));
    *into = static_cast<int>(year);
  }
  if (auto ok = read_draws(*doc, s); !ok) return fail(ok.error());
  if (auto ok = read_tables(*doc, s); !ok) return fail(ok.error());
  if (auto ok = read_observed(*doc, s); !ok) return fail(ok.error());
  return s;
}

std::vector<std::pair<std::string, std::string_view>> back_tests() {
  return {{"data-centres-2010", data_centres_2010_toml()}, {"search-2023", search_2023_toml()}};
}

}  // namespace joulebook::account
