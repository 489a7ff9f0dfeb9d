# Claims: their files, the language of their recipes, and what a recipe comes to.
foreach(table ml_energy ml_energy_diffusion power_hungry)
  joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/${table}.csv
                       ${CMAKE_CURRENT_BINARY_DIR}/${table}_csv.cc ${table}_csv)
  list(APPEND claim_tables ${CMAKE_CURRENT_BINARY_DIR}/${table}_csv.cc)
endforeach()
joulebook_room(account_claim
  SOURCES
    claim/claim.cc
    claim/expression.cc
    claim/functions.cc
    claim/functions_factors.cc
    claim/functions_images.cc
    claim/functions_machine.cc
    claim/functions_serving.cc
    claim/inputs.cc
    claim/published.cc
    claim/range.cc
    claim/scope.cc
    ${claim_tables}
  DEPENDS core account_units account_factors account_footprint diffusion serving training
  LIBRARIES fmt::fmt)

joulebook_test(account_claim ROOMS account_claim LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES claim/claim_test.cc)
