#include <joulebook/joulebook.h>
#include <joulebook/session.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "core/json.h"
#include "core/text.h"
#include "meter/mark_channel.h"

struct joulebook_session {
  std::unique_ptr<joulebook::Session> session;
};

namespace {

using joulebook::Error;
using joulebook::ErrorKind;
using joulebook::Json;

thread_local std::string last_error = "{}";

int note_error(const Error& error) {
  const int exit = joulebook::exit_code(error.kind);
  last_error = Json::object({{"code", error.code},
                             {"message", error.message},
                             {"cure", error.cure},
                             {"exit_code", exit}})
                   .dump();
  return exit;
}

// Runs `body`, which gives a Status; no exception passes.
template <class Body>
int guarded(Body body) {
  try {
    const auto status = body();
    return status ? 0 : note_error(status.error());
  } catch (const std::bad_alloc&) {
    return note_error({ErrorKind::resource, "memory", "memory ran out", "free some memory"});
  } catch (const std::exception& e) {
    return note_error({ErrorKind::input, "internal", e.what(), "please report this"});
  }
}

joulebook::Status null_argument() {
  return joulebook::fail(ErrorKind::usage, "argument.null", "an argument is NULL", "pass a value");
}

char* copy(const std::string& text) {
  auto* out = static_cast<char*>(std::malloc(text.size() + 1));
  if (out == nullptr) throw std::bad_alloc();
  std::memcpy(out, text.c_str(), text.size() + 1);
  return out;
}

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items()) out.emplace_back(item.as_string());
  return out;
}

using Options = joulebook::SessionOptions;

joulebook::Status read_period(const Json& value, Options& options) {
  const double period_ms = value.as_double(10);
  if (!(period_ms > 0 && period_ms < 1e9)) {
    return joulebook::fail(ErrorKind::usage, "meter.period", "period_ms must be positive",
                           "10 is a good value");
  }
  options.period = joulebook::Nanos(static_cast<std::int64_t>(period_ms * 1e6));
  return {};
}

joulebook::Status read_port(const Json& value, Options& options) {
  options.port = static_cast<int>(value.as_int());
  if (options.port >= 0 && options.port <= 65535) return {};
  return joulebook::fail(ErrorKind::usage, "argument.port", "a port is a number up to 65535",
                         "name the port that the server listens on");
}

joulebook::Status read_pids(const Json& value, Options& options) {
  for (const auto& pid : value.items()) options.pids.push_back(static_cast<int>(pid.as_int()));
  return {};
}

template <auto member>
joulebook::Status read_text(const Json& value, Options& options) {
  options.*member = value.as_string();
  return {};
}
template <auto member>
joulebook::Status read_texts(const Json& value, Options& options) {
  options.*member = texts(value);
  return {};
}
template <auto member, bool otherwise = true>  // what stands where it is no boolean
joulebook::Status read_flag(const Json& value, Options& options) {
  options.*member = value.as_bool(otherwise);
  return {};
}

// The members of the options: the one list of them, in JSON as in docs/c-abi.md.
struct Member {
  std::string_view name;
  joulebook::Status (*read)(const Json& value, Options& options);
};
constexpr Member kMembers[] = {
    {"sysroot", read_text<&Options::sysroot>},
    {"sensors", read_texts<&Options::sensors>},
    {"meters", read_texts<&Options::meters>},
    {"period_ms", read_period},
    {"record", read_text<&Options::record>},
    {"replay", read_text<&Options::replay>},
    {"devices", read_texts<&Options::devices>},
    {"pids", read_pids},
    {"port", read_port},
    {"all", read_flag<&Options::all, false>},
    {"perf", read_flag<&Options::perf>},
    {"vendor_libraries", read_flag<&Options::vendor_libraries>},
    {"machine_model", read_flag<&Options::machine_model>},
    {"calibration", read_text<&Options::calibration>},
};

joulebook::Status unknown_member(const std::string& key) {
  std::vector<std::string> known;
  for (const auto& member : kMembers) known.emplace_back(member.name);
  const auto close = joulebook::nearest(key, known);
  return joulebook::fail(ErrorKind::usage, "option.unknown", "there is no option " + key,
                         close ? "did you mean " + *close + "?" : "leave it out");
}

joulebook::Result<Options> parse_options(const char* text) {
  Options options;
  if (text == nullptr) return options;
  const auto json = joulebook::parse_json(text);
  if (!json) return joulebook::fail(json.error());
  for (const auto& [key, value] : json->members()) {
    const auto* member = std::ranges::find(kMembers, std::string_view(key), &Member::name);
    const bool known = member != std::end(kMembers);
    if (known && value.is_null()) continue;
    const auto read = known ? member->read(value, options) : unknown_member(key);
    if (!read) return joulebook::fail(read.error());
  }
  return options;
}

