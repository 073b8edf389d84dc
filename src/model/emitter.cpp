// Batching, checks that hold for every row, and the counting of bad records.
#include "model/emitter.h"

#include <algorithm>

#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxDetail = 200;
constexpr std::size_t kMaxKinds = 64;  // of skipped records: names come from the input, and memory must not follow it

constexpr std::int64_t kEpoch2200 = 7'258'118'400'000'000;

}  // namespace

Emitter::Emitter(BatchSink& sink, std::string source, std::string format, Timestamp now, Options options)
    : sink_(sink), source_(std::move(source)), format_(std::move(format)), now_(now), options_(options) {}

bool Emitter::time_fits(std::int64_t us) {
  const bool fits = reference_time_us_ == INT64_MIN
                        ? us >= 0 && us < kEpoch2200
                        : us >= reference_time_us_ - kYear.us && us <= reference_time_us_ + kYear.us && us >= 0;
  if (!fits)
    weird("time-out-of-range",
          Timestamp{us}.us >= 0 && us < kEpoch2200 ? Timestamp{us}.to_string() : std::to_string(us));
  return fits;
}

template <typename Row>
void Emitter::append(std::size_t slot, const TableSpec& table, std::span<const Row> rows) {
  if (offset_ < options_.resume_offset) {
    known_ += rows.size();
    return;
  }
  while (!rows.empty()) {
    std::unique_ptr<Batch>& batch = batches_[slot];
    if (!batch) {
      batch = std::make_unique<Batch>(table);
      if (filled_[slot]) batch->reserve(options_.batch_rows);
    }
    const std::size_t before = batch->rows();
    const std::size_t fitting = std::min(rows.size(), options_.batch_rows - before);
    batch->append(rows.first(fitting));
    rows = rows.subspan(fitting);
    rows_[slot] += fitting;
    const std::size_t after = before + fitting;
    constexpr std::size_t kLookEvery = 4096;
    if (after >= options_.batch_rows) {
      filled_[slot] = true;
      flush(slot);
    } else if (after / kLookEvery != before / kLookEvery && batch->memory_bytes() >= options_.batch_bytes) {
      flush(slot);
    }
  }
}

void Emitter::flush(std::size_t slot) {
  if (!batches_[slot] || batches_[slot]->rows() == 0) return;
  auto taken = sink_.take(std::move(*batches_[slot]));
  batches_[slot].reset();
  if (!taken && status_) status_ = Failure(taken.error());
}

bool Emitter::flow_fits(const Flow& row) {
  if (!time_fits(row.start_time)) return false;
  if (row.end_time < row.start_time || row.end_time - row.start_time > kYear.us) return weird("bad-duration"), false;
  if (row.sampling == 0) return weird("bad-sampling", "0"), false;
  if (row.sampling != last_sampling_ || last_limit_ == 0) {
    last_sampling_ = row.sampling;
    last_limit_ = options_.max_counter / static_cast<std::int64_t>(row.sampling);
  }
  const auto within = [limit = last_limit_](std::int64_t n) { return n >= 0 && n <= limit; };
  if (within(row.bytes) && within(row.packets) && within(row.rev_bytes.value_or(0)) &&
      within(row.rev_packets.value_or(0)))
    return true;
  weird("counter-out-of-range", std::to_string(row.bytes));
  return false;
}

void Emitter::add(std::span<const Flow> rows) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (flow_fits(rows[i])) continue;
    if (i > begin) append(0, kFlowTable, rows.subspan(begin, i - begin));
    begin = i + 1;
  }
  if (begin < rows.size()) append(0, kFlowTable, rows.subspan(begin));
}

void Emitter::add(const Dns& row) {
  if (time_fits(row.time)) append(1, kDnsTable, row);
}
void Emitter::add(const DnsAnswer& row) {
  if (time_fits(row.time)) append(2, kDnsAnswerTable, row);
}
void Emitter::add(const Tls& row) {
  if (time_fits(row.time)) append(3, kTlsTable, row);
}
void Emitter::add(const Http& row) {
  if (time_fits(row.time)) append(4, kHttpTable, row);
}
void Emitter::add(const Alert& row) {
  if (time_fits(row.time)) append(5, kAlertTable, row);
}
void Emitter::add(const InterfaceCounters& row) {
  if (time_fits(row.time)) append(6, kInterfaceTable, row);
}

void Emitter::add(const MiningSession& row) {
  if (time_fits(row.time)) append(7, kMiningTable, row);
}
void Emitter::add(const FileTransfer& row) {
  if (time_fits(row.time)) append(8, kFileTable, row);
}
void Emitter::add(const Scan& row) {
  if (time_fits(row.time)) append(9, kScanTable, row);
}
void Emitter::add(const Indicator& row) {
  if (time_fits(row.time)) append(10, kIndicatorTable, row);
}
void Emitter::add(const MailRow& row) {
  if (!time_fits(row.time)) return;
  if (row.end_time < row.time || row.end_time - row.time > kYear.us) return weird("bad-duration");
  if (row.messages < 0 || row.messages > options_.max_counter)
    return weird("counter-out-of-range", std::to_string(row.messages));
  append(11, kMailRowTable, row);
}
void Emitter::add(const MailMessage& row) {
  if (time_fits(row.time)) append(12, kMessageTable, row);
}
void Emitter::add(const MailAudit& row) {
  if (time_fits(row.time)) append(13, kMailAuditTable, row);
}

void Emitter::weird(std::string_view code, std::string_view detail) {
  if (offset_ < options_.resume_offset) return;
  auto it = weird_.find(code);
  if (it == weird_.end()) it = weird_.emplace(std::string(code), 0).first;
  if (++it->second > options_.weird_samples_per_code) return;
  const std::string escaped = escape_text(detail, kMaxDetail);
  Weird row;
  row.time = now_.us;
  row.source = source_;
  row.format = format_;
  row.code = code;
  row.byte_offset = static_cast<std::int64_t>(offset_);
  row.occurrences = 1;
  if (!escaped.empty()) row.detail = escaped;
  append(14, kWeirdTable, row);
}

void Emitter::skipped(std::string_view kind) {
  if (offset_ < options_.resume_offset) return;
  auto it = skipped_.find(kind);
  if (it == skipped_.end()) {
    it = skipped_.emplace(skipped_.size() < kMaxKinds ? escape_text(kind, kMaxDetail) : "other kinds", 0).first;
  }
  ++it->second;
}

Result<void> Emitter::flush() {
  for (std::size_t slot = 0; slot < kTableCount; ++slot) flush(slot);
  return status_;
}

Result<void> Emitter::finish() {
  for (const auto& [code, count] : weird_) {
    if (count <= options_.weird_samples_per_code) continue;
    Weird row;
    row.time = now_.us;
    row.source = source_;
    row.format = format_;
    row.code = code;
    row.byte_offset = static_cast<std::int64_t>(offset_);
    row.occurrences = static_cast<std::int64_t>(count - options_.weird_samples_per_code);
    row.detail = "more of this kind, not kept one by one";
    append(14, kWeirdTable, row);
  }
  return flush();
}

Emitter::Counts Emitter::counts() const {
  Counts counts;
  for (std::size_t i = 0; i < kTableCount; ++i)
    if (rows_[i] > 0) counts.rows.emplace(tables()[i]->name, rows_[i]);
  counts.weird = weird_;
  counts.skipped = skipped_;
  counts.known = known_;
  return counts;
}

}  // namespace rw
