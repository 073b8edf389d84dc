// Rows in columns: what decoders fill and the store writes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "model/block.h"
#include "model/records.h"

namespace rw {

// One column's values for all rows of a batch. Fixed-width types lie in `values` (row n at n × width; null is 0); kText
// keeps its bytes apart and the end of each row in `values`; kSymbol holds uint32 codes in `values` and the distinct
// values in `symbols`. A column that is null so far takes no memory. Not thread-safe, reading included.
class ColumnBuffer {
 public:
  explicit ColumnBuffer(const Column& column);

  const Column& column() const { return *column_; }
  std::size_t rows() const { return rows_; }
  std::size_t null_count() const { return null_count_; }
  bool is_null(std::size_t row) const { return null_count_ > 0 && (null_ ? null_.data()[row] != std::byte{0} : true); }
  std::size_t memory_bytes() const;  // that hold values; not what is kept in reserve

  template <typename T>
  const T* values() const {
    if (!values_ && rows_ > 0) allocate_zeros();
    return reinterpret_cast<const T*>(values_.data());
  }
  std::string_view text(std::size_t row) const;  // kText and kSymbol; empty for null
  const std::vector<std::string>& symbols() const { return symbols_; }

  // Makes room for this many rows in all, when the first value comes.
  void reserve(std::size_t rows) { reserved_ = rows; }

  template <typename T>
  void put(T value) {
    ensure(1);
    reinterpret_cast<T*>(values_.data())[rows_] = value;
    if (null_) null_.data()[rows_] = std::byte{0};
    ++rows_;
  }
  void put_null() {
    if (values_) return put_null_among_values();
    ++rows_, ++null_count_;
  }
  void put_text(std::string_view value);
  void put_symbol(std::string_view value);
  void put_symbol_again() { put(last_symbol_); }  // the one of the last put_symbol

  // get(i) for i from 0 to count: values …
  template <typename T, typename Get>
  void put_all(std::size_t count, Get&& get) {
    ensure(count);
    T* const out = reinterpret_cast<T*>(values_.data()) + rows_;
    for (std::size_t i = 0; i < count; ++i) out[i] = get(i);
    if (null_) std::memset(null_.data() + rows_, 0, count);
    rows_ += count;
  }
  // … or optional values.
  template <typename T, typename Get>
  void put_all_nullable(std::size_t count, Get&& get) {
    std::size_t present = 0;
    for (std::size_t i = 0; i < count; ++i) present += get(i).has_value() ? 1 : 0;
    if (present == 0 && !values_) {
      rows_ += count, null_count_ += count;
      return;
    }
    ensure(count);
    if (present < count) ensure_nulls();
    T* const out = reinterpret_cast<T*>(values_.data()) + rows_;
    for (std::size_t i = 0; i < count; ++i) out[i] = get(i).value_or(T{});
    if (null_) {
      std::byte* const null = null_.data() + rows_;
      for (std::size_t i = 0; i < count; ++i) null[i] = static_cast<std::byte>(!get(i).has_value());
    }
    null_count_ += count - present;
    rows_ += count;
  }
  // Replaces the value of every row: for columns that are known only at commit (ingest).
  void fill_u32(std::uint32_t value);
  // Adds all rows of another buffer of the same column, value by value: for small ones.
  void append(const ColumnBuffer& other);
  // Forgets every row, so that the column can be put anew from others of its batch (registered_domain from name).
  void clear();

 private:
  void ensure(std::size_t more) {
    if (rows_ + more > capacity_) [[unlikely]]
      grow(rows_ + more);
  }
  void ensure_nulls() {
    if (!null_) [[unlikely]]
      allocate_nulls();
  }
  void put_null_among_values();
  void grow(std::size_t rows);
  void allocate_nulls();
  void allocate_zeros() const;

  const Column* column_;
  std::size_t width_;
  std::size_t rows_ = 0;
  std::size_t null_count_ = 0;
  std::size_t capacity_ = 0;  // rows for which values_ has room, and null_ where it is there; 0 while all rows are null
  std::size_t reserved_ = 0;
  mutable Block values_;
  Block null_;  // one byte a row; not there while all rows or none are null
  std::string text_;
  std::vector<std::string> symbols_;
  std::unordered_map<std::string, std::uint32_t> symbol_codes_;
  std::uint32_t last_symbol_ = 0;
};

class Batch {
 public:
  explicit Batch(const TableSpec& table);
  Batch(Batch&&) = default;
  Batch& operator=(Batch&&) = default;

  const TableSpec& table() const { return *table_; }
  std::size_t rows() const { return columns_.empty() ? 0 : columns_.front().rows(); }
  std::size_t memory_bytes() const;
  ColumnBuffer& column(std::size_t index) { return columns_[index]; }
  const ColumnBuffer& column(std::size_t index) const { return columns_[index]; }
  std::size_t column_count() const { return columns_.size(); }
  // Makes room for this many rows in all.
  void reserve(std::size_t rows);

  // Column by column: many rows at once cost half of what they cost one by one.
  void append(std::span<const Flow> rows);
  void append(std::span<const Dns> rows);
  void append(std::span<const DnsAnswer> rows);
  void append(std::span<const Tls> rows);
  void append(std::span<const Http> rows);
  void append(std::span<const Alert> rows);
  void append(std::span<const InterfaceCounters> rows);
  void append(std::span<const MiningSession> rows);
  void append(std::span<const FileTransfer> rows);
  void append(std::span<const Scan> rows);
  void append(std::span<const Indicator> rows);
  void append(std::span<const MailRow> rows);
  void append(std::span<const MailMessage> rows);
  void append(std::span<const MailAudit> rows);
  void append(std::span<const Weird> rows);
  // All rows of another batch of the same table.
  void append(const Batch& other);
  template <typename Row>
  requires(!requires(const Row& row) { row.size(); } && !std::is_same_v<Row, Batch>) void append(const Row& row) {
    append(std::span<const Row>(&row, 1));
  }

 private:
  const TableSpec* table_;
  std::vector<ColumnBuffer> columns_;
};

}  // namespace rw
