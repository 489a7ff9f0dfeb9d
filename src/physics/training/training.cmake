# Training: FLOPs, device hours, energy and carbon, and what published runs imply.
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/training.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/training_csv.cc training_csv)
joulebook_room(training
  SOURCES
    training/cost.cc
    training/flops.cc
    training/runs.cc
    ${CMAKE_CURRENT_BINARY_DIR}/training_csv.cc
  DEPENDS core physics_machine physics_shape
  LIBRARIES fmt::fmt)

joulebook_test(training ROOMS training LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES training/training_test.cc)
if(TARGET training_test)
  target_compile_definitions(training_test PRIVATE PROJECT_ROOT="${PROJECT_SOURCE_DIR}")
endif()
