#pragma once
// One number that the kernel shows as text (a value of hwmon, iio or power_supply), kept open and
// read again and again.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

// A whole decimal number that may be negative, surrounding blanks apart; nothing else.
[[nodiscard]] std::optional<std::int64_t> parse_value(std::string_view text);

// Numbers that drivers and firmware show in place of a power, voltage or current that they do not
// know: 32 bits of ones as they are, times 1000 (ACPI's "unknown" in mW shown as uW) and times a
// million, the greatest signed number of 32 bits in the same three, and -1.
[[nodiscard]] bool is_sentinel(std::int64_t value);

// Whether it lies in [-most, most].
[[nodiscard]] constexpr bool within(std::int64_t value, std::int64_t most) {
  return -most <= value && value <= most;
}

class ValueFile {
 public:
  // Opens it; no reading yet. Errors as FileTree::keep.
  [[nodiscard]] static Result<ValueFile> open(const FileTree& files, const std::string& path);

  // No allocation on the success path. Errors: those of KeptFile::read, and "sensor.malformed"
  // where the text is no whole number.
  [[nodiscard]] Result<std::int64_t> read();
  // The text itself, trimmed, valid until the next read: for a file of one word.
  // Errors: those of KeptFile::read, and "sensor.malformed" where it is too long to be one.
  [[nodiscard]] Result<std::string_view> read_word();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  ValueFile(std::unique_ptr<KeptFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  // The longest 64-bit number has 20 digits; a file that fills the buffer is no number.
  static constexpr std::size_t kBuffer = 64;
  std::unique_ptr<KeptFile> file_;
  std::string path_;
  char buffer_[kBuffer] = {};
};

// The failure of a file in the words of a sensor that was open before: "sensor.permission",
// "sensor.no_data" (the driver says that it has none), else "sensor.lost". Codes of sensors stay.
[[nodiscard]] Error as_sensor_error(const Error& error, const SensorInfo& info);

// The number that a file holds, read once; nothing where it cannot be read or is none.
[[nodiscard]] std::optional<std::int64_t> value_at(const FileTree& files, const std::string& path);
// The text that a file holds, trimmed; empty where it cannot be read.
[[nodiscard]] std::string text_at(const FileTree& files, const std::string& path);
// The last name of what a symbolic link points to; empty where there is none.
[[nodiscard]] std::string link_name(const FileTree& files, const std::string& path);

}  // namespace joulebook
