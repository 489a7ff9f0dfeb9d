# Demand, efficiency and what limits them, over years.
joulebook_embed_text(${PROJECT_SOURCE_DIR}/examples/scenarios/data-centres-2010.toml
                     ${CMAKE_CURRENT_BINARY_DIR}/data_centres_2010.cc data_centres_2010_toml)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/examples/scenarios/search-2023.toml
                     ${CMAKE_CURRENT_BINARY_DIR}/search_2023.cc search_2023_toml)
joulebook_room(account_scenario
  SOURCES
    scenario/drivers.cc
    scenario/scenario.cc
    scenario/scenario_file.cc
    ${CMAKE_CURRENT_BINARY_DIR}/data_centres_2010.cc
    ${CMAKE_CURRENT_BINARY_DIR}/search_2023.cc
  DEPENDS core account_units account_factors account_footprint account_life study_stats
  LIBRARIES fmt::fmt)

joulebook_test(account_scenario ROOMS account_scenario LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES scenario/scenario_test.cc)
if(TARGET account_scenario_test)
  target_compile_definitions(account_scenario_test PRIVATE PROJECT_ROOT="${PROJECT_SOURCE_DIR}")
endif()
