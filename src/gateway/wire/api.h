#pragma once
// Which interface a request speaks, and what its body asks for. Pure; bounded by the body's length.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace joulebook::gateway {

enum class Api {
  chat,             // OpenAI /v1/chat/completions
  completions,      // OpenAI /v1/completions
  responses,        // OpenAI /v1/responses
  embeddings,       // OpenAI /v1/embeddings
  messages,         // Anthropic /v1/messages
  ollama_chat,      // /api/chat
  ollama_generate,  // /api/generate
  ollama_embed,     // /api/embed, /api/embeddings
  llama,            // llama-server /completion, /completions, /infill
};

// The interface of a POST to that target, whatever stands before "/v1/"; nothing where it is none that
// is known.
[[nodiscard]] std::optional<Api> api_of(std::string_view method, std::string_view target);
// "/v1/chat/completions": the path without query and without what stands before the interface.
[[nodiscard]] std::string route_of(std::string_view target);

struct Asked {
  std::string model;
  bool stream = false;
  std::uint32_t choices = 1;
  std::optional<std::int64_t> prompt_bytes;  // of all texts in it
  std::optional<std::int64_t> most_tokens;
  bool has_stream_options = false;  // OpenAI's: it says something of them itself
};
// Reads a body in place; nothing where it is no JSON object.
[[nodiscard]] std::optional<Asked> read_request(Api api, std::string_view body);

// The body with stream_options.include_usage set, all its other bytes as they came; nothing where it is
// not needed (no stream, not OpenAI's chat or completions) or not allowed (it says something of
// stream_options itself).
[[nodiscard]] std::optional<std::string> with_usage(Api api, const Asked& asked, std::string_view body);

}  // namespace joulebook::gateway
