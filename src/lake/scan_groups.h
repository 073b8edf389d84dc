// Groups of a plan: keys in words, a hash table over them, sums beside them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lake/buffer.h"
#include "lake/scan_plan.h"
#include "lake/scan_rows.h"

namespace rw::scan {

// How the keys of a plan lie in words: an address takes one where every file holds IPv4 only, else two; a last word has
// a bit per null key where any key can be null.
struct KeyLayout {
  std::vector<std::size_t> first;  // word of each key
  std::vector<bool> pair;
  std::size_t words = 0;  // with the nulls' word
  bool nulls = false;
};
KeyLayout layout_of(const Plan& plan, std::span<const ScanFile> files);

class Groups {
 public:
  Groups(const Plan& plan, const KeyLayout& layout);

  // How many rows may come in all, as far as the files' statistics tell: says how large a table is worth making at
  // once.
  void expect(std::uint64_t rows) { expected_rows_ = rows; }
  // Adds the rows of a block: those numbered in `rows`.
  void add(RowGroupRows& block, std::span<const std::uint16_t> rows);
  // Adds the groups of another table of the same plan: of `parts` shares of the keys, the one numbered `part`.
  void merge(const Groups& other, unsigned part, unsigned parts);

  std::size_t size() const { return count_; }
  const std::uint64_t* key(std::size_t group) const { return keys_.data() + group * layout_->words; }
  // Whether anything went into a sum, and what came of it. A count is always there.
  bool has(std::size_t group, std::size_t sum) const {
    const Sum& what = plan_->sums[sum];
    if (what.kind == Sum::Kind::kCount) return true;
    return what.partial ? counts_[group * partial_ + count_at_[sum]] > 0 : rows_ > 0;
  }
  std::int64_t value(std::size_t group, std::size_t sum) const { return values_[group * width_ + sum]; }
  std::size_t memory_bytes() const;
  // A sum went past 64 bits: DuckDB has to answer.
  bool overflow() const { return overflow_; }

 private:
  struct Slot {
    std::uint64_t tag = 0;    // the key where it is one word, else its hash
    std::uint32_t group = 0;  // plus 1; 0: empty
  };
  struct Run {  // neighbouring rows of one group
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t group;
  };

  void fill_keys(RowGroupRows& block, std::span<const std::uint16_t> rows);
  void fill_addresses(RowGroupRows& block, std::size_t key, std::span<const std::uint16_t> rows);
  void set_null(std::size_t row, std::size_t key);
  void find_runs(std::size_t rows);
  std::uint32_t find(const std::uint64_t* key, std::uint64_t hash);
  std::uint32_t add_group(const std::uint64_t* key);
  void grow();
  void make_room();
  void rehash(std::size_t slots);
  void update(RowGroupRows& block, std::size_t sum, std::span<const std::uint16_t> rows);
  void update_partial(const Cells& cells, const std::uint8_t* mask, std::size_t sum,
                      std::span<const std::uint16_t> rows);
  void combine(std::size_t group, std::size_t sum, std::int64_t value, std::int64_t count);

  const Plan* plan_;
  const KeyLayout* layout_;
  std::size_t width_;                  // sums
  std::size_t partial_ = 0;            // sums that need a count beside them
  std::vector<std::size_t> count_at_;  // of each sum among those
  std::vector<std::int64_t> initial_;  // values of a new group
  std::size_t count_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t expected_rows_ = 0;
  Buffer<std::uint64_t> keys_;
  Buffer<std::int64_t> values_;
  Buffer<std::int64_t> counts_;
  Buffer<Slot> slots_;
  std::vector<std::uint64_t> block_keys_;  // of the rows of one block
  std::vector<std::uint64_t> hashes_;      // of the runs of one block
  std::vector<Run> runs_;
  std::vector<std::uint8_t> mask_;
  bool overflow_ = false;
};

}  // namespace rw::scan
