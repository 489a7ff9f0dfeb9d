#include "load/request_body.h"

#include "core/text.h"

namespace joulebook::load {

std::string request_body(const WorkItem& item, const BodyRule& rule) {
  Json out = Json::object({{"model", rule.model}});
  if (!rule.chat) {
    out.set("prompt", valid_utf8(item.text));
  } else if (!item.messages.is_null()) {
    out.set("messages", item.messages);
  } else {
    out.set("messages",
            Json::array({Json::object({{"role", "user"}, {"content", valid_utf8(item.text)}})}));
  }
  out.set("stream", rule.stream);
  if (rule.stream) out.set("stream_options", Json::object({{"include_usage", true}}));
  out.set("max_tokens", item.output_tokens);
  out.set("temperature", rule.temperature);
  if (rule.ignore_eos) out.set("ignore_eos", true);
  for (const auto& [name, value] : rule.extra.members()) out.set(name, value);
  return out.dump();
}

std::string_view request_path(const BodyRule& rule) {
  return rule.chat ? "/chat/completions" : "/completions";
}

}  // namespace joulebook::load
