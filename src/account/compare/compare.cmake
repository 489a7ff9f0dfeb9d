# What a figure is like, and what it stands in the place of.
joulebook_room(account_compare
  SOURCES
    compare/equivalents.cc
    compare/instead.cc
  DEPENDS core account_units account_factors account_footprint
  LIBRARIES fmt::fmt)

joulebook_test(account_compare ROOMS account_compare LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES compare/compare_test.cc)
