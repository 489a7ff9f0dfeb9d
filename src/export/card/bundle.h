#pragma once
// A bundle: what a card was made from, in one file whose bytes follow from its content alone. It is a
// tar archive (POSIX.1-1988 ustar: no owner, no time, mode 0644), so that any tar reads it and
// `sha256sum -c SHA256SUMS` checks it; docs/formats/card.md lists its parts. The reader takes only the
// one encoding that the writer makes: whatever byte is altered, it is no bundle any more or a part
// differs from its digest.
//
// Pure; thread-safe. The reader allocates no more than a few words a part, whatever the file says.
#include <joulebook/result.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook::card {

inline constexpr std::string_view kSums = "SHA256SUMS";
inline constexpr std::size_t kMostBundle = std::size_t{4} << 30;  // bytes
inline constexpr std::size_t kMostParts = 100'000;

struct Part {
  std::string name;  // letters, digits, '.', '_', '-', '/'; at most 99
  std::string bytes;
};
struct PartView {
  std::string_view name;
  std::string_view bytes;
};

// "<64 hex digits>  <name>\n" for each part, as `sha256sum` writes it.
[[nodiscard]] std::string sums_of(std::span<const Part> parts);

// SHA256SUMS first, then the parts as given. Errors: resource "bundle.too_large"; usage "bundle.name" (a
// name that is not allowed, or comes twice).
[[nodiscard]] Result<std::string> pack(std::span<const Part> parts);

// The parts in their order, SHA256SUMS among them. They view `bytes`. Errors: input
// "bundle.not_a_bundle", "bundle.truncated", "bundle.header" (a header that the writer would not have
// written), "bundle.padding", "bundle.trailing", "bundle.name"; each names the part or the byte.
[[nodiscard]] Result<std::vector<PartView>> unpack(std::string_view bytes);

// The part of that name; nothing where there is none.
[[nodiscard]] const PartView* find_part(std::span<const PartView> parts, std::string_view name);

}  // namespace joulebook::card
