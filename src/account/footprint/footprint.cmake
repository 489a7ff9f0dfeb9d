# Joules to grams, litres and money.
joulebook_room(account_footprint
  SOURCES
    footprint/boundary.cc
    footprint/embodied.cc
    footprint/footprint.cc
    footprint/reckon.cc
    footprint/series.cc
    footprint/when.cc
  DEPENDS core account_units account_factors
  LIBRARIES fmt::fmt)

joulebook_test(account_footprint ROOMS account_footprint LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES footprint/footprint_test.cc footprint/series_test.cc)
