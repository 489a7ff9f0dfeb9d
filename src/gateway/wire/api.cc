#include "gateway/wire/api.h"

#include <algorithm>
#include <array>

#include "core/json_scan.h"
#include "core/text.h"

namespace joulebook::gateway {
namespace {

struct Route {
  std::string_view path;
  Api api;
};

// A longer one before one that it ends with.
constexpr std::array<Route, 13> kRoutes = {{
    {"/v1/chat/completions", Api::chat},
    {"/v1/completions", Api::completions},
    {"/v1/responses", Api::responses},
    {"/v1/embeddings", Api::embeddings},
    {"/v1/messages", Api::messages},
    {"/api/chat", Api::ollama_chat},
    {"/api/generate", Api::ollama_generate},
    {"/api/embed", Api::ollama_embed},
    {"/api/embeddings", Api::ollama_embed},
    {"/chat/completions", Api::chat},
    {"/completions", Api::llama},
    {"/completion", Api::llama},
    {"/infill", Api::llama},
}};

std::string_view path_of(std::string_view target) {
  return target.substr(0, std::min(target.find('?'), target.size()));
}

const Route* find(std::string_view target) {
  const std::string_view path = path_of(target);
  for (const Route& route : kRoutes) {
    if (path == route.path || (path.ends_with(route.path) && route.path.starts_with("/v1/"))) return &route;
  }
  return nullptr;
}

// Bytes of all texts in a value.
std::size_t text_bytes(std::string_view value, int depth = 0) {
  if (depth > 8 || value.empty()) return 0;
  if (value.front() == '"') return text_size(value);
  std::size_t sum = 0;
  if (value.front() == '[') {
    (void)walk_array(value, [&](std::string_view item) {
      sum += text_bytes(item, depth + 1);
      return true;
    });
  } else if (value.front() == '{') {
    (void)walk_object(value, [&](std::string_view name, std::string_view member) {
      // Pictures and sounds are no text.
      if (name == "content" || name == "text" || name == "prompt" || name == "input") {
        sum += text_bytes(member, depth + 1);
      }
      return true;
    });
  }
  return sum;
}

bool read_member(std::string_view name, std::string_view value, Asked& asked, std::size_t& bytes) {
  if (name == "model") {
    std::string room;
    asked.model = valid_utf8(text_of(value, room));
  } else if (name == "stream") {
    if (value == "true" || value == "false") asked.stream = value == "true";
  } else if (name == "n") {
    asked.choices = static_cast<std::uint32_t>(std::clamp<std::int64_t>(integer_of(value).value_or(1), 1, 1024));
  } else if (name == "messages" || name == "prompt" || name == "input" || name == "system" ||
             name == "instructions" || name == "input_prefix") {
    bytes += text_bytes(value);
  } else if (name == "max_tokens" || name == "max_completion_tokens" || name == "max_output_tokens" ||
             name == "n_predict") {
    if (const auto n = integer_of(value); n && *n >= 0) asked.most_tokens = n;
  } else if (name == "options") {
    const auto [most] = members_of(value, std::array<std::string_view, 1>{"num_predict"});
    if (const auto n = integer_of(most)) asked.most_tokens = n;
  } else if (name == "stream_options") {
    asked.has_stream_options = true;
  }
  return true;
}

}  // namespace

std::optional<Api> api_of(std::string_view method, std::string_view target) {
  const Route* route = method == "POST" ? find(target) : nullptr;
  if (route == nullptr) return std::nullopt;
  return route->api;
}

std::string route_of(std::string_view target) {
  const Route* route = find(target);
  return std::string(route != nullptr ? route->path : path_of(target));
}

std::optional<Asked> read_request(Api api, std::string_view body) {
  Asked asked;
  asked.stream = api == Api::ollama_chat || api == Api::ollama_generate;
  std::size_t bytes = 0;
  const bool sound = walk_object(body, [&](std::string_view name, std::string_view value) {
    return read_member(name, value, asked, bytes);
  });
  if (!sound) return std::nullopt;
  if (bytes > 0) asked.prompt_bytes = static_cast<std::int64_t>(bytes);
  return asked;
}

std::optional<std::string> with_usage(Api api, const Asked& asked, std::string_view body) {
  if (!asked.stream || asked.has_stream_options) return std::nullopt;
  if (api != Api::chat && api != Api::completions) return std::nullopt;
  const auto open = body.find('{');
  if (open == body.npos) return std::nullopt;
  std::string out(body);
  out.insert(open + 1, "\"stream_options\":{\"include_usage\":true},");
  return out;
}

}  // namespace joulebook::gateway
