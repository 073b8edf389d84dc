// Grouping and summing.
#include "lake/scan_groups.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

namespace rw::scan {
namespace {

std::uint64_t hash_words(const std::uint64_t* key, std::size_t words) {
  std::uint64_t h = 0x9E37'79B9'7F4A'7C15ULL;
  for (std::size_t i = 0; i < words; ++i) {
    h = (h ^ key[i]) * 0xFF51'AFD7'ED55'8CCDULL;
    h ^= h >> 32;
  }
  return h * 0xC4CE'B9FE'1A85'EC53ULL;
}

constexpr std::size_t kLargeTable = 1 << 16;

std::size_t slot_of(std::uint64_t hash, std::size_t mask) { return hash >> 20 & mask; }

std::uint64_t mask_of(int bits) { return bits <= 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits); }

bool same_words(const std::uint64_t* a, const std::uint64_t* b, std::size_t words) {
  std::uint64_t different = 0;  // a call of memcmp takes longer than these few words
  for (std::size_t i = 0; i < words; ++i) different |= a[i] ^ b[i];
  return different == 0;
}

bool is_address(const Key& key) { return key.kind == Key::Kind::kAddress || key.kind == Key::Kind::kPrefix; }

}  // namespace

KeyLayout layout_of(const Plan& plan, std::span<const ScanFile> files) {
  KeyLayout layout;
  for (const Key& key : plan.keys) {
    const bool pair = is_address(key) && std::any_of(files.begin(), files.end(), [&key](const ScanFile& file) {
                        const auto form = file.shape[key.address].form;
                        return form != StoredColumn::Form::kV4Low && form != StoredColumn::Form::kNull;
                      });
    layout.first.push_back(layout.words);
    layout.pair.push_back(pair);
    layout.words += pair ? 2 : 1;
    layout.nulls = layout.nulls || key.nullable;
  }
  if (layout.nulls) ++layout.words;
  return layout;
}

Groups::Groups(const Plan& plan, const KeyLayout& layout) : plan_(&plan), layout_(&layout), width_(plan.sums.size()) {
  for (const Sum& sum : plan.sums) {
    count_at_.push_back(partial_);
    if (sum.partial && sum.kind != Sum::Kind::kCount) ++partial_;
    initial_.push_back(sum.kind == Sum::Kind::kMin   ? std::numeric_limits<std::int64_t>::max()
                       : sum.kind == Sum::Kind::kMax ? std::numeric_limits<std::int64_t>::min()
                                                     : 0);
  }
  slots_.resize(1024);
  if (plan.keys.empty()) add_group(nullptr);
}

std::size_t Groups::memory_bytes() const {
  return (keys_.capacity() + values_.capacity() + counts_.capacity()) * sizeof(std::uint64_t) +
         slots_.capacity() * sizeof(Slot);
}

void Groups::set_null(std::size_t row, std::size_t key) {
  std::uint64_t* words = block_keys_.data() + row * layout_->words;
  words[layout_->first[key]] = 0;
  if (layout_->pair[key]) words[layout_->first[key] + 1] = 0;
  words[layout_->words - 1] |= std::uint64_t{1} << key;
}

void Groups::fill_addresses(RowGroupRows& block, std::size_t k, std::span<const std::uint16_t> rows) {
  const Key& key = plan_->keys[k];
  const RowGroupRows::Address found = block.address(key.address);
  const std::size_t words = layout_->words;
  std::uint64_t* word = block_keys_.data() + layout_->first[k];
  const auto mask4 = static_cast<std::uint32_t>(mask_of(32 + key.length4));
  const std::uint64_t mask_hi = mask_of(key.length6);
  const std::uint64_t mask_lo = mask_of(key.length6 - 64);
  for (std::size_t i = 0; i < rows.size(); ++i, word += words) {
    if (found.null || (found.valid != nullptr && found.valid[rows[i]] == 0)) {
      set_null(i, k);
    } else if (found.v4 && !layout_->pair[k]) {
      *word = found.small[rows[i]] & mask4;
    } else if (found.v4) {
      word[0] = 0;
      word[1] = Ip::v4(found.small[rows[i]] & mask4).lo;
    } else {
      const Ip ip{found.high[rows[i]], found.low[rows[i]]};
      const bool v4 = ip.is_v4();
      word[0] = v4 ? 0 : ip.hi & mask_hi;
      word[1] = v4 ? Ip::v4(ip.v4_bits() & mask4).lo : ip.lo & mask_lo;
    }
  }
}

