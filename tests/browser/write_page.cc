// Writes the report page of the sample study, and its JSON, for the browser tests.
//   write_report_page DIR
#include <cstdio>
#include <string>

#include "core/file_tree.h"
#include "export/study_json.h"
#include "fakes/sample_study.h"
#include "report/html_page.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string dir = argv[1];
  const auto json = joulebook::to_json(joulebook::fakes::sample_study());
  const auto page = joulebook::html_page(json);
  if (!page) {
    std::fprintf(stderr, "%s\n", page.error().message.c_str());
    return 1;
  }
  const bool written = joulebook::write_file(dir + "/report.html", *page).has_value() &&
                       joulebook::write_file(dir + "/study.json", json.dump(2)).has_value();
  return written ? 0 : 3;
}
