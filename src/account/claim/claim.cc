#include "account/claim/claim.h"

#include <fmt/format.h>

#include <algorithm>

#include "account/footprint/when.h"
#include "core/text.h"
#include "core/toml.h"

namespace joulebook::account {
namespace {

constexpr std::string_view kCureOfClaim =
    "a claim needs [claim] with value = \"512 J/response\"; id, text, who, when, source, boundary say whose it is (docs/formats/claim.md)";

bool is_name(std::string_view name) {
  return !name.empty() && (std::isalpha(static_cast<unsigned char>(name[0])) != 0) &&
         std::ranges::all_of(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

// A number or a text of the file, as text.
std::string as_text(const Json& json) {
  if (json.is_string()) return std::string(json.as_string());
  if (json.is_int()) return fmt::format("{}", json.as_int());
  return fmt::format("{}", json.as_double());
}

// What boundaries are called elsewhere, in `account` among others.
std::string usual_boundary(std::string word) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"it", "server"},           {"gpu only", "gpu"},         {"accelerator", "gpu"},  {"chip", "gpu"},
      {"machine", "node"},        {"host", "server"},          {"data centre", "facility"}, {"data center", "facility"}, {"datacenter", "facility"},
      {"datacentre", "facility"}, {"building", "facility"},    {"fullstack", "full stack"}, {"lifecycle", "life cycle"}, {"unknown", "not stated"},
      {"unstated", "not stated"}, {"not given", "not stated"}, {"", "not stated"}};
  for (const auto& [other, usual] : kWords) {
    if (word == other) return std::string(usual);
  }
  return word;
}

// "31 February 2026", "Feb 31, 2026", "31.02.2026" as "2026-02-31"; nothing where three words are no day of a month.
std::optional<std::string> day_in_words(std::string_view when) {
  constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  std::string plain(when);
  for (char& c : plain) c = c == '.' || c == ',' ? ' ' : c;
  std::vector<std::int64_t> numbers;
  std::size_t month = 0, words = 0;
  for (const auto word : split(plain, ' ')) {
    if (word.empty()) continue;
    if (++words > 3) return std::nullopt;
    if (const auto n = parse_int(word); n && *n >= 0) {
      numbers.push_back(*n);
      continue;
    }
    const auto found = std::ranges::find(kMonths, lower(word.substr(0, 3)));
    if (month != 0 || word.size() < 3 || found == std::end(kMonths)) return std::nullopt;
    month = static_cast<std::size_t>(found - kMonths) + 1;
  }
  if (words != 3 || numbers.back() < 1900) return std::nullopt;
  if (month != 0) return fmt::format("{:04}-{:02}-{:02}", numbers.back(), month, numbers[0]);
  return when.find('.') == when.npos ? std::nullopt : std::optional(fmt::format("{:04}-{:02}-{:02}", numbers[2], numbers[1], numbers[0]));
}

class Reader {
 public:
  explicit Reader(const TomlDocument& document) : doc_(document) {}

  Result<Claim> read() {
    static const std::vector<std::string> kTables{"claim", "inputs", "recipe"};
    if (doc_.root.has("value") && !doc_.root.has("claim")) return fail(head().error());
    if (auto ok = check_keys(doc_, "", doc_.root, kTables); !ok) return fail(ok.error());
    for (const std::string& table : kTables) {
      if (doc_.root.has(table) && !doc_.root[table].is_object()) {
        return toml_error(doc_, table, fmt::format("'{}' is no table", table), fmt::format("write [{}] on a line of its own", table));
      }
    }
    claim_.file = doc_.origin;
    if (auto ok = head(); !ok) return fail(ok.error());
    if (auto ok = inputs(); !ok) return fail(ok.error());
    if (auto ok = recipe(); !ok) return fail(ok.error());
    return std::move(claim_);
  }

 private:
  Status text(std::string_view key, std::string& into) {
    const Json& json = doc_.root["claim"][key];
    if (json.is_null()) return {};
    // A year, most often.
    if (json.is_int()) {
      into = fmt::format("{}", json.as_int());
      return {};
    }
    if (!json.is_string()) return toml_error(doc_, fmt::format("claim.{}", key), fmt::format("{} is no text", key), "write it in quotes");
    into = std::string(json.as_string());
    return {};
  }

  // An error about an amount, placed.
  tl::unexpected<Error> placed(std::string_view path, const Error& error) {
    auto at = toml_error(doc_, path, error.message, error.cure);
    return fail(error.kind, error.code, at.value().message, at.value().cure);
  }

