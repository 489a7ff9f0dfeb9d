#include "gateway/wire/api.h"

#include <algorithm>
#include <array>

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

std::int64_t text_bytes(const Json& value, int depth = 0) {
  if (depth > 8) return 0;
  if (value.is_string()) return static_cast<std::int64_t>(value.as_string().size());
  std::int64_t sum = 0;
  for (const auto& item : value.items()) sum += text_bytes(item, depth + 1);
  for (const auto& [key, member] : value.members()) {
    // Pictures and sounds are no text.
    if (key == "content" || key == "text" || key == "prompt" || key == "input") {
      sum += text_bytes(member, depth + 1);
    }
  }
  return sum;
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

Asked read_request(Api api, const Json& body) {
  Asked asked;
  asked.model = body["model"].as_string();
  const bool ollama = api == Api::ollama_chat || api == Api::ollama_generate;
  asked.stream = body["stream"].as_bool(ollama);
  const std::int64_t n = body["n"].as_int(1);
  asked.choices = static_cast<std::uint32_t>(std::clamp<std::int64_t>(n, 1, 1024));
  std::int64_t bytes = 0;
  for (const char* key : {"messages", "prompt", "input", "system", "instructions", "input_prefix"}) {
    bytes += text_bytes(body[key]);
  }
  if (bytes > 0) asked.prompt_bytes = bytes;
  for (const char* key : {"max_tokens", "max_completion_tokens", "max_output_tokens", "n_predict"}) {
    if (body[key].is_int() && body[key].as_int() >= 0) asked.most_tokens = body[key].as_int();
  }
  if (body["options"]["num_predict"].is_int()) asked.most_tokens = body["options"]["num_predict"].as_int();
  asked.has_stream_options = body.has("stream_options");
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
