#pragma once
// The frame of pages that hold no script at all: card and report. Pure.
#include <string>
#include <vector>

#include "core/json.h"

namespace joulebook::page {

struct StaticDocument {
  std::string title, description;  // plain text
  std::string sections;            // HTML
  std::string data_id;             // of the element that holds `data`; empty: none
  const Json& data;
};
// A whole self-contained page: it asks for nothing, and its policy allows no script.
[[nodiscard]] std::string static_document(const StaticDocument& document);

// A bar of shares from 0 to 1, widths in per cent, with a list of what they are below it. Shares that are
// not known are left out.
struct BarShare {
  std::string name;
  double share = 0;
  std::string text;  // "63 %"
};
[[nodiscard]] std::string share_bar(const std::vector<BarShare>& shares, const std::string& label);

}  // namespace joulebook::page
