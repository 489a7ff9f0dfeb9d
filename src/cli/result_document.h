#pragma once
// A result that is written down, by file or by its id in the ledger.
#include "cli/context.h"

namespace joulebook {

// `what`: a file that --json wrote, else a run of the ledger ("last", an id or its beginning).
// Errors: input "json.syntax" with the file's name; those of the ledger.
[[nodiscard]] Result<Json> result_document(const Context& context, const std::string& what);

}  // namespace joulebook
