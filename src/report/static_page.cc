#include "report/static_page.h"

#include <fmt/format.h>

#include "report/html.h"
#include "report/web_assets.h"

namespace joulebook::page {
namespace {

// Beside the style that all pages share (web/style.css).
constexpr std::string_view kStyle = R"(
.bar{display:flex;height:1.1rem;margin:.5rem 0 .35rem;background:var(--panel);border-radius:2px;overflow:hidden}
.bar span{display:block;min-width:1px;background:var(--c);print-color-adjust:exact;-webkit-print-color-adjust:exact}
.bar-key{list-style:none;padding:0;margin:0 0 1rem;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.875rem}
.bar-key i{display:inline-block;width:.75em;height:.75em;margin-right:.4em;background:var(--c);print-color-adjust:exact;-webkit-print-color-adjust:exact}
.line{display:block;height:.8rem;min-width:2px;margin-top:.25rem;background:var(--arm-0);print-color-adjust:exact;-webkit-print-color-adjust:exact}
.records td:last-child,.days td:last-child,.totals td:last-child{width:30%;min-width:5rem}
.status-missing{color:var(--soft);font-style:italic}
.stamp{border:1px solid var(--rule);border-left:3px solid var(--accent);padding:.6rem .9rem;margin:1rem 0;font-size:.9375rem;overflow-wrap:anywhere}
.stamp p:last-child{margin:0}
td code,dd code{overflow-wrap:anywhere}
details{margin:.5rem 0 1rem}
summary{cursor:pointer;font-weight:600}
@media print{
  @page{margin:16mm 14mm}
  h1{font-size:20pt}
  section{margin-top:14pt;break-before:auto}
  table{font-size:8pt}
  th,td{padding-right:.5rem}
  tbody th,td .none .i,.settings td,.absences td,.records td:last-child,.days td:last-child,.totals td:last-child{min-width:0}
  .fig .v,.fig .s,.fig:not(.none) .i,th code{white-space:normal}
  details::details-content{content-visibility:visible;block-size:auto}
  a{color:inherit;text-decoration:none}
  .card+.card{break-before:page}
}
)";

}  // namespace

std::string page_head(std::string_view title, std::string_view description, std::string_view script_policy,
                      std::string_view style) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; {}"
      "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"description\" content=\"{}\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n<title>{} – Joulebook</title>\n<style>\n{}{}</style>\n"
      "</head>\n<body>\n",
      script_policy, escape_html(description), escape_html(title), report_style(), style);
}

std::string static_document(const StaticDocument& d) {
  return page_head(d.title, d.description, "", kStyle) + "<main>\n" + d.sections +
         "</main>\n<footer><p>Written by Joulebook. This page loads nothing and runs nothing.</p></footer>\n" +
         fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", d.data_id, json_for_script(d.data)) +
         "</body>\n</html>\n";
}

std::string share_bar(const std::vector<BarShare>& shares, const std::string& label) {
  std::string bar, key;
  std::size_t colour = 0;
  for (const auto& s : shares) {
    const auto arm = colour++ % 6;
    bar += fmt::format("<span class=\"arm-{}\" style=\"width:{:.3f}%\"></span>", arm, 100 * s.share);
    key += fmt::format("<li class=\"arm-{}\"><i></i>{} {}</li>", arm, escape_html(s.name), escape_html(s.text));
  }
  return fmt::format("<div class=\"bar\" role=\"img\" aria-label=\"{}\">{}</div>\n<ul class=\"bar-key\">{}</ul>\n",
                     escape_html(label), bar, key);
}

}  // namespace joulebook::page
