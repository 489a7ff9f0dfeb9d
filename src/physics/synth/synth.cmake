# What a model costs without its weights: files of random ones, and slices of a model measured in
# its stead.
joulebook_room(made_up
  SOURCES
    synth/made_encoder.cc
    synth/made_eyes.cc
    synth/made_picture.cc
    synth/made_smolvlm.cc
    synth/made_up.cc
    synth/made_voice.cc
    synth/made_whisper.cc
    synth/part_list.cc
    synth/weight_file.cc
  DEPENDS core gguf
  LIBRARIES fmt::fmt)

joulebook_room(synth
  SOURCES
    synth/architecture.cc
    synth/measure.cc
    synth/roofline.cc
    synth/slices.cc
    synth/synth_file.cc
    synth/synth_model.cc
    synth/synth_tensors.cc
  DEPENDS core gguf engine physics_shape made_up
  LIBRARIES fmt::fmt)

set(synth_engine_tests)
set(synth_libraries fmt::fmt rapidcheck rapidcheck_gtest)
if(JOULEBOOK_ENGINE AND LlamaEngine_FOUND)
  list(APPEND synth_engine_tests synth/synth_engine_test.cc)
  list(APPEND synth_libraries LlamaEngine::llama)
endif()
joulebook_test(synth ROOMS synth LIBRARIES ${synth_libraries}
  SOURCES synth/made_up_test.cc synth/synth_test.cc ${synth_engine_tests})
