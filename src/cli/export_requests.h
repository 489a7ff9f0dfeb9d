#pragma once
// A gateway's requests as a file, row by row: there may be millions.
#include <joulebook/result.h>

#include <string>

#include "cli/context.h"

namespace joulebook {

// "csv", "jsonl" and "sql" are written as rows are read; other formats are of the run as a whole.
[[nodiscard]] bool is_request_format(const std::string& format);

// `path` "-": standard output. Errors: those of the ledger; resource "file.unwritable".
[[nodiscard]] Status export_requests(const Context& context, const std::string& run,
                                     const std::string& format, const std::string& path);

}  // namespace joulebook
