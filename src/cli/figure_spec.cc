#include "cli/figure_spec.h"

#include "core/file_tree.h"

namespace joulebook {

Result<explain::Figure> figure_of(const std::string& spec) {
  const auto place = explain::csv_place(spec);
  if (!place) return explain::parse_figure(spec);
  const auto csv = read_file(place->file);
  if (!csv) return fail(csv.error());
  return explain::figure_of_row(*csv, place->line, place->file);
}

}  // namespace joulebook
