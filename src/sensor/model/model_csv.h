#pragma once
// `sensors --model-csv`: a CSV of servers in, the same CSV with six columns of watts out.
//
// In: a header that names cpu, chips, threads and memory_gb in any order and any case, others kept.
// RFC 4180 quoting (a quoted cell may span lines), LF or CRLF, a byte order mark is dropped. Lines
// without a character are dropped. Memory that is empty, no number, or not positive is unknown.
// Out: idle_w,idle_lo,idle_hi,full_w,full_lo,full_hi, 80 % intervals, boundary node. A row is
// refused, with six empty cells, where chips or threads is no whole number of at least 1 (at most
// 1e6), chips exceed threads, or there are more cells than columns. A short row is filled up with
// empty cells first, so that the six stand under their names.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sensor/model/server_power.h"

namespace joulebook {

inline constexpr double kModelCsvLevel = 0.8;

struct ModelCsvRow {
  std::size_t line = 0;  // of the text, from 1
  std::string cpu;       // as given
  std::optional<ServerPower> power;
  std::string refusal;  // why `power` is empty
};

struct ModelCsv {
  std::string csv;
  std::vector<ModelCsvRow> rows;
};

// Errors: input "csv.column" where a column is missing, "csv.empty" where there is no header,
// "csv.quote" where a quote is not closed.
[[nodiscard]] Result<ModelCsv> append_model_columns(std::string_view text);

}  // namespace joulebook
