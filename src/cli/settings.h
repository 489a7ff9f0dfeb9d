#pragma once
// What is in force and where it came from: flags over environment over joulebook.toml over
// defaults.
#include <joulebook/result.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/toml.h"

namespace joulebook {

// One setting as `joulebook config` prints it.
struct Setting {
  std::string key;
  std::string value;
  std::string origin;  // "flag --ledger", "JOULEBOOK_LEDGER", "joulebook.toml:3", "default"
};

// The value of an environment variable, or nothing. Injected, so that tests need no environment.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
[[nodiscard]] Environment process_environment();

class Settings {
 public:
  // Reads the first file that exists of: JOULEBOOK_CONFIG, ./joulebook.toml,
  // $XDG_CONFIG_HOME/joulebook/joulebook.toml, ~/.config/joulebook/joulebook.toml.
  // Errors: as toml.h, with file and line; "settings.value" for a value of the wrong kind.
  [[nodiscard]] static Result<Settings> load(const Environment& environment);

  // REQUIRES: `key` is one of all().
  [[nodiscard]] const std::string& get(std::string_view key) const;
  [[nodiscard]] int get_int(std::string_view key) const;
  // A flag's word is final. Errors: usage "settings.value" where the value is of the wrong kind.
  [[nodiscard]] Status set_by_flag(std::string_view key, const std::string& value);
  [[nodiscard]] const std::vector<Setting>& all() const { return settings_; }

  // The file, for the tables that a command reads by itself ([serve], [tenants]); empty: none.
  [[nodiscard]] const TomlDocument& file() const { return file_; }

  // One line of documentation for a key, for --help and the manual.
  [[nodiscard]] static std::string_view describe(std::string_view key);

 private:
  Setting* find(std::string_view key);
  std::vector<Setting> settings_;
  TomlDocument file_;
};

}  // namespace joulebook
