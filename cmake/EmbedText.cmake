# joulebook_embed_text(FILE OUTPUT FUNCTION): writes OUTPUT, a C++ source that defines
# `std::string_view joulebook::FUNCTION()` with the text of FILE. No file is needed at run time.
# Bytes, not a string literal, since compilers need not take one longer than 65,535 characters.
function(joulebook_embed_text file output function)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" length)
  math(EXPR size "${length} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  get_filename_component(name ${file} NAME)
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"// Made from @name@ by cmake/EmbedText.cmake; do not edit.
#include <string_view>

namespace joulebook {
namespace {
constexpr unsigned char kBytes[@size@] = {
@bytes@};
}  // namespace
std::string_view @function@();
std::string_view @function@() { return {reinterpret_cast<const char*>(kBytes), @size@}; }
}  // namespace joulebook
")
endfunction()
