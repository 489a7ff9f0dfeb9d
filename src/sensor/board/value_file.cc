#include "sensor/board/value_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.h"

namespace joulebook {

std::optional<std::int64_t> parse_value(std::string_view text) { return parse_int(trim(text)); }

bool is_sentinel(std::int64_t value) {
  static constexpr std::array<std::int64_t, 7> kSentinels{
      -1,
      0xffff'ffff,
      0xffff'ffff * 1'000LL,
      0xffff'ffff * 1'000'000LL,
      0x7fff'ffff,
      0x7fff'ffff * 1'000LL,
      0x7fff'ffff * 1'000'000LL,
  };
  return std::find(kSentinels.begin(), kSentinels.end(), value) != kSentinels.end();
}

Result<ValueFile> ValueFile::open(const FileTree& files, const std::string& path) {
  auto file = files.keep(path);
  if (!file) return fail(file.error());
  return ValueFile(std::move(*file), path);
}

Result<std::string_view> ValueFile::read_word() {
  const auto size = file_->read(buffer_, kBuffer);
  if (!size) return fail(size.error());
  if (*size == kBuffer) {
    return fail(ErrorKind::no_reading, "sensor.malformed", path_ + ": longer than a value can be",
                "see dmesg and reload the driver");
  }
  return trim({buffer_, *size});
}

Result<std::int64_t> ValueFile::read() {
  const auto word = read_word();
  if (!word) return fail(word.error());
  if (const auto value = parse_value(*word)) return *value;
  return fail(
      ErrorKind::no_reading, "sensor.malformed",
      path_ + (word->empty() ? ": an empty file" : ": not a whole number: " + valid_utf8(*word)),
      "read again; if it stays, see dmesg and reload the driver");
}

Error as_sensor_error(const Error& error, const SensorInfo& info) {
  const std::string what = info.name + " (" + info.id + "): " + error.message;
  if (error.code.starts_with("sensor.")) return {error.kind, error.code, what, error.cure};
  if (error.code == "file.permission") {
    return {ErrorKind::no_reading, "sensor.permission", what,
            "grant the right to read it: `joulebook doctor` prints the command"};
  }
  if (error.code == "file.no_data") {
    return {ErrorKind::no_reading, "sensor.no_data", what,
            "enable the channel, wake the device, or leave this sensor out"};
  }
  return {ErrorKind::no_reading, "sensor.lost", what,
          "plug the device in again or reload its driver; readings go on by themselves"};
}

std::optional<std::int64_t> value_at(const FileTree& files, const std::string& path) {
  const auto text = files.read(path);
  return text ? parse_value(*text) : std::nullopt;
}

std::string text_at(const FileTree& files, const std::string& path) {
  const auto text = files.read(path);
  return text ? valid_utf8(trim(*text)) : std::string();
}

std::string link_name(const FileTree& files, const std::string& path) {
  const auto target = files.link(path);
  if (!target) return {};
  return target->substr(target->rfind('/') + 1);
}

}  // namespace joulebook
