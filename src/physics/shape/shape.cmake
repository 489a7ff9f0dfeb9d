# What a model is: shapes, counts, the catalogue, and the files shapes are read from.
joulebook_room(physics_shape
  SOURCES
    shape/counts.cc
    shape/mixer_counts.cc
    shape/validate.cc
    shape/work.cc
  DEPENDS core
  LIBRARIES fmt::fmt)
