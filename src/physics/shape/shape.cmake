# What a model is: shapes, counts, the catalogue, and the files shapes are read from.
include(EmbedText)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/architectures.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/architectures_csv.cc architectures_csv)
joulebook_room(physics_shape
  SOURCES
    shape/catalogue.cc
    shape/catalogue_row.cc
    shape/counts.cc
    shape/gguf_layers.cc
    shape/gguf_shape.cc
    shape/layer_groups.cc
    shape/mixer_counts.cc
    shape/model_name.cc
    shape/synthesise.cc
    shape/validate.cc
    shape/work.cc
    ${CMAKE_CURRENT_BINARY_DIR}/architectures_csv.cc
  DEPENDS core gguf
  LIBRARIES fmt::fmt)

joulebook_test(physics_shape ROOMS physics_shape LIBRARIES fmt::fmt
  SOURCES
    shape/catalogue_test.cc
    shape/counts_test.cc)
