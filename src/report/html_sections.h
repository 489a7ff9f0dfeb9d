#pragma once
// The sections of the report page, from top to bottom, and the frame of every page.
#include <string>

#include "core/json.h"
#include "study/records.h"

namespace joulebook::page {

// One study, as records (for what to show) and as JSON (for the figures shown, by path).
struct View {
  const StudyResult& study;
  const Json& json;

  [[nodiscard]] std::string figure(const std::string& path) const;
};

[[nodiscard]] std::string headline(const View& view);
[[nodiscard]] std::string arms(const View& view);
// Quality against joules; empty where fewer than two arms were graded.
[[nodiscard]] std::string frontier(const View& view);
// What each step of effort or budget bought; empty where the study has no ladder.
[[nodiscard]] std::string ladder(const View& view);
// The rule by kind and a day by it; empty where the study requires nothing, or has one kind.
[[nodiscard]] std::string route(const View& view);
[[nodiscard]] std::string comparisons(const View& view);
[[nodiscard]] std::string prompts(const View& view);
[[nodiscard]] std::string power(const View& view);
// Machine, sensors, settings, stopping rule, warnings, absences.
[[nodiscard]] std::string working(const View& view);

// A whole page around its sections: head with the policy, footer, data and script.
struct Document {
  std::string title, description;
  std::string sections;  // HTML
  std::string record;    // id in the ledger; empty: none
  std::string data_id;   // of the element that holds `data`, where the script looks
  const Json& data;
};
[[nodiscard]] std::string document(const Document& document);

// A place for a chart that the script draws; `what` is read out in its stead.
[[nodiscard]] std::string chart(const std::string& id, const std::string& title,
                                const std::string& what, const std::string& note);

}  // namespace joulebook::page
