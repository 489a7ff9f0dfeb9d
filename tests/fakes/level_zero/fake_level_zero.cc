// A libze_loader.so.1 for tests: answers as Level Zero's Sysman does, from the script named by
// JOULEBOOK_FAKE_LEVEL_ZERO (../vendor/script.h). Built twice: whole, and (FAKE_LEVEL_ZERO_OLD) as
// loaders before 1.8 have it: no zesInit (ZES_ENABLE_SYSMAN=1 and zeInit instead) and no
// zesDeviceGetCardPowerDomain.
//
// Keys of its own: tiles=N power domains of tiles beside the card's, each with an equal share;
// card=0: no domain of the card. CALL: energy. The codes are ze_result_t's (0x70000001: lost).
// A test holds the time by joulebook_fake_level_zero_set_time(seconds).
#include <cstdint>

#include "../vendor/script.h"

namespace {

using namespace fake_vendor;

constexpr int ok = 0;
constexpr int kUninitialized = 0x78000001, kUnsupported = 0x78000003, kInvalid = 0x78000004;
bool sysman = false;

// Handles: devices are 1 + index; power domains 1000 * (1 + index) + 1 + domain, 0 the card's.
void* as_handle(std::size_t number) { return reinterpret_cast<void*>(number); }
std::size_t as_number(void* handle) { return reinterpret_cast<std::size_t>(handle); }

int find(std::size_t index, const char* call, const Board** board) {
  if (!sysman) return kUninitialized;
  if (index >= machine.boards.size()) return kInvalid;
  if (const int code = scripted_failure(index, call); code != 0) return code;
  *board = &machine.boards[index];
  return ok;
}

int fill(std::uint32_t* count, void** list, const std::vector<std::size_t>& all) {
  if (list != nullptr) {
    for (std::size_t i = 0; i < std::min<std::size_t>(*count, all.size()); ++i) {
      list[i] = as_handle(all[i]);
    }
  }
  if (list == nullptr || *count > all.size()) *count = static_cast<std::uint32_t>(all.size());
  return ok;
}

int start() {
  if (!load_script("JOULEBOOK_FAKE_LEVEL_ZERO")) return kUninitialized;
  if (machine.init != ok) return machine.init;
  sysman = true;
  return ok;
}

int list_devices(std::uint32_t* count, void** devices) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < machine.boards.size(); ++i) all.push_back(i + 1);
  return fill(count, devices, all);
}

struct DeviceProperties {
  int stype;
  void* next;
  struct {
    int stype;
    void* next;
    int type;
    std::uint32_t vendor, device, flags, subdevice, clock;
    std::uint64_t allocation;
    std::uint32_t counts[7];
    std::uint64_t timer;
    std::uint32_t bits[2];
    std::uint8_t uuid[16];
    char name[256];
  } core;
  std::uint32_t subdevices;
  char serial[64], board[64], brand[64], model[64], vendor[64], driver[64];
};
static_assert(sizeof(DeviceProperties) == 776);

struct PciProperties {
  int stype;
  void* next;
  std::uint32_t domain, bus, device, function;
  std::int32_t generation, width;
  std::int64_t bandwidth;
  unsigned char counters[3];
};
static_assert(sizeof(PciProperties) == 56);

struct PowerProperties {
  int stype;
  void* next;
  unsigned char on_subdevice;
  std::uint32_t subdevice;
  unsigned char controls, thresholds;
  std::int32_t default_limit, min_limit, max_limit;
};
static_assert(sizeof(PowerProperties) == 40);

struct EnergyCounter {
  std::uint64_t microjoules, timestamp_us;
};

}  // namespace

