#pragma once
// A ring of plain records: constant memory, no allocation after construction, the oldest record
// gives way to the newest. Pages are touched only as the ring fills. Not thread-safe.
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace joulebook {

template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // REQUIRES: capacity > 0.
  explicit Ring(std::size_t capacity)
      : items_(static_cast<T*>(std::calloc(capacity, sizeof(T)))), capacity_(capacity) {
    if (!items_) throw std::bad_alloc();
  }

  void push(const T& item) {
    items_[(head_ + size_) % capacity_] = item;
    if (size_ < capacity_) {
      ++size_;
    } else {
      head_ = (head_ + 1) % capacity_;
      dropped_ = true;
    }
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // Something had to give way.
  [[nodiscard]] bool dropped() const { return dropped_; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return items_[(head_ + i) % capacity_]; }
  [[nodiscard]] T& back() { return items_[(head_ + size_ - 1) % capacity_]; }
  [[nodiscard]] const T& back() const { return (*this)[size_ - 1]; }

  // Index of the first item for which `pred` holds; size() where none. REQUIRES: false... true.
  template <class Pred>
  [[nodiscard]] std::size_t first(Pred pred) const {
    std::size_t lo = 0;
    std::size_t hi = size_;
    while (lo < hi) {
      const std::size_t mid = lo + (hi - lo) / 2;
      if (pred((*this)[mid])) {
        hi = mid;
      } else {
        lo = mid + 1;
      }
    }
    return lo;
  }

 private:
  struct Free {
    void operator()(T* items) const { std::free(items); }
  };
  // calloc and not new: it hands out pages that are not touched until they are used.
  std::unique_ptr<T[], Free> items_;
  std::size_t capacity_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  bool dropped_ = false;
};

}  // namespace joulebook
