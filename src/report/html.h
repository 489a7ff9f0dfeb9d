#pragma once
// Small tools that write HTML. Pure. Every text that comes from outside passes through escape_html.
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "report/figure.h"

namespace joulebook {

// For element content and double-quoted attributes; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string escape_html(std::string_view text);

// JSON that may stand inside <script type="application/json">: no "</", "<!--" or "<script" in it,
// and still the same document to a JSON parser.
[[nodiscard]] std::string json_for_script(const Json& json);

// The value at a dotted path ("arms.0.j_per_response.these"); null where there is none.
[[nodiscard]] const Json& json_at(const Json& root, std::string_view path);

// A figure by its path: value, interval, level and tier, or the reason of its absence, with
// data-path, data-value, data-lo and data-hi for programs that compare the page with the JSON.
// A figure that is not there is written as one, never passed over.
[[nodiscard]] std::string figure_html(const Json& root, const std::string& path,
                                      RatioStyle style = RatioStyle::times);

// In a unit that a whole column shares, which the reader would else see jump: "GWh" of joules.
struct ShownUnit {
  double factor = 1;  // of the quantity's own in one of it
  std::string_view unit;
};
[[nodiscard]] std::string figure_html(const Json& root, const std::string& path, const ShownUnit& in);

// A figure that the page's JSON doesn't hold, as it was worked out of it: the same without a path.
[[nodiscard]] std::string worked_out_html(const Quantity& quantity);

// A plain number by its path, shown as `text`.
[[nodiscard]] std::string number_html(const Json& root, const std::string& path,
                                      std::string_view text);

// A table in a box of its own that scrolls sideways on narrow screens. Cells are HTML.
struct HtmlTable {
  std::string caption;             // plain text, read out by screen readers
  std::vector<std::string> heads;  // plain text; the first column's cells are row headers
  struct Group {
    std::string title;  // plain text; empty: no heading row
    std::vector<std::vector<std::string>> rows;
  };
  std::vector<Group> groups;
  std::string css;  // class of the table
};
[[nodiscard]] std::string table_html(const HtmlTable& table);

}  // namespace joulebook
