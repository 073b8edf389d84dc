// Opening files for a scan.
#include "lake/scan_tasks.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace rw::scan {
namespace {

constexpr std::uint64_t kRowsPerThread = 200'000;  // below this a thread costs more than it saves

}  // namespace

void in_parallel(unsigned threads, const std::function<void(unsigned)>& work) {
  std::vector<std::thread> others;
  for (unsigned t = 1; t < threads; ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& thread : others) thread.join();
}

Result<Tasks> Tasks::open(const TableSpec& table, const std::string& directory, const std::vector<FileEntry>& entries,
                          unsigned most_threads) {
  Tasks out;
  std::uint64_t rows = 0;
  for (const FileEntry& entry : entries) rows += entry.rows;
  out.threads = static_cast<unsigned>(std::clamp<std::uint64_t>(rows / kRowsPerThread, 1, std::max(1U, most_threads)));
  out.files.resize(entries.size());
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  Result<void> status;
  in_parallel(out.threads, [&](unsigned) {
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
  for (std::size_t f = 0; f < out.files.size(); ++f)
    for (std::size_t g = 0; g < out.files[f].file->row_groups().size(); ++g) out.tasks.push_back({f, g});
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
