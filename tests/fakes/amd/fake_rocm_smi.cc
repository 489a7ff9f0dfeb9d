// A librocm_smi64.so for tests: answers as ROCm SMI does, from the script named by
// JOULEBOOK_FAKE_ROCM_SMI (../vendor/script.h). Built twice: whole, and (FAKE_ROCM_SMI_OLD) as ROCm
// 5.2 has it: no rsmi_dev_power_get, no energy counter.
//
// Keys of its own: resolution=UJ (default 15.259), second_die=1. CALL: energy, power. The codes are
// rsmi_status_t's. A test holds the time by joulebook_fake_rocm_smi_set_time(seconds).
#include <cstdint>

#include "../vendor/script.h"

namespace {

using namespace fake_vendor;

enum Code { ok = 0, invalid = 1, unsupported = 2, no_permission = 4, not_started = 8 };

int find(std::uint32_t index, const char* call, const Board** board) {
  if (machine.references == 0 || gone()) return not_started;
  if (reloaded() && !machine.after_reload) return not_started;
  if (index >= machine.boards.size()) return invalid;
  if (const int code = scripted_failure(index, call); code != 0) return code;
  *board = &machine.boards[index];
  return ok;
}

int microwatts(std::uint32_t index, std::uint64_t* power) {
  const Board* board = nullptr;
  if (const int code = find(index, "power", &board); code != ok) return code;
  if (board->number("usage", 1) == 0) return unsupported;
  const bool dark = board->number("second_die", 0) != 0;
  *power = dark ? 0 : static_cast<std::uint64_t>(std::llround(gauge_watts(*board) * 1e6));
  return ok;
}

}  // namespace

extern "C" {

void joulebook_fake_rocm_smi_set_time(double at) {
  const std::lock_guard lock(mutex);
  told_time = at;
}

int rsmi_init(std::uint64_t) {
  const std::lock_guard lock(mutex);
  if (!load_script("JOULEBOOK_FAKE_ROCM_SMI")) return not_started;
  if (machine.init != ok) return machine.init;
  if (gone()) return not_started;
  ++machine.references;
  machine.after_reload = reloaded();
  return ok;
}

int rsmi_shut_down() {
  const std::lock_guard lock(mutex);
  if (machine.references > 0) --machine.references;
  return ok;
}

int rsmi_status_string(int code, const char** words) {
  *words = code == no_permission ? "RSMI_STATUS_PERMISSION: The user ID of the calling process "
                                   "does not have sufficient permission"
                                 : "RSMI_STATUS: some other code";
  return ok;
}

int rsmi_num_monitor_devices(std::uint32_t* count) {
  const std::lock_guard lock(mutex);
  *count = static_cast<std::uint32_t>(machine.boards.size());
  return ok;
}

int rsmi_dev_pci_id_get(std::uint32_t index, std::uint64_t* bdf) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(index, "bdf", &board); code != ok) return code;
  const Pci at = pci_of(*board, index);
  *bdf = std::uint64_t{at.domain} << 32 | at.bus << 8 | at.device << 3 | at.function;
  return ok;
}

int rsmi_dev_name_get(std::uint32_t index, char* name, std::size_t size) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(index, "name", &board); code != ok) return code;
  return copy_text(board->name("AMD Instinct MI210"), name, size) ? ok : 11;
}

int rsmi_dev_power_cap_get(std::uint32_t index, std::uint32_t, std::uint64_t* cap) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(index, "cap", &board); code != ok) return code;
  if (board->number("limit", 0) <= 0) return unsupported;
  *cap = static_cast<std::uint64_t>(board->number("limit", 0) * 1e6);
  return ok;
}

int rsmi_dev_power_ave_get(std::uint32_t index, std::uint32_t, std::uint64_t* power) {
  const std::lock_guard lock(mutex);
  return microwatts(index, power);
}

#ifndef FAKE_ROCM_SMI_OLD
int rsmi_dev_power_get(std::uint32_t index, std::uint64_t* power, int* kind) {
  const std::lock_guard lock(mutex);
  *kind = 1;  // RSMI_CURRENT_POWER
  return microwatts(index, power);
}

int rsmi_dev_energy_count_get(std::uint32_t index, std::uint64_t* counts, float* resolution,
                              std::uint64_t* timestamp) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(index, "energy", &board); code != ok) return code;
  if (board->number("energy", 1) == 0) return unsupported;
  const double unit = board->number("resolution", 15.259);
  const bool dark = board->number("second_die", 0) != 0;
  const double microjoules = dark ? 0 : millijoules(*board) * 1e3;
  *counts = static_cast<std::uint64_t>(microjoules / static_cast<float>(unit));
  *resolution = static_cast<float>(unit);
  *timestamp = static_cast<std::uint64_t>(updated(*board) * 1e9);
  return ok;
}
#endif

}  // extern "C"
