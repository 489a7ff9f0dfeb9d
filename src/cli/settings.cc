#include "cli/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "cli/default_model.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "core/toml.h"
#include "ledger/ledger.h"
#include "meter/calibration/store.h"

namespace joulebook {
namespace {

enum class Kind { text, whole, toggle, list };  // list: one a line

struct Definition {
  std::string_view key;
  const char* variable;
  Kind kind;
  std::string_view fallback;
  std::string_view doc;
};

constexpr std::array kDefinitions = {
    Definition{"ledger", "JOULEBOOK_LEDGER", Kind::text, "", "where runs are written down"},
    Definition{"sysroot", "JOULEBOOK_SYSROOT", Kind::text, "",
               "read DIR/sys, DIR/proc, DIR/dev instead of the machine's own"},
    Definition{"model", "JOULEBOOK_MODEL", Kind::text, "", "GGUF file or http(s) endpoint to ask"},
    Definition{"sensors", "JOULEBOOK_SENSORS", Kind::text, "",
               "comma-separated sensor ids or prefixes; empty: all"},
    Definition{"perf", "JOULEBOOK_PERF", Kind::toggle, "auto",
               "perf_event for CPU energy: auto (on unless there is a sysroot), on, off"},
    Definition{"sensor", "JOULEBOOK_SENSOR", Kind::list, "",
               "a meter outside: exec:PROGRAM, serial:, tcp://, shelly://, tasmota://, redfish://, "
               "ipmi:, powermetrics:FILE; may be given again"},
    Definition{"period_ms", "JOULEBOOK_PERIOD_MS", Kind::whole, "10",
               "milliseconds between two rounds of readings"},
    Definition{"calibration", "JOULEBOOK_CALIBRATION", Kind::text, "",
               "what `joulebook calibrate` learnt about machines"},
    Definition{"threads", "JOULEBOOK_THREADS", Kind::whole, "0",
               "threads of the embedded engine; 0: one a physical core"},
    Definition{"context", "JOULEBOOK_CONTEXT", Kind::whole, "0",
               "context in tokens; 0: as much as the prompt and the answer need"},
    Definition{"gpu_layers", "JOULEBOOK_GPU_LAYERS", Kind::whole, "-1",
               "layers on the GPU; -1: all that fit"},
};

// Tables of the file that a command reads by itself.
constexpr std::array kTables = {"serve", "meter", "tenants"};

const Definition* definition(std::string_view key) {
  const auto it = std::find_if(kDefinitions.begin(), kDefinitions.end(),
                               [&](const Definition& d) { return d.key == key; });
  return it == kDefinitions.end() ? nullptr : &*it;
}

std::string default_value(const Definition& d) {
  if (d.key == "ledger") return default_ledger_path();
  if (d.key == "calibration") return default_calibration_path();
  if (d.key == "model") return default_model_path();
  return std::string(d.fallback);
}

Status check_kind(const Definition& d, std::string_view value, const std::string& origin) {
  if (d.kind == Kind::toggle && value != "auto" && value != "on" && value != "off") {
    return fail(ErrorKind::input, "settings.value",
                origin + ": " + std::string(d.key) + " must be auto, on or off, not '" +
                    std::string(value) + "'",
                "write auto");
  }
  if (d.kind != Kind::whole || parse_int(value)) return {};
  return fail(ErrorKind::input, "settings.value",
              origin + ": " + std::string(d.key) + " must be a whole number, not '" +
                  std::string(value) + "'",
              "write a number");
}

std::optional<std::string> config_file(const Environment& environment) {
  if (const auto named = environment("JOULEBOOK_CONFIG")) return named;
  std::vector<std::string> places = {"joulebook.toml"};
  if (const auto xdg = environment("XDG_CONFIG_HOME")) {
    places.push_back(*xdg + "/joulebook/joulebook.toml");
  } else if (const auto home = environment("HOME")) {
    places.push_back(*home + "/.config/joulebook/joulebook.toml");
  }
  for (const auto& place : places) {
    if (::access(place.c_str(), F_OK) == 0) return place;
  }
  return std::nullopt;
}

Result<TomlDocument> read_config(const std::string& path) {
  auto text = read_file(path);
  if (!text) return fail(text.error());
  auto document = parse_toml(*text, path);
  if (!document) return document;
  std::vector<std::string> known;
  for (const auto& d : kDefinitions) known.emplace_back(d.key);
  for (const char* table : kTables) known.emplace_back(table);
  if (auto ok = check_keys(*document, "", document->root, known); !ok) return fail(ok.error());
  return document;
}

std::string as_text(const Json& value) {
  if (value.is_array()) {
    std::vector<std::string> lines;
    for (const auto& item : value.items()) lines.push_back(as_text(item));
    return join(lines, "\n");
  }
  return value.is_string() ? std::string(value.as_string()) : value.dump();
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Result<Settings> Settings::load(const Environment& environment) {
  TomlDocument file;
  if (const auto path = config_file(environment)) {
    auto document = read_config(*path);
    if (!document) return fail(document.error());
    file = std::move(*document);
  }
  Settings settings;
  for (const auto& d : kDefinitions) {
    Setting setting{std::string(d.key), default_value(d), "default"};
    if (const Json& value = file.root[d.key]; !value.is_null()) {
      setting.value = as_text(value);
      setting.origin = file.origin + ":" + std::to_string(file.line_of(d.key));
    }
    if (const auto value = environment(d.variable)) {
      setting.value = *value;
      setting.origin = d.variable;
    }
    if (auto ok = check_kind(d, setting.value, setting.origin); !ok) return fail(ok.error());
    settings.settings_.push_back(std::move(setting));
  }
  settings.file_ = std::move(file);
  return settings;
}

Setting* Settings::find(std::string_view key) {
  const auto it = std::find_if(settings_.begin(), settings_.end(),
                               [&](const Setting& s) { return s.key == key; });
  return it == settings_.end() ? nullptr : &*it;
}

const std::string& Settings::get(std::string_view key) const {
  return const_cast<Settings*>(this)->find(key)->value;
}

int Settings::get_int(std::string_view key) const {
  return static_cast<int>(parse_int(get(key)).value_or(0));
}

Status Settings::set_by_flag(std::string_view key, const std::string& value) {
  const std::string origin = "flag --" + std::string(key);
  if (auto ok = check_kind(*definition(key), value, origin); !ok) {
    Error error = ok.error();
    error.kind = ErrorKind::usage;
    return fail(std::move(error));
  }
  *find(key) = {std::string(key), value, origin};
  return {};
}

std::string_view Settings::describe(std::string_view key) { return definition(key)->doc; }

}  // namespace joulebook
