# Accelerators: vendor libraries opened at run time.
target_sources(jb_sensor PRIVATE
  gpu/amd.cc
  gpu/amd_smi.cc
  gpu/cuda_driver.cc
  gpu/cuda_kernels.cc
  gpu/device_use.cc
  gpu/drm_cards.cc
  gpu/drm_client.cc
  gpu/gpu.cc
  gpu/level_zero.cc
  gpu/level_zero_api.cc
  gpu/nvml.cc
  gpu/nvml_api.cc
  gpu/nvml_history.cc
  gpu/nvml_question.cc
  gpu/nvml_sensors.cc
  gpu/open_cards.cc
  gpu/pci_address.cc
  gpu/rocm_smi.cc
  gpu/vendor_library.cc)
joulebook_calls_libraries(gpu/amd.cc gpu/amd_smi.cc gpu/cuda_driver.cc gpu/device_use.cc gpu/gpu.cc gpu/level_zero.cc
  gpu/level_zero_api.cc gpu/nvml.cc gpu/nvml_api.cc gpu/nvml_history.cc gpu/nvml_question.cc
  gpu/nvml_sensors.cc gpu/rocm_smi.cc gpu/vendor_library.cc gpu/amd_test.cc gpu/device_use_test.cc
  gpu/gpu_test.cc gpu/level_zero_test.cc gpu/nvml_history_test.cc gpu/nvml_test.cc)

joulebook_test(sensor_gpu ROOMS sensor fakes
  SOURCES
    gpu/amd_test.cc
    gpu/gpu_test.cc
    gpu/level_zero_test.cc
    gpu/nvml_history_test.cc
    gpu/nvml_test.cc)
joulebook_test(device_use ROOMS sensor fakes SOURCES gpu/device_use_test.cc
  ENVIRONMENT "LD_LIBRARY_PATH=${CMAKE_BINARY_DIR}/fakes/nvml:${CMAKE_BINARY_DIR}/fakes/amd_smi")
if(TARGET sensor_gpu_test)
  foreach(library nvml amd_smi rocm_smi level_zero)
    add_dependencies(sensor_gpu_test fake_${library} fake_${library}-old)
  endforeach()
  target_compile_definitions(sensor_gpu_test PRIVATE JOULEBOOK_FAKES="${CMAKE_BINARY_DIR}/fakes")
  add_dependencies(device_use_test fake_nvml fake_amd_smi)
endif()
