# Images and video: what they cost on a machine that one doesn't have. The catalogue of denoisers
# and the fitted parameters are built in; NLopt is needed only to fit them anew.
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/diffusion_catalogue.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/diffusion_catalogue_csv.cc diffusion_catalogue_csv)
joulebook_embed_text(${PROJECT_SOURCE_DIR}/data/diffusion_parameters.csv
                     ${CMAKE_CURRENT_BINARY_DIR}/diffusion_parameters_csv.cc
                     diffusion_parameters_csv)
joulebook_room(diffusion
  SOURCES
    diffusion/catalogue.cc
    diffusion/devices.cc
    diffusion/diffusion_model.cc
    diffusion/parameters.cc
    diffusion/predict.cc
    diffusion/predict_csv.cc
    diffusion/unet_work.cc
    diffusion/work.cc
    ${CMAKE_CURRENT_BINARY_DIR}/diffusion_catalogue_csv.cc
    ${CMAKE_CURRENT_BINARY_DIR}/diffusion_parameters_csv.cc
  DEPENDS core physics_machine
  LIBRARIES fmt::fmt)

find_library(JOULEBOOK_NLOPT nlopt REQUIRED)
joulebook_room(diffusion_fit
  SOURCES diffusion/evaluation.cc diffusion/fit.cc diffusion/regression.cc diffusion/report.cc
  DEPENDS diffusion serving
  LIBRARIES fmt::fmt ${JOULEBOOK_NLOPT})
add_executable(diffusion_fit EXCLUDE_FROM_ALL diffusion/fit_main.cc)
target_link_libraries(diffusion_fit PRIVATE jb_diffusion_fit fmt::fmt)

joulebook_test(diffusion ROOMS diffusion diffusion_fit LIBRARIES fmt::fmt
  SOURCES diffusion/diffusion_test.cc)
if(TARGET diffusion_test)
  target_compile_definitions(diffusion_test PRIVATE PROJECT_ROOT="${PROJECT_SOURCE_DIR}")
endif()
