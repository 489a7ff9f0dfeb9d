# What a model is: shapes, counts, the catalogue, and the files shapes are read from.
include(EmbedText)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/architectures.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/architectures_csv.cc architectures_csv)
joulebook_room(physics_shape
  SOURCES
    shape/catalogue.cc
    shape/catalogue_row.cc
    shape/config_layers.cc
    shape/config_precision.cc
    shape/config_reader.cc
    shape/config_recurrent.cc
    shape/config_shape.cc
    shape/config_traits.cc
    shape/counts.cc
    shape/gguf_layers.cc
    shape/gguf_shape.cc
    shape/layer_groups.cc
    shape/mixer_counts.cc
    shape/model_name.cc
    shape/shape_source.cc
    shape/synthesise.cc
    shape/validate.cc
    shape/work.cc
    ${CMAKE_CURRENT_BINARY_DIR}/architectures_csv.cc
  DEPENDS core gguf
  LIBRARIES fmt::fmt)

joulebook_test(physics_shape ROOMS physics_shape LIBRARIES jb_tiny_gguf fmt::fmt
  SOURCES
    shape/catalogue_test.cc
    shape/config_shape_test.cc
    shape/counts_test.cc
    shape/gguf_shape_test.cc
    shape/shape_source_test.cc)