  Status head() {
    const Json& table = doc_.root["claim"];
    static const std::vector<std::string> kKeys{"id", "text", "value", "who", "when", "source", "boundary", "basis", "note", "figure"};
    if (!table.is_object() && doc_.root.has("value")) {
      return fail(ErrorKind::input, "claim.missing", fmt::format("{}: value stands in no table", doc_.origin), "write [claim] on a line above it");
    }
    if (table.has("unit")) return toml_error(doc_, "claim.unit", "a unit is no key of its own", "write it behind the number: value = \"512 J/response\"");
    if (!table.is_object()) return fail(ErrorKind::input, "claim.missing", fmt::format("{}: no [claim]", doc_.origin), std::string(kCureOfClaim));
    if (auto ok = check_keys(doc_, "claim", table, kKeys); !ok) return ok;
    const std::pair<std::string_view, std::string*> kTexts[] = {
        {"id", &claim_.id}, {"text", &claim_.text}, {"who", &claim_.who}, {"when", &claim_.when}, {"source", &claim_.source},
        {"boundary", &claim_.boundary}, {"basis", &claim_.basis}, {"note", &claim_.note}, {"figure", &claim_.figure}};
    for (const auto& [key, into] : kTexts) {
      if (auto ok = text(key, *into); !ok) return ok;
    }
    return value_and_words(table);
  }

  Status value_and_words(const Json& table) {
    if (table["value"].is_null() && table.has("value")) return toml_error(doc_, "claim.value", "value is no finite number", "write what was said: value = \"512 J/response\"");
    if (table["value"].is_null()) return toml_error(doc_, "claim", "no value", "write what was said: value = \"512 J/response\"");
    if (table["value"].is_object() || table["value"].is_array() || table["value"].is_bool()) {
      return toml_error(doc_, "claim.value", "value is no amount", "write it as text: value = \"512 J/response\"");
    }
    auto value = Measure::parse(as_text(table["value"]));
    if (!value) return placed("claim.value", value.error());
    claim_.value = std::move(*value);
    for (std::string* word : {&claim_.boundary, &claim_.basis}) {
      *word = lower(*word);
      std::ranges::replace(*word, '-', ' ');
    }
    claim_.boundary = usual_boundary(std::move(claim_.boundary));
    if (std::ranges::find(kBoundaries, std::string_view(claim_.boundary)) == std::end(kBoundaries)) {
      std::vector<std::string> words(std::begin(kBoundaries), std::end(kBoundaries));
      return placed("claim.boundary", {ErrorKind::input, "claim.boundary", fmt::format("no boundary '{}'", claim_.boundary),
                                       "write one of " + join(words, ", ") + " (a data centre is facility); what was said in so many words goes into note"});
    }
    static const std::vector<std::string> kBases{"measured", "estimated", "provisioned", "not stated"};
    if (std::ranges::find(kBases, claim_.basis) == kBases.end()) {
      return placed("claim.basis", {ErrorKind::input, "claim.kind", fmt::format("no basis '{}'", claim_.basis), "write one of " + join(kBases, ", ")});
    }
    if (auto ok = check_when(); !ok) return ok;
    if (claim_.id.empty()) claim_.id = doc_.origin.substr(doc_.origin.find_last_of('/') + 1);
    if (claim_.id.ends_with(".toml")) claim_.id.resize(claim_.id.size() - 5);
    if (claim_.text.empty()) claim_.text = claim_.value.stated;
    return {};
  }

  // A year or words may stand there; what is written as a month or a day must be one.
  Status check_when() {
    const std::string when = day_in_words(claim_.when).value_or(claim_.when);
    const bool numbers = when.size() >= 7 && when.find_first_not_of("0123456789-") == std::string::npos && when[4] == '-';
    if (!numbers) return {};
    const auto month = parse_month(when);
    return month ? Status() : Status(placed("claim.when", month.error()));
  }

  Status inputs() {
    for (const auto& [name, json] : doc_.root["inputs"].members()) {
      if (auto ok = input(name, json); !ok) return ok;
    }
    return {};
  }

  Status near_known(const std::string& name, const std::string& path) {
    if (known_input(name) != nullptr) return {};
    if (!is_name(name)) return toml_error(doc_, path, fmt::format("'{}' is no name", name), "letters, digits and _; a letter first");
    // A name of the author's own is fine where the recipe asks for it.
    for (const auto& [line, expression] : doc_.root["recipe"].members()) {
      if (expression.is_string() && expression.as_string().find(name) != std::string_view::npos) return {};
    }
    const auto near = input_like(name);
    return toml_error(doc_, path, fmt::format("no rule knows the input '{}', and the recipe does not use it", name),
                      near ? fmt::format("did you mean {}?", *near) : "docs/formats/claim.md lists the inputs; others are for [recipe]");
  }

