#include "report/html_page.h"

#include <fmt/format.h>

#include "export/study_json.h"
#include "report/html.h"
#include "report/html_sections.h"
#include "report/static_page.h"
#include "report/web_assets.h"

namespace joulebook {
namespace page {

std::string document(const Document& d) {
  std::string html =
      page_head(d.title, d.description, fmt::format("script-src 'sha256-{}'; ", report_script_sha256()), "");
  html += "<a class=\"skip\" href=\"#working\">Skip to the working</a>\n<main>\n" + d.sections + "</main>\n";
  html += fmt::format(
      "<footer><p>Written by Joulebook. This page holds the whole result as JSON and loads nothing.{}</p></footer>\n",
      d.record.empty() ? "" : fmt::format(" Record <code>{}</code>.", escape_html(d.record)));
  html += fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", d.data_id, json_for_script(d.data));
  return html.append("<script>").append(report_script()).append("</script>\n</body>\n</html>\n");
}

}  // namespace page

Result<std::string> html_page(const Json& json) {
  const auto study = study_from_json(json);
  if (!study) return fail(study.error());
  const page::View view{*study, json};
  std::string sections;
  for (const auto section :
       {page::headline, page::arms, page::frontier, page::ladder, page::route, page::comparisons,
        page::prompts, page::power, page::working}) {
    sections += section(view);
  }
  return page::document({study->spec.name, study->sentence, sections, study->id, "study", json});
}

}  // namespace joulebook
