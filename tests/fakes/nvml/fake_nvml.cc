// A libnvidia-ml.so.1 for tests: answers as NVML does, from the script named by the environment
// variable JOULEBOOK_FAKE_NVML (format: docs below), for boards whose energy is known in closed
// form. Built twice: whole, and (FAKE_NVML_OLD) without the calls that old drivers lack.
//
// The script, one statement a line, `#` to the end of a line is a comment:
//   origin NS             steady nanoseconds at which the boards' time is 0 (default: at nvmlInit)
//   driver TEXT           what nvmlSystemGetDriverVersion says
//   init CODE             nvmlInit fails with CODE
//   device KEY=VALUE...   one board more. Keys, all optional:
//     uuid= name= (underscores are blanks) pci= cc=9.0 limit=WATTS mig=1
//     power=constant:WATTS | square:LOW:HIGH:SECONDS   steady watts as a function of time
//     memory=WATTS module=WATTS                        the gauges of other scopes; else unsupported
//     tick=MS (default 20) of counter and gauges       start=MILLIJOULES of the counter
//     energy=0 fields=0 usage=0                        not supported
//     pids=1,2 graphics=3                              who holds a context
//   error DEVICE CALL CODE FROM TO   CALL (energy, power, fields, processes, any) fails with CODE
//                                    for FROM <= t < TO seconds
//   reload FROM TO        the driver is gone for FROM <= t < TO seconds; then counters start at 0
//                         and old handles are dead until nvmlInit
//
// Time is CLOCK_MONOTONIC unless a test calls joulebook_fake_nvml_set_time(seconds); a negative
// argument gives time back to the clock. The script is read anew at every nvmlInit.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fake_board.h"

namespace {

using namespace fake_nvml;

// Handles are 1 + index + 1000 * generation.
void* handle_of(unsigned index) {
  return reinterpret_cast<void*>(static_cast<std::size_t>(machine.generation) * 1000 + index + 1);
}

int find(void* handle, const char* call, const Board** board) {
  if (machine.references == 0) return uninitialized;
  if (gone()) return no_driver;
  const auto number = reinterpret_cast<std::size_t>(handle);
  const auto generation = static_cast<std::size_t>(machine.generation);
  const bool reloaded = seconds() >= machine.gone_to && !machine.after_reload;
  if (reloaded || number / 1000 != generation) return uninitialized;
  const std::size_t index = number % 1000 - 1;
  if (index >= machine.boards.size()) return invalid;
  for (const Failure& failure : machine.failures) {
    const bool named = failure.call == "any" || failure.call == call;
    const double t = seconds();
    if (failure.device == index && named && t >= failure.from && t < failure.to) {
      return failure.code;
    }
  }
  *board = &machine.boards[index];
  return ok;
}

int copy_text(const std::string& text, char* to, unsigned size) {
  if (text.size() + 1 > size) return too_small;
  std::memcpy(to, text.c_str(), text.size() + 1);
  return ok;
}

std::string uuid_of(std::size_t index) {
  return machine.boards[index].text("uuid", "GPU-fake-" + std::to_string(index));
}

struct Process {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

int processes(void* handle, const char* key, unsigned* count, Process* list) {
  const Board* board = nullptr;
  if (const int code = find(handle, "processes", &board); code != ok) return code;
  const auto pids = parts_of(board->text(key), ',');
  const unsigned room = *count;
  *count = static_cast<unsigned>(pids.size());
  if (pids.size() > room) return too_small;
  for (std::size_t i = 0; i < pids.size(); ++i) {
    list[i] = {static_cast<unsigned>(std::atoi(pids[i].c_str())), 1 << 20, ~0U, ~0U};
  }
  return ok;
}

}  // namespace

extern "C" {

void joulebook_fake_nvml_set_time(double at) {
  const std::lock_guard lock(mutex);
  told_time = at;
}

int nvmlInit_v2() {
  const std::lock_guard lock(mutex);
  if (!load_script()) return no_driver;
  if (machine.init != ok) return machine.init;
  if (gone()) return no_driver;
  if (machine.references++ == 0) ++machine.generation;
  machine.after_reload = seconds() >= machine.gone_to;
  return ok;
}

int nvmlShutdown() {
  const std::lock_guard lock(mutex);
  if (machine.references == 0) return uninitialized;
  --machine.references;
  return ok;
}

const char* nvmlErrorString(int code) {
  switch (code) {
    case ok:
      return "Success";
    case uninitialized:
      return "Uninitialized";
    case unsupported:
      return "Not Supported";
    case 4:
      return "Insufficient Permissions";
    case no_driver:
      return "Driver Not Loaded";
    case 15:
      return "GPU is lost";
    case 18:
      return "Driver/library version mismatch";
    default:
      return "Unknown Error";
  }
}

int nvmlSystemGetDriverVersion(char* to, unsigned size) {
  return copy_text(machine.driver, to, size);
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  const std::lock_guard lock(mutex);
  if (machine.references == 0) return uninitialized;
  *count = static_cast<unsigned>(machine.boards.size());
  return ok;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** handle) {
  const std::lock_guard lock(mutex);
  if (machine.references == 0) return uninitialized;
  if (index >= machine.boards.size()) return invalid;
  *handle = handle_of(index);
  const Board* board = nullptr;
  return find(*handle, "handle", &board);
}

int nvmlDeviceGetHandleByUUID(const char* uuid, void** handle) {
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < machine.boards.size(); ++i) {
    if (uuid_of(i) == uuid) {
      return nvmlDeviceGetHandleByIndex_v2(static_cast<unsigned>(i), handle);
    }
  }
  return invalid;
}

int nvmlDeviceGetUUID(void* handle, char* to, unsigned size) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "uuid", &board); code != ok) return code;
  return copy_text(uuid_of(static_cast<std::size_t>(board - machine.boards.data())), to, size);
}

