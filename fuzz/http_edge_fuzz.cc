// Any bytes as requests, or as answers, of one connection: cut into pieces they are read as they are
// whole; what the edge forwards of a message (its head's bytes, then the bytes that belong to it) is
// read again as the same message, which ends at its last byte. A planted fault, a message's last byte
// left to what follows it, was found at once, by a seed.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/message_parser.h"

namespace {

using joulebook::http::Fault;
using joulebook::http::MessageParser;

struct Message {
  std::string bytes;  // as they would be forwarded
  std::string payload;
  std::string start;  // method and target, or status
  bool done = false;
  bool operator==(const Message&) const = default;
};

struct Reading {
  std::vector<Message> messages;
  bool refused = false;
};

// As the edge reads: what is not used is offered again with what came since.
Reading read(MessageParser::Kind kind, std::string_view bytes, std::size_t step) {
  Reading out;
  MessageParser parser(kind);
  std::string held;
  Message now;
  const auto payload = [&](std::string_view piece) { now.payload += piece; };
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    held += bytes.substr(at, step);
    for (;;) {
      const bool in_head = !parser.head_done();
      const std::size_t used = in_head ? parser.head(held) : parser.body(held, payload);
      if (parser.fault() != Fault::none) {
        out.refused = true;
        return out;
      }
      if (used > held.size()) std::abort();
      now.bytes.append(held, 0, used);
      held.erase(0, used);
      if (in_head && used > 0) {
        now.start = std::string(parser.method()) + ' ' + std::string(parser.target()) + ' ' +
                    std::to_string(parser.status());
      }
      now.done = parser.head_done() && parser.done();
      if (now.done) {
        out.messages.push_back(std::move(now));
        now = {};
        parser.restart();
      } else if (used == 0) {
        break;
      }
      if (held.empty()) break;
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = data[0] % 2 == 0 ? MessageParser::Kind::request : MessageParser::Kind::answer;
  const std::size_t step = std::max<std::size_t>(1, data[1]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Reading whole = read(kind, bytes, bytes.size() + 1);
  const Reading cut = read(kind, bytes, step);
  if (whole.messages != cut.messages) std::abort();
  if (cut.refused && !whole.refused) std::abort();
  for (const Message& message : whole.messages) {
    const Reading again = read(kind, message.bytes, message.bytes.size());
    if (again.refused || again.messages.size() != 1 || again.messages[0] != message) std::abort();
  }
  return 0;
}
