// Sorting, splitting and writing of batches.
#include "lake/writer.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "lake/files.h"
#include "lake/shape.h"
#include "lake/sort.h"
#include "model/escape.h"

namespace rw {
namespace {

// Below this many rows a day, one file spans days: many small files cost more than wide pruning.
constexpr std::size_t kRowsForOwnDay = 100'000;
// Version 2 has delta encoding for integers: half the time to write and to read at the same size. With it zstd has
// little left to find in numbers, so that its lowest level does; names still shrink to a third.
constexpr const char* kParquetOptions =
    "PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 1000, ROW_GROUP_SIZE 49152";

bool is_ascii(std::string_view text) {
  std::uint64_t bits = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    bits |= word;
  }
  for (; i < text.size(); ++i) bits |= static_cast<unsigned char>(text[i]);
  return (bits & 0x8080'8080'8080'8080ULL) == 0;
}

// Decoders hand over escaped ASCII; should one ever not, its text must not make a file unreadable.
std::string_view safe_text(std::string_view text, std::string& storage) {
  if (is_ascii(text)) return text;
  storage = escape_text(text);
  return storage;
}

duck::Type stored_type(ColumnType type) {
  switch (type) {
    case ColumnType::kTime: return duck::Type::kTimestamp;
    case ColumnType::kI64: return duck::Type::kI64;
    case ColumnType::kU64: return duck::Type::kU64;
    case ColumnType::kU32: return duck::Type::kU32;
    case ColumnType::kU16: return duck::Type::kU16;
    case ColumnType::kU8: return duck::Type::kU8;
    case ColumnType::kF64: return duck::Type::kDouble;
    case ColumnType::kText:
    case ColumnType::kSymbol: return duck::Type::kText;
  }
  return duck::Type::kText;
}

// Feeds the rows order[next..] of a batch, column by column.
class BatchFeed {
 public:
  BatchFeed(const Batch& batch, const Shape& shape, std::span<const std::uint32_t> order)
      : batch_(batch), order_(order) {
    const TableSpec& table = batch.table();
    for (std::size_t i = 0; i < shape.size(); ++i) {
      std::string name = stored_name(table, i, shape[i]);
      if (name.empty()) continue;
      const bool plain = shape[i].form == StoredColumn::Form::kPlain;
      add(i, std::move(name), plain ? stored_type(table.columns[i].type) : duck::Type::kU32, shape[i].form);
    }
  }

  duck::Feed feed() {
    return {columns_, [this](duck::FeedWriter& out, std::size_t capacity) { return fill(out, capacity); }};
  }

 private:
  struct Source {
    const ColumnBuffer* buffer;
    StoredColumn::Form form;
    std::vector<std::string_view> dictionary;  // of a symbol column
  };

  void add(std::size_t column, std::string name, duck::Type type, StoredColumn::Form form) {
    columns_.push_back({std::move(name), type});
    Source source{&batch_.column(column), form, {}};
    if (source.buffer->column().type == ColumnType::kSymbol)
      for (const std::string& symbol : source.buffer->symbols()) {
        storage_.emplace_back();
        source.dictionary.push_back(safe_text(symbol, storage_.back()));
      }
    sources_.push_back(std::move(source));
  }

  std::size_t fill(duck::FeedWriter& out, std::size_t capacity) {
    const std::span<const std::uint32_t> rows = order_.subspan(next_, std::min(capacity, order_.size() - next_));
    for (std::size_t c = 0; c < sources_.size(); ++c) fill_column(out, c, rows);
    next_ += rows.size();
    return rows.size();
  }

  template <typename From, typename To = From>
  static void gather(void* to, const ColumnBuffer& from, std::span<const std::uint32_t> rows) {
    const From* values = from.values<From>();
    To* target = static_cast<To*>(to);
    for (std::size_t i = 0; i < rows.size(); ++i) target[i] = static_cast<To>(values[rows[i]]);
  }

