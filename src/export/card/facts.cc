#include "export/card/facts.h"

#include <array>
#include <limits>
#include <set>
#include <vector>

#include "core/modelled.h"
#include "core/toml.h"

namespace joulebook::card {
namespace {

constexpr double kJoulesPerKwh = 3.6e6;

struct Table {
  std::string name;
  std::vector<std::string> texts;
  std::vector<std::string> numbers;  // not negative
};

// The tables of a facts file whose members are plain texts and numbers.
const std::vector<Table>& tables() {
  static const std::vector<Table> all = {
      {"model", {"name", "version", "task"}, {"parameters"}},
      {"serving", {"source"}, {"batch", "requests", "prompt_tokens", "output_tokens"}},
      {"training",
       {"type", "hardware", "location", "method", "source"},
       {"energy_kwh", "energy_kwh_lo", "energy_kwh_hi", "flops", "hours", "co2_kg"}},
      {"inference", {"source"}, {"flops_per_output_token"}},
      {"hardware",
       {"name", "source"},
       {"embodied_kg_per_1000_requests", "embodied_kg_per_1000_requests_lo", "embodied_kg_per_1000_requests_hi"}},
      {"place", {"country", "location", "infrastructure"}, {}},
  };
  return all;
}

Result<Json> read_table(const TomlDocument& d, const Table& table) {
  const Json& given = d.root[table.name];
  std::vector<std::string> keys = table.texts;
  keys.insert(keys.end(), table.numbers.begin(), table.numbers.end());
  if (table.name == "training") keys.push_back("tier");
  if (!given.is_null() && !given.is_object()) {
    return toml_error(d, table.name, "must be a table", "write [" + table.name + "] above its members");
  }
  if (auto ok = check_keys(d, table.name, given, keys); !ok) return fail(ok.error());
  Json out = Json::object();
  for (const auto& key : table.texts) {
    if (!given[key].is_null() && !given[key].is_string()) {
      return toml_error(d, table.name + "." + key, "must be text", "put it in quotes");
    }
    out.set(key, given[key]);
  }
  for (const auto& key : table.numbers) {
    if (!given[key].is_null() && (!given[key].is_number() || !(given[key].as_double() >= 0))) {
      return toml_error(d, table.name + "." + key, "must be a number, not negative",
                   "write it without quotes and unit");
    }
    out.set(key, given[key]);
  }
  return out;
}

Status needs_source(const TomlDocument& d, const Json& table, const std::string& name,
                    std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (table[key].is_null() || !table["source"].as_string().empty()) continue;
    return toml_error(d, name + "." + key, "has no source",
                      "add source = \"...\" to [" + name + "]: who measured or published it");
  }
  return {};
}

// The interval of `table`'s `key`, where it is stated, in units of `unit`; else none.
Status take_ends(const TomlDocument& d, const std::string& name, const Json& table, const std::string& key, double unit, Quantity& q) {
  const Json& lo = table[key + "_lo"];
  const Json& hi = table[key + "_hi"];
  if (lo.is_null() && hi.is_null()) return {};
  q.own = {lo.as_double() * unit, hi.is_null() ? std::numeric_limits<double>::infinity() : hi.as_double() * unit};
  if (q.own.contains(*q.value)) return {};
  return toml_error(d, name + "." + key, "lies outside of its own interval", key + "_lo <= " + key + " <= " + key + "_hi");
}

Result<Quantity> embodied(const TomlDocument& d, const Json& table) {
  const std::string key = "embodied_kg_per_1000_requests";
  if (table[key].is_null()) {
    return Quantity::absent("kgCO2e", {"card.no_embodied", "what making the hardware took is not stated",
                                       "state it in the facts file ([hardware] " + key + ", source); joulebook account --hardware NAME reckons it"});
  }
  Quantity q = stated(table[key].as_double(), 0, "kgCO2e", "1000 requests", Tier::published, "as its source says", table["source"].as_string());
  if (auto ok = take_ends(d, "hardware", table, key, 1, q); !ok) return fail(ok.error());
  return q;
}

Result<Quantity> training_energy(const TomlDocument& d, const Json& table) {
  const Json& kwh = table["energy_kwh"];
  if (kwh.is_null()) {
    return Quantity::absent("J", {"card.no_training", "what training took is not stated",
                                  "state it in the facts file ([training] energy_kwh, source), or name a "
                                  "measured run with --training-run"});
  }
  const std::string word(d.root["training"]["tier"].as_string("published"));
  const auto tier = tier_from_string(word);
  if (!tier) {
    return toml_error(d, "training.tier", "'" + word + "' is no tier",
                 "measured, apportioned, modelled or published");
  }
  const double value = kwh.as_double() * kJoulesPerKwh;
  Quantity q = stated(value, 0, "J", "", *tier, "as its source says", table["source"].as_string());
  if (auto ok = take_ends(d, "training", table, "energy_kwh", kJoulesPerKwh, q); !ok) return fail(ok.error());
  return q;
}

Result<Json> read_classes(const TomlDocument& d, const Json& classes) {
  Json list = Json::array();
  double before = -1;
  for (const auto& item : classes.items()) {
    const bool open = item["most"].is_null();
    if (item["name"].as_string().empty() || before == std::numeric_limits<double>::infinity() ||
        (!open && !(item["most"].as_double(-1) > before))) {
      return toml_error(d, "scale.class", "must rise, each with its name; only the last may lack `most`",
                   "[[scale.class]] name = \"A\" most = 100");
    }
    before = open ? std::numeric_limits<double>::infinity() : item["most"].as_double();
    list.push(Json::object({{"name", item["name"]}, {"most", item["most"]}}));
  }
  if (list.items().empty()) {
    return toml_error(d, "scale", "has no classes", "[[scale.class]] name = \"A\" most = 100");
  }
  return list;
}

Result<Json> read_scale(const TomlDocument& d) {
  const Json& given = d.root["scale"];
  if (given.is_null()) return Json();
  static const std::vector<std::string> kKeys = {"author", "title", "url", "basis", "per", "class"};
  if (auto ok = check_keys(d, "scale", given, kKeys); !ok) return fail(ok.error());
  for (const char* key : {"author", "title", "per"}) {
    if (given[key].as_string().empty()) {
      return toml_error(d, "scale", std::string("lacks its ") + key,
                   "a class stands only on a scale that names its author, its title and what it is per");
    }
  }
  static const std::set<std::string_view> kPer = {"per_request", "per_1000_requests",
                                                  "per_million_output_tokens", "per_million_tokens"};
  if (!kPer.contains(given["per"].as_string())) {
    return toml_error(d, "scale.per", "is none of a card's figures",
                 "per_request, per_1000_requests, per_million_output_tokens or per_million_tokens, in J");
  }
  auto classes = read_classes(d, given["class"]);
  if (!classes) return fail(classes.error());
  return Json::object({{"author", given["author"]},
                       {"title", given["title"]},
                       {"url", given["url"]},
                       {"basis", given["basis"]},
                       {"per", given["per"]},
                       {"classes", std::move(*classes)}});
}

Result<Json> read_facts(const TomlDocument& d) {
  std::vector<std::string> known = {"publisher", "scale"};
  for (const auto& table : tables()) known.push_back(table.name);
  if (auto ok = check_keys(d, "", d.root, known); !ok) return fail(ok.error());
  if (!d.root["publisher"].is_null() && !d.root["publisher"].is_string()) {
    return toml_error(d, "publisher", "must be text", "put it in quotes");
  }
  Json facts = Json::object({{"publisher", d.root["publisher"]}});
  for (const auto& table : tables()) {
    auto read = read_table(d, table);
    if (!read) return fail(read.error());
    facts.set(table.name, std::move(*read));
  }
  for (const auto& ok :
       {needs_source(d, facts["training"], "training", {"energy_kwh", "flops", "hours", "co2_kg"}),
        needs_source(d, facts["serving"], "serving", {"batch", "requests", "prompt_tokens", "output_tokens"}),
        needs_source(d, facts["hardware"], "hardware", {"embodied_kg_per_1000_requests"}),
        needs_source(d, facts["inference"], "inference", {"flops_per_output_token"})}) {
    if (!ok) return fail(ok.error());
  }
  auto energy = training_energy(d, facts["training"]);
  if (!energy) return fail(energy.error());
  Json training = facts["training"];
  for (const char* key : {"energy_kwh", "energy_kwh_lo", "energy_kwh_hi"}) training.erase(key);
  training.set("energy", to_json(*energy)).set("run", Json());
  facts.set("training", std::move(training));
  const auto making = embodied(d, facts["hardware"]);
  if (!making) return fail(making.error());
  facts.set("hardware", Json::object({{"name", facts["hardware"]["name"]}, {"source", facts["hardware"]["source"]}, {"embodied", to_json(*making)}}));
  auto scale = read_scale(d);
  if (!scale) return fail(scale.error());
  return facts.set("scale", std::move(*scale));
}

std::optional<double> known(const Json& n) {
  return n.is_number() ? std::optional(n.as_double()) : std::nullopt;
}

}  // namespace

Json no_facts() {
  TomlDocument nothing;
  nothing.root = Json::object();
  return read_facts(nothing).value_or(Json::object());
}

Result<Json> parse_facts(std::string_view toml, std::string origin) {
  const auto document = parse_toml(toml, std::move(origin));
  if (!document) return fail(document.error());
  return read_facts(*document);
}

StatedServing serving_of(const Json& facts) {
  const Json& s = facts["serving"];
  return {known(s["requests"]), known(s["prompt_tokens"]), known(s["output_tokens"]),
          known(s["batch"])};
}

}  // namespace joulebook::card
