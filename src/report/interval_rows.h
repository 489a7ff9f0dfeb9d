#pragma once
// One line a period while a run goes on, as `perf stat -I` prints: time, watts by top-level domain,
// joules of the total and of the measured processes, CPU. Best values; the report has intervals
// and tiers. An absence is a word in brackets: the last one of its reason's code.
//
// On a terminal the columns are aligned and what does not fit is left out: first the single domains
// of one kind (their sum stays), then all domains. Elsewhere the fields are separated by tabs, bare
// numbers under heads with units, and nothing is left out. Pure.
#include <string>
#include <vector>

#include "core/json.h"
#include "report/terminal_table.h"

namespace joulebook {

class IntervalRows {
 public:
  // `first`: a window as joulebook_window_json gives it; `start_ns` is where time begins.
  IntervalRows(const Json& first, std::int64_t start_ns, bool terminal, const ScreenStyle& style);
  // The heads, and a line's text; both end with '\n'.
  [[nodiscard]] std::string head() const;
  [[nodiscard]] std::string row(const Json& window) const;

 private:
  // Watts of these domains, summed.
  struct Column {
    std::string head;
    std::vector<std::string> domains;
  };
  void choose_columns(const Json& first);
  [[nodiscard]] int width_of(const std::vector<Column>& columns) const;
  [[nodiscard]] std::string line(const std::vector<std::string>& cells) const;
  [[nodiscard]] std::vector<std::string> heads() const;

  std::int64_t start_ns_;
  bool terminal_;
  ScreenStyle style_;
  bool tree_;  // processes are measured, not the machine alone
  std::vector<Column> columns_;
};

}  // namespace joulebook
