#pragma once
// Counts every operator new of the calling thread, in `joulebook::fakes::allocations`. Replaces the
// global operators: include it in exactly one source of a test program.
#include <cstdlib>
#include <new>

namespace joulebook::fakes {
inline thread_local long allocations = 0;
}

// NOLINTBEGIN: replacing the global operators is the point.
void* operator new(std::size_t size) {
  ++joulebook::fakes::allocations;
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++joulebook::fakes::allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
// NOLINTEND
