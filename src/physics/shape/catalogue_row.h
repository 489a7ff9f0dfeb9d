#pragma once
// One line of data/architectures.csv as a shape. For catalogue.cc.
#include "core/csv_table.h"
#include "physics/shape/catalogue.h"

namespace joulebook::physics {

// Error: input "shape.catalogue" or "shape.contradiction", naming the row.
[[nodiscard]] Result<CatalogueModel> read_catalogue_row(const CsvTable::Row& row);

}  // namespace joulebook::physics
