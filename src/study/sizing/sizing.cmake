# Which arm is enough, and what a rule by kind would take: numbers in, numbers out.
joulebook_room(study_sizing
  SOURCES
    sizing/add_sizing.cc
    sizing/cross_fit.cc
    sizing/day.cc
    sizing/field.cc
    sizing/frontier.cc
    sizing/ladder.cc
    sizing/policy.cc
    sizing/quality.cc
    sizing/requirement.cc
    sizing/route.cc
    sizing/sizing.cc
    sizing/sizing_json.cc
  DEPENDS core study_stats
  LIBRARIES fmt::fmt)

joulebook_test(study_sizing ROOMS json_schema study_sizing
  LIBRARIES rapidcheck rapidcheck_gtest fmt::fmt nlohmann_json::nlohmann_json
  SOURCES
    sizing/frontier_test.cc
    sizing/ladder_test.cc
    sizing/planted_route_test.cc
    sizing/quality_test.cc
    sizing/requirement_test.cc
    sizing/route_test.cc
    sizing/schema_test.cc
    sizing/sizing_test.cc)
if(TARGET study_sizing_test)
  target_include_directories(study_sizing_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(study_sizing_test PRIVATE JOULEBOOK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endif()
