#pragma once
// A selection of the ledger as one page: what took how much, day by day, record by record, by model and,
// of gateways, by account, tenant and route. Holds no script; prints on paper. Pure.
#include <string>

#include "core/json.h"

namespace joulebook {

// `report`: a document of schema joulebook.report/1. The page holds it as JSON, in the element `report`.
[[nodiscard]] std::string report_page(const Json& report);

}  // namespace joulebook
