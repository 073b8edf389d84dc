// The pool behind Block.
#include "model/block.h"

#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

namespace rw {
namespace {

class Pool {
 public:
  std::byte* take(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    auto& blocks = kept_[static_cast<std::size_t>(std::countr_zero(bytes))];
    if (blocks.empty()) return nullptr;
    std::byte* const data = blocks.back();
    blocks.pop_back();
    kept_bytes_ -= bytes;
    return data;
  }
  bool keep(std::byte* data, std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    if (kept_bytes_ + bytes > Block::kMaxKeptBytes) return false;
    kept_[static_cast<std::size_t>(std::countr_zero(bytes))].push_back(data);
    kept_bytes_ += bytes;
    return true;
  }

 private:
  std::mutex mutex_;
  std::array<std::vector<std::byte*>, 64> kept_;
  std::size_t kept_bytes_ = 0;
};

// Never destroyed: batches may outlive main's statics.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

Block::Block(std::size_t bytes) : size_(bytes) {
  if (bytes >= kMinPooledBytes) {
    size_ = std::bit_ceil(bytes);
    data_ = pool().take(size_);
  }
  if (data_ == nullptr) data_ = static_cast<std::byte*>(::operator new(size_));
}

Block::~Block() {
  if (data_ == nullptr) return;
  if (size_ >= kMinPooledBytes && pool().keep(data_, size_)) return;
  ::operator delete(data_);
}

}  // namespace rw
