# The ten tasks: special programs against general models. Above `account`, whose break-even and grams
# it takes.
joulebook_room(study_tasks
  SOURCES
    tasks/day.cc
    tasks/enough.cc
    tasks/figures.cc
    tasks/fingerprint.cc
    tasks/placeholders.cc
    tasks/published.cc
    tasks/run_tasks.cc
    tasks/scale.cc
    tasks/step.cc
    tasks/task_toml.cc
    tasks/tasks_json.cc
    tasks/training.cc
  DEPENDS core meter engine diffusion study study_sizing study_stats account_claim account_factors account_footprint account_life
  LIBRARIES fmt::fmt)

joulebook_test(study_tasks ROOMS json_schema report study_tasks
  LIBRARIES fmt::fmt nlohmann_json::nlohmann_json rapidcheck rapidcheck_gtest
  SOURCES tasks/enough_test.cc tasks/figures_test.cc tasks/task_toml_test.cc)
if(TARGET study_tasks_test)
  target_include_directories(study_tasks_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(study_tasks_test PRIVATE JOULEBOOK_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    JOULEBOOK_GOLDEN_DIR="${CMAKE_SOURCE_DIR}/tests/golden/report")
endif()
