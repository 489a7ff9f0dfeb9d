// The formatter, compiled in, so that libjoulebook.so needs no libfmt where it is used: taking the
// address makes the compiler emit the function that the rooms' objects call.
#define FMT_HEADER_ONLY 1
#include <fmt/format.h>

namespace joulebook {
namespace {

[[gnu::used]] auto* const kFormatter =
    static_cast<std::string (*)(fmt::string_view, fmt::format_args)>(&fmt::vformat);

}  // namespace
}  // namespace joulebook
