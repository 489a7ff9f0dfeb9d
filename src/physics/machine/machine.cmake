# What a model runs on: data sheets.
include(EmbedText)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/hardware.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/hardware_csv.cc hardware_csv)
joulebook_room(physics_machine
  SOURCES
    machine/hardware.cc
    ${CMAKE_CURRENT_BINARY_DIR}/hardware_csv.cc
  DEPENDS core
  LIBRARIES fmt::fmt)

joulebook_test(physics_machine ROOMS physics_machine
  SOURCES
    machine/hardware_test.cc)