// Each row's key words, row by row.
void Groups::fill_keys(RowGroupRows& block, std::span<const std::uint16_t> rows) {
  const std::size_t words = layout_->words;
  block_keys_.resize(rows.size() * words);
  if (layout_->nulls)
    for (std::size_t i = 0; i < rows.size(); ++i) block_keys_[i * words + words - 1] = 0;
  for (std::size_t k = 0; k < plan_->keys.size(); ++k) {
    if (is_address(plan_->keys[k])) {
      fill_addresses(block, k, rows);
      continue;
    }
    const Cells cells = block.number(plan_->keys[k].number);
    std::uint64_t* word = block_keys_.data() + layout_->first[k];
    for (std::size_t i = 0; i < rows.size(); ++i, word += words) {
      if (cells.form == Cells::Form::kNull || (cells.valid != nullptr && cells.valid[rows[i]] == 0))
        set_null(i, k);
      else
        *word =
            static_cast<std::uint64_t>(cells.form == Cells::Form::kConstant ? cells.constant : cells.values[rows[i]]);
    }
  }
}

std::uint32_t Groups::add_group(const std::uint64_t* key) {
  // One by one: a range of so few words takes longer to insert than to copy.
  for (std::size_t w = 0; w < layout_->words; ++w) keys_.push_back(key[w]);
  for (const std::int64_t value : initial_) values_.push_back(value);
  for (std::size_t p = 0; p < partial_; ++p) counts_.push_back(0);
  return static_cast<std::uint32_t>(count_++);
}

std::uint32_t Groups::find(const std::uint64_t* key, std::uint64_t hash) {
  const std::size_t words = layout_->words;
  const std::uint64_t tag = words == 1 ? *key : hash;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = slot_of(hash, mask);
  for (; slots_[at].group != 0; at = (at + 1) & mask) {
    if (slots_[at].tag != tag) continue;
    const std::uint32_t group = slots_[at].group - 1;
    if (words == 1 || same_words(key, keys_.data() + std::size_t{group} * words, words)) return group;
  }
  const std::uint32_t group = add_group(key);
  slots_[at] = {tag, group + 1};
  if (count_ * 2 > slots_.size()) grow();
  return group;
}

void Groups::grow() {
  // Large tables grow in large steps; a small one should not touch memory that it does not fill.
  rehash(slots_.size() * (slots_.size() < kLargeTable ? 2 : 4));
}

// After the first rows: room for as many groups as there will be if the rest is like them. Doubling there step by step
// took a third of a short question, most of it in the system for fresh pages.
void Groups::make_room() {
  const std::uint64_t rows = std::max(expected_rows_, rows_);
  const auto groups = static_cast<std::size_t>(std::min<std::uint64_t>(
      kLargeTable / 2, static_cast<std::uint64_t>(static_cast<double>(rows) / static_cast<double>(rows_) *
                                                  static_cast<double>(count_))));
  if (groups <= count_ * 2) return;
  keys_.reserve(groups * layout_->words);
  values_.reserve(groups * width_);
  counts_.reserve(groups * partial_);
  if (groups * 2 > slots_.size()) rehash(std::bit_ceil(groups * 2));
}

void Groups::rehash(std::size_t slots) {
  Buffer<Slot> before(slots);
  before.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : before) {
    if (slot.group == 0) continue;
    std::size_t at = slot_of(layout_->words == 1 ? hash_words(&slot.tag, 1) : slot.tag, mask);
    while (slots_[at].group != 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

// Files are sorted by address within an hour, so that neighbours are often of one group. The table is larger than the
// caches: all places that a block needs are asked for before the first is looked at.
void Groups::find_runs(std::size_t rows) {
  const std::size_t words = layout_->words;
  const std::uint64_t* key = block_keys_.data();
  runs_.clear();
  hashes_.clear();
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < rows; ++i, key += words) {
    if (i > 0 && same_words(key, key - words, words)) continue;
    if (!runs_.empty()) runs_.back().end = static_cast<std::uint32_t>(i);
    runs_.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(rows), 0});
    hashes_.push_back(hash_words(key, words));
    __builtin_prefetch(&slots_[slot_of(hashes_.back(), mask)]);
  }
  // Then the keys and sums of the groups that the places name, before the first of those is looked at.
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    const Slot& slot = slots_[slot_of(hashes_[r], mask)];
    if (slot.group == 0) continue;
    __builtin_prefetch(keys_.data() + std::size_t{slot.group - 1} * words);
    __builtin_prefetch(values_.data() + std::size_t{slot.group - 1} * width_, 1);
  }
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    runs_[r].group = find(block_keys_.data() + runs_[r].begin * words, hashes_[r]);
    __builtin_prefetch(values_.data() + std::size_t{runs_[r].group} * width_, 1);
  }
}

