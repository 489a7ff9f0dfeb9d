#include "gateway/agent.h"

#include "core/json.h"
#include "core/text.h"
#include "gateway/own_answer.h"
#include "gateway/wire/fields.h"
#include "meter/remote_meter.h"

namespace joulebook::gateway {
namespace {

std::uint64_t from_of(std::string_view query) {
  for (const auto part : split(query, '&')) {
    if (!part.starts_with("from=")) continue;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, parse_int(part.substr(5)).value_or(0)));
  }
  return 0;
}

}  // namespace

bool carries_token(const RequestHead& head, std::string_view token) {
  const auto sent = bearer_token(field_of(head.fields, "authorization"));
  if (!sent) return false;
  const std::string_view value = *sent;
  unsigned differs = value.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const char theirs = i < value.size() ? value[i] : '\0';
    differs |= static_cast<unsigned char>(theirs ^ token[i]);
  }
  return differs == 0;
}

std::optional<Metering::Own> Agent::own(const RequestHead& head) {
  if (!carries_token(head, token_)) {
    Own own = error_answer(401, "agent.token", "the agent's token is missing or wrong",
                      "send it as Authorization: Bearer TOKEN");
    own.fields = "WWW-Authenticate: Bearer\r\n";
    return own;
  }
  const auto mark = head.target.find('?');
  const std::string_view path = head.target.substr(0, mark);
  if (path != kAgentClock && path != kAgentTrace) {
    return error_answer(404, "agent.path", "an agent has a clock and a trace, and nothing else",
                   "point `joulebook serve --meter` at it");
  }
  if (head.method != "GET" && head.method != "HEAD") {
    return error_answer(405, "agent.method", "an agent is only read", "use GET");
  }
  Own own;
  own.fields = "Cache-Control: no-store\r\n";
  if (path == kAgentClock) {
    own.content_type = "application/json";
    own.body = Json::object({{"steady_ns", clock_.now().ns}, {"boot_id", boot_id_}}).dump() + "\n";
    return own;
  }
  own.content_type = "application/octet-stream";
  own.live = head.method == "GET";
  own.cursor = feed_.first_from(mark == head.target.npos ? 0 : from_of(head.target.substr(mark + 1)));
  own.fields += std::string(kAgentFirstBlock) + ": " + std::to_string(own.cursor) + "\r\n";
  own.body = feed_.header();  // that of another trace by now comes once more, and does no harm
  return own;
}

}  // namespace joulebook::gateway
