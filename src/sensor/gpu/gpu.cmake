# Accelerators: vendor libraries opened at run time.
target_sources(jb_sensor PRIVATE
  gpu/nvml.cc
  gpu/nvml_api.cc
  gpu/nvml_sensors.cc)

joulebook_test(sensor_gpu ROOMS sensor fakes
  SOURCES
    gpu/nvml_test.cc)
if(TARGET sensor_gpu_test)
  add_dependencies(sensor_gpu_test fake_nvml fake_nvml-old)
  target_compile_definitions(sensor_gpu_test PRIVATE
    FAKE_NVML="${CMAKE_BINARY_DIR}/fakes/nvml" FAKE_NVML_OLD="${CMAKE_BINARY_DIR}/fakes/nvml-old")
endif()
