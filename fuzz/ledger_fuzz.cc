// Arbitrary bytes as a ledger, and a good ledger with some of its bytes changed: opening, listing,
// showing and verifying end in a value or an error, whatever the file holds.
//
// Input: a first byte that is even, then the file itself; or odd, then patches of five bytes to a
// good ledger (an offset of 32 bits, little-endian, and the byte to put there).
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "core/file_tree.h"
#include "fakes/kill_vfs.h"
#include "ledger/store.h"

namespace {

using namespace joulebook;

const std::string& directory() {
  static const std::string path = [] {
    const char* base = std::getenv("TMPDIR");
    std::string pattern = std::string(base == nullptr ? "/tmp" : base) + "/ledger-fuzz-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    return pattern;
  }();
  return path;
}

// Without fsync: what a power cut would leave is no question here.
Result<std::unique_ptr<Ledger>> opened(const std::string& path) {
  LedgerOptions options;
  options.sqlite.vfs = fakes::kKillVfs;
  return open_ledger(path, options);
}

void remove_all(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
}

std::string good_ledger() {
  const std::string path = directory() + "/good.db";
  {
    auto ledger = opened(path);
    if (!ledger) std::abort();
    const auto id = (*ledger)->begin_run("study", "forty", Anchor{}, Json::object());
    const Settlement s{"package:0", {1}, {2}, {5}, {{"self", {2}}, {"unattributed", {3}}}};
    if (!id || !(*ledger)->add_trial(*id, 0, Json::object(), {s})) std::abort();
    if (!(*ledger)->end_run(*id, Anchor{}, Json::object(), true)) std::abort();
  }
  auto bytes = read_file(path);
  remove_all(path);
  return bytes.value();
}

std::string file_from(std::string_view input) {
  if (input.empty() || input[0] % 2 == 0) return std::string(input.substr(input.empty() ? 0 : 1));
  static const std::string good = good_ledger();
  std::string bytes = good;
  for (input.remove_prefix(1); input.size() >= 5; input.remove_prefix(5)) {
    std::uint32_t offset = 0;
    std::memcpy(&offset, input.data(), sizeof offset);
    bytes[offset % bytes.size()] = input[4];
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fakes::arm_kill_vfs(fakes::Kill::never, 0);
  const std::string path = directory() + "/ledger.db";
  const auto bytes = file_from({reinterpret_cast<const char*>(data), size});
  if (!write_file(path, bytes)) std::abort();
  if (auto ledger = opened(path)) {
    (void)(*ledger)->list(10);
    (void)(*ledger)->show("last");
    (void)(*ledger)->trials("last");
    (void)(*ledger)->unfinished("study", "forty");
    (void)(*ledger)->verify();
  }
  remove_all(path);
  return 0;
}
