// An open-addressing hash index from 64-bit hashes to positions in an array that somebody else owns.
//
// Eight bytes a slot, linear probing, deletion by shifting back (no tombstones), so that it stays fast however often
// entries come and go. Keys stay in the owner's array; equality is asked of the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rw {

class IndexTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit IndexTable(std::size_t slots = 1024) { resize(slots); }  // a power of two

  std::size_t size() const { return size_; }

  // Asks the cache for the slot where a search would begin.
  void prefetch(std::uint64_t hash) const { __builtin_prefetch(&slots_[tag_of(hash) & mask_]); }

  // The first entry on the probe path whose hash fits, without asking for equality: good for prefetching what it points
  // to.
  std::uint32_t likely(std::uint64_t hash) const {
    const std::uint32_t tag = tag_of(hash);
    std::size_t at = tag & mask_;
    for (unsigned i = 0; i < 8; ++i, at = (at + 1) & mask_) {  // about a cache line
      const Slot& slot = slots_[at];
      if (slot.tag == tag || slot.index == kNone) return slot.index;
    }
    return kNone;
  }

  // The index for which `equal(index)` holds among those stored under `hash`, or kNone.
  template <typename Equal>
  std::uint32_t find(std::uint64_t hash, Equal equal) const {
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t at = tag & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.index == kNone) return kNone;
      if (slot.tag == tag && equal(slot.index)) return slot.index;
    }
  }

  // The caller knows that no equal entry is there.
  void insert(std::uint64_t hash, std::uint32_t index) {
    if ((size_ + 1) * 3 > slots_.size() * 2) resize(slots_.size() * 2);
    place({tag_of(hash), index});
    ++size_;
  }

  // Puts `index` where `old` was stored under `hash`.
  void replace(std::uint64_t hash, std::uint32_t old, std::uint32_t index) { slots_[locate(hash, old)].index = index; }

  void erase(std::uint64_t hash, std::uint32_t index) {
    std::size_t hole = locate(hash, index);
    for (std::size_t at = (hole + 1) & mask_; slots_[at].index != kNone; at = (at + 1) & mask_) {
      const std::size_t home = slots_[at].tag & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;  // it would move before its home
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole].index = kNone;
    --size_;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t index = kNone;
  };

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  std::size_t locate(std::uint64_t hash, std::uint32_t index) const {  // it is there
    std::size_t at = tag_of(hash) & mask_;
    while (slots_[at].index != index) at = (at + 1) & mask_;
    return at;
  }
  void place(Slot slot) {
    std::size_t at = slot.tag & mask_;
    while (slots_[at].index != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
  void resize(std::size_t slots) {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
    mask_ = slots - 1;
    for (const Slot& slot : old)
      if (slot.index != kNone) place(slot);
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

// A seed that differs from process to process, so that nobody can send keys that collide; results never depend on it.
std::uint64_t hash_seed();

inline std::uint64_t hash_mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace rw
