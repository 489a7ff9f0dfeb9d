# Audits: rules that need no recipe, verdicts, and what was probably mistaken.
joulebook_room(account_audit
  SOURCES
    audit/audit.cc
    audit/audit_json.cc
    audit/facts.cc
    audit/implied_recipe.cc
    audit/judge.cc
    audit/rules.cc
    audit/rules_method.cc
    audit/rules_power.cc
    audit/rules_step.cc
    audit/rules_training.cc
    audit/slips.cc
  DEPENDS core account_claim
  LIBRARIES fmt::fmt)

joulebook_test(account_audit TOGETHER ROOMS account_audit json_schema LIBRARIES fmt::fmt nlohmann_json::nlohmann_json rapidcheck rapidcheck_gtest
  SOURCES audit/rules_test.cc audit/shipped_test.cc audit/stranger_test.cc)
if(TARGET account_audit_test)
  target_include_directories(account_audit_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(account_audit_test PRIVATE JOULEBOOK_SOURCE_DIR="${CMAKE_SOURCE_DIR}" JOULEBOOK_CLAIMS_DIR="${CMAKE_SOURCE_DIR}/claims"
    JOULEBOOK_DATA_DIR="${CMAKE_SOURCE_DIR}/data")
endif()
