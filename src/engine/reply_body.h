#pragma once
// The body of an endpoint's reply as it comes: an event stream, or, where its first byte that is not
// blank opens an object, one JSON text. Bounded. Not thread-safe; may be begun again.
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/sse.h"

namespace joulebook {

class ReplyBody {
 public:
  // Receives the data of each event, or at the end the whole text.
  using Sink = std::function<void(std::string_view data)>;

  // Forgets the reply before.
  void begin(Sink sink);
  // False once it was overlong (kMaxReplyBytes in all, or an event); what follows is dropped.
  bool feed(std::string_view bytes);
  // The body is over.
  void finish();
  [[nodiscard]] bool overlong() const { return overlong_; }

 private:
  Sink sink_;
  std::optional<SseParser> sse_;
  std::string whole_;
  std::size_t received_ = 0;
  std::optional<bool> streamed_;  // known from the first byte that is not blank
  bool overlong_ = false;
};

}  // namespace joulebook
