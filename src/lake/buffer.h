// A vector whose resize leaves new numbers as they are: for bytes and columns that a read or a decoder fills at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "lake/pages.h"

namespace rw {

// AddressSanitizer knows the ends of its own allocations only.
#if defined(__SANITIZE_ADDRESS__)
#define RW_OWN_PAGES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RW_OWN_PAGES 0
#endif
#endif
#ifndef RW_OWN_PAGES
#define RW_OWN_PAGES 1
#endif

template <typename T>
struct UninitializedAllocator {
  using value_type = T;
  static constexpr std::size_t kLarge = RW_OWN_PAGES ? 64 << 10 : SIZE_MAX;  // bytes

  UninitializedAllocator() = default;
  template <typename U>
  UninitializedAllocator(const UninitializedAllocator<U>&) {}  // NOLINT(google-explicit-constructor): standard

  T* allocate(std::size_t n) {
    if (n * sizeof(T) < kLarge) return std::allocator<T>().allocate(n);
    void* block = take_pages(n * sizeof(T));
    if (block == nullptr) throw std::bad_alloc();
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t n) {
    if (n * sizeof(T) < kLarge)
      std::allocator<T>().deallocate(block, n);
    else
      give_pages(block, n * sizeof(T));
  }
  template <typename U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <typename U, typename... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
  friend bool operator==(const UninitializedAllocator&, const UninitializedAllocator&) { return true; }
};

template <typename T>
using Buffer = std::vector<T, UninitializedAllocator<T>>;

}  // namespace rw
