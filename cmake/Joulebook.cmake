# One static library a room, with its tests beside its sources.
include(CheckCXXCompilerFlag)

add_library(joulebook_flags INTERFACE)
target_compile_features(joulebook_flags INTERFACE cxx_std_23)
target_compile_options(joulebook_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers)
if(JOULEBOOK_SANITIZE)
  # Applied to everything in the tree, libraries that stand in for vendors' included.
  # What optimising would save a test under the thread sanitizer is less than it costs to compile.
  set(joulebook_optimise -O1)
  if(JOULEBOOK_SANITIZE STREQUAL thread)
    set(joulebook_optimise -O0)
  endif()
  add_compile_options(-fsanitize=${JOULEBOOK_SANITIZE} -fno-omit-frame-pointer ${joulebook_optimise} -g1
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${JOULEBOOK_SANITIZE})
endif()
if(JOULEBOOK_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang" OR NOT JOULEBOOK_SANITIZE)
    message(FATAL_ERROR "The fuzzers need clang and sanitizers: cmake --preset asan")
  endif()
  # Tests go without (JOULEBOOK_NO_COVERAGE): it is a quarter of what compiling them takes.
  target_compile_options(joulebook_flags INTERFACE
    $<$<NOT:$<BOOL:$<TARGET_PROPERTY:JOULEBOOK_NO_COVERAGE>>>:-fsanitize=fuzzer-no-link>)
endif()
target_include_directories(joulebook_flags INTERFACE
  ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")  # an installed tree works wherever it is put
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

# Reading headers is most of what compiling takes where nothing is optimised: under sanitizers, and
# in tests. There the common ones are read once. Libraries of the release tree go without, so that
# none of their files leans on it.
# KIND: library or executable, whichever will use them (clang tells their code apart).
function(joulebook_precompile name kind)
  if(kind STREQUAL library)
    add_library(${name} OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cc)
  else()
    add_executable(${name} ${CMAKE_SOURCE_DIR}/cmake/precompiled.cc)
  endif()
  target_link_libraries(${name} PRIVATE joulebook_flags fmt::fmt tl::expected)
  target_precompile_headers(${name} PRIVATE <algorithm> <chrono> <functional> <map> <memory>
    <optional> <span> <string> <string_view> <variant> <vector> <fmt/format.h> <tl/expected.hpp>
    ${ARGN})
endfunction()

find_program(JOULEBOOK_CCACHE ccache)
if(JOULEBOOK_CCACHE)
  # Without these it leaves everything alone that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros ${JOULEBOOK_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${JOULEBOOK_CCACHE})
endif()
find_program(JOULEBOOK_MOLD mold)
if(JOULEBOOK_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# joulebook_room(NAME SOURCES a.cc ... DEPENDS room ... LIBRARIES target ...)
function(joulebook_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(jb_${name} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPENDS PREPEND jb_)
  target_link_libraries(jb_${name} PUBLIC joulebook_flags ${ARG_DEPENDS} PRIVATE ${ARG_LIBRARIES})
  if(JOULEBOOK_SANITIZE)
    target_precompile_headers(jb_${name} REUSE_FROM jb_precompiled)
  endif()
endfunction()

# joulebook_test(NAME SOURCES x_test.cc ... ROOMS room ... LIBRARIES target ... [LABEL unit]
#                [ONE_THREAD y_test.cc ...] [OPTIMISED] [TOGETHER])
# One test program a room; ctest lists each of its cases. Compiling a test takes longer than running
# it, so they go without optimisation (what they test has it); OPTIMISED: those that compute for long.
# ONE_THREAD: further sources, in which no second thread runs: left out under the thread sanitizer.
# TOGETHER: cases that share what takes long; under sanitizers they run in one process.
function(joulebook_test name)
  if(NOT JOULEBOOK_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "OPTIMISED;TOGETHER" "LABEL;TIMEOUT"
    "SOURCES;ONE_THREAD;ROOMS;LIBRARIES;ENVIRONMENT" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(JOULEBOOK_SANITIZE)
    math(EXPR ARG_TIMEOUT "5 * ${ARG_TIMEOUT}")
  endif()
  if(NOT JOULEBOOK_SANITIZE STREQUAL thread)
    list(APPEND ARG_SOURCES ${ARG_ONE_THREAD})
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  set_target_properties(${name}_test PROPERTIES JOULEBOOK_NO_COVERAGE ON)
  if(NOT ARG_OPTIMISED)
    target_compile_options(${name}_test PRIVATE -O0)
    target_precompile_headers(${name}_test REUSE_FROM jb_precompiled_tests)
  endif()
  list(TRANSFORM ARG_ROOMS PREPEND jb_)
  target_link_libraries(${name}_test PRIVATE ${ARG_ROOMS} ${ARG_LIBRARIES} jb_test_main
                        GTest::gmock fmt::fmt)
  include(GoogleTest)
  # A real model uses every core, and its threads spin: beside anything else it crawls.
  set(serial FALSE)
  if(ARG_LABEL STREQUAL integration)
    set(serial TRUE)
  endif()
  if(ARG_TOGETHER AND JOULEBOOK_SANITIZE)
    add_test(NAME ${name}.all COMMAND ${name}_test)
    set_tests_properties(${name}.all PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
    return()
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${ARG_LABEL} RUN_SERIAL ${serial} TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${ARG_ENVIRONMENT}")
endfunction()

# joulebook_calls_libraries(SOURCE...): sources that call vendors' libraries through pointers. Those
# were built from declarations of their own, so clang's check of function types cannot hold there.
function(joulebook_calls_libraries)
  if(JOULEBOOK_SANITIZE AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set_source_files_properties(${ARGN} PROPERTIES
      COMPILE_OPTIONS -fno-sanitize=function SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()
