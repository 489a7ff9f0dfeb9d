#pragma once
// One request to an OpenAI-compatible endpoint and its answer, over as many attempts as it takes.
// Not thread-safe. The request must outlive it.
#include <memory>
#include <optional>
#include <string>

#include "core/json.h"
#include "engine/chat_stream.h"
#include "engine/engine.h"
#include "core/http.h"
#include "engine/recorder.h"
#include "engine/reply_body.h"

namespace joulebook {

// What is known of the endpoint, to ask in its own dialect.
struct EndpointTraits {
  std::string model;
  std::string owner;  // `owned_by` of the model: "llamacpp", "vllm", "library" (Ollama), ...
  std::string host;
};

// The body of the request. Fields outside OpenAI's own go only to who is known to take them:
// `cache_prompt` to llama-server; `chat_template_kwargs.enable_thinking` to all but OpenAI.
[[nodiscard]] Json chat_request(const GenerateRequest& request, const EndpointTraits& traits,
                                bool ask_usage);

class EndpointExchange {
 public:
  EndpointExchange(const GenerateRequest& request, EndpointTraits traits, std::string address);

  // A call for one more attempt; the exchange must stay where it is until end().
  [[nodiscard]] HttpCall begin(const std::string& url, std::string key);
  void end(HttpCall call);

  // Whether it was throttled, or refused only for asking for usage, and may be sent again.
  [[nodiscard]] bool may_retry() const { return retry_; }
  [[nodiscard]] std::optional<double> retry_after_s() const { return retry_after_s_; }
  [[nodiscard]] int attempts() const { return attempts_; }
  [[nodiscard]] bool cancelled() const {
    return request_.cancel != nullptr && request_.cancel->load();
  }

  // The outcome, after the last attempt. "prompt.empty" where there was none. Only once.
  [[nodiscard]] Result<Generation> take();

 private:
  [[nodiscard]] std::optional<Error> verdict(const HttpCall& call) const;
  [[nodiscard]] Error cut(const std::string& why) const;

  const GenerateRequest& request_;
  EndpointTraits traits_;
  std::string address_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<ChatStream> stream_;
  ReplyBody body_;
  bool ask_usage_ = true;
  bool retry_ = false;
  std::optional<double> retry_after_s_;
  int attempts_ = 0;
  Result<Generation> result_;
};

}  // namespace joulebook
