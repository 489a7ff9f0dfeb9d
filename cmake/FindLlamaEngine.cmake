# Finds libllama as PyPI's llama-cpp-python installed it into the virtual environment
# JOULEBOOK_ENGINE_ROOT (see scripts/setup).
#   LlamaEngine_FOUND      whether the library and its headers are there
#   LlamaEngine_SITE       the environment's site-packages folder
#   LlamaEngine_LIBRARIES  the shared libraries a program needs beside it when it is installed
#   LlamaEngine::llama     the target to link
file(GLOB LlamaEngine_SITE LIST_DIRECTORIES true "${JOULEBOOK_ENGINE_ROOT}/lib/python3*/site-packages")
list(LENGTH LlamaEngine_SITE _llama_sites)
if(_llama_sites GREATER 1)
  list(GET LlamaEngine_SITE 0 LlamaEngine_SITE)
endif()
if(LlamaEngine_SITE AND EXISTS "${LlamaEngine_SITE}/lib/cmake/llama/llama-config.cmake")
  set(llama_DIR "${LlamaEngine_SITE}/lib/cmake/llama")
  set(ggml_DIR "${LlamaEngine_SITE}/lib/cmake/ggml")
  unset(llama_LIBRARY CACHE)  # another root may have been found before
  find_package(llama CONFIG QUIET)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LlamaEngine REQUIRED_VARS llama_LIBRARY LLAMA_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "no libllama under ${JOULEBOOK_ENGINE_ROOT}: run scripts/setup build")

if(LlamaEngine_FOUND)
  if(NOT TARGET LlamaEngine::llama)
    add_library(LlamaEngine::llama INTERFACE IMPORTED)
    target_link_libraries(LlamaEngine::llama INTERFACE llama)
    target_include_directories(LlamaEngine::llama SYSTEM INTERFACE "${LLAMA_INCLUDE_DIR}")
  endif()
  file(GLOB LlamaEngine_LIBRARIES "${LlamaEngine_SITE}/lib/libllama.so*"
    "${LlamaEngine_SITE}/lib/libggml*.so*")
endif()
