// Counting distinct values: exactly up to ten thousand, about 0.8 % off beyond (HyperLogLog), in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rw {

// Takes 64-bit hashes. Small sets cost 16 bytes a value, large ones 16 KiB in all.
class DistinctCounter {
 public:
  static constexpr std::size_t kExact = 10'000;

  void add(std::uint64_t hash);
  void merge(const DistinctCounter& other);
  std::uint64_t count() const;

 private:
  void add_to_set(std::uint64_t hash);
  void add_to_registers(std::uint64_t hash);
  void become_registers();
  bool exact() const { return registers_.empty(); }

  std::vector<std::uint64_t> slots_;  // open addressing, 0 is empty; a power of two, at most half full
  std::size_t used_ = 0;
  bool has_zero_ = false;
  std::vector<std::uint8_t> registers_;
};

}  // namespace rw