int nvmlDeviceGetName(void* handle, char* to, unsigned size) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "name", &board); code != ok) return code;
  std::string name = board->text("name", "Fake_GPU");
  for (char& letter : name) {
    if (letter == '_') letter = ' ';
  }
  return copy_text(name, to, size);
}

struct PciInfo {
  char legacy[16];
  unsigned domain, bus, device, id, subsystem;
  char bus_id[32];
};

int nvmlDeviceGetPciInfo_v3(void* handle, PciInfo* pci) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "pci", &board); code != ok) return code;
  *pci = {};
  return copy_text(board->text("pci", "00000000:01:00.0"), pci->bus_id, sizeof pci->bus_id);
}

int nvmlDeviceGetCudaComputeCapability(void* handle, int* major, int* minor) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "capability", &board); code != ok) return code;
  const auto parts = parts_of(board->text("cc", "9.0"), '.');
  *major = std::atoi(parts.at(0).c_str());
  *minor = parts.size() > 1 ? std::atoi(parts[1].c_str()) : 0;
  return ok;
}

int nvmlDeviceGetMigMode(void* handle, unsigned* current, unsigned* pending) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "mig", &board); code != ok) return code;
  *current = *pending = static_cast<unsigned>(board->number("mig", 0));
  return ok;
}

int nvmlDeviceGetPowerUsage(void* handle, unsigned* milliwatts) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "power", &board); code != ok) return code;
  if (board->number("usage", 1) == 0) return unsupported;
  *milliwatts = static_cast<unsigned>(std::lround(1e3 * watts(power_of(*board), updated(*board))));
  return ok;
}

int nvmlDeviceGetEnforcedPowerLimit(void* handle, unsigned* milliwatts) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "limit", &board); code != ok) return code;
  if (board->number("limit", 0) <= 0) return unsupported;
  *milliwatts = static_cast<unsigned>(std::lround(1e3 * board->number("limit", 0)));
  return ok;
}

int nvmlDeviceGetComputeRunningProcesses_v2(void* handle, unsigned* count, Process* list) {
  const std::lock_guard lock(mutex);
  return processes(handle, "pids", count, list);
}

int nvmlDeviceGetGraphicsRunningProcesses_v2(void* handle, unsigned* count, Process* list) {
  const std::lock_guard lock(mutex);
  return processes(handle, "graphics", count, list);
}

#ifndef FAKE_NVML_OLD
int nvmlDeviceGetComputeRunningProcesses_v3(void* handle, unsigned* count, Process* list) {
  return nvmlDeviceGetComputeRunningProcesses_v2(handle, count, list);
}

int nvmlDeviceGetTotalEnergyConsumption(void* handle, unsigned long long* energy) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "energy", &board); code != ok) return code;
  if (board->number("energy", 1) == 0) return unsupported;
  *energy = static_cast<unsigned long long>(millijoules(*board));
  return ok;
}

struct FieldValue {
  unsigned field, scope;
  long long timestamp, latency;
  int type, result;
  unsigned long long value;
};

int nvmlDeviceGetFieldValues(void* handle, int count, FieldValue* values) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "fields", &board); code != ok) return code;
  for (FieldValue* value = values; value != values + count; ++value) {
    const char* keys[] = {"", "module", "memory"};
    const bool power = (value->field == 185 || value->field == 186) && value->scope < 3 &&
                       board->number("fields", 1) != 0;
    const double shown = value->scope == 0 ? watts(power_of(*board), updated(*board))
                                           : board->number(keys[value->scope % 3], 0);
    value->type = 1;
    value->result = power && (value->scope == 0 || shown > 0) ? ok : unsupported;
    value->value = static_cast<unsigned long long>(std::llround(shown * 1e3));
  }
  return ok;
}
#endif

}  // extern "C"
