#include "fakes/json_schema.h"

#include <fstream>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace joulebook::fakes {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

Doc parse_file(const std::string& path) {
  std::ifstream in(path);
  return Doc::parse(in);
}

}  // namespace

struct JsonSchema::Rules {
  Doc raw;
  valijson::Schema schema;
};

JsonSchema::JsonSchema(const std::string& path) : JsonSchema(Raw{parse_file(path)}) {}

JsonSchema::JsonSchema(Raw raw) : rules_(std::make_unique<Rules>()) {
  rules_->raw = std::move(raw.doc);
  valijson::SchemaParser parser;
  parser.populateSchema(Adapter(rules_->raw), rules_->schema);
}

JsonSchema::~JsonSchema() = default;

JsonSchema JsonSchema::part(const Doc& rule) const {
  Doc alone = rule;
  if (raw().contains("definitions")) alone["definitions"] = raw()["definitions"];
  return JsonSchema(Raw{std::move(alone)});
}

const Doc& JsonSchema::raw() const { return rules_->raw; }

bool JsonSchema::accepts(const Doc& doc) const {
  valijson::Validator validator;
  return validator.validate(rules_->schema, Adapter(doc), nullptr);
}

std::string JsonSchema::explain(const Doc& doc) const {
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(rules_->schema, Adapter(doc), &results)) return {};
  std::string why = "refused";
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    why += "\n";
    for (const auto& step : error.context) why += step;
    why += ": " + error.description;
  }
  return why;
}

}  // namespace joulebook::fakes
