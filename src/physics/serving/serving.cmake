# Text serving: the step model, its fit, its intervals and its tables.
find_path(JOULEBOOK_GSL_INCLUDE gsl/gsl_multifit_nlinear.h REQUIRED)
find_library(JOULEBOOK_GSL gsl REQUIRED)
find_library(JOULEBOOK_GSL_CBLAS gslcblas REQUIRED)
joulebook_embed_text(${CMAKE_SOURCE_DIR}/data/serving_fit.json
  ${CMAKE_CURRENT_BINARY_DIR}/serving_fit_data.cc serving_fit_json)
joulebook_room(serving
  SOURCES
    serving/baselines.cc
    serving/cpu_step.cc
    serving/evaluate.cc
    serving/experts.cc
    serving/fit.cc
    serving/fit_file.cc
    serving/interval.cc
    serving/least_squares.cc
    serving/lengths.cc
    serving/machines.cc
    serving/parameters.cc
    serving/plan.cc
    serving/plan_parts.cc
    serving/predict_csv.cc
    serving/rows.cc
    serving/shapes.cc
    serving/step_model.cc
    ${CMAKE_CURRENT_BINARY_DIR}/serving_fit_data.cc
  DEPENDS core physics_machine physics_shape
  LIBRARIES fmt::fmt ${JOULEBOOK_GSL} ${JOULEBOOK_GSL_CBLAS})
target_include_directories(jb_serving SYSTEM PRIVATE ${JOULEBOOK_GSL_INCLUDE})
joulebook_test(serving ROOMS serving LIBRARIES rapidcheck rapidcheck_gtest
  SOURCES serving/cpu_step_test.cc serving/experts_test.cc serving/plan_test.cc serving/serving_test.cc)
if(TARGET serving_test)
  target_compile_definitions(serving_test PRIVATE JOULEBOOK_DATA_DIR="${CMAKE_SOURCE_DIR}/data")
endif()
