// A vector whose resize leaves new numbers as they are: for bytes and columns that a read or a decoder fills at once.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace rw {

// Large blocks come straight from the system with all their pages in one call: half of the time of a short question
// went into touching fresh pages one by one.
template <typename T>
struct UninitializedAllocator {
  using value_type = T;
  static constexpr std::size_t kLarge = 64 << 10;  // bytes

  UninitializedAllocator() = default;
  template <typename U>
  UninitializedAllocator(const UninitializedAllocator<U>&) {
  }  // NOLINT(google-explicit-constructor): as the standard asks

  T* allocate(std::size_t n) {
    if (n * sizeof(T) < kLarge) return std::allocator<T>().allocate(n);
    void* block =
        ::mmap(nullptr, n * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (block == MAP_FAILED) throw std::bad_alloc();
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t n) {
    if (n * sizeof(T) < kLarge)
      std::allocator<T>().deallocate(block, n);
    else
      ::munmap(block, n * sizeof(T));
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