void Groups::combine(std::size_t group, std::size_t s, std::int64_t value, std::int64_t count) {
  const Sum& sum = plan_->sums[s];
  std::int64_t& into = values_[group * width_ + s];
  switch (sum.kind) {
    case Sum::Kind::kCount: into += count; return;
    case Sum::Kind::kSum: overflow_ |= __builtin_add_overflow(into, value, &into); break;
    case Sum::Kind::kMin: into = std::min(into, value); break;
    case Sum::Kind::kMax: into = std::max(into, value); break;
  }
  if (sum.partial) counts_[group * partial_ + count_at_[s]] += count;
}

void Groups::update_partial(const Cells& cells, const std::uint8_t* mask, std::size_t s,
                            std::span<const std::uint16_t> rows) {
  for (const Run& run : runs_)
    for (std::size_t i = run.begin; i < run.end; ++i) {
      const std::uint16_t row = rows[i];
      if ((mask != nullptr && mask[row] == 0) || (cells.valid != nullptr && cells.valid[row] == 0)) continue;
      combine(run.group, s, cells.form == Cells::Form::kConstant ? cells.constant : cells.values[row], 1);
    }
}

void Groups::update(RowGroupRows& block, std::size_t s, std::span<const std::uint16_t> rows) {
  const Sum& sum = plan_->sums[s];
  if (sum.where) {
    mask_.resize(kBlock);
    block.test(*sum.where, mask_.data());
  }
  const Cells cells = sum.number ? block.number(*sum.number) : Cells{Cells::Form::kConstant, 1};
  if (cells.form == Cells::Form::kNull) return;
  const bool plain = !sum.where && cells.valid == nullptr;
  if (plain && sum.kind == Sum::Kind::kCount) {
    for (const Run& run : runs_) values_[run.group * width_ + s] += run.end - run.begin;
  } else if (plain && sum.kind == Sum::Kind::kSum && cells.form == Cells::Form::kArray) {
    bool overflow = false;
    for (const Run& run : runs_) {
      std::int64_t total = 0;
      for (std::size_t i = run.begin; i < run.end; ++i)
        overflow |= __builtin_add_overflow(total, cells.values[rows[i]], &total);
      combine(run.group, s, total, run.end - run.begin);
    }
    overflow_ |= overflow;
  } else {
    update_partial(cells, sum.where ? mask_.data() : nullptr, s, rows);
  }
}

void Groups::add(RowGroupRows& block, std::span<const std::uint16_t> rows) {
  if (rows.empty()) return;
  rows_ += rows.size();
  if (plan_->keys.empty()) {
    runs_.assign(1, {0, static_cast<std::uint32_t>(rows.size()), 0});
  } else {
    fill_keys(block, rows);
    find_runs(rows.size());
  }
  for (std::size_t s = 0; s < width_; ++s) update(block, s, rows);
  if (rows_ == rows.size()) make_room();
}

void Groups::merge(const Groups& other, unsigned part, unsigned parts) {
  overflow_ |= other.overflow_;
  rows_ += other.rows_;
  const std::size_t words = layout_->words;
  // As in find_runs: the places are asked for some groups ahead.
  constexpr std::size_t kAhead = 16;
  struct Wanted {
    std::size_t group;
    std::uint64_t hash;
  };
  std::array<Wanted, kAhead> ahead;
  std::size_t next = 0, held = 0, at = 0;
  const auto refill = [&] {
    for (; next < other.size() && held < kAhead; ++next) {
      const std::uint64_t hash = hash_words(other.key(next), words);
      if (parts > 1 && hash % parts != part) continue;
      if (words > 0) __builtin_prefetch(&slots_[slot_of(hash, slots_.size() - 1)]);
      ahead[(at + held++) % kAhead] = {next, hash};
    }
  };
  for (refill(); held > 0; refill()) {
    const auto [g, hash] = ahead[at];
    at = (at + 1) % kAhead, --held;
    const std::size_t into = plan_->keys.empty() ? 0 : find(other.key(g), hash);
    for (std::size_t s = 0; s < width_; ++s) {
      const bool count = plan_->sums[s].kind == Sum::Kind::kCount;
      if (!count && !other.has(g, s)) continue;
      const std::int64_t n = count                    ? other.value(g, s)
                             : plan_->sums[s].partial ? other.counts_[g * partial_ + count_at_[s]]
                                                      : 1;
      combine(into, s, other.value(g, s), n);
    }
  }
}

}  // namespace rw::scan
