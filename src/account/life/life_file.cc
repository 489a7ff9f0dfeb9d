#include <fmt/format.h>

#include "account/life/distribution_toml.h"
#include "account/life/life.h"
#include "core/toml.h"

namespace joulebook::account {
namespace {

Status read_once(const TomlDocument& doc, LifeModel& model) {
  for (const auto& [name, value] : doc.root["once"].members()) {
    std::optional<Distribution> joules;
    if (auto ok = take_distribution(doc, "once." + name, value, "J", joules); !ok) return ok;
    model.once.push_back({name, std::move(*joules)});
  }
  return {};
}

Result<Service> read_service(const TomlDocument& doc) {
  const Json& table = doc.root["service"];
  static const std::vector<std::string> kKeys{"answers_per_year", "years", "growth", "answers_per_user", "amortisation"};
  if (auto ok = check_keys(doc, "service", table, kKeys); !ok) return fail(ok.error());
  Service s;
  std::optional<Distribution> answers, years;
  if (auto ok = take_distribution(doc, "service.answers_per_year", table["answers_per_year"], "response/year", answers); !ok) return fail(ok.error());
  if (auto ok = take_distribution(doc, "service.years", table["years"], "s", years); !ok) return fail(ok.error());
  if (auto ok = take_distribution(doc, "service.answers_per_user", table["answers_per_user"], "response/year", s.answers_per_user); !ok) return fail(ok.error());
  if (!answers) return toml_error(doc, "service", "answers_per_year is missing", "write answers_per_year = '1e9 response/year'");
  s.answers = std::move(*answers);
  if (years) s.length = std::move(*years);
  s.growth = table["growth"].as_double();
  if (table["amortisation"].is_string()) {
    auto rule = amortisation_of(table["amortisation"].as_string());
    if (!rule) return toml_error(doc, "service.amortisation", rule.error().message, rule.error().cure);
    s.amortisation = *rule;
  }
  return s;
}

}  // namespace

Result<LifeFile> parse_life(std::string_view toml, std::string origin) {
  const auto doc = parse_toml(toml, std::move(origin));
  if (!doc) return fail(doc.error());
  static const std::vector<std::string> kKeys{"name", "answer", "once", "service"};
  if (auto ok = check_keys(*doc, "", doc->root, kKeys); !ok) return fail(ok.error());
  LifeFile file;
  file.model.name = doc->root["name"].as_string();
  std::optional<Distribution> answer;
  if (auto ok = take_distribution(*doc, "answer", doc->root["answer"], "J/response", answer); !ok) return fail(ok.error());
  if (!answer) return toml_error(*doc, "", "answer is missing", "write answer = '2 J/response'");
  file.model.answer = std::move(*answer);
  if (auto ok = read_once(*doc, file.model); !ok) return fail(ok.error());
  if (doc->root["service"].is_object()) {
    auto service = read_service(*doc);
    if (!service) return fail(service.error());
    file.service = std::move(*service);
  }
  return file;
}

}  // namespace joulebook::account
