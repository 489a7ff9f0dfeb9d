#pragma once
// Whether a schema under docs/schema is closed and every required member of it counts: a document
// that lacks one, or holds one of another type, or one too many, must be refused. For tests.
#include <gtest/gtest.h>

#include <set>

#include "fakes/json_schema.h"

namespace joulebook::fakes {

class Schema : public JsonSchema {
 public:
  explicit Schema(const std::string& name)
      : JsonSchema(std::string(JOULEBOOK_SOURCE_DIR) + "/docs/schema/" + name) {}
};

struct Place {
  Doc::json_pointer object;  // in the document
  std::string member;
  const Doc* schema;  // of the member
};

// Walks document and schema together and lists every required member of every definition, once.
class Walker {
 public:
  explicit Walker(const Doc& schema) : root_(schema) {}

  void walk(const Doc& schema, const Doc& doc, const Doc::json_pointer& at) {
    const Doc& rule = resolve(schema, doc);
    if (doc.is_array() && rule.contains("items")) {
      for (std::size_t i = 0; i < doc.size(); ++i) walk(rule["items"], doc[i], at / i);
    }
    if (!doc.is_object() || !rule.contains("properties")) return;
    const bool fresh = seen_.insert(&rule).second;
    if (fresh) objects.push_back(at);
    for (const auto& [name, member] : doc.items()) {
      if (!rule["properties"].contains(name)) continue;
      const Doc& inner = rule["properties"][name];
      if (fresh && required(rule, name)) places.push_back({at, name, &resolve(inner, member)});
      walk(inner, member, at / name);
    }
  }

  std::vector<Place> places;
  std::vector<Doc::json_pointer> objects;
  [[nodiscard]] bool saw(const Doc& rule) const { return seen_.contains(&rule); }

 private:
  static bool required(const Doc& rule, const std::string& name) {
    const auto list = rule.value("required", Doc::array());
    return std::find(list.begin(), list.end(), name) != list.end();
  }

  const Doc& resolve(const Doc& schema, const Doc& doc) const {
    if (schema.contains("$ref")) {
      const std::string ref = schema["$ref"];
      return resolve(root_.at(Doc::json_pointer(ref.substr(1))), doc);
    }
    if (!schema.contains("oneOf")) return schema;
    const bool absent = doc.is_object() && doc.contains("value") && doc["value"].is_null();
    return resolve(schema["oneOf"][absent ? 1 : 0], doc);
  }

  const Doc& root_;
  std::set<const Doc*> seen_;
};

inline bool allows(const Doc& rule, const std::string& type) {
  if (!rule.contains("type")) return false;
  const Doc& types = rule["type"];
  return types.is_string() ? types == type
                           : std::find(types.begin(), types.end(), type) != types.end();
}

// One value of each type that the rule does not allow.
inline std::vector<Doc> wrong_values(const Doc& rule) {
  std::vector<Doc> wrong;
  if (!allows(rule, "null")) wrong.emplace_back(nullptr);
  if (!allows(rule, "boolean")) wrong.emplace_back(true);
  if (!allows(rule, "string")) wrong.emplace_back("surely not");
  if (!allows(rule, "array")) wrong.push_back(Doc::array());
  if (!allows(rule, "object")) wrong.push_back(Doc::object());
  if (!allows(rule, "number")) wrong.emplace_back(0.5);
  if (!allows(rule, "number") && !allows(rule, "integer")) wrong.emplace_back(7);
  if (rule.contains("enum")) wrong.emplace_back("no such word");
  return wrong;
}

inline void expect_closed(const Schema& schema, const Doc& good) {
  ASSERT_EQ(schema.explain(good), "");
  Walker walker(schema.raw());
  walker.walk(schema.raw(), good, Doc::json_pointer());
  for (const auto& [name, rule] : schema.raw()["definitions"].items()) {
    EXPECT_TRUE(!rule.contains("properties") || walker.saw(rule)) << "no instance of " << name;
  }
  for (const auto& place : walker.places) {
    Doc doc = good;
    doc.at(place.object).erase(place.member);
    EXPECT_FALSE(schema.accepts(doc)) << "without " << place.object << "/" << place.member;
    for (const auto& wrong : wrong_values(*place.schema)) {
      doc.at(place.object)[place.member] = wrong;
      EXPECT_FALSE(schema.accepts(doc)) << place.object << "/" << place.member << " = " << wrong;
    }
  }
  for (const auto& object : walker.objects) {
    Doc doc = good;
    doc.at(object)["no_such_member"] = 1;
    EXPECT_FALSE(schema.accepts(doc)) << object;
  }
}

// Every rule for an object says what else it may hold; required members are among the known ones.
inline void expect_no_open_object(const Doc& rule, const std::string& at) {
  if (rule.is_array()) {
    for (const auto& item : rule) expect_no_open_object(item, at);
  }
  if (!rule.is_object()) return;
  const bool is_rule = rule.contains("properties") && rule["properties"].is_object();
  if (is_rule && rule.contains("type")) {
    EXPECT_EQ(rule.value("additionalProperties", Doc()), Doc(false)) << at;
    for (const auto& name : rule.value("required", Doc::array())) {
      EXPECT_TRUE(rule["properties"].contains(name.get<std::string>())) << at << name;
    }
  }
  for (const auto& [name, inner] : rule.items()) expect_no_open_object(inner, at + "/" + name);
}

}  // namespace joulebook::fakes
