#include "sensor/gpu/nvml_question.h"

namespace joulebook {
namespace {

constexpr unsigned kNotAvailable = 0xffff'ffff;

int ask_field(const NvmlApi& api, NvmlDevice device, const NvmlQuestion& question,
              std::uint64_t& counts) {
  if (api.field_values == nullptr) return kNvmlFunctionNotFound;
  NvmlFieldValue field{};
  field.field = question.field;
  field.scope = question.scope;
  if (const int code = api.field_values(device, 1, &field); code != kNvmlSuccess) return code;
  if (field.result != kNvmlSuccess) return field.result;
  const auto value = whole_number(field.type, field.value);
  if (!value || *value == kNotAvailable) return kNvmlNotSupported;
  counts = *value;
  return kNvmlSuccess;
}

}  // namespace

std::optional<std::uint64_t> whole_number(int type, const NvmlValue& value) {
  switch (type) {
    case 1:
      return value.as_uint;
    case 2:
      return value.as_ulong;
    case 3:
      return value.as_ulonglong;
    case 4:
      if (value.as_longlong >= 0) return static_cast<std::uint64_t>(value.as_longlong);
      return std::nullopt;
    case 5:
      if (value.as_int >= 0) return static_cast<std::uint64_t>(value.as_int);
      return std::nullopt;
    case 6:
      return value.as_ushort;
    default:
      return std::nullopt;
  }
}

int ask_nvml(const NvmlApi& api, NvmlDevice device, const NvmlQuestion& question,
             std::uint64_t& counts) {
  if (question.call == NvmlQuestion::Call::field) return ask_field(api, device, question, counts);
  if (question.call == NvmlQuestion::Call::total_energy) {
    if (api.total_energy == nullptr) return kNvmlFunctionNotFound;
    unsigned long long millijoules = 0;
    const int code = api.total_energy(device, &millijoules);
    counts = millijoules;
    return code;
  }
  if (api.power_usage == nullptr) return kNvmlFunctionNotFound;
  unsigned milliwatts = 0;
  const int code = api.power_usage(device, &milliwatts);
  counts = milliwatts;
  return code == kNvmlSuccess && milliwatts == kNotAvailable ? kNvmlNotSupported : code;
}

tl::unexpected<Error> nvml_refusal(const NvmlLibrary& library, const std::string& who, int code) {
  const std::string what = who + ": " + library.words(code);
  if (code == kNvmlNotSupported || code == kNvmlFunctionNotFound) {
    return fail(ErrorKind::no_reading, "sensor.unsupported", what,
                "none: this board or driver does not offer it");
  }
  if (code == kNvmlNoPermission) {
    return fail(ErrorKind::no_reading, "sensor.permission", what,
                "give this user access to /dev/nvidiactl and /dev/nvidia*");
  }
  if (code == kNvmlGpuIsLost || code == kNvmlResetRequired) {
    return fail(ErrorKind::no_reading, "sensor.lost", what, kNvmlLostCure);
  }
  if (code == kNvmlVersionMismatch) {
    return fail(ErrorKind::no_reading, "sensor.lost", what,
                "the driver was replaced while this ran: start again");
  }
  return fail(ErrorKind::no_reading, "sensor.lost", what,
              "load the driver again (sudo modprobe nvidia); readings go on by themselves");
}

}  // namespace joulebook
