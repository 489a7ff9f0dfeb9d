#include "sensor/gpu/pci_address.h"

#include <fmt/format.h>

#include <charconv>

namespace joulebook {
namespace {

// Takes a hexadecimal number of `least` to `most` digits off the front, up to `stop`.
std::optional<unsigned> take(std::string_view& text, std::size_t least, std::size_t most,
                             char stop) {
  const std::size_t end = text.find(stop);
  const std::size_t length = end == std::string_view::npos ? text.size() : end;
  if (length < least || length > most || (stop != '\0' && end == std::string_view::npos)) return {};
  unsigned value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + length, value, 16);
  if (error != std::errc() || rest != text.data() + length) return {};
  text.remove_prefix(length + (stop != '\0' ? 1 : 0));
  return value;
}

}  // namespace

std::string PciAddress::text() const {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, bus, device, function);
}

std::optional<PciAddress> parse_pci(std::string_view text) {
  const auto domain = take(text, 4, 8, ':');
  const auto bus = domain ? take(text, 2, 2, ':') : std::nullopt;
  const auto device = bus ? take(text, 2, 2, '.') : std::nullopt;
  const auto function = device ? take(text, 1, 1, '\0') : std::nullopt;
  if (!function || *device > 31 || *function > 7) return std::nullopt;
  return PciAddress{*domain, *bus, *device, *function};
}

std::string gpu_at(const PciAddress& address) { return "gpu:PCI-" + address.text(); }

std::optional<PciAddress> pci_behind(const FileTree& files, const std::string& folder) {
  const auto link = files.link(folder + "/device");
  if (!link) return std::nullopt;
  return parse_pci(std::string_view(*link).substr(link->rfind('/') + 1));
}

}  // namespace joulebook