  void gather_span(void* to, const ColumnBuffer& ends, std::span<const std::uint32_t> rows) const {
    const auto* end = ends.values<std::uint64_t>();
    const auto* start = batch_.column(batch_.table().time_column).values<std::uint64_t>();
    auto* target = static_cast<std::uint32_t*>(to);
    for (std::size_t i = 0; i < rows.size(); ++i) target[i] = static_cast<std::uint32_t>(end[rows[i]] - start[rows[i]]);
  }

  void fill_column(duck::FeedWriter& out, std::size_t c, std::span<const std::uint32_t> rows) {
    const ColumnBuffer& from = *sources_[c].buffer;
    switch (from.column().type) {
      case ColumnType::kU8: gather<std::uint8_t>(out.data(c), from, rows); break;
      case ColumnType::kU16: gather<std::uint16_t>(out.data(c), from, rows); break;
      case ColumnType::kU32: gather<std::uint32_t>(out.data(c), from, rows); break;
      case ColumnType::kText: fill_text(out, c, from, rows); break;
      case ColumnType::kSymbol: fill_symbols(out, c, from, rows); break;
      default:
        if (sources_[c].form == StoredColumn::Form::kPlain)
          gather<std::uint64_t>(out.data(c), from, rows);
        else if (sources_[c].form == StoredColumn::Form::kSpan)
          gather_span(out.data(c), from, rows);
        else
          gather<std::uint64_t, std::uint32_t>(out.data(c), from, rows);  // IPv4 or narrow: the lower 32 bits
    }
    if (from.null_count() == 0) return;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (from.is_null(rows[i])) out.set_null(c, i);
  }

  void fill_text(duck::FeedWriter& out, std::size_t c, const ColumnBuffer& from, std::span<const std::uint32_t> rows) {
    std::string storage;
    for (std::size_t i = 0; i < rows.size(); ++i) out.set_text(c, i, safe_text(from.text(rows[i]), storage));
  }

  void fill_symbols(duck::FeedWriter& out, std::size_t c, const ColumnBuffer& from,
                    std::span<const std::uint32_t> rows) {
    if (sources_[c].dictionary.empty()) return;
    codes_.resize(rows.size());
    const auto* values = from.values<std::uint32_t>();
    for (std::size_t i = 0; i < rows.size(); ++i) codes_[i] = values[rows[i]];
    out.set_dictionary(c, sources_[c].dictionary, codes_);
  }

