# Accelerators: vendor libraries opened at run time.
target_sources(jb_sensor PRIVATE
  gpu/device_use.cc
  gpu/drm_client.cc
  gpu/nvml.cc
  gpu/nvml_api.cc
  gpu/nvml_sensors.cc
  gpu/open_cards.cc
  gpu/pci_address.cc)

joulebook_test(sensor_gpu ROOMS sensor fakes
  SOURCES
    gpu/nvml_test.cc)
joulebook_test(device_use ROOMS sensor fakes SOURCES gpu/device_use_test.cc
  ENVIRONMENT LD_LIBRARY_PATH=${CMAKE_BINARY_DIR}/fakes/nvml)
if(TARGET device_use_test)
  add_dependencies(device_use_test fake_nvml)
endif()
if(TARGET sensor_gpu_test)
  add_dependencies(sensor_gpu_test fake_nvml fake_nvml-old)
  target_compile_definitions(sensor_gpu_test PRIVATE
    FAKE_NVML="${CMAKE_BINARY_DIR}/fakes/nvml" FAKE_NVML_OLD="${CMAKE_BINARY_DIR}/fakes/nvml-old")
endif()
