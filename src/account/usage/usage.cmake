# Bills of people who have no machine: tokens by month to a range of joules.
joulebook_room(account_usage
  SOURCES
    usage/answers.cc
    usage/bill.cc
    usage/usage.cc
    usage/usage_csv.cc
  DEPENDS core account_units account_factors account_footprint serving
  LIBRARIES fmt::fmt)

joulebook_test(account_usage ROOMS account_usage LIBRARIES fmt::fmt rapidcheck rapidcheck_gtest
  SOURCES usage/usage_test.cc)
