#pragma once
// A JSON Schema (draft 7), for tests: whether a document obeys it, and if not, why. The library that
// validates is heavy to compile, and is seen by json_schema.cc alone.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace joulebook::fakes {

using Doc = nlohmann::json;

class JsonSchema {
 public:
  // Of a file. Throws what reading it throws.
  explicit JsonSchema(const std::string& path);
  ~JsonSchema();

  // One rule of this schema by itself; what it refers to by name is found as before.
  [[nodiscard]] JsonSchema part(const Doc& rule) const;
  [[nodiscard]] const Doc& raw() const;
  [[nodiscard]] bool accepts(const Doc& doc) const;  // ends at the first fault
  [[nodiscard]] std::string explain(const Doc& doc) const;  // empty: it obeys

 private:
  struct Raw {
    Doc doc;
  };
  struct Rules;
  explicit JsonSchema(Raw raw);

  std::unique_ptr<Rules> rules_;
};

}  // namespace joulebook::fakes
