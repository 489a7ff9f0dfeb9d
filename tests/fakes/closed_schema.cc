#include "fakes/closed_schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace joulebook::fakes {
namespace {

// Where a fault is judged: the rules on the way here from the root all have to hold.
struct Judged {
  Doc::json_pointer at;  // in the document
  const Doc* rule;
};

struct Object {
  Doc::json_pointer at;  // in the document
  Judged by;
  std::vector<std::pair<std::string, const Doc*>> required;  // with the schema of each
};

bool is_required(const Doc& rule, const std::string& name) {
  const auto list = rule.value("required", Doc::array());
  return std::find(list.begin(), list.end(), name) != list.end();
}

// Walks document and schema together and lists an object of every rule, once.
class Walker {
 public:
  explicit Walker(const Doc& schema) : root_(schema) {}

  void walk(const Doc& doc) { walk(root_, doc, Doc::json_pointer(), nullptr); }

  std::vector<Object> objects;
  [[nodiscard]] bool saw(const Doc& rule) const { return seen_.contains(&rule); }

 private:
  // `choice`: the outermost one of several rules that the way here led through; another of them may
  // allow what this one refuses.
  void walk(const Doc& schema, const Doc& doc, const Doc::json_pointer& at, const Judged* choice) {
    bool chose = false;
    const Doc& rule = resolve(schema, doc, chose);
    const Judged here{at, &schema};
    if (chose && choice == nullptr) choice = &here;
    if (doc.is_array() && rule.contains("items")) {
      for (std::size_t i = 0; i < doc.size(); ++i) walk(rule["items"], doc[i], at / i, choice);
    }
    if (!doc.is_object() || !rule.contains("properties")) return;
    if (seen_.insert(&rule).second) add(rule, doc, at, choice);
    for (const auto& [name, member] : doc.items()) {
      if (!rule["properties"].contains(name)) continue;
      walk(rule["properties"][name], member, at / name, choice);
    }
  }

  void add(const Doc& rule, const Doc& doc, const Doc::json_pointer& at, const Judged* choice) {
    Object object{at, choice == nullptr ? Judged{at, &rule} : *choice, {}};
    for (const auto& [name, member] : doc.items()) {
      if (!rule["properties"].contains(name) || !is_required(rule, name)) continue;
      bool chose = false;
      object.required.emplace_back(name, &resolve(rule["properties"][name], member, chose));
    }
    objects.push_back(std::move(object));
  }

  const Doc& resolve(const Doc& schema, const Doc& doc, bool& chose) const {
    if (schema.contains("$ref")) {
      const std::string ref = schema["$ref"];
      return resolve(root_.at(Doc::json_pointer(ref.substr(1))), doc, chose);
    }
    if (!schema.contains("oneOf")) return schema;
    chose = true;
    const bool absent = doc.is_object() && doc.contains("value") && doc["value"].is_null();
    return resolve(schema["oneOf"][absent ? 1 : 0], doc, chose);
  }

  const Doc& root_;
  std::set<const Doc*> seen_;
};

bool allows(const Doc& rule, const std::string& type) {
  if (!rule.contains("type")) return false;
  const Doc& types = rule["type"];
  return types.is_string() ? types == type
                           : std::find(types.begin(), types.end(), type) != types.end();
}

// One value of each type that the rule does not allow.
std::vector<Doc> wrong_values(const Doc& rule) {
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

void expect_every_member_counts(const Schema& schema, const Doc& good, const Object& object) {
  const JsonSchema judge = schema.part(*object.by.rule);
  const Doc& fit = good.at(object.by.at);
  ASSERT_EQ(judge.explain(fit), "") << object.at;
  const std::string whole_path = object.at.to_string();
  const Doc::json_pointer inside(whole_path.substr(object.by.at.to_string().size()));
  for (const auto& [name, rule] : object.required) {
    Doc doc = fit;
    doc.at(inside).erase(name);
    EXPECT_FALSE(judge.accepts(doc)) << "without " << object.at << "/" << name;
    for (const auto& wrong : wrong_values(*rule)) {
      doc.at(inside)[name] = wrong;
      EXPECT_FALSE(judge.accepts(doc)) << object.at << "/" << name << " = " << wrong;
    }
  }
}

}  // namespace

Schema::Schema(const std::string& name) : JsonSchema(JOULEBOOK_SCHEMA_DIR "/" + name) {}

void expect_closed(const Schema& schema, const Doc& good) {
  ASSERT_EQ(schema.explain(good), "");
  Walker walker(schema.raw());
  walker.walk(good);
  for (const auto& [name, rule] : schema.raw()["definitions"].items()) {
    EXPECT_TRUE(!rule.contains("properties") || walker.saw(rule)) << "no instance of " << name;
  }
  for (const auto& object : walker.objects) {
    expect_every_member_counts(schema, good, object);
    Doc doc = good;
    doc.at(object.at)["no_such_member"] = 1;
    EXPECT_FALSE(schema.accepts(doc)) << object.at;
  }
}

void expect_no_open_object(const Doc& rule, const std::string& at) {
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
