#pragma once
// The newest part of a trace as it grows, for those who read it from elsewhere: the header, then
// blocks, each understood by itself (record.h). Bounded; what is older than it holds is a gap for a
// reader who comes late. Where another trace begins (other sensors), who reads on is given its header in between,
// and nothing of the old one after it. Thread-safe.
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace joulebook {

class TraceFeed {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;
  static constexpr std::size_t kMostBlocks = 600;  // two minutes of them
  static constexpr std::size_t kMostAtOnce = std::size_t{1} << 20;

  // As MeterOptions::publish: the header first, a block each time after. A header later begins another trace.
  void publish(std::string_view bytes);
  // Empty before the first publish().
  [[nodiscard]] std::string header() const;
  // The number of the first block that is still held and not before `wanted`; blocks count from 0, and another
  // trace leaves one number out.
  [[nodiscard]] std::uint64_t first_from(std::uint64_t wanted) const;
  // Whole blocks from number `cursor` on, behind the header of another trace where one began since; about
  // kMostAtOnce at most. The cursor moves behind them.
  [[nodiscard]] std::string since(std::uint64_t& cursor) const;

 private:
  mutable std::mutex mutex_;
  std::string header_;
  std::deque<std::string> blocks_;
  std::uint64_t first_ = 0;  // number of blocks_.front()
  std::uint64_t begun_ = 0;  // the first block of the trace that is written now
  std::size_t bytes_ = 0;
};

}  // namespace joulebook