  const Batch& batch_;
  std::span<const std::uint32_t> order_;
  std::size_t next_ = 0;
  std::vector<duck::FeedColumn> columns_;
  std::vector<Source> sources_;
  std::deque<std::string> storage_;
  std::vector<std::uint32_t> codes_;
};

// The times of a table: when its rows are, and when they end.
struct Times {
  const std::int64_t* at;
  const std::int64_t* end;
  explicit Times(const Batch& batch) : at(batch.column(batch.table().time_column).values<std::int64_t>()) {
    const int end_column = find_column(batch.table(), "end_time");
    end = end_column >= 0 ? batch.column(static_cast<std::size_t>(end_column)).values<std::int64_t>() : at;
  }
};

// Hours in which each sensor told us something. `weird` rows are about inputs, not about the network.
void note_observed(const Batch& batch, WrittenBatch& written) {
  const int sensor_column = find_column(batch.table(), "sensor");
  if (sensor_column < 0 || batch.rows() == 0) return;
  const ColumnBuffer& sensors = batch.column(static_cast<std::size_t>(sensor_column));
  const Times times(batch);
  const auto* codes = sensors.values<std::uint32_t>();
  std::uint32_t last_code = UINT32_MAX;
  std::int64_t last_hour = INT64_MIN;
  const auto note = [&](std::uint32_t code, std::int64_t hour) {
    if (code == last_code && hour == last_hour) return;
    written.observed.emplace(sensors.symbols()[code], hour);
    last_code = code;
    last_hour = hour;
  };
  for (std::size_t i = 0; i < batch.rows(); ++i) {
    if (sensors.is_null(i)) continue;
    note(codes[i], times.at[i] / kHour.us);
    note(codes[i], times.end[i] / kHour.us);
  }
}

// Cuts the sorted rows where a new day begins, if each day is big enough to be a file of its own.
std::vector<std::span<const std::uint32_t>> split(const Batch& batch, std::span<const std::uint32_t> order) {
  const Times times(batch);
  const std::int64_t first_day = Timestamp{times.at[order.front()]}.day();
  const std::int64_t last_day = Timestamp{times.at[order.back()]}.day();
  const auto days = static_cast<std::size_t>(last_day - first_day + 1);
  if (days == 1 || order.size() / days < kRowsForOwnDay) return {order};
  std::vector<std::span<const std::uint32_t>> parts;
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= order.size(); ++i) {
    if (i < order.size() && Timestamp{times.at[order[i]]}.day() == Timestamp{times.at[order[begin]]}.day()) continue;
    parts.push_back(order.subspan(begin, i - begin));
    begin = i;
  }
  return parts;
}

Result<StagedFile> write_part(duck::Connection& connection, const Batch& batch, const Shape& shape,
                              std::span<const std::uint32_t> rows, const std::string& staging,
                              const std::string& name) {
  const TableSpec& table = batch.table();
  StagedFile file;
  file.staged_path = staging + "/" + name;
  BatchFeed source(batch, shape, rows);
  const duck::Feed feed = source.feed();
  RW_TRY(connection.write_parquet(feed, file.staged_path, kParquetOptions));
  RW_TRY(sync_file(file.staged_path));
  FileEntry& entry = file.entry;
  RW_ASSIGN(entry.bytes, file_size(file.staged_path));
  const Times times(batch);
  entry.table = table.name;
  entry.min_time = entry.max_time = {times.at[rows[0]]};
  entry.max_end = {times.end[rows[0]]};
  for (const std::uint32_t row : rows) {
    entry.min_time.us = std::min(entry.min_time.us, times.at[row]);
    entry.max_time.us = std::max(entry.max_time.us, times.at[row]);
    entry.max_end.us = std::max(entry.max_end.us, times.end[row]);
  }
  entry.rows = rows.size();
  entry.schema = table.schema;
  entry.shape = shape_text(table, shape);
  entry.path = "data/" + entry.table + "/" + entry.min_time.date() + "/" + name;
  return file;
}

}  // namespace

Result<WrittenBatch> write_batch(duck::Connection& connection, const Batch& batch, const std::string& staging,
                                 const std::string& name) {
  WrittenBatch written;
  if (batch.rows() == 0) return written;
  const std::vector<std::uint32_t> order = sorted_rows(batch);
  const Shape shape = shape_of(batch);
  std::size_t number = 0;
  for (const std::span<const std::uint32_t> rows : split(batch, order)) {
    RW_ASSIGN(StagedFile file,
              write_part(connection, batch, shape, rows, staging, name + "-" + std::to_string(number++) + ".parquet"));
    written.files.push_back(std::move(file));
  }
  note_observed(batch, written);
  return written;
}

Result<std::unique_ptr<WriterPool>> WriterPool::start(unsigned threads, std::size_t queue, std::uint64_t memory_bytes,
                                                      const std::string& directory) {
  std::unique_ptr<WriterPool> pool(new WriterPool);
  pool->capacity_ = queue;
  duck::EngineOptions options;
  options.memory_bytes = memory_bytes;
  options.threads = 1;  // each of our threads runs its own COPY
  options.readable_directories = {directory};
  options.feeds = true;
  RW_ASSIGN(pool->engine_, duck::Engine::open(options));
  for (unsigned i = 0; i < threads; ++i) {
    RW_ASSIGN(auto connection, pool->engine_->connect());
    pool->connections_.push_back(std::move(connection));
  }
  for (const auto& connection : pool->connections_)
    pool->threads_.emplace_back([raw = pool.get(), &connection = *connection] { raw->work(connection); });
  return pool;
}

WriterPool::~WriterPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WriterPool::submit(Job job) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < capacity_; });
  queue_.push_back(std::move(job));
  changed_.notify_all();
}

void WriterPool::work(duck::Connection& connection) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;  // stopping, and nothing is left to write
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
    lock.unlock();
    job(connection);
    lock.lock();
  }
}

}  // namespace rw
