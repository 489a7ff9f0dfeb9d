#include "gateway/serve_options.h"

#include <fmt/format.h>

#include <array>

namespace joulebook::gateway {
namespace {

using O = ServeOptions;

const std::array kKeys = {
    ServeKey{"upstream", "URL", &O::upstreams, "server to pass requests on to; may be given again"},
    ServeKey{"model", "FILE", &O::model, "GGUF file: start the packaged llama-server behind it"},
    ServeKey{"server", "PROGRAM", &O::server, "llama-server to start for --model, in place of the packaged one"},
    ServeKey{"slots", "N", &O::slots, "requests that llama-server runs side by side"},
    ServeKey{"context", "TOKENS", &O::context, "context of each of them"},
    ServeKey{"threads", "N", &O::threads, "threads of llama-server; 0: its own choice"},
    ServeKey{"listen", "HOST:PORT", &O::listen, "where clients connect"},
    ServeKey{"open_to_network", "", &O::open_to_network,
             "allow an address other than loopback: whoever reaches it can use the upstreams"},
    ServeKey{"tls_cert", "FILE", &O::tls_cert, "PEM certificate: clients connect over TLS"},
    ServeKey{"tls_key", "FILE", &O::tls_key, "its PEM key"},
    ServeKey{"upstream_ca", "FILE", &O::upstream_ca,
             "PEM of who may sign an https upstream's certificate; else the system's"},
    ServeKey{"pristine", "", &O::pristine, "add and change nothing, in either direction"},
    ServeKey{"include_usage", "", &O::include_usage,
             "ask OpenAI-compatible upstreams for usage in streams, and take it out again"},
    ServeKey{"no_usage_from", "URL", &O::no_usage_from,
             "upstream that is not asked for usage, since it refuses stream_options; may be given again"},
    ServeKey{"energy_event", "", &O::energy_event, "add an event `energy` to event streams"},
    ServeKey{"trailer", "", &O::trailer, "add a trailer to chunked answers"},
    ServeKey{"shape", "[NAME=]MODEL", &O::shape,
             "what the model is, to weigh its work: GGUF, config.json or a catalogue name; NAME=MODEL, once for each, "
             "where requests choose among several"},
    ServeKey{"router", "URL", &O::router,
             "upstream that runs each model that is asked for in an engine of its own, as Ollama and llama-swap do; "
             "may be given again"},
    ServeKey{"domains", "LIST", &O::domains,
             "domains to divide (gpu:0, package); else those that the upstreams' processes use"},
    ServeKey{"meter", "URL[=UPSTREAM]", &O::meter, "`joulebook agent` on an upstream's machine; URL=UPSTREAM where it is not on the upstream's own host; "
             "may be given again"},
    ServeKey{"meter_ca", "FILE", &O::meter_ca, "PEM of who may sign the agents' certificates"},
    ServeKey{"window_s", "S", &O::window_s, "seconds of a settled window while requests run"},
    ServeKey{"horizon_s", "S", &O::horizon_s,
             "seconds after which a window is settled although a request in it still runs"},
    ServeKey{"drain_s", "S", &O::drain_s, "seconds that open requests have at the end"},
    ServeKey{"connections", "N", &O::connections, "clients connected at a time, at most"},
    ServeKey{"body_mib", "MIB", &O::body_mib,
             "requests with a longer body are passed on, but their body is not read"},
    ServeKey{"backlog_mib", "MIB", &O::backlog_mib,
             "memory of what is not settled yet while traffic leaves no time; beyond it requests wait a little"},
    ServeKey{"head_s", "S", &O::head_s, "seconds that a client has for a request's head, once it began"},
    ServeKey{"idle_s", "S", &O::idle_s, "seconds that a client may stay connected between two requests"},
    ServeKey{"body_s", "S", &O::body_s, "seconds that a client has for a request's body, beside what --body-rate allows"},
    ServeKey{"body_rate", "BYTES/S", &O::body_rate, "each so many bytes of a body earn a second more"},
    ServeKey{"connect_s", "S", &O::connect_s, "seconds to connect to an upstream"},
    ServeKey{"silent_s", "S", &O::silent_s, "seconds that an upstream may say nothing"},
    ServeKey{"write_s", "S", &O::write_s, "seconds that a peer has to take what it is sent, for each MiB"},
    ServeKey{"otlp", "URL", &O::otlp, "push metrics there by OTLP/HTTP"},
    ServeKey{"clickhouse", "URL", &O::clickhouse, "insert settled requests there"},
};

Error wrong_type(const TomlDocument& file, const std::string& table, std::string_view key, const char* wanted) {
  return toml_error(file, table + "." + std::string(key), std::string(key) + " must be " + wanted,
                    "see docs/gateway.md")
      .value();
}

// A text or a list of them; empty: neither.
std::vector<std::string> texts_of(const Json& value) {
  std::vector<std::string> out;
  if (value.is_string()) out.emplace_back(value.as_string());
  for (const auto& item : value.items()) {
    if (!item.is_string()) return {};
    out.emplace_back(item.as_string());
  }
  return out;
}

// Puts a value of the file into its member; nothing where it is of the right kind.
const char* assign(O& options, const ServeKey& key, const Json& value) {
  if (const auto* text = std::get_if<std::string O::*>(&key.member)) {
    if (!value.is_string()) return "a text";
    options.*(*text) = value.as_string();
  } else if (const auto* texts = std::get_if<std::vector<std::string> O::*>(&key.member)) {
    auto out = texts_of(value);
    if (out.empty()) return "a text or a list of texts";
    options.*(*texts) = std::move(out);
  } else if (const auto* toggle = std::get_if<bool O::*>(&key.member)) {
    if (!value.is_bool()) return "true or false";
    options.*(*toggle) = value.as_bool();
  } else if (const auto* whole = std::get_if<int O::*>(&key.member)) {
    if (!value.is_number() || value.as_double() != std::clamp(value.as_double(), 0.0, 1e9)) {
      return "a whole number";
    }
    options.*(*whole) = static_cast<int>(value.as_int());
  } else {
    if (!value.is_number()) return "a number";
    options.*std::get<double O::*>(key.member) = value.as_double();
  }
  return nullptr;
}

tl::unexpected<Error> usage(const char* code, std::string message, const char* cure) {
  return fail(ErrorKind::usage, code, std::move(message), cure);
}

}  // namespace

std::span<const ServeKey> serve_keys() { return kKeys; }

namespace {

// The [[meter]] tables.
Result<std::vector<MeterTable>> meter_tables(const TomlDocument& file) {
  const std::vector<std::string> known = {"url", "upstream", "token_env", "ca"};
  std::vector<MeterTable> out;
  const Json& tables = file.root["meter"];
  if (!tables.is_null() && !tables.is_array()) {
    return toml_error(file, "meter", "meter must be a list of tables", "write [[meter]], once for each");
  }
  for (std::size_t i = 0; i < tables.items().size(); ++i) {
    const Json& table = tables.at(i);
    const std::string path = "meter[" + std::to_string(i) + "]";
    if (auto ok = check_keys(file, path, table, known); !ok) return fail(ok.error());
    MeterTable meter;
    for (const auto& [key, text] : {std::pair("url", &meter.url), {"token_env", &meter.token_env}, {"ca", &meter.ca}}) {
      const Json& value = table[key];
      if (!value.is_null() && !value.is_string()) return fail(wrong_type(file, path, key, "a text"));
      if (value.is_string()) *text = value.as_string();
    }
    if (meter.url.empty()) return toml_error(file, path, "a [[meter]] has no url", "write url = \"https://gpu-host:8901\"");
    meter.upstreams = texts_of(table["upstream"]);
    if (meter.upstreams.empty() && !table["upstream"].is_null()) {
      return fail(wrong_type(file, path, "upstream", "a text or a list of texts"));
    }
    out.push_back(std::move(meter));
  }
  return out;
}

}  // namespace

Result<ServeOptions> serve_options(const TomlDocument& file) {
  ServeOptions options;
  auto meters = meter_tables(file);
  if (!meters) return fail(meters.error());
  options.meters = std::move(*meters);
  const Json& table = file.root["serve"];
  if (table.is_null()) return options;
  std::vector<std::string> known;
  for (const auto& key : kKeys) known.emplace_back(key.key);
  if (auto ok = check_keys(file, "serve", table, known); !ok) return fail(ok.error());
  for (const auto& key : kKeys) {
    const Json& value = table[key.key];
    if (value.is_null()) continue;
    if (const char* wanted = assign(options, key, value)) {
      return fail(wrong_type(file, "serve", key.key, wanted));
    }
  }
  return options;
}

Status check_tls(const std::string& cert, const std::string& key) {
  if (cert.empty() == key.empty()) return {};
  return usage("serve.tls", "TLS needs both a certificate and its key",
               "give --tls-cert and --tls-key");
}

Status check(const ServeOptions& options) {
  if (options.upstreams.empty() == options.model.empty()) {
    return usage("serve.upstream",
                 options.model.empty() ? "there is nothing to serve"
                                       : "a model is served instead of upstreams, not beside them",
                 "name a server with --upstream http://127.0.0.1:8080, or a file with --model");
  }
  if (auto ok = check_tls(options.tls_cert, options.tls_key); !ok) return ok;
  struct Range {
    const char* name;
    double value;
    double lo;
    double hi;
  };
  for (const Range& r : {Range{"--window-s", options.window_s, 0.1, 60},
                         Range{"--horizon-s", options.horizon_s, 1, 3600},
                         Range{"--drain-s", options.drain_s, 0, 3600},
                         Range{"--connections", options.connections, 1, 1e6},
                         Range{"--body-mib", options.body_mib, 0, 1024},
                         Range{"--backlog-mib", options.backlog_mib, 1, 65536},
                         Range{"--head-s", options.head_s, 0.1, 3600},
                         Range{"--idle-s", options.idle_s, 0.1, 86400},
                         Range{"--body-s", options.body_s, 0.1, 3600},
                         Range{"--body-rate", options.body_rate, 1, 1e9},
                         Range{"--connect-s", options.connect_s, 0.1, 3600},
                         Range{"--silent-s", options.silent_s, 1, 86400},
                         Range{"--write-s", options.write_s, 0.1, 3600},
                         Range{"--slots", static_cast<double>(options.slots), 1, 1024}}) {
    if (r.value >= r.lo && r.value <= r.hi) continue;
    return usage("serve.range",
                 fmt::format("{} is {}, which is not between {} and {}", r.name, r.value, r.lo, r.hi),
                 "choose a value in that range");
  }
  return {};
}

}  // namespace joulebook::gateway
