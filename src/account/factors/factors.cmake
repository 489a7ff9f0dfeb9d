# Constants with their sources: tables of data/, built in.
foreach(table account cloud_pue_wue embodied equivalents grid_intensity places pue_defaults)
  joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/${table}.csv
                       ${CMAKE_CURRENT_BINARY_DIR}/${table}_csv.cc ${table}_csv)
  list(APPEND account_tables ${CMAKE_CURRENT_BINARY_DIR}/${table}_csv.cc)
endforeach()
joulebook_room(account_factors
  SOURCES
    factors/built_in.cc
    factors/lookup.cc
    factors/tables.cc
    ${account_tables}
  DEPENDS core account_units training
  LIBRARIES fmt::fmt)

joulebook_test(account_factors ROOMS account_factors LIBRARIES fmt::fmt
  SOURCES factors/factors_test.cc)
