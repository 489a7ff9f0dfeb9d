// A libnvidia-ml.so.1 for tests: answers as NVML does, from the script named by the environment
// variable JOULEBOOK_FAKE_NVML (format: docs below), for boards whose energy is known in closed
// form. Built twice: whole, and (FAKE_NVML_OLD) without the calls that old drivers lack.
//
// The script: ../vendor/script.h. Keys of its own:
//   cc=9.0 mig=1 graphics=3 (a pid)   memory=WATTS module=WATTS: the gauges of other scopes, else
//   unsupported   fields=0 instant=0 average=0: not supported   zero=1: the counter answers 0
//   window=SECONDS of the average (default 1)   sample=MS of the power history (default 20; 0:
//   none) celsius=DEGREES (default: not supported) skew=SECONDS by which the history's wall clock is wrong
// CALL of an `error`: energy, power, fields, samples, processes.
//
// A test holds the time by joulebook_fake_nvml_set_time(seconds). The script is read anew at every
// nvmlInit.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../vendor/script.h"

namespace {

using namespace fake_vendor;

enum Code { ok = 0, uninitialized = 1, invalid = 2, unsupported = 3, too_small = 7, no_driver = 9 };

// Handles are 1 + index + 1000 * generation.
void* handle_of(unsigned index) {
  return reinterpret_cast<void*>(static_cast<std::size_t>(machine.generation) * 1000 + index + 1);
}

int find(void* handle, const char* call, const Board** board) {
  if (machine.references == 0) return uninitialized;
  if (gone()) return no_driver;
  const auto number = reinterpret_cast<std::size_t>(handle);
  const auto generation = static_cast<std::size_t>(machine.generation);
  const bool dead = reloaded() && !machine.after_reload;
  if (dead || number / 1000 != generation) return uninitialized;
  const std::size_t index = number % 1000 - 1;
  if (index >= machine.boards.size()) return invalid;
  if (const int code = scripted_failure(index, call); code != 0) return code;
  *board = &machine.boards[index];
  return ok;
}

int copy(const std::string& text, char* to, unsigned size) {
  return copy_text(text, to, size) ? ok : too_small;
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

// W of a field (185 average, 186 instant) and scope; negative: not supported.
[[maybe_unused]] double field_watts(const Board& board, unsigned field, unsigned scope) {
  const char* known = field == 186 ? "instant" : field == 185 ? "average" : "none";
  if (board.number("fields", 1) == 0 || board.number(known, field < 185 ? 0 : 1) == 0) return -1;
  if (field > 186 || scope > 2) return -1;
  const char* scopes[] = {"", "module", "memory"};
  if (scope > 0) return board.number(scopes[scope], 0) > 0 ? board.number(scopes[scope], 0) : -1;
  if (field == 186) return gauge_watts(board);
  const double to = updated(board), from = std::fmax(0, to - board.number("window", 1));
  if (to <= from) return gauge_watts(board);
  return (joules(power_of(board), to) - joules(power_of(board), from)) / (to - from);
}

// Wall-clock microseconds at the boards' time `t`.
[[maybe_unused]] double wall_us(const Board& board, double t) {
  double wall_ns = machine.wall_ns;
  if (wall_ns < 0) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    wall_ns =
        static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec) - seconds() * 1e9;
  }
  return wall_ns * 1e-3 + (t + board.number("skew", 0)) * 1e6;
}

}  // namespace

extern "C" {

void joulebook_fake_nvml_set_time(double at) {
  const std::lock_guard lock(mutex);
  told_time = at;
}

int nvmlInit_v2() {
  const std::lock_guard lock(mutex);
  if (!load_script("JOULEBOOK_FAKE_NVML")) return no_driver;
  if (machine.init != ok) return machine.init;
  if (gone()) return no_driver;
  if (machine.references++ == 0) ++machine.generation;
  machine.after_reload = reloaded();
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

int nvmlSystemGetDriverVersion(char* to, unsigned size) { return copy(machine.driver, to, size); }

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
  return copy(uuid_of(static_cast<std::size_t>(board - machine.boards.data())), to, size);
}

int nvmlDeviceGetName(void* handle, char* to, unsigned size) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "name", &board); code != ok) return code;
  return copy(board->name("Fake_GPU"), to, size);
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
  return copy(board->text("pci", "00000000:01:00.0"), pci->bus_id, sizeof pci->bus_id);
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
  *milliwatts = static_cast<unsigned>(std::lround(1e3 * gauge_watts(*board)));
  return ok;
}

int nvmlDeviceGetTemperature(void* handle, int, unsigned* degrees) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "temperature", &board); code != ok) return code;
  if (board->number("celsius", -1) < 0) return unsupported;
  *degrees = static_cast<unsigned>(board->number("celsius", 0));
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
  *energy =
      board->number("zero", 0) != 0 ? 0 : static_cast<unsigned long long>(millijoules(*board));
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
    const double shown = field_watts(*board, value->field, value->scope);
    value->type = 1;
    value->result = shown >= 0 ? ok : unsupported;
    value->value = static_cast<unsigned long long>(std::llround(std::fmax(0, shown) * 1e3));
  }
  return ok;
}

struct Sample {
  unsigned long long wall_us;
  unsigned long long value;
};

// The driver's ring of power samples: 120 of them, one every `sample` ms, those after `last`.
int nvmlDeviceGetSamples(void* handle, int kind, unsigned long long last, int* type,
                         unsigned* count, Sample* samples) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(handle, "samples", &board); code != ok) return code;
  const double every = board->number("sample", 0) * 1e-3;
  if (kind != 0 || every <= 0) return unsupported;
  constexpr long kRing = 120;
  if (samples == nullptr) {
    *count = kRing;
    return ok;
  }
  const auto newest = static_cast<long>(std::floor(seconds() / every + 1e-9));
  unsigned filled = 0;
  *type = 1;
  for (long i = std::max(0L, newest - kRing + 1); i <= newest && filled < *count; ++i) {
    const double at = static_cast<double>(i) * every;
    const auto stamp = static_cast<unsigned long long>(std::llround(wall_us(*board, at)));
    if (stamp <= last) continue;
    samples[filled++] = {
        stamp, static_cast<unsigned long long>(std::llround(1e3 * watts(power_of(*board), at)))};
  }
  *count = filled;
  return filled > 0 ? ok : 6;  // NVML_ERROR_NOT_FOUND: none is newer
}
#endif

}  // extern "C"
