#include "export/card/card_csv.h"

#include <array>

#include "export/csv_row.h"

namespace joulebook::card {
namespace {

constexpr std::array kFigures = {"total", "per_request", "per_1000_requests", "per_million_output_tokens",
                                 "per_million_tokens"};

std::string key_text(const Json& key) {
  std::string text;
  for (const auto& [name, value] : key.members()) {
    text += (text.empty() ? "" : " ") + name + "=" + std::string(value.as_string());
  }
  return text;
}

class Rows {
 public:
  explicit Rows(const Json& subject)
      : name_(subject["name"].as_string()), kind_(subject["kind"].as_string()), key_(key_text(subject["key"])) {}

  void figure(std::string_view basis, std::string_view figure, const Json& json) {
    const auto q = quantity_from_json(json);
    if (!q) return;
    CsvRow row;
    row.text(name_).text(kind_).text(key_).text(basis).text(figure).text(q->unit).text(q->per);
    out += row.metric(MetricType::quantity, *q).line();
  }
  std::string out;

 private:
  std::string name_, kind_, key_;
};

}  // namespace

std::string card_csv(const Json& card) {
  CsvRow head;
  for (const char* name : {"model", "kind", "key", "basis", "figure", "unit", "per"}) head.text(name);
  std::string out = head.header(MetricType::quantity, "value").line();
  for (const auto& subject : card["subjects"].items()) {
    Rows rows(subject);
    for (const auto& basis : subject["energy"].items()) {
      for (const char* name : kFigures) rows.figure(basis["basis"].as_string(), name, basis[name]);
    }
    const auto first = subject["energy"].at(0)["basis"].as_string();
    for (const auto& phase : subject["phases"].items()) {
      rows.figure(first, "phase " + std::string(phase["phase"].as_string()), phase["energy"]);
    }
    rows.figure("apart", "total", subject["apart_energy"]);
    for (const auto& [name, quantity] : subject["carbon"].members()) rows.figure("carbon", name, quantity);
    out += rows.out;
  }
  return out;
}

}  // namespace joulebook::card
