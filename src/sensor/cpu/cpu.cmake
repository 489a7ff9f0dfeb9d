# Processors: energy counters that the kernel shows.
target_sources(jb_sensor PRIVATE
  cpu/counter_file.cc
  cpu/powercap.cc
  cpu/powercap_probe.cc)

joulebook_test(sensor_cpu ROOMS sensor fakes LIBRARIES rapidcheck rapidcheck_gtest
  SOURCES
    cpu/powercap_test.cc)
