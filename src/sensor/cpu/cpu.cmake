# Processors: energy counters that the kernel shows.
target_sources(jb_sensor PRIVATE
  cpu/amd_hwmon.cc
  cpu/counter_source.cc
  cpu/cpu_limit.cc
  cpu/cpu_probe.cc
  cpu/cpu_topology.cc
  cpu/energy_reader.cc
  cpu/perf_events.cc
  cpu/perf_pmu.cc
  cpu/perf_probe.cc
  cpu/powercap.cc
  cpu/powercap_probe.cc)

# The helper with one job: plain C, nothing but libc, installed without any right of its own.
function(joulebook_energy_reader name)
  add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/cpu/energy_reader_main.c)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
endfunction()
joulebook_energy_reader(joulebook-energy-reader)
add_dependencies(jb_sensor joulebook-energy-reader)
install(TARGETS joulebook-energy-reader RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

joulebook_test(sensor_cpu ROOMS sensor fakes LIBRARIES rapidcheck rapidcheck_gtest
  SOURCES
    cpu/amd_hwmon_test.cc
    cpu/cpu_probe_test.cc
    cpu/cpu_topology_test.cc
    cpu/energy_reader_test.cc
    cpu/perf_probe_test.cc
    cpu/powercap_test.cc)
if(TARGET sensor_cpu_test)
  # The same source on a folder of the test's: sys/class/powercap below where it is started.
  joulebook_energy_reader(test-energy-reader)
  target_compile_definitions(test-energy-reader PRIVATE POWERCAP="sys/class/powercap")
  set_target_properties(test-energy-reader PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fakes)
  add_dependencies(sensor_cpu_test test-energy-reader)
  target_compile_definitions(sensor_cpu_test PRIVATE
    TEST_ENERGY_READER="${CMAKE_BINARY_DIR}/fakes/test-energy-reader")
endif()
