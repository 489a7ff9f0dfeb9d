#pragma once
// What `joulebook serve` is asked for: one table says every setting's key, kind and meaning, and
// flags, the [serve] table of joulebook.toml and the manual all follow from it. Pure.
#include <joulebook/result.h>

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/toml.h"

namespace joulebook::gateway {

// A [[meter]] of the file: what its address alone does not say.
struct MeterTable {
  std::string url;
  std::vector<std::string> upstreams;  // that it meters; empty: those on its host
  std::string token_env;               // the variable that holds its token; empty: JOULEBOOK_METER_TOKEN
  std::string ca;                      // PEM of who may sign its certificate; empty: that of meter_ca
};

struct ServeOptions {
  std::vector<std::string> upstreams;
  std::string model;  // GGUF file: an own llama-server behind it, instead of upstreams
  std::string server;  // program in place of the packaged llama-server; empty: that
  int slots = 4;
  int context = 4096;
  int threads = 0;
  std::string listen = "127.0.0.1:8900";
  bool open_to_network = false;
  std::string tls_cert;
  std::string tls_key;
  std::string upstream_ca;
  bool pristine = false;
  bool include_usage = true;
  std::vector<std::string> no_usage_from;
  bool energy_event = false;
  bool trailer = false;
  std::vector<std::string> shape;   // "MODEL", or "NAME=MODEL" of the model that requests call so
  std::vector<std::string> router;
  std::vector<std::string> domains;
  std::vector<std::string> meter;   // "URL" or "URL=UPSTREAM" (meter_plan.h)
  std::vector<MeterTable> meters;
  std::string meter_ca;
  double window_s = 1;
  double horizon_s = 60;
  double drain_s = 30;
  double connections = 4096;
  double body_mib = 8;
  double backlog_mib = 64;
  double head_s = 30;
  double idle_s = 75;
  double body_s = 30;
  double body_rate = 500;
  double connect_s = 10;
  double silent_s = 900;
  double write_s = 60;
  std::string otlp;
  std::string clickhouse;
};

// A member of ServeOptions; texts: one or more.
using ServeMember =
    std::variant<std::string ServeOptions::*, std::vector<std::string> ServeOptions::*,
                 bool ServeOptions::*, int ServeOptions::*, double ServeOptions::*>;

struct ServeKey {
  const char* key;  // in the file; the flag has dashes in place of underscores
  const char* metavar;  // empty: a toggle
  ServeMember member;
  const char* doc;
};

[[nodiscard]] std::span<const ServeKey> serve_keys();

// The [serve] table over the defaults, and the [[meter]] tables. Errors: input, with file and line: "toml.unknown_key",
// "toml.type".
[[nodiscard]] Result<ServeOptions> serve_options(const TomlDocument& file);

// Errors: usage "serve.tls" (one of certificate and key without the other).
[[nodiscard]] Status check_tls(const std::string& cert, const std::string& key);

// What contradicts itself. Errors: usage "serve.upstream" (neither or both of upstreams and model),
// "serve.tls" (one of certificate and key), "serve.range".
[[nodiscard]] Status check(const ServeOptions& options);

}  // namespace joulebook::gateway
