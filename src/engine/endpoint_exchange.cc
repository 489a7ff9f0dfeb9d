#include "engine/endpoint_exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/clock.h"
#include "core/text.h"
#include "engine/endpoint_errors.h"

namespace joulebook {
namespace {


Json message(std::string_view role, const std::string& content) {
  return Json::object({{"role", role}, {"content", valid_utf8(content)}});
}

}  // namespace

Json chat_request(const GenerateRequest& request, const EndpointTraits& traits, bool ask_usage) {
  Json out = Json::object({{"model", traits.model}});
  Json messages{Json::Array{}};
  if (!request.system.empty()) messages.push(message("system", request.system));
  messages.push(message("user", request.user));
  out.set("messages", std::move(messages));
  out.set("stream", true);
  if (ask_usage) out.set("stream_options", Json::object({{"include_usage", true}}));
  out.set("max_tokens", request.max_tokens);
  out.set("temperature", request.temperature);
  out.set("seed", static_cast<std::int64_t>(request.seed));
  if (traits.owner == "llamacpp") out.set("cache_prompt", request.keep_cache);
  if (!request.effort.empty()) out.set("reasoning_effort", request.effort);
  if (request.reasoning != Reasoning::unset && !traits.host.ends_with("openai.com")) {
    const bool on = request.reasoning == Reasoning::on;
    out.set("chat_template_kwargs", Json::object({{"enable_thinking", on}}));
  }
  return out;
}

EndpointExchange::EndpointExchange(const GenerateRequest& request, EndpointTraits traits,
                                   std::string address)
    : request_(request),
      traits_(std::move(traits)),
      address_(std::move(address)),
      result_(fail(ErrorKind::input, "prompt.empty", "the prompt is empty", "write a prompt")) {}

HttpCall EndpointExchange::begin(const std::string& url, std::string key) {
  ++attempts_;
  retry_ = false;
  recorder_ = std::make_unique<Recorder>(request_, false, system_clock().now());
  stream_ = std::make_unique<ChatStream>(*recorder_);
  body_.begin([this](std::string_view data) { stream_->event(system_clock().now(), data); });
  HttpCall call;
  call.url = url;
  call.body = chat_request(request_, traits_, ask_usage_).dump();
  call.bearer = std::move(key);
  call.cancel = request_.cancel;
  call.on_body = [this](std::string_view bytes) { return body_.feed(bytes); };
  return call;
}

// How much came is said, what came is not: errors are written down, answers are not.
Error EndpointExchange::cut(const std::string& why) const {
  return {ErrorKind::engine, "endpoint.cut",
          fmt::format("{} was cut off in the middle of its answer ({}) after {} pieces", address_,
                      why, recorder_->counted()),
          "run it again; if it happens again look into the server's log"};
}

std::optional<Error> EndpointExchange::verdict(const HttpCall& call) const {
  if (auto error = endpoint_error(call, address_)) return error;
  if (body_.overlong()) {
    return Error{ErrorKind::engine, "endpoint.failed",
                 address_ + " sent a line or an answer longer than any answer is",
                 "check that the address is that of an OpenAI-compatible endpoint"};
  }
  if (!stream_->error().empty()) {
    Error error = cut(stream_->error());
    error.code = "endpoint.failed";
    return error;
  }
  if (!call.failure.empty()) return cut(call.failure);
  if (stream_->complete()) return std::nullopt;
  if (recorder_->counted() > 0) return cut("the stream ended without saying so");
  return Error{ErrorKind::engine, "endpoint.failed",
               address_ + " answered, but not with a chat completion",
               "check that the address is that of an OpenAI-compatible endpoint"};
}

void EndpointExchange::end(HttpCall call) {
  body_.finish();
  const SteadyTime now = system_clock().now();
  if (call.cancelled) {
    recorder_->end_of_output();
    result_ = recorder_->finish(now, Finish::cancelled, "deltas");
    return;
  }
  retry_after_s_ = call.retry_after_s;
  const bool usage_refused = ask_usage_ && call.status == 400 &&
                             call.error_body.find("stream_options") != std::string::npos;
  if (usage_refused) {
    ask_usage_ = false;
    retry_after_s_ = 0;
  }
  retry_ = usage_refused || (call.status == 429 && !cancelled());
  if (auto error = verdict(call)) {
    result_ = fail(std::move(*error));
    return;
  }
  std::string source = stream_->conclude();
  if (!request_.keep_cache && recorder_->so_far().cached_tokens.count > 0) {
    recorder_->warn(
        "the endpoint took part of the prompt from its cache, though an empty one was "
        "wanted: switch its prefix cache off");
  }
  result_ = recorder_->finish(now, stream_->finish(), std::move(source));
}

Result<Generation> EndpointExchange::take() { return std::move(result_); }

}  // namespace joulebook
