// Appending records to columns.
#include "model/batch.h"

#include <cstring>

namespace rw {
namespace {

std::size_t width_of(ColumnType type) {
  switch (type) {
    case ColumnType::kU8: return 1;
    case ColumnType::kU16: return 2;
    case ColumnType::kU32:
    case ColumnType::kSymbol: return 4;
    case ColumnType::kText: return 0;
    default: return 8;
  }
}

constexpr std::size_t kFirstRows = 1024;

// The columns of one record, filled in the order of its list.
class RowWriter {
 public:
  explicit RowWriter(std::vector<ColumnBuffer>& columns) : next_(columns.data()) {}

  template <typename T>
  void value(T v) { (next_++)->put(v); }
  template <typename T>
  void value(const std::optional<T>& v) {
    ColumnBuffer& column = *next_++;
    v ? column.put(*v) : column.put_null();
  }
  void text(std::string_view v, bool symbol) {
    ColumnBuffer& column = *next_++;
    if (v.data() == nullptr && column.column().nullable) column.put_null();
    else symbol ? column.put_symbol(v) : column.put_text(v);
  }
  void address(const Ip& ip) { value(ip.hi), value(ip.lo); }
  void address(const std::optional<Ip>& ip) {
    value(ip ? std::optional(ip->hi) : std::nullopt);
    value(ip ? std::optional(ip->lo) : std::nullopt);
  }

 private:
  ColumnBuffer* next_;
};

template <typename T>
void write_Time(RowWriter& w, const T& v) { w.value(v); }
template <typename T>
void write_I64(RowWriter& w, const T& v) { w.value(v); }
template <typename T>
void write_U64(RowWriter& w, const T& v) { w.value(v); }
template <typename T>
void write_U32(RowWriter& w, const T& v) { w.value(v); }
template <typename T>
void write_U16(RowWriter& w, const T& v) { w.value(v); }
template <typename T>
void write_U8(RowWriter& w, const T& v) { w.value(v); }
void write_Text(RowWriter& w, std::string_view v) { w.text(v, false); }
void write_Symbol(RowWriter& w, std::string_view v) { w.text(v, true); }

}  // namespace

ColumnBuffer::ColumnBuffer(const Column& column) : column_(&column), width_(width_of(column.type)) {}

void ColumnBuffer::grow() { values_.resize(values_.empty() ? kFirstRows * width_ : values_.size() * 2); }

std::size_t ColumnBuffer::memory_bytes() const {
  return values_.size() + null_.size() + text_.size() + ends_.size() * sizeof(std::uint32_t);
}

std::string_view ColumnBuffer::text(std::size_t row) const {
  if (is_null(row)) return {};
  if (column_->type == ColumnType::kSymbol) return symbols_[values<std::uint32_t>()[row]];
  const std::uint32_t begin = row == 0 ? 0 : ends_[row - 1];
  return std::string_view(text_).substr(begin, ends_[row] - begin);
}

void ColumnBuffer::put_null() {
  if (null_.empty()) null_.assign(rows_, 0);
  null_.push_back(1);
  ++null_count_;
  if (column_->type == ColumnType::kText) {
    ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  } else {
    while (values_.size() < (rows_ + 1) * width_) grow();
    std::memset(values_.data() + rows_ * width_, 0, width_);
  }
  ++rows_;
}

void ColumnBuffer::put_text(std::string_view value) {
  text_.append(value);
  ends_.push_back(static_cast<std::uint32_t>(text_.size()));
  if (!null_.empty()) null_.push_back(0);
  ++rows_;
}

void ColumnBuffer::put_symbol(std::string_view value) {
  if (symbols_.empty() || symbols_[last_symbol_] != value) {
    const auto [it, added] = symbol_codes_.try_emplace(std::string(value), static_cast<std::uint32_t>(symbols_.size()));
    if (added) symbols_.emplace_back(value);
    last_symbol_ = it->second;
  }
  put<std::uint32_t>(last_symbol_);
}

void ColumnBuffer::fill_u32(std::uint32_t value) {
  auto* out = reinterpret_cast<std::uint32_t*>(values_.data());
  for (std::size_t i = 0; i < rows_; ++i) out[i] = value;
}

void ColumnBuffer::clear() {
  const Column& column = *column_;
  *this = ColumnBuffer(column);
}

Batch::Batch(const TableSpec& table) : table_(&table) {
  columns_.reserve(table.columns.size());
  for (const Column& column : table.columns) columns_.emplace_back(column);
}

std::size_t Batch::memory_bytes() const {
  std::size_t total = 0;
  for (const ColumnBuffer& column : columns_) total += column.memory_bytes();
  return total;
}

#define RW_PUT(name, type, unit, doc) write_##type(writer, row.name);
#define RW_PUT_ADDRESS(name, doc) writer.address(row.name);
#define RW_APPEND(Name, COLUMNS)                                    \
  void Batch::append(const Name& row) {                             \
    RowWriter writer(columns_);                                     \
    COLUMNS(RW_PUT, RW_PUT, RW_PUT_ADDRESS, RW_PUT_ADDRESS)         \
  }

RW_APPEND(Flow, RW_FLOW_COLUMNS)
RW_APPEND(Dns, RW_DNS_COLUMNS)
RW_APPEND(DnsAnswer, RW_DNS_ANSWER_COLUMNS)
RW_APPEND(Tls, RW_TLS_COLUMNS)
RW_APPEND(Http, RW_HTTP_COLUMNS)
RW_APPEND(Alert, RW_ALERT_COLUMNS)
RW_APPEND(InterfaceCounters, RW_INTERFACE_COLUMNS)
RW_APPEND(Weird, RW_WEIRD_COLUMNS)

}  // namespace rw
