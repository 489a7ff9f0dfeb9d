#include "export/push_environment.h"

#include <cstdlib>

#include "core/text.h"

namespace joulebook {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower_case = static_cast<char>(c | 0x20);
  return lower_case >= 'a' && lower_case <= 'f' ? lower_case - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Result<Pairs> pairs(const char* name, const std::string& text) {
  Pairs out;
  for (const auto part : split(text, ',')) {
    if (trim(part).empty()) continue;
    const auto equals = part.find('=');
    const auto key = percent_decoded(trim(part.substr(0, equals)));
    const auto value = equals == part.npos ? std::nullopt : percent_decoded(trim(part.substr(equals + 1)));
    if (!key || key->empty() || !value) {
      return fail(ErrorKind::usage, "sink.environment",
                  std::string(name) + " is not a list of key=value, percent-encoded",
                  "write it as key=value,key=value");
    }
    out.emplace_back(*key, *value);
  }
  return out;
}

}  // namespace

Status add_environment(PushTargets& targets, const ReadVariable& get) {
  if (!targets.otlp.empty()) {
    const auto headers = pairs("OTEL_EXPORTER_OTLP_HEADERS", get("OTEL_EXPORTER_OTLP_HEADERS"));
    if (!headers) return fail(headers.error());
    for (const auto& [key, value] : *headers) targets.otlp_headers.push_back(key + ": " + value);
    auto attributes = pairs("OTEL_RESOURCE_ATTRIBUTES", get("OTEL_RESOURCE_ATTRIBUTES"));
    if (!attributes) return fail(attributes.error());
    for (auto& pair : *attributes) {
      const bool ours = pair.first == "service.name" || pair.first == "service.version";
      if (!ours) targets.resource.attributes.push_back(std::move(pair));
    }
    targets.spans = targets.spans || get("OTEL_TRACES_EXPORTER") == "otlp";
    if (targets.ca_file.empty()) targets.ca_file = get("OTEL_EXPORTER_OTLP_CERTIFICATE");
  }
  if (!targets.clickhouse.empty()) {
    const std::string user = get("CLICKHOUSE_USER");
    const std::string password = get("CLICKHOUSE_PASSWORD");
    if (!user.empty()) targets.clickhouse_headers.push_back("X-ClickHouse-User: " + user);
    if (!password.empty()) targets.clickhouse_headers.push_back("X-ClickHouse-Key: " + password);
  }
  return check_targets(targets);
}

std::string process_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace joulebook
