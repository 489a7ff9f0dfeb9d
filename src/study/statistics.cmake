# The statistics half of the study room: numbers in, numbers out; needs core alone.
joulebook_room(study_stats
  SOURCES
    arm_result.cc
    bought.cc
    comparison.cc
    estimates.cc
    proportion.cc
    resample.cc
    rng.cc
    sentence.cc
    split.cc
    stopping.cc
    student.cc
    versus.cc
  DEPENDS core
  LIBRARIES fmt::fmt)

# Studies whose truth is planted, for the tests and for the table of docs/statistics.md.
add_library(jb_planted_study STATIC EXCLUDE_FROM_ALL
  ${CMAKE_SOURCE_DIR}/tests/fakes/planted_study.cc)
target_include_directories(jb_planted_study PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(jb_planted_study PUBLIC jb_study_stats)

if(JOULEBOOK_BENCH)
  add_executable(planted_studies ${CMAKE_SOURCE_DIR}/bench/planted_studies.cc)
  target_link_libraries(planted_studies PRIVATE jb_planted_study fmt::fmt)
endif()

joulebook_test(study_stats ROOMS study_stats
  LIBRARIES jb_planted_study jb_sample_study rapidcheck rapidcheck_gtest fmt::fmt
  SOURCES
    bought_test.cc
    comparison_test.cc
    planted_study_test.cc
    resample_test.cc
    rng_test.cc
    sentence_test.cc
    split_test.cc
    stopping_test.cc
    student_test.cc
    versus_test.cc)
