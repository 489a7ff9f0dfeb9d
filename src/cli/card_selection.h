#pragma once
// A selection of the ledger: runs by id, or what began in a span of time. For card and report.
#include <joulebook/result.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "export/card/record_subjects.h"
#include "ledger/ledger.h"

namespace joulebook {

struct CardSelection {
  std::vector<std::string> runs;  // ids, prefixes, "last"; empty: what the span holds
  std::string since, until;       // as written; empty: no limit
  std::string by = "model";
  bool keep_text = false;
};

struct Chosen {
  std::vector<card::Record> records;   // finished runs, questions and studies
  std::vector<std::string> gateways;   // ids of serve runs, whose requests are rows
  std::vector<RunSummary> runs;        // what the ledger's list says of both
  std::string since, until;            // ISO 8601 UTC; empty: no limit
  std::int64_t from_ns = INT64_MIN;    // since 1970 UTC
  std::int64_t to_ns = INT64_MAX;
  std::vector<std::string> by;

  [[nodiscard]] std::vector<std::string> ids() const;
};

// The flags: RUN..., --since, --until, --by, --keep-text. The selection must outlive the command line.
void add_selection(CLI::App& command, CardSelection& selection);

// Where no run is named: all gateways, and with a span every finished record that began in it. Errors:
// usage "card.selection" (nothing named, or a date that is none); those of the ledger.
[[nodiscard]] Result<Chosen> resolve_selection(const Ledger& ledger, const CardSelection& selection);

// The selection's metered requests, as documents, in the order in which they began. Returns warnings: what
// was rolled up, and so is a row no more.
[[nodiscard]] Result<std::vector<std::string>> each_selected_request(const std::string& ledger_path, const Chosen& chosen,
                                           const std::function<Status(const Json&)>& visit);

// The settled windows behind those requests (by id): of each domain and hour in which one of them was posted
// to, all; other requests' joules are added up (card::folded). By run, domain, time.
[[nodiscard]] Status each_selected_window(const std::string& ledger_path, const Chosen& chosen,
                                          const std::set<std::string>& requests,
                                          const std::function<Status(const Json&)>& visit);

}  // namespace joulebook