  Status input(const std::string& name, const Json& json) {
    const std::string path = "inputs." + name;
    if (auto ok = near_known(name, path); !ok) return ok;
    const Json* value = &json;
    std::string source, assumed;
    if (json.is_object()) {
      static const std::vector<std::string> kKeys{"value", "source", "assumed"};
      if (auto ok = check_keys(doc_, path, json, kKeys); !ok) return ok;
      value = &json["value"];
      source = std::string(json["source"].as_string());
      assumed = std::string(json["assumed"].as_string());
      if (value->is_null()) return toml_error(doc_, path, fmt::format("{} has no value", name), fmt::format("write {} = {{ value = \"...\", source = \"...\" }}", name));
      if (json.has("assumed") && trim(assumed).empty()) return toml_error(doc_, path, fmt::format("{} is assumed, and nothing says why", name), "write assumed = \"why\"");
    }
    if (!value->is_string() && !value->is_number()) {
      return toml_error(doc_, path, fmt::format("{} is no amount and no name", name), "write a number and a unit in quotes: \"1333 tokens\"");
    }
    auto made = claim_input(name, as_text(*value));
    if (!made) return placed(path, made.error());
    made->source = std::move(source);
    made->assumed = std::move(assumed);
    made->line = doc_.line_of(path);
    claim_.inputs.push_back(std::move(*made));
    return {};
  }

  Status recipe() {
    const Json& table = doc_.root["recipe"];
    for (const auto& [name, json] : table.members()) {
      const std::string path = "recipe." + name;
      if (!is_name(name)) return toml_error(doc_, path, fmt::format("'{}' is no name", name), "letters, digits and _; a letter first");
      if (!json.is_string()) return toml_error(doc_, path, fmt::format("{} is no expression", name), "write it in quotes: value = \"energy / requests\"");
      claim_.recipe.push_back({name, std::string(json.as_string()), doc_.line_of(path)});
    }
    if (!claim_.recipe.empty() && !table.has("value")) {
      return toml_error(doc_, "recipe", "the recipe has no value", "write value = \"...\" with what the claim's value should be");
    }
    return {};
  }

  const TomlDocument& doc_;
  Claim claim_;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : valid_utf8(text)) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

const ClaimInput* Claim::input(std::string_view name) const {
  const auto found = std::ranges::find(inputs, name, &ClaimInput::name);
  return found == inputs.end() ? nullptr : &*found;
}

std::string Claim::text_of(std::string_view name) const {
  const ClaimInput* found = input(name);
  return found == nullptr ? std::string() : found->text;
}

Result<Claim> parse_claim(std::string_view toml, std::string file) {
  const auto document = parse_toml(toml, std::move(file));
  if (!document) return fail(document.error());
  return Reader(*document).read();
}

std::string to_toml(const Claim& claim) {
  std::string text = "[claim]\n";
  const std::pair<std::string_view, const std::string*> kTexts[] = {
      {"id", &claim.id}, {"text", &claim.text}, {"value", &claim.value.stated}, {"who", &claim.who}, {"when", &claim.when},
      {"source", &claim.source}, {"boundary", &claim.boundary}, {"basis", &claim.basis}, {"note", &claim.note}, {"figure", &claim.figure}};
  for (const auto& [key, value] : kTexts) {
    if (!value->empty()) text += fmt::format("{} = {}\n", key, quoted(*value));
  }
  if (!claim.inputs.empty()) text += "\n[inputs]\n";
  for (const ClaimInput& i : claim.inputs) {
    const std::string value = quoted(i.measure ? i.measure->stated : i.text);
    if (i.source.empty() && i.assumed.empty()) {
      text += fmt::format("{} = {}\n", i.name, value);
      continue;
    }
    text += fmt::format("{} = {{ value = {}", i.name, value);
    if (!i.source.empty()) text += ", source = " + quoted(i.source);
    if (!i.assumed.empty()) text += ", assumed = " + quoted(i.assumed);
    text += " }\n";
  }
  if (!claim.recipe.empty()) text += "\n[recipe]\n";
  for (const RecipeLine& line : claim.recipe) text += fmt::format("{} = {}\n", line.name, quoted(line.expression));
  return text;
}

}  // namespace joulebook::account
