#pragma once
// Marks from other processes: one AF_UNIX datagram each, "JBMARK1 <CLOCK_MONOTONIC ns> <name>",
// at most kMarkBytes long. The sender's own instant counts, so delivery may be late; an instant in
// the future or before the channel was opened is replaced by the arrival's.
//
// The address is a socket in a fresh private directory below $TMPDIR or /tmp (mode 0700).
// Thread safety: drain() from one thread.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

inline constexpr std::size_t kMarkBytes = 256;
inline constexpr std::size_t kMarkName = 200;
inline constexpr std::size_t kMostMarks = 65'536;
inline constexpr const char* kMarkVariable = "JOULEBOOK_MARK";

struct Mark {
  std::string name;
  SteadyTime at;
};

class MarkChannel {
 public:
  // Errors: resource "mark.socket".
  [[nodiscard]] static Result<std::unique_ptr<MarkChannel>> open();
  ~MarkChannel();
  MarkChannel(const MarkChannel&) = delete;
  MarkChannel& operator=(const MarkChannel&) = delete;
  [[nodiscard]] const std::string& address() const { return path_; }
  // All that have arrived; malformed ones are counted in refused(). Does not block.
  [[nodiscard]] std::vector<Mark> drain();
  [[nodiscard]] std::size_t refused() const { return refused_; }

 private:
  MarkChannel(int fd, std::string directory, std::string path);
  int fd_;
  std::string directory_;
  std::string path_;
  SteadyTime opened_;
  std::size_t refused_ = 0;
};

// Errors: usage "mark.name", "mark.nobody" (no address); resource "mark.send".
[[nodiscard]] Status send_mark(const std::string& address, std::string_view name);
// Nothing where malformed.
[[nodiscard]] std::optional<Mark> parse_mark(std::string_view datagram);

}  // namespace joulebook
