#include "sensor/gpu/drm_cards.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace joulebook {
namespace {

unsigned vendor_of(const FileTree& files, const std::string& folder) {
  const auto text = files.read(folder + "/device/vendor");
  const std::string_view number = text ? trim(*text) : std::string_view{};
  unsigned vendor = 0;
  if (number.starts_with("0x")) {
    std::from_chars(number.data() + 2, number.data() + number.size(), vendor, 16);
  }
  return vendor;
}

std::string driver_of(const FileTree& files, const std::string& folder) {
  const auto link = files.link(folder + "/device/driver");
  return link ? link->substr(link->rfind('/') + 1) : std::string();
}

}  // namespace

std::vector<DrmCard> drm_cards(const FileTree& files) {
  std::vector<DrmCard> cards;
  for (const std::string& name :
       files.list("/sys/class/drm").value_or(std::vector<std::string>{})) {
    if (!name.starts_with("renderD")) continue;
    const std::string folder = "/sys/class/drm/" + name;
    const auto address = pci_behind(files, folder);
    if (address) cards.push_back({*address, driver_of(files, folder), vendor_of(files, folder)});
  }
  std::sort(cards.begin(), cards.end(),
            [](const DrmCard& a, const DrmCard& b) { return a.address < b.address; });
  cards.erase(
      std::unique(cards.begin(), cards.end(),
                  [](const DrmCard& a, const DrmCard& b) { return a.address == b.address; }),
      cards.end());
  return cards;
}

}  // namespace joulebook
