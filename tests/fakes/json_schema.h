#pragma once
// A JSON Schema (draft 7) from a file, for tests: whether a document obeys it, and if not, why.
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace joulebook::fakes {

using Doc = nlohmann::json;

class JsonSchema {
 public:
  explicit JsonSchema(const std::string& path) {
    std::ifstream in(path);
    raw_ = Doc::parse(in);
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(raw_), schema_);
  }

  [[nodiscard]] const Doc& raw() const { return raw_; }
  [[nodiscard]] bool accepts(const Doc& doc) const { return explain(doc).empty(); }
  [[nodiscard]] std::string explain(const Doc& doc) const {
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter target(doc);
    if (validator.validate(schema_, target, &results)) return {};
    std::string why = "refused";
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
      why += "\n";
      for (const auto& step : error.context) why += step;
      why += ": " + error.description;
    }
    return why;
  }

 private:
  Doc raw_;
  valijson::Schema schema_;
};

}  // namespace joulebook::fakes
