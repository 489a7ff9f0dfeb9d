find_package(OpenSSL REQUIRED)

joulebook_room(wire
  SOURCES wire/answer_reader.cc wire/api.cc wire/events.cc wire/fields.cc wire/identity.cc wire/metered_exchange.cc
    wire/metrics_page.cc
  DEPENDS core http ledger answer
  LIBRARIES OpenSSL::Crypto fmt::fmt)

joulebook_test(wire ROOMS wire LIBRARIES rapidcheck rapidcheck_gtest
  SOURCES wire/contract_test.cc wire/exchange_test.cc wire/identity_test.cc wire/transcripts_test.cc)
