// Any bytes as the fdinfo of an open graphics card and as a PCI address: parsed within bounds; what
// is accepted as an address is written as it was read; more lines never make a client less busy.
// Shown to find, within a second: a value without a unit taken for one with a unit (amount() cutting
// at a blank that is not there).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/text.h"
#include "sensor/gpu/drm_client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace joulebook;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto address = parse_pci(text)) {
    if (parse_pci(address->text()) != address) std::abort();
    if (text.size() == 12 && lower(text) != address->text()) std::abort();
  }
  const auto client = parse_drm_client(text);
  if (!client) return 0;
  const auto more = parse_drm_client(std::string(text) + "\ndrm-engine-x:\t1 ns\n");
  if (!more || more->busy < client->busy || (more->busy == 0) || !more->works()) std::abort();
  return 0;
}
