#include "fakes/fake_transport.h"

#include <algorithm>

namespace joulebook::fakes {
namespace {

std::string event_line(const std::string& json) { return "data: " + json + "\n\n"; }

std::string usage_of(const FakeAnswer& answer) {
  return R"("usage":{"prompt_tokens":)" + std::to_string(answer.prompt_tokens) +
         R"(,"completion_tokens":)" + std::to_string(answer.tokens) + "}";
}

std::string last_lines(const FakeAnswer& answer) {
  std::string out = event_line(R"({"choices":[{"index":0,"delta":{},"finish_reason":"length"}]})");
  if (answer.usage) out += event_line(R"({"choices":[],)" + usage_of(answer) + "}");
  return out + "data: [DONE]\n\n";
}

std::string whole(const FakeAnswer& answer) {
  return R"({"choices":[{"message":{"content":"word"},"finish_reason":"stop"}],)" +
         usage_of(answer) + "}";
}

}  // namespace

void FakeTransport::at(SteadyTime t, Event event) {
  if (t >= stall_.first && t < stall_.second) t = stall_.second;
  events_.emplace(t, std::move(event));
}

void FakeTransport::post(std::size_t slot, std::string) {
  const std::uint64_t request = posted_++;
  sent_.push_back(now_);
  running_[slot] = request;
  most_ = std::max(most_, static_cast<int>(running_.size()));
  const FakeAnswer answer = answers_(request, now_);
  Event end{slot, request, {}, true, {answer.status, answer.failure, {}, {}, false}};
  SteadyTime t = now_ + answer.first;
  if (answer.status == 200 && !answer.streamed) at(t, {slot, request, whole(answer), false, {}});
  if (answer.status == 200 && answer.streamed) {
    for (int i = 0; i < answer.tokens; ++i, t = t + answer.gap) {
      at(t, {slot, request, event_line(R"({"choices":[{"delta":{"content":"w"}}]})"), false, {}});
    }
    t = t - answer.gap;
    if (answer.failure.empty()) at(t, {slot, request, last_lines(answer), false, {}});
  }
  at(t, std::move(end));
}

void FakeTransport::cancel(std::size_t slot) { running_.erase(slot); }

void FakeTransport::wait(SteadyTime until, Listener& listener) {
  if (events_.empty() || events_.begin()->first > until) {
    now_ = std::max(now_, until);
    return;
  }
  now_ = std::max(now_, events_.begin()->first);
  while (!events_.empty() && events_.begin()->first <= now_) {
    const Event event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    const auto running = running_.find(event.slot);
    if (running == running_.end() || running->second != event.request) continue;
    if (!event.end) {
      listener.body(event.slot, now_, event.bytes);
      continue;
    }
    running_.erase(running);
    listener.ended(event.slot, now_, event.how);
  }
}

}  // namespace joulebook::fakes
