// What every scan does: opens the files, cuts them into row groups, and walks the rows that pass.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lake/catalog.h"
#include "lake/scan_plan.h"
#include "lake/scan_rows.h"

namespace rw::scan {

struct Task {
  std::size_t file;
  std::size_t row_group;
};

struct Tasks {
  std::vector<ScanFile> files;
  std::vector<Task> tasks;        // in the order of the files; row groups outside of the time are left out
  std::uint64_t likely_rows = 0;  // of those, within the time, as far as their statistics tell
  unsigned threads = 1;           // worth using

  static Result<Tasks> open(const TableSpec& table, const std::string& directory, const std::vector<FileEntry>& entries,
                            unsigned most_threads, TimeRange time);
};

// Calls work(thread) on `threads` threads, this one among them.
void in_parallel(unsigned threads, const std::function<void(unsigned)>& work);

// Makes the text of one task; each thread has its own.
using TextMaker = std::function<Result<void>(std::size_t task, std::string& text)>;
// Runs tasks 0 to `tasks` - 1 on `threads` threads and gives their texts to `out` on this one, in order; few wait at a
// time. `out` may return false to stop early.
Result<void> texts_in_order(unsigned threads, std::size_t tasks, const std::function<TextMaker()>& maker,
                            const std::function<bool(std::string_view)>& out);

// The plan's condition together with the question's time range.
Condition with_time(const Plan& plan, TimeRange time);

// Calls use(rows of the block, numbers of those that pass) for each block of the row group; nothing passes, no call.
// Stops at the first failure, which is rows.status().
template <typename Use>
void for_each_block(RowGroupRows& rows, const Condition& where, Use use) {
  if (!rows.possible(where)) return;
  const bool all = where.kind == Condition::Kind::kConstant && where.constant;
  std::array<std::uint8_t, kBlock> mask;
  std::array<std::uint16_t, kBlock> chosen;
  if (all) std::iota(chosen.begin(), chosen.end(), std::uint16_t{0});
  const parquet::RowSpan wanted = rows.narrow(where);
  for (std::size_t begin = wanted.begin; begin < wanted.end && rows.status(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, rows.rows() - begin);
    rows.at(begin, count);
    std::size_t passed = count;
    if (!all) {
      rows.test(where, mask.data());
      passed = 0;
      for (std::size_t i = 0; i < count; ++i) {
        chosen[passed] = static_cast<std::uint16_t>(i);
        passed += mask[i];
      }
    }
    if (passed > 0) use(count, std::span<const std::uint16_t>(chosen.data(), passed));
  }
}

}  // namespace rw::scan
