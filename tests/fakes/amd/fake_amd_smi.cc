// A libamd_smi.so for tests: answers as AMD SMI does, from the script named by
// JOULEBOOK_FAKE_AMD_SMI
// (../vendor/script.h), for boards whose energy is known in closed form. Built twice: whole, and
// (FAKE_AMD_SMI_OLD) as ROCm 6.0 has it: the short power record, the short process record, and
// without the energy counter.
//
// Keys of its own:
//   resolution=UJ (default 15.259) of the accumulator    second_die=1: counter and gauge read 0
//   current=0 / average=0   the power record leaves that field out
// CALL of an `error`: energy, power, processes. The codes are amdsmi_status_t's.
//
// A test holds the time by joulebook_fake_amd_smi_set_time(seconds).
#include <cstdint>

#include "../vendor/script.h"

namespace {

using namespace fake_vendor;

enum Code {
  ok = 0,
  unsupported = 2,
  no_permission = 10,
  out_of_resources = 15,
  not_found = 31,
  not_init = 32,
  no_driver = 34
};

void* handle_of(std::size_t index) {
  return reinterpret_cast<void*>(static_cast<std::size_t>(machine.generation) * 1000 + index + 1);
}

int find(void* handle, const char* call, const Board** board) {
  if (machine.references == 0) return not_init;
  if (gone()) return no_driver;
  const auto number = reinterpret_cast<std::size_t>(handle);
  const bool dead = reloaded() && !machine.after_reload;
  if (dead || number / 1000 != static_cast<std::size_t>(machine.generation)) return not_found;
  const std::size_t index = number % 1000 - 1;
  if (index >= machine.boards.size()) return not_found;
  if (const int code = scripted_failure(index, call); code != 0) return code;
  *board = &machine.boards[index];
  return ok;
}

bool second_die(const Board& board) { return board.number("second_die", 0) != 0; }

#ifdef FAKE_AMD_SMI_OLD
constexpr std::size_t kName = 32;
constexpr std::size_t kTail = 16;
constexpr std::uint32_t kNone = 0xffff;  // how that version says "not known"
#else
constexpr std::size_t kName = 256;
constexpr std::size_t kTail = 48;
constexpr std::uint32_t kNone = 0xffff'ffff;
#endif

struct Process {
  char name[kName];
  std::uint32_t pid;
  std::uint64_t memory;
  std::uint64_t engines[8];
  std::uint64_t memories[8];
  char container[kName];
  unsigned char tail[kTail];
};

}  // namespace

extern "C" {

void joulebook_fake_amd_smi_set_time(double at) {
  const std::lock_guard lock(mutex);
  told_time = at;
}

int amdsmi_init(std::uint64_t) {
  const std::lock_guard lock(mutex);
  if (!load_script("JOULEBOOK_FAKE_AMD_SMI")) return no_driver;
  if (machine.init != ok) return machine.init;
  if (gone()) return no_driver;
  if (machine.references++ == 0) ++machine.generation;
  machine.after_reload = reloaded();
  return ok;
}

int amdsmi_shut_down() {
  const std::lock_guard lock(mutex);
  if (machine.references > 0) --machine.references;
  return ok;
}

int amdsmi_status_code_to_string(int code, const char** words) {
  *words = code == no_permission ? "AMDSMI_STATUS_NO_PERM: Permission Denied"
           : code == unsupported ? "AMDSMI_STATUS_NOT_SUPPORTED: Feature not supported"
           : code == no_driver   ? "AMDSMI_STATUS_DRIVER_NOT_LOADED: Driver not loaded"
                                 : "AMDSMI_STATUS_UNKNOWN_ERROR";
  return ok;
}

// One socket a board.
int amdsmi_get_socket_handles(std::uint32_t* count, void** handles) {
  const std::lock_guard lock(mutex);
  if (machine.references == 0) return not_init;
  const auto all = static_cast<std::uint32_t>(machine.boards.size());
  if (handles != nullptr) {
    for (std::uint32_t i = 0; i < std::min(all, *count); ++i) handles[i] = handle_of(i);
  }
  *count = all;
  return ok;
}

int amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** handles) {
  const std::lock_guard lock(mutex);
  if (machine.references == 0) return not_init;
  if (handles != nullptr && *count > 0) handles[0] = socket;
  *count = 1;
  return ok;
}

