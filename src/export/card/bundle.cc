#include "export/card/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "export/card/sha256.h"

namespace joulebook::card {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMostPart = (std::size_t{1} << 33) - 1;  // eleven octal digits

bool allowed(std::string_view name) {
  return !name.empty() && name.size() <= 99 && name.front() != '/' && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-' || c == '/';
         });
}

std::size_t padded(std::size_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

// The one header of a part. The checksum is taken with its own field full of blanks.
std::string header(std::string_view name, std::size_t size) {
  std::string block(kBlock, '\0');
  const auto put = [&block](std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), block.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", size));
  put(136, "00000000000");
  put(148, "        ");
  put(156, "0");
  put(257, "ustar");
  put(263, "00");
  put(329, "0000000");
  put(337, "0000000");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string(1, '\0') + " ");
  return block;
}

void append(std::string& out, std::string_view name, std::string_view bytes) {
  out += header(name, bytes.size());
  out += bytes;
  out.append(padded(bytes.size()) - bytes.size(), '\0');
}

tl::unexpected<Error> bad(std::string code, std::string message) {
  return fail(ErrorKind::input, "bundle." + std::move(code), std::move(message),
              "ask its publisher for the file anew: this one is not as it was written");
}

// The octal size of a header; nothing where it is none. Whether the header is the one of that size is
// asked afterwards.
std::optional<std::size_t> size_in(std::string_view block) {
  std::size_t size = 0;
  for (const char c : block.substr(124, 11)) {
    if (c < '0' || c > '7') return std::nullopt;
    size = size * 8 + static_cast<std::size_t>(c - '0');
  }
  return size;
}

bool zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// One part from the front of `rest`, which is moved behind it. `at`: where `rest` begins.
Result<PartView> take(std::string_view& rest, std::size_t at) {
  const std::string_view block = rest.substr(0, kBlock);
  const std::string_view name = block.substr(0, std::min<std::size_t>(block.find('\0'), 100));
  if (!allowed(name)) {
    return bad(at == 0 ? "not_a_bundle" : "name",
               fmt::format("at byte {} there is no part with a name that a bundle may have", at));
  }
  const auto size = size_in(block);
  if (!size || *size > kMostPart || header(name, *size) != block) {
    return bad("header", fmt::format("the header of {} (byte {}) is altered", name, at));
  }
  if (padded(*size) > rest.size() - kBlock) {
    return bad("truncated", fmt::format("{} is cut: {} bytes of {}", name,
                                        std::min(rest.size() - kBlock, *size), *size));
  }
  const PartView part{name, rest.substr(kBlock, *size)};
  if (!zero(rest.substr(kBlock + *size, padded(*size) - *size))) {
    return bad("padding", fmt::format("the bytes behind {} are altered", name));
  }
  rest.remove_prefix(kBlock + padded(*size));
  return part;
}

}  // namespace

std::string sums_of(std::span<const Part> parts) {
  std::string sums;
  for (const auto& part : parts) sums += sha256_hex(part.bytes) + "  " + part.name + "\n";
  return sums;
}

Result<std::string> pack(std::span<const Part> parts) {
  std::set<std::string_view> names{kSums};
  std::size_t size = 4 * kBlock;
  for (const auto& part : parts) {
    if (!allowed(part.name) || !names.insert(part.name).second) {
      return fail(ErrorKind::usage, "bundle.name", "'" + part.name + "' cannot be a part's name",
                  "give each part a name of its own: letters, digits, '.', '_', '-', '/'");
    }
    size += kBlock + padded(part.bytes.size()) + 80 + part.name.size();
  }
  if (size > kMostBundle || parts.size() > kMostParts) {
    return fail(ErrorKind::resource, "bundle.too_large",
                fmt::format("the bundle would hold {:.1f} GB", static_cast<double>(size) * 1e-9),
                "choose a shorter span with --since and --until, and make several cards");
  }
  std::string out;
  out.reserve(size + kBlock);
  append(out, kSums, sums_of(parts));
  for (const auto& part : parts) append(out, part.name, part.bytes);
  out.append(2 * kBlock, '\0');
  return out;
}

Result<std::vector<PartView>> unpack(std::string_view bytes) {
  if (bytes.size() > kMostBundle) {
    return bad("not_a_bundle", "it is larger than any bundle can be");
  }
  std::vector<PartView> parts;
  std::set<std::string_view> names;
  std::string_view rest = bytes;
  while (rest.size() >= kBlock && !zero(rest.substr(0, kBlock))) {
    auto part = take(rest, bytes.size() - rest.size());
    if (!part) return fail(part.error());
    if (!names.insert(part->name).second || names.size() > kMostParts + 1) {
      return bad("name", fmt::format("{} is there more than once", part->name));
    }
    parts.push_back(*part);
  }
  if (parts.empty() || parts.front().name != kSums) {
    return bad("not_a_bundle", "it does not begin with the digests of a bundle");
  }
  if (rest.size() < 2 * kBlock) return bad("truncated", "its end is cut off");
  if (rest.size() > 2 * kBlock || !zero(rest)) {
    return bad("trailing", fmt::format("something stands behind its last part (byte {})",
                                       bytes.size() - rest.size()));
  }
  return parts;
}

const PartView* find_part(std::span<const PartView> parts, std::string_view name) {
  for (const auto& part : parts) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

}  // namespace joulebook::card
