// The dashboard of examples/grafana asks for nothing that the gateway does not tell, and its panels
// say what they show.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "core/file_tree.h"
#include "core/json.h"
#include "core/text.h"
#include "export/live_metrics.h"

namespace joulebook {
namespace {

Json dashboard() {
  const auto text = read_file(std::string(JOULEBOOK_SOURCE_DIR) + "/examples/grafana/joulebook.json");
  EXPECT_TRUE(text);
  auto json = parse_json(*text);
  EXPECT_TRUE(json);
  return *json;
}

// The names under which a metric's samples are stored, with the labels that they carry.
std::map<std::string, std::set<std::string>> stored() {
  std::map<std::string, std::set<std::string>> out;
  for (const auto& m : live_metrics()) {
    std::set<std::string> labels = {"job", "instance"};
    for (const auto label : split(m.labels, ',')) labels.emplace(trim(label));
    const std::string id(m.id);
    if (m.type == LiveType::histogram) {
      labels.insert("le");
      out[id + "_bucket"] = labels;
    }
    if (m.type == LiveType::histogram || m.type == LiveType::summary) {
      out[id + "_sum"] = out[id + "_count"] = labels;
    } else {
      out[id] = labels;
    }
  }
  return out;
}

std::vector<std::string> found(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> out;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    out.push_back((*it)[1]);
  }
  return out;
}

void expect_told(const std::string& query, std::set<std::string>& used) {
  static const auto all = stored();
  const auto names = found(query, R"((joulebook_[a-z_]+))");
  EXPECT_FALSE(names.empty()) << query;
  for (const auto& name : names) {
    ASSERT_TRUE(all.contains(name)) << name << " is not in the metric table";
    used.insert(name);
    for (const auto& list : found(query, R"(by \(([a-z_, ]+)\))")) {
      for (const auto label : split(list, ',')) {
        EXPECT_TRUE(all.at(name).contains(std::string(trim(label)))) << name << " has no " << label;
      }
    }
    // A counter means something as a rate alone.
    const bool rated = query.find("rate(" + name) != std::string::npos;
    EXPECT_TRUE(!name.ends_with("_total") || rated) << query;
  }
}

TEST(Grafana, EveryQueryIsAnsweredByTheMetricTable) {
  const Json board = dashboard();
  std::set<std::string> used;
  for (const auto& panel : board["panels"].items()) {
    const std::string title(panel["title"].as_string());
    EXPECT_TRUE(panel["description"].as_string().ends_with('.')) << title;
    ASSERT_FALSE(panel["targets"].items().empty()) << title;
    for (const auto& target : panel["targets"].items()) {
      expect_told(std::string(target["expr"].as_string()), used);
      for (const auto& label : found(std::string(target["legendFormat"].as_string()), R"(\{\{([a-z_]+)\}\})")) {
        EXPECT_NE(target["expr"].as_string().find(label), std::string_view::npos) << title << ": " << label;
      }
    }
  }
  for (const auto& note : board["annotations"]["list"].items()) expect_told(std::string(note["expr"].as_string()), used);
  for (const auto& variable : board["templating"]["list"].items()) {
    if (variable["type"].as_string() == "query") expect_told(std::string(variable["definition"].as_string()), used);
  }
  EXPECT_GE(used.size(), 25U);
}

TEST(Grafana, PanelsDoNotLieOnOneAnother) {
  std::set<std::pair<std::int64_t, std::int64_t>> taken;
  std::set<std::int64_t> ids;
  const Json board = dashboard();
  for (const auto& panel : board["panels"].items()) {
    EXPECT_TRUE(ids.insert(panel["id"].as_int()).second);
    const Json& at = panel["gridPos"];
    EXPECT_LE(at["x"].as_int() + at["w"].as_int(), 24);
    for (auto x = at["x"].as_int(); x < at["x"].as_int() + at["w"].as_int(); ++x) {
      for (auto y = at["y"].as_int(); y < at["y"].as_int() + at["h"].as_int(); ++y) {
        EXPECT_TRUE(taken.emplace(x, y).second) << panel["title"].as_string();
      }
    }
  }
}

}  // namespace
}  // namespace joulebook
