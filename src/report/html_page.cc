#include "report/html_page.h"

#include <fmt/format.h>

#include "export/study_json.h"
#include "report/html.h"
#include "report/html_sections.h"
#include "report/web_assets.h"

namespace joulebook {
namespace {

std::string head(const StudyResult& study) {
  return fmt::format(
      "<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "script-src 'sha256-{}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
      "form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"description\" content=\"{}\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{} – Joulebook</title>\n"
      "<style>\n{}</style>\n",
      report_script_sha256(), escape_html(study.sentence), escape_html(study.spec.name),
      report_style());
}

std::string footer(const StudyResult& study) {
  return fmt::format(
      "<footer><p>Written by Joulebook. This page holds the whole result as JSON and loads "
      "nothing. "
      "Record <code>{}</code>.</p></footer>\n",
      escape_html(study.id));
}

}  // namespace

Result<std::string> html_page(const Json& json) {
  const auto study = study_from_json(json);
  if (!study) return fail(study.error());
  const page::View view{*study, json};
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n" + head(*study) +
      "</head>\n<body>\n<a class=\"skip\" href=\"#working\">Skip to the working</a>\n"
      "<main>\n";
  for (const auto section :
       {page::headline, page::arms, page::comparisons, page::prompts, page::power, page::working}) {
    html += section(view);
  }
  html += "</main>\n" + footer(*study);
  html += "<script type=\"application/json\" id=\"study\">" + json_for_script(json) + "</script>\n";
  return html.append("<script>").append(report_script()).append("</script>\n</body>\n</html>\n");
}

}  // namespace joulebook
