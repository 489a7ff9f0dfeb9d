#include "engine/http_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/clock.h"
#include "core/json.h"
#include "core/text.h"
#include "engine/endpoint_address.h"
#include "engine/endpoint_errors.h"
#include "engine/endpoint_exchange.h"
#include "core/http.h"

namespace joulebook {
namespace {

constexpr int kMaxAttempts = 3;  // a throttled request is sent at most this often
constexpr double kMaxRetryWaitSeconds = 30;
constexpr double kDefaultRetryWaitSeconds = 1;

std::string key_from(const std::string& variable) {
  const char* key = variable.empty() ? nullptr : std::getenv(variable.c_str());
  return key == nullptr ? std::string() : std::string(key);
}

class HttpEngine final : public Engine {
 public:
  HttpEngine(std::string address, EndpointAddress parsed, EngineOptions options)
      : address_(std::move(address)), where_(std::move(parsed)), options_(std::move(options)) {}

  // Asks who is there. Errors as generate().
  [[nodiscard]] Status greet();

  [[nodiscard]] EngineInfo info() const override {
    EngineInfo out;
    out.kind = "endpoint";
    out.model = model_;
    out.path = address_;
    out.version = owner_;
    out.chat_template = "endpoint";
    out.local = where_.local;
    out.trained_context = trained_context_;
    out.parameters = parameters_;
    if (!where_.secure && !where_.local && !key_from(options_.api_key_env).empty()) {
      out.warnings.emplace_back("the key travels unencrypted to " + where_.host);
    }
    return out;
  }
  [[nodiscard]] std::vector<Result<Generation>> generate(
      std::span<const GenerateRequest> requests) override;
  [[nodiscard]] std::optional<std::int64_t> count_tokens(std::string_view) const override {
    return std::nullopt;
  }

 private:
  using Exchanges = std::vector<std::unique_ptr<EndpointExchange>>;
  void send(std::span<EndpointExchange*> exchanges);
  [[nodiscard]] std::vector<EndpointExchange*> to_send_again(const Exchanges& all) const;
  void wait_before_retry(std::span<EndpointExchange*> again) const;
  void read_model_list(const Json& list);

  std::string address_;
  EndpointAddress where_;
  EngineOptions options_;
  std::string model_;
  std::string owner_;  // what the endpoint calls the model's owner: names the server's software
  std::int64_t trained_context_ = 0;
  std::int64_t parameters_ = 0;
};

void HttpEngine::read_model_list(const Json& list) {
  const Json* chosen = &list["data"].at(0);
  for (const Json& model : list["data"].items()) {
    if (model["id"].as_string() == options_.model_name) chosen = &model;
  }
  if (model_.empty()) model_ = std::string((*chosen)["id"].as_string());
  owner_ = std::string((*chosen)["owned_by"].as_string());
  trained_context_ = (*chosen)["meta"]["n_ctx_train"].as_int();
  parameters_ = (*chosen)["meta"]["n_params"].as_int();
}

Status HttpEngine::greet() {
  std::string body;
  HttpCall call;
  call.url = where_.base + "/models";
  call.bearer = key_from(options_.api_key_env);
  call.on_body = [&](std::string_view bytes) {
    body += bytes;
    return body.size() < kMaxReplyBytes;
  };
  perform({&call, 1});
  model_ = options_.model_name;
  const bool no_list = call.status == 404 || call.status == 405;
  if (no_list && !model_.empty()) return {};
  if (auto error = endpoint_error(call, address_)) return fail(std::move(*error));
  if (const auto list = parse_json(body)) read_model_list(*list);
  if (!model_.empty()) return {};
  return fail(ErrorKind::engine, "endpoint.not_found", fmt::format("{} lists no model", address_),
              "name the model to ask for (--model-name), or load one into the server");
}

void HttpEngine::send(std::span<EndpointExchange*> exchanges) {
  std::vector<HttpCall> calls;
  for (auto* exchange : exchanges) {
    calls.push_back(
        exchange->begin(where_.base + "/chat/completions", key_from(options_.api_key_env)));
  }
  perform(calls);
  for (std::size_t i = 0; i < exchanges.size(); ++i) exchanges[i]->end(std::move(calls[i]));
}

std::vector<EndpointExchange*> HttpEngine::to_send_again(const Exchanges& all) const {
  std::vector<EndpointExchange*> out;
  for (const auto& exchange : all) {
    if (exchange->may_retry() && exchange->attempts() < kMaxAttempts) out.push_back(exchange.get());
  }
  return out;
}

// As long as the most patient of them asks, but never long; a cancel ends it.
void HttpEngine::wait_before_retry(std::span<EndpointExchange*> again) const {
  double seconds = 0;
  for (const auto* exchange : again) {
    seconds = std::max(seconds, exchange->retry_after_s().value_or(kDefaultRetryWaitSeconds));
  }
  const Seconds wait(std::clamp(seconds, 0.0, kMaxRetryWaitSeconds));
  const SteadyTime until = system_clock().now() + std::chrono::duration_cast<Nanos>(wait);
  const auto cancelled = [](const auto* exchange) { return exchange->cancelled(); };
  while (system_clock().now() < until && std::none_of(again.begin(), again.end(), cancelled)) {
    system_clock().sleep_until(
        std::min(until, system_clock().now() + Nanos(std::chrono::milliseconds(50))));
  }
}

std::vector<Result<Generation>> HttpEngine::generate(std::span<const GenerateRequest> requests) {
  const EndpointTraits traits{model_, owner_, where_.host};
  Exchanges exchanges;
  std::vector<EndpointExchange*> pending;
  for (const auto& request : requests) {
    exchanges.push_back(std::make_unique<EndpointExchange>(request, traits, address_));
    if (!trim(request.user).empty()) pending.push_back(exchanges.back().get());
  }
  while (!pending.empty()) {
    send(pending);
    pending = to_send_again(exchanges);
    if (!pending.empty()) wait_before_retry(pending);
  }
  std::vector<Result<Generation>> out;
  for (auto& exchange : exchanges) out.push_back(exchange->take());
  return out;
}

}  // namespace

Result<std::unique_ptr<Engine>> open_endpoint(const std::string& address,
                                              const EngineOptions& options) {
  auto parsed = parse_endpoint(address);
  if (!parsed) return fail(parsed.error());
  auto engine = std::make_unique<HttpEngine>(address, std::move(*parsed), options);
  if (const auto ok = engine->greet(); !ok) return fail(ok.error());
  return engine;
}

}  // namespace joulebook
