#include "report/html.h"

#include <fmt/format.h>

#include "core/text.h"
#include "report/figure.h"

namespace joulebook {
namespace {

// Where the page's JSON holds what is shown; nothing for what was worked out of it.
std::string path_attribute(const std::string& path) {
  return path.empty() ? "" : fmt::format(" data-path=\"{}\"", escape_html(path));
}

std::string attribute(std::string_view name, const Json& number) {
  return number.is_number() ? fmt::format(" data-{}=\"{}\"", name, number.dump()) : "";
}

std::string absence_html(const std::string& path, const Json& quantity) {
  const FigureText figure = figure_text(quantity);
  const std::string why = figure.why.empty() ? figure.code : figure.why;
  return fmt::format(
      "<span class=\"fig none\"{} data-reason=\"{}\"{}><span class=\"v\">{}</span>"
      "<span class=\"i\">{}</span></span>",
      path_attribute(path), escape_html(figure.code), attribute("lo", quantity["lo"]),
      escape_html(figure.value), escape_html(why));
}

std::string row_html(const std::vector<std::string>& cells, const std::vector<std::string>& heads) {
  std::string row = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", cells[i])
                  : fmt::format("<td data-head=\"{}\">{}</td>",
                                escape_html(i < heads.size() ? heads[i] : ""), cells[i]);
  }
  return row + "</tr>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string json_for_script(const Json& json) {
  std::string out;
  // '<' stands only inside strings of a JSON text, where its escape means the same.
  for (const char c : json.dump()) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

const Json& json_at(const Json& root, std::string_view path) {
  const Json* here = &root;
  for (const auto step : split(path, '.')) {
    const auto index = here->is_array() ? parse_uint(step) : std::nullopt;
    here = index ? &here->at(*index) : &(*here)[step];
  }
  return *here;
}

namespace {

// A figure's element; `shown`: the quantity as it is printed, `held`: as the JSON has it.
std::string figure_element(const std::string& path, const Json& held, const Json& shown, RatioStyle style) {
  const FigureText figure = figure_text(shown, style);
  if (!figure.present()) return absence_html(path, held);
  std::string html = fmt::format(
      "<span class=\"fig\"{}{}{}{}><span class=\"v\">{}</span>", path_attribute(path),
      attribute("value", held["value"]), attribute("lo", held["lo"]), attribute("hi", held["hi"]),
      escape_html(figure.value));
  if (!figure.interval.empty()) {
    html += fmt::format("<span class=\"i\">{}</span>", escape_html(figure.interval));
  }
  const std::string level = figure.level.empty() ? "" : escape_html(figure.level) + " ";
  return html +
         fmt::format("<span class=\"s\">{0}<span class=\"tier {1}\">{1}</span></span></span>",
                     level, escape_html(figure.tier));
}

}  // namespace

std::string figure_html(const Json& root, const std::string& path, RatioStyle style) {
  const Json& quantity = json_at(root, path);
  return figure_element(path, quantity, quantity, style);
}

std::string figure_html(const Json& root, const std::string& path, const ShownUnit& in) {
  const Json& held = json_at(root, path);
  Json shown = held;
  for (const char* end : {"value", "lo", "hi"}) {
    if (held[end].is_number()) shown.set(end, held[end].as_double() / in.factor);
  }
  return figure_element(path, held, shown.set("unit", in.unit), RatioStyle::times);
}

std::string worked_out_html(const Quantity& quantity) {
  const Json json = to_json(quantity);
  return figure_element("", json, json, RatioStyle::times);
}

std::string number_html(const Json& root, const std::string& path, std::string_view text) {
  return fmt::format("<span class=\"num\" data-path=\"{}\"{}>{}</span>", escape_html(path),
                     attribute("value", json_at(root, path)), escape_html(text));
}

std::string table_html(const HtmlTable& table) {
  std::string html = fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\"><table "
      "class=\"{1}\"><caption>{0}</caption>\n<thead><tr>",
      escape_html(table.caption), table.css);
  for (const auto& head : table.heads) {
    html += fmt::format("<th scope=\"col\">{}</th>", escape_html(head));
  }
  html += "</tr></thead>\n";
  for (const auto& group : table.groups) {
    html += "<tbody>";
    if (!group.title.empty()) {
      html +=
          fmt::format("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{}\">{}</th></tr>\n",
                      table.heads.size(), escape_html(group.title));
    }
    for (const auto& row : group.rows) html += row_html(row, table.heads);
    html += "</tbody>\n";
  }
  return html + "</table></div>\n";
}

}  // namespace joulebook
