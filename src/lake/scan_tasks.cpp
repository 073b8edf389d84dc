// Opening files for a scan.
#include "lake/scan_tasks.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace rw::scan {
namespace {

constexpr std::uint64_t kRowsPerThread = 200'000;  // below this a thread costs more than it saves

unsigned threads_for(std::uint64_t rows, unsigned most) {
  return static_cast<unsigned>(std::clamp<std::uint64_t>(rows / kRowsPerThread, 1, std::max(1U, most)));
}

// Rows of a row group that lie within `time`, if they are spread evenly between the first and the last; 0 where none
// can.
std::uint64_t rows_within(TimeRange time, const ScanFile& file, const parquet::RowGroup& group, std::size_t column) {
  const int at = file.stored[column];
  if (time == kAllTime || at < 0) return group.rows;
  const parquet::ColumnChunk& chunk = group.columns[static_cast<std::size_t>(at)];
  if (!chunk.min || !chunk.max) return group.rows;
  const auto first = static_cast<std::int64_t>(*chunk.min);
  const auto last = static_cast<std::int64_t>(*chunk.max);
  if (first > last) return group.rows;
  if (last < time.from.us || first >= time.to.us) return 0;
  const auto span = [](std::int64_t a, std::int64_t b) { return static_cast<double>(b) - static_cast<double>(a) + 1; };
  const double share = span(std::max(first, time.from.us), std::min(last, time.to.us - 1)) / span(first, last);
  return static_cast<std::uint64_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(group.rows)) + 1;
}

}  // namespace

void in_parallel(unsigned threads, const std::function<void(unsigned)>& work) {
  std::vector<std::thread> others;
  for (unsigned t = 1; t < threads; ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& thread : others) thread.join();
}

Result<Tasks> Tasks::open(const TableSpec& table, const std::string& directory, const std::vector<FileEntry>& entries,
                          unsigned most_threads, TimeRange time) {
  Tasks out;
  std::uint64_t rows = 0;
  for (const FileEntry& entry : entries) rows += entry.rows;
  out.files.resize(entries.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  Result<void> status;
  in_parallel(threads_for(rows, most_threads), [&](unsigned) {
    for (std::size_t i = next++; i < entries.size(); i = next++) {
      auto file = ScanFile::open(table, directory, entries[i]);
      if (file) {
        out.files[i] = std::move(*file);
        continue;
      }
      const std::lock_guard lock(mutex);
      if (status) status = Failure(file.error());
    }
  });
  if (!status) return Failure(status.error());
  for (std::size_t f = 0; f < out.files.size(); ++f) {
    const std::vector<parquet::RowGroup>& groups = out.files[f].file->row_groups();
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const std::uint64_t within = rows_within(time, out.files[f], groups[g], table.time_column);
      if (within == 0) continue;
      out.tasks.push_back({f, g});
      out.likely_rows += within;
    }
  }
  out.threads = threads_for(out.likely_rows, most_threads);
  return out;
}

Condition with_time(const Plan& plan, TimeRange time) {
  if (time == kAllTime) return plan.where;
  Condition range;
  range.kind = Condition::Kind::kRanges;
  range.number.kind = Number::Kind::kColumn;
  range.number.column = plan.table->time_column;
  range.ranges = {{time.from.us, time.to.us - 1}};
  if (plan.where.kind == Condition::Kind::kConstant && plan.where.constant) return range;
  Condition both;
  both.kind = Condition::Kind::kAnd;
  both.args = {std::move(range), plan.where};
  return both;
}

}  // namespace rw::scan
