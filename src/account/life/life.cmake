# Training and service over a model's life, by Monte Carlo.
joulebook_room(account_life
  SOURCES
    life/distribution.cc
    life/distribution_toml.cc
    life/life.cc
    life/life_file.cc
  DEPENDS core account_units account_factors account_footprint study_stats
  LIBRARIES fmt::fmt)

joulebook_test(account_life ROOMS account_life LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES life/life_test.cc)