int amdsmi_get_processor_type(void*, int* type) {
  *type = 1;  // AMDSMI_PROCESSOR_TYPE_AMD_GPU
  return ok;
}

int amdsmi_get_gpu_device_bdf(void* handle, std::uint64_t* bdf) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "bdf", &board); code != ok) return code;
  const Pci at = pci_of(*board, static_cast<std::size_t>(board - machine.boards.data()));
  *bdf = at.function | at.device << 3 | at.bus << 8 | std::uint64_t{at.domain} << 16;
  return ok;
}

// The market's name comes first in the record.
int amdsmi_get_gpu_asic_info(void* handle, void* info) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "asic", &board); code != ok) return code;
  copy_text(board->name("AMD Instinct MI300X"), static_cast<char*>(info), 64);
  return ok;
}

int amdsmi_get_power_cap_info(void* handle, std::uint32_t, std::uint64_t* caps) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "cap", &board); code != ok) return code;
  if (board->number("limit", 0) <= 0) return unsupported;
  caps[0] = static_cast<std::uint64_t>(board->number("limit", 0) * 1e6);  // uW
  return ok;
}

int amdsmi_get_power_info(void* handle, void* record) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "power", &board); code != ok) return code;
  if (board->number("usage", 1) == 0) return unsupported;
  const auto shown =
      second_die(*board) ? 0 : static_cast<std::uint32_t>(std::lround(gauge_watts(*board)));
  constexpr std::uint32_t none = kNone;
  const std::uint32_t current = board->number("current", 1) != 0 ? shown : none;
  const std::uint32_t average = board->number("average", 1) != 0 ? shown : none;
#ifdef FAKE_AMD_SMI_OLD
  const std::uint32_t words[] = {current, average, none, none, none, 300};
  std::memcpy(record, words, sizeof words);
#else
  struct {
    std::uint64_t socket;
    std::uint32_t current, average;
    std::uint64_t voltages[3];
    std::uint32_t limit;
    std::uint64_t reserved[18];
  } whole{current != none ? current : average, current, average, {none, none, none}, 750, {}};
  std::memcpy(record, &whole, sizeof whole);
#endif
  return ok;
}

int amdsmi_get_gpu_process_list(void* handle, std::uint32_t* count, Process* list) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "processes", &board); code != ok) return code;
  const auto pids = parts_of(board->text("pids"), ',');
  const std::uint32_t room = *count;
  *count = static_cast<std::uint32_t>(pids.size());
  if (room == 0) return ok;
  for (std::size_t i = 0; i < std::min<std::size_t>(room, pids.size()); ++i) {
    list[i] = {};
    copy_text("python3", list[i].name, sizeof list[i].name);
    list[i].pid = static_cast<std::uint32_t>(std::atoi(pids[i].c_str()));
  }
  return pids.size() > room ? out_of_resources : ok;
}

#ifndef FAKE_AMD_SMI_OLD
int amdsmi_get_energy_count(void* handle, std::uint64_t* counts, float* resolution,
                            std::uint64_t* timestamp) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "energy", &board); code != ok) return code;
  if (board->number("energy", 1) == 0) return unsupported;
  const double unit = board->number("resolution", 15.259);
  const double microjoules = second_die(*board) ? 0 : millijoules(*board) * 1e3;
  *counts = static_cast<std::uint64_t>(microjoules / (unit > 0 ? static_cast<float>(unit) : 1));
  *resolution = static_cast<float>(unit);
  *timestamp = static_cast<std::uint64_t>(updated(*board) * 1e9);
  return ok;
}
#endif

}  // extern "C"
