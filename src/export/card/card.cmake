# A model energy card, the bundle that it was made from, and whether the two agree.
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
joulebook_room(card
  SOURCES
    card/bundle.cc
    card/carbon.cc
    card/card.cc
    card/card_csv.cc
    card/facts.cc
    card/form_fields.cc
    card/forms.cc
    card/make.cc
    card/record_subjects.cc
    card/request_subjects.cc
    card/sha256.cc
    card/subject.cc
    card/sums.cc
    card/verify.cc
    card/verify_rows.cc
    card/verify_samples.cc
    card/windows.cc
  DEPENDS core account_footprint export
  LIBRARIES fmt::fmt OpenSSL::Crypto)

joulebook_test(card ROOMS card json_schema sample_study
  LIBRARIES rapidcheck rapidcheck_gtest nlohmann_json::nlohmann_json fmt::fmt
  SOURCES card/bundle_test.cc card/card_schema_test.cc card/card_test.cc card/verify_test.cc)
if(TARGET card_test)
  target_include_directories(card_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(card_test PRIVATE JOULEBOOK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endif()
