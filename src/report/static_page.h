#pragma once
// How every page begins, and the frame of those that hold no script at all. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace joulebook::page {

// From the doctype to the begin of the body. `script_policy`: what the policy allows of scripts ("script-src
// 'sha256-...'; "); empty: none. `style`: CSS beside the style that all pages share. `title` and
// `description`: plain text.
[[nodiscard]] std::string page_head(std::string_view title, std::string_view description,
                                    std::string_view script_policy, std::string_view style);

struct StaticDocument {
  std::string title, description;  // plain text
  std::string sections;            // HTML
  std::string data_id;             // of the element that holds `data`
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
