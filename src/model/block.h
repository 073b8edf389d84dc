// Memory for columns: large blocks that are handed on from written batches to new ones, so that the system need not
// find, clear and map the same megabytes again for every half million rows.
#pragma once

#include <cstddef>
#include <utility>

namespace rw {

// Uninitialised bytes. Small blocks come from the heap; large ones are rounded up to a power of two and, when released,
// kept for the next one of their size, up to kMaxKeptBytes in all. Blocks may be released on another thread.
class Block {
 public:
  static constexpr std::size_t kMinPooledBytes = 64 << 10;  // below it the heap is as good
  static constexpr std::size_t kMaxKeptBytes = 128 << 20;   // two full batches of flows

  Block() = default;
  explicit Block(std::size_t bytes);
  Block(Block&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(data_, other.data_), std::swap(size_, other.size_);
    return *this;
  }
  ~Block();

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }  // at least what was asked for
  explicit operator bool() const { return data_ != nullptr; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace rw
