# The model of a machine without sensors: sources, the data built in, tests.
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/cpu_power.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/cpu_power_csv.cc cpu_power_csv)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/cpu_load.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/cpu_load_csv.cc cpu_load_csv)
target_sources(jb_sensor PRIVATE
  model/busy_time.cc
  model/covariance.cc
  model/cpu_catalogue.cc
  model/cpu_codename.cc
  model/cpu_generation.cc
  model/cpu_guess.cc
  model/cpu_name.cc
  model/linear_algebra.cc
  model/load_curve.cc
  model/machine.cc
  model/machine_model.cc
  model/model_csv.cc
  model/node_split.cc
  model/power_regression.cc
  model/probe_machine_model.cc
  model/server_power.cc
  model/thread_power.cc
  ${CMAKE_CURRENT_BINARY_DIR}/cpu_power_csv.cc
  ${CMAKE_CURRENT_BINARY_DIR}/cpu_load_csv.cc)

joulebook_test(machine_model ROOMS sensor LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES
    model/busy_time_test.cc
    model/cpu_name_test.cc
    model/load_curve_test.cc
    model/machine_model_test.cc
    model/machine_test.cc
    model/model_csv_test.cc
    model/node_split_test.cc
    model/power_regression_test.cc)
