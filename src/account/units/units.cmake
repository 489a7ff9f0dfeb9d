# Amounts with units, as people write them.
joulebook_room(account_units
  SOURCES
    units/measure.cc
    units/names.cc
    units/number.cc
    units/unit.cc
  DEPENDS core
  LIBRARIES fmt::fmt)

joulebook_test(account_units ROOMS account_units LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES units/measure_test.cc)
