#include "export/card/card.h"

#include "core/json_strings.h"
#include "core/text.h"
#include "export/card/carbon.h"
#include "export/card/facts.h"
#include "export/card/forms.h"

namespace joulebook::card {
namespace {

Json no_class(std::string code, std::string message, std::string cure) {
  return to_json(Reason{std::move(code), std::move(message), std::move(cure)});
}

// The class whose limit is the first that is not below `x`; nothing above the last limit.
std::string class_at(const Json& classes, double x) {
  for (const auto& c : classes.items()) {
    if (c["most"].is_null() || x <= c["most"].as_double()) return std::string(c["name"].as_string());
  }
  return {};
}

const Json* basis_of(const Json& subject, std::string_view id) {
  for (const auto& basis : subject["energy"].items()) {
    if (id.empty() || basis["basis"].as_string() == id) return &basis;
  }
  return nullptr;
}

}  // namespace

Json class_of(const Json& subject, const Json& scale) {
  Json out = Json::object({{"scale", scale}, {"figure", Json()}, {"class", Json()}, {"from", Json()}, {"to", Json()}});
  if (scale.is_null()) {
    return out.set("reason", no_class("card.no_scale", "no scale is named, and Joulebook has none of its own",
                                      "name one with its author in the facts file ([scale])"));
  }
  const Json* basis = basis_of(subject, scale["basis"].as_string());
  const Json& figure = basis != nullptr ? (*basis)[scale["per"].as_string()] : Json();
  if (!figure["value"].is_number()) {
    return out.set("reason", no_class("card.no_figure", "the card has not the figure that the scale rates", ""));
  }
  const std::string low = class_at(scale["classes"], figure["lo"].as_double());
  const std::string high = figure["hi"].is_null() ? std::string()
                                                  : class_at(scale["classes"], figure["hi"].as_double());
  out.set("figure", figure["value"]).set("from", text_or_null(low)).set("to", text_or_null(high));
  if (!low.empty() && low == high) return out.set("class", low).set("reason", Json());
  return out.set("reason", no_class("card.between_classes",
                                    "its interval reaches over more than one class of the scale",
                                    "measure longer, so that the interval is narrower"));
}

Json Statement::json() const {
  return Json::object({{"title", title},
                       {"made", made},
                       {"joulebook", Json::object({{"version", version}, {"commit", commit}})},
                       {"records", strings(records)},
                       {"since", text_or_null(since)},
                       {"until", text_or_null(until)},
                       {"by", strings(by)},
                       {"grid", grid},
                       {"facts", facts},
                       {"warnings", strings(warnings)}});
}

Result<Statement> Statement::from_json(const Json& json) {
  for (const char* key : {"title", "made"}) {
    if (json[key].is_string()) continue;
    return fail(ErrorKind::input, "card.statement", std::string("the statement lacks its ") + key,
                "ask the card's publisher for the bundle anew");
  }
  Statement s;
  s.title = json["title"].as_string();
  s.made = json["made"].as_string();
  s.version = json["joulebook"]["version"].as_string();
  s.commit = json["joulebook"]["commit"].as_string();
  s.records = strings(json["records"]);
  s.since = json["since"].as_string();
  s.until = json["until"].as_string();
  s.by = strings(json["by"]);
  s.grid = json["grid"];
  s.facts = json["facts"];
  s.warnings = strings(json["warnings"]);
  return s;
}

Result<CardBuilder> CardBuilder::make(Statement statement) {
  auto by = parse_group_by(statement.by.empty() ? "model" : join(statement.by, ","));
  if (!by) return fail(by.error());
  return CardBuilder(std::move(statement), std::move(*by));
}

Status CardBuilder::add(const Record& record) {
  auto subjects = subjects_of(record, serving_of(statement_.facts));
  if (!subjects) return fail(subjects.error());
  for (auto& subject : *subjects) subjects_.push_back(std::move(subject));
  records_.push(Json::object({{"id", record.id},
                              {"kind", record.kind},
                              {"title", record.title},
                              {"started", record.started}}));
  return {};
}

Status CardBuilder::add_request(const Json& row) {
  windows_.add_row(row);
  return groups_.add(row);
}

Result<Json> CardBuilder::finish(const std::vector<Evidence>& evidence) {
  for (auto& subject : groups_.take()) subjects_.push_back(std::move(subject));
  if (subjects_.empty()) {
    return fail(ErrorKind::input, "card.empty", "there is nothing in the selection to make a card from",
                "name runs of the ledger (joulebook list), or a span in which requests were metered");
  }
  const Json& facts = statement_.facts;
  Json subjects = Json::array();
  for (const auto& subject : subjects_) {
    Json entry = subject.json();
    const Json carbon = carbon_of(entry, statement_.grid, facts["hardware"]);
    const Json rated = class_of(entry, facts["scale"]);
    Json forms = forms_of(entry, facts, carbon);
    entry.set("carbon", carbon).set("class", rated).set("forms", std::move(forms));
    subjects.push(std::move(entry));
  }
  Json parts = Json::array();
  for (const auto& e : evidence) {
    parts.push(Json::object({{"part", e.part},
                             {"bytes", static_cast<std::int64_t>(e.bytes)},
                             {"sha256", e.sha256}}));
  }
  return Json::object({{"schema", kCardSchema},
                       {"statement", statement_.json()},
                       {"records", records_},
                       {"subjects", std::move(subjects)},
                       {"metered", windows_.json()},
                       {"evidence", std::move(parts)}});
}

}  // namespace joulebook::card
