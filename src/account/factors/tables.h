#pragma once
// The tables of data/ as factors: one reader a table. Inside of the room.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "account/factors/factors.h"

namespace joulebook::account {

// Every table in turn. Error: input "factors.table", naming the table and the line.
[[nodiscard]] Result<std::vector<Factor>> read_all_tables();

// "Google Cloud" -> "google-cloud": a part of an id.
[[nodiscard]] std::string slug(std::string_view name);

}  // namespace joulebook::account
