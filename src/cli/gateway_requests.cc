#include "cli/gateway_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <thread>

#include "core/clock.h"
#include "core/http.h"
#include "core/json.h"
#include "core/nanos.h"

namespace joulebook {
namespace {

constexpr std::size_t kSideBySide = 16;
constexpr std::size_t kMostBody = 1 << 20;
constexpr auto kAgain = std::chrono::milliseconds(250);

Quantity nothing(const char* code, const char* message, const char* cure) {
  return Quantity::absent("J", {code, message, cure});
}

// What a document says; nothing while it is pending.
std::optional<Quantity> said(const Json& document) {
  if (document["status"].as_string() == "pending") return std::nullopt;
  auto fair = quantity_from_json(document["fair"]);
  if (!fair) return nothing("load.odd_document", "the gateway's document could not be read", "use the same version of joulebook on both sides");
  return std::move(*fair);
}

// Some of the questions, side by side; the documents, null where there is none.
std::vector<Json> fetch(const GatewayQuestion& question, std::span<const std::string> ids) {
  std::vector<HttpCall> calls(ids.size());
  std::vector<std::string> bodies(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    calls[i].url = question.base + "/joulebook/v1/requests/" + ids[i];
    calls[i].bearer = question.bearer;
    calls[i].total_s = 10;
    calls[i].cancel = question.cancel;
    calls[i].on_body = [&body = bodies[i]](std::string_view bytes) {
      body += bytes;
      return body.size() <= kMostBody;
    };
  }
  perform(calls);
  std::vector<Json> out(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto document = parse_json(bodies[i]);
    if (document && (*document)["schema"].as_string().starts_with("joulebook.request/")) out[i] = std::move(*document);
  }
  return out;
}

}  // namespace

std::vector<Quantity> ask_gateway(const GatewayQuestion& question, const std::vector<std::string>& ids) {
  if (ids.empty() || fetch(question, std::span(ids).first(1)).front().is_null()) return {};
  std::vector<Quantity> out(ids.size(), nothing("load.no_document", "the gateway knows no such request", "ask the gateway that metered it"));
  std::vector<std::size_t> open(ids.size());
  for (std::size_t i = 0; i < open.size(); ++i) open[i] = i;
  const SteadyTime until = system_clock().now() + nanos(question.patience_s);
  if (question.say) question.say(fmt::format("asking the gateway in front what {} requests took", ids.size()));
  while (true) {
    std::vector<std::size_t> pending;
    for (std::size_t at = 0; at < open.size(); at += kSideBySide) {
      const auto some = std::span(open).subspan(at, std::min(kSideBySide, open.size() - at));
      std::vector<std::string> names;
      for (const std::size_t i : some) names.push_back(ids[i]);
      const auto documents = fetch(question, names);
      for (std::size_t k = 0; k < some.size(); ++k) {
        if (documents[k].is_null()) continue;
        auto fair = said(documents[k]);
        if (fair) {
          out[some[k]] = std::move(*fair);
        } else {
          pending.push_back(some[k]);
        }
      }
    }
    open = std::move(pending);
    const bool stop = question.cancel != nullptr && *question.cancel;
    if (open.empty() || stop || system_clock().now() > until) break;
    std::this_thread::sleep_for(kAgain);
  }
  for (const std::size_t i : open) {
    out[i] = nothing("load.pending", "the gateway had not settled it yet", "ask later: joulebook show ID");
  }
  return out;
}

}  // namespace joulebook
