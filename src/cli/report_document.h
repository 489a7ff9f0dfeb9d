#pragma once
// What `joulebook report` shows: a selection of the ledger as one document, joulebook.report/1.
#include <joulebook/result.h>

#include "cli/card_selection.h"
#include "cli/context.h"
#include "ledger/serve_ledger.h"

namespace joulebook {

// Errors: those of the ledger, and of cards (card.h) but for an empty selection of answers.
[[nodiscard]] Result<Json> report_document(const Context& context, const Ledger& ledger, const Chosen& chosen,
                                           const std::string& title);

// A gateway's document with its `usage`; where the run goes on, its total is an absence that knows what
// was posted so far.
[[nodiscard]] Result<Json> with_usage(const std::string& ledger_path, const std::string& run, Json document,
                                      HourSpan span = {});

}  // namespace joulebook
