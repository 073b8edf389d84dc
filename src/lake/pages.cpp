// Pieces of huge pages, and whole ones for what is large.
#include "lake/pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <mutex>

namespace rw {
namespace {

constexpr std::size_t kHuge = 2 << 20;
constexpr std::size_t kLargestPiece = kHuge / 2;
constexpr std::size_t kSmall = 4096;

// At the beginning of each huge page that is given out in pieces.
struct alignas(64) Block {
  std::size_t used;  // bytes from the beginning, this header among them
  std::size_t live;  // pieces not given back
};

std::size_t rounded(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Address space whose beginning and end are those of huge pages.
char* map_huge(std::size_t bytes) {
  const std::size_t size = rounded(bytes, kHuge);
  void* found = ::mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (found == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(found);
  const auto place = reinterpret_cast<std::uintptr_t>(begin);
  const std::size_t before = rounded(place, kHuge) - place;
  if (before > 0) ::munmap(begin, before);
  if (before < kHuge) ::munmap(begin + before + size, kHuge - before);
  ::madvise(begin + before, size, MADV_HUGEPAGE);  // refused where the system has none: small ones then
  return begin + before;
}

// Where pages are small after all, those of a piece come in one call.
void populate(char* at, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE  // Linux 5.14
  const auto begin = reinterpret_cast<std::uintptr_t>(at) / kSmall * kSmall;
  const std::uintptr_t end = rounded(reinterpret_cast<std::uintptr_t>(at) + bytes, kSmall);
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);
#else
  static_cast<void>(at), static_cast<void>(bytes);
#endif
}

std::mutex mutex;
Block* current = nullptr;  // whose rest is given out next

}  // namespace

void* take_pages(std::size_t bytes) {
  if (bytes > kLargestPiece) return map_huge(bytes);
  const std::size_t size = rounded(bytes, alignof(Block));
  char* piece = nullptr;
  {
    const std::lock_guard lock(mutex);
    if (current == nullptr || current->used + size > kHuge) {
      auto* const fresh = reinterpret_cast<Block*>(map_huge(kHuge));
      if (fresh == nullptr) return nullptr;
      *fresh = {sizeof(Block), 0};
      current = fresh;
    }
    piece = reinterpret_cast<char*>(current) + current->used;
    current->used += size;
    ++current->live;
  }
  populate(piece, size);
  return piece;
}

void give_pages(void* at, std::size_t bytes) {
  if (bytes > kLargestPiece) {
    ::munmap(at, rounded(bytes, kHuge));
    return;
  }
  auto* const block = reinterpret_cast<Block*>(reinterpret_cast<std::uintptr_t>(at) / kHuge * kHuge);
  const std::lock_guard lock(mutex);
  if (--block->live > 0) return;
  if (block == current)
    block->used = sizeof(Block);
  else
    ::munmap(block, kHuge);
}

}  // namespace rw
