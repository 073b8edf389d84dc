// Rows in columns: what decoders fill and the store writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/records.h"

namespace rw {

// One column's values for all rows of a batch. Fixed-width types lie in `values` (row n at n × width); kText lies in `text`
// with `ends[n]` the end of row n; kSymbol holds uint32 codes in `values` and the distinct values in `symbols`.
class ColumnBuffer {
 public:
  explicit ColumnBuffer(const Column& column);

  const Column& column() const { return *column_; }
  std::size_t rows() const { return rows_; }
  std::size_t null_count() const { return null_count_; }
  bool is_null(std::size_t row) const { return null_count_ > 0 && null_[row] != 0; }
  std::size_t memory_bytes() const;

  template <typename T>
  const T* values() const { return reinterpret_cast<const T*>(values_.data()); }
  std::string_view text(std::size_t row) const;  // kText and kSymbol; empty for null
  const std::vector<std::string>& symbols() const { return symbols_; }

  template <typename T>
  void put(T value) {
    if (values_.size() < (rows_ + 1) * sizeof(T)) grow();
    reinterpret_cast<T*>(values_.data())[rows_] = value;
    if (!null_.empty()) null_.push_back(0);
    ++rows_;
  }
  void put_null();
  void put_text(std::string_view value);
  void put_symbol(std::string_view value);
  // Replaces the value of every row: for columns that are known only at commit (ingest).
  void fill_u32(std::uint32_t value);
  // Forgets every row, so that the column can be put anew from others of its batch (registered_domain from name).
  void clear();

 private:
  void grow();

  const Column* column_;
  std::size_t width_;
  std::size_t rows_ = 0;
  std::size_t null_count_ = 0;
  std::vector<std::byte> values_;
  std::vector<std::uint8_t> null_;  // empty while nothing is null
  std::string text_;
  std::vector<std::uint32_t> ends_;
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

  void append(const Flow& row);
  void append(const Dns& row);
  void append(const DnsAnswer& row);
  void append(const Tls& row);
  void append(const Http& row);
  void append(const Alert& row);
  void append(const InterfaceCounters& row);
  void append(const Weird& row);

 private:
  const TableSpec* table_;
  std::vector<ColumnBuffer> columns_;
};

}  // namespace rw
