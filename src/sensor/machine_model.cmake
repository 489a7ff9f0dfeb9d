# The model of a machine without sensors: sources, the data built in, tests.
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/cpu_power.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/cpu_power_csv.cc cpu_power_csv)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/cpu_load.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/cpu_load_csv.cc cpu_load_csv)
target_sources(jb_sensor PRIVATE
  busy_time.cc
  covariance.cc
  cpu_catalogue.cc
  cpu_generation.cc
  cpu_guess.cc
  cpu_name.cc
  linear_algebra.cc
  load_curve.cc
  machine.cc
  machine_model.cc
  power_regression.cc
  probe_machine_model.cc
  server_power.cc
  thread_power.cc
  ${CMAKE_CURRENT_BINARY_DIR}/cpu_power_csv.cc
  ${CMAKE_CURRENT_BINARY_DIR}/cpu_load_csv.cc)

joulebook_test(machine_model ROOMS sensor LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES
    busy_time_test.cc
    cpu_name_test.cc
    load_curve_test.cc
    machine_model_test.cc
    machine_test.cc
    power_regression_test.cc)