extern "C" {

void joulebook_fake_level_zero_set_time(double at) {
  const std::lock_guard lock(mutex);
  told_time = at;
}

#ifdef FAKE_LEVEL_ZERO_OLD
int zeInit(std::uint32_t) {
  const std::lock_guard lock(mutex);
  const char* asked = std::getenv("ZES_ENABLE_SYSMAN");
  if (asked == nullptr || asked[0] != '1') return ok;  // starts, but without Sysman
  return start();
}

int zeDriverGet(std::uint32_t* count, void** drivers) { return fill(count, drivers, {1}); }
int zeDeviceGet(void*, std::uint32_t* count, void** devices) {
  const std::lock_guard lock(mutex);
  return list_devices(count, devices);
}
#else
int zesInit(std::uint32_t) {
  const std::lock_guard lock(mutex);
  return start();
}

int zesDriverGet(std::uint32_t* count, void** drivers) { return fill(count, drivers, {1}); }
int zesDeviceGet(void*, std::uint32_t* count, void** devices) {
  const std::lock_guard lock(mutex);
  return list_devices(count, devices);
}

int zesDeviceGetCardPowerDomain(void* device, void** power) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(as_number(device) - 1, "card", &board); code != ok) return code;
  if (board->number("card", 1) == 0) return kUnsupported;
  *power = as_handle(as_number(device) * 1000 + 1);
  return ok;
}
#endif

int zesDeviceGetProperties(void* device, DeviceProperties* properties) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(as_number(device) - 1, "properties", &board); code != ok) return code;
  if (properties->stype != 1 || properties->core.stype != 3) return kInvalid;
  properties->core.type = static_cast<int>(board->number("type", 1));  // ZE_DEVICE_TYPE_GPU
  copy_text(board->name("Intel(R) Data Center GPU Max 1550"), properties->core.name, 256);
  properties->subdevices = static_cast<std::uint32_t>(board->number("tiles", 0));
  return ok;
}

int zesDevicePciGetProperties(void* device, PciProperties* properties) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(as_number(device) - 1, "pci", &board); code != ok) return code;
  if (properties->stype != 2) return kInvalid;
  const Pci at = pci_of(*board, as_number(device) - 1);
  properties->domain = at.domain;
  properties->bus = at.bus;
  properties->device = at.device;
  properties->function = at.function;
  return ok;
}

int zesDeviceEnumPowerDomains(void* device, std::uint32_t* count, void** domains) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(as_number(device) - 1, "domains", &board); code != ok) return code;
  std::vector<std::size_t> all;
  if (board->number("card", 1) != 0) all.push_back(as_number(device) * 1000 + 1);
  for (int tile = 0; tile < board->number("tiles", 0); ++tile) {
    all.push_back(as_number(device) * 1000 + 2 + static_cast<std::size_t>(tile));
  }
  return fill(count, domains, all);
}

int zesPowerGetProperties(void* power, PowerProperties* properties) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(as_number(power) / 1000 - 1, "power", &board); code != ok) return code;
  if (properties->stype != 0xd) return kInvalid;
  const std::size_t domain = as_number(power) % 1000 - 1;
  properties->on_subdevice = domain > 0 ? 1 : 0;
  properties->subdevice = domain > 0 ? static_cast<std::uint32_t>(domain - 1) : 0;
  const double limit = board->number("limit", 0);
  properties->max_limit = limit > 0 ? static_cast<std::int32_t>(limit * 1e3) : -1;
  return ok;
}

int zesPowerGetEnergyCounter(void* power, EnergyCounter* counter) {
  const std::lock_guard lock(mutex);
  const Board* board = nullptr;
  if (const int code = find(as_number(power) / 1000 - 1, "energy", &board); code != ok) return code;
  if (board->number("energy", 1) == 0) return kUnsupported;
  const bool card = as_number(power) % 1000 == 1;
  const double share = card ? 1 : 1 / std::max(1.0, board->number("tiles", 0));
  counter->microjoules = static_cast<std::uint64_t>(millijoules(*board) * 1e3 * share);
  counter->timestamp_us = static_cast<std::uint64_t>(updated(*board) * 1e6);
  return ok;
}

}  // extern "C"
