# Where the joules went: floors, decompositions that add up, and changes that would save.
include(EmbedText)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/change_spread.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/change_spread_csv.cc change_spread_csv)
joulebook_room(explain
  SOURCES
    explain/change_spread.cc
    explain/clocks.cc
    explain/decompose.cc
    explain/deployment.cc
    explain/explain_text.cc
    explain/floor.cc
    explain/measured_run.cc
    explain/pairs.cc
    explain/run_difference.cc
    explain/shape_change.cc
    explain/shapley.cc
    explain/spec.cc
    explain/whatif.cc
    ${CMAKE_CURRENT_BINARY_DIR}/change_spread_csv.cc
  DEPENDS core serving
  LIBRARIES fmt::fmt)

joulebook_test(explain ROOMS explain LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES
    explain/decompose_test.cc
    explain/floor_test.cc
    explain/measured_run_test.cc
    explain/spec_test.cc
    explain/whatif_test.cc)
if(TARGET explain_test)
  target_include_directories(explain_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(explain_test PRIVATE JOULEBOOK_DATA_DIR="${CMAKE_SOURCE_DIR}/data"
    JOULEBOOK_GOLDEN_DIR="${CMAKE_SOURCE_DIR}/tests/golden/explain")
endif()