std::string outcome_json(const joulebook::ChildOutcome& outcome) {
  return Json::object({{"exit_code", outcome.exit_code},
                       {"started", outcome.started},
                       {"problem", outcome.problem},
                       {"user_s", outcome.user_s},
                       {"system_s", outcome.system_s},
                       {"max_rss_bytes", outcome.max_rss_bytes}})
      .dump();
}

}  // namespace

extern "C" {

int joulebook_abi_version(void) { return JOULEBOOK_ABI_VERSION; }

const char* joulebook_version(void) {
  static const std::string text = joulebook::version() + " (" + joulebook::commit() + ")";
  return text.c_str();
}

joulebook_session* joulebook_open(const char* options_json) {
  joulebook_session* out = nullptr;
  guarded([&]() -> joulebook::Status {
    auto options = parse_options(options_json);
    if (!options) return joulebook::fail(options.error());
    auto session = joulebook::Session::open(std::move(*options));
    if (!session) return joulebook::fail(session.error());
    out = new joulebook_session{std::move(*session)};
    return {};
  });
  return out;
}

void joulebook_close(joulebook_session* session) { delete session; }

int joulebook_begin(joulebook_session* session, const char* name) {
  return guarded([&] { return session && name ? session->session->begin(name) : null_argument(); });
}

int joulebook_end(joulebook_session* session, const char* name) {
  return guarded([&] { return session && name ? session->session->end(name) : null_argument(); });
}

int joulebook_mark(joulebook_session* session, const char* name) {
  return guarded([&] { return session && name ? session->session->mark(name) : null_argument(); });
}

int joulebook_lap(joulebook_session* session, const char* name) {
  return guarded([&] { return session && name ? session->session->lap(name) : null_argument(); });
}

char* joulebook_window_json(joulebook_session* session, const char* name) {
  char* out = nullptr;
  guarded([&]() -> joulebook::Status {
    if (session == nullptr || name == nullptr) return null_argument();
    auto window = session->session->window(name);
    if (!window) return joulebook::fail(window.error());
    out = copy(*window);
    return {};
  });
  return out;
}

int joulebook_run(joulebook_session* session, int argc, const char* const* argv,
                  int stdout_to_stderr, char** outcome_out) {
  return guarded([&]() -> joulebook::Status {
    if (session == nullptr || argv == nullptr || argc < 0) return null_argument();
    std::vector<std::string> arguments;
    for (int i = 0; i < argc; ++i) {
      if (argv[i] == nullptr) return null_argument();
      arguments.emplace_back(argv[i]);
    }
    auto outcome = session->session->run(arguments, {.stdout_to_stderr = stdout_to_stderr != 0});
    if (!outcome) return joulebook::fail(outcome.error());
    if (outcome_out != nullptr) *outcome_out = copy(outcome_json(*outcome));
    return {};
  });
}

char* joulebook_watched_json(joulebook_session* session) {
  char* out = nullptr;
  guarded([&]() -> joulebook::Status {
    if (session == nullptr) return null_argument();
    out = copy(session->session->watched());
    return {};
  });
  return out;
}

char* joulebook_report_json(joulebook_session* session) {
  char* out = nullptr;
  guarded([&]() -> joulebook::Status {
    if (session == nullptr) return null_argument();
    auto report = session->session->report();
    if (!report) return joulebook::fail(report.error());
    out = copy(*report);
    return {};
  });
  return out;
}

char* joulebook_sensors_json(joulebook_session* session) {
  char* out = nullptr;
  guarded([&]() -> joulebook::Status {
    if (session == nullptr) return null_argument();
    out = copy(session->session->sensors());
    return {};
  });
  return out;
}

int joulebook_register_self_thread(joulebook_session* session) {
  return guarded([&]() -> joulebook::Status {
    if (session == nullptr) return null_argument();
    session->session->register_self_thread();
    return {};
  });
}

int joulebook_mark_send(const char* name) {
  return guarded([&]() -> joulebook::Status {
    if (name == nullptr) return null_argument();
    const char* address = std::getenv(joulebook::kMarkVariable);
    return joulebook::send_mark(address != nullptr ? address : "", name);
  });
}

void joulebook_free_string(char* text) { std::free(text); }

const char* joulebook_last_error(void) { return last_error.c_str(); }

}  // extern "C"
