// Appending records to columns.
#include "model/batch.h"

namespace rw {
namespace {

std::size_t width_of(ColumnType type) {
  switch (type) {
    case ColumnType::kU8: return 1;
    case ColumnType::kU16: return 2;
    case ColumnType::kU32:
    case ColumnType::kText:
    case ColumnType::kSymbol: return 4;
    default: return 8;
  }
}

constexpr std::size_t kFirstRows = 1024;

// The columns of one record, filled in the order of its list from many rows of it.
template <typename Row>
class RowsWriter {
 public:
  RowsWriter(std::vector<ColumnBuffer>& columns, std::span<const Row> rows) : next_(columns.data()), rows_(rows) {}

  template <typename T>
  void column(T Row::*member) {
    (next_++)->template put_all<T>(rows_.size(), [&](std::size_t i) { return rows_[i].*member; });
  }
  template <typename T>
  void column(std::optional<T> Row::*member) {
    (next_++)->template put_all_nullable<T>(rows_.size(),
                                            [&](std::size_t i) -> const std::optional<T>& { return rows_[i].*member; });
  }
  void column(std::string_view Row::*member) {
    ColumnBuffer& out = *next_++;
    const bool nullable = out.column().nullable;
    const bool symbol = out.column().type == ColumnType::kSymbol;
    const char* last = nullptr;  // text lives until the end of this call: the same bytes are the same symbol
    std::size_t last_size = 0;
    for (const Row& row : rows_) {
      const std::string_view value = row.*member;
      if (value.data() == nullptr && nullable) {
        out.put_null();
      } else if (!symbol) {
        out.put_text(value);
      } else if (last != nullptr && value.data() == last && value.size() == last_size) {
        out.put_symbol_again();
      } else {
        out.put_symbol(value);
        last = value.data(), last_size = value.size();
      }
    }
  }
  void column(Ip Row::*member) {
    (next_++)->template put_all<std::uint64_t>(rows_.size(), [&](std::size_t i) { return (rows_[i].*member).hi; });
    (next_++)->template put_all<std::uint64_t>(rows_.size(), [&](std::size_t i) { return (rows_[i].*member).lo; });
  }
  void column(std::optional<Ip> Row::*member) {
    half(member, &Ip::hi);
    half(member, &Ip::lo);
  }

 private:
  void half(std::optional<Ip> Row::*member, std::uint64_t Ip::*part) {
    (next_++)->template put_all_nullable<std::uint64_t>(rows_.size(), [&](std::size_t i) {
      const std::optional<Ip>& ip = rows_[i].*member;
      return ip ? std::optional((*ip).*part) : std::nullopt;
    });
  }

  ColumnBuffer* next_;
  std::span<const Row> rows_;
};

}  // namespace

ColumnBuffer::ColumnBuffer(const Column& column) : column_(&column), width_(width_of(column.type)) {}

void ColumnBuffer::grow(std::size_t rows) {
  const std::size_t capacity = std::max({rows, capacity_ * 2, rows_ * 2, reserved_, kFirstRows});
  Block values(capacity * width_);
  if (values_)
    std::memcpy(values.data(), values_.data(), rows_ * width_);
  else
    std::memset(values.data(), 0, rows_ * width_);
  values_ = std::move(values);
  const bool had_nulls = static_cast<bool>(null_);
  if (had_nulls || null_count_ > 0) {
    Block null(capacity);
    if (had_nulls)
      std::memcpy(null.data(), null_.data(), rows_);
    else
      std::memset(null.data(), 1, rows_);
    null_ = std::move(null);
  }
  capacity_ = capacity;
}

void ColumnBuffer::allocate_nulls() {
  null_ = Block(capacity_);
  std::memset(null_.data(), 0, rows_);
}

// Somebody reads the values of a column that is null throughout.
void ColumnBuffer::allocate_zeros() const {
  values_ = Block(rows_ * width_);
  std::memset(values_.data(), 0, rows_ * width_);
}

std::size_t ColumnBuffer::memory_bytes() const {
  return (values_ ? rows_ * width_ : 0) + (null_ ? rows_ : 0) + text_.size();
}

std::string_view ColumnBuffer::text(std::size_t row) const {
  if (is_null(row)) return {};
  const auto* const numbers = values<std::uint32_t>();
  if (column_->type == ColumnType::kSymbol) return symbols_[numbers[row]];
  const std::uint32_t begin = row == 0 ? 0 : numbers[row - 1];
  return std::string_view(text_).substr(begin, numbers[row] - begin);
}

void ColumnBuffer::put_null_among_values() {
  ensure(1);
  ensure_nulls();
  null_.data()[rows_] = std::byte{1};
  std::memset(values_.data() + rows_ * width_, 0, width_);
  if (column_->type == ColumnType::kText)
    reinterpret_cast<std::uint32_t*>(values_.data())[rows_] = static_cast<std::uint32_t>(text_.size());
  ++rows_, ++null_count_;
}

void ColumnBuffer::put_text(std::string_view value) {
  text_.append(value);
  put(static_cast<std::uint32_t>(text_.size()));
}

void ColumnBuffer::put_symbol(std::string_view value) {
  if (symbols_.empty() || symbols_[last_symbol_] != value) {
    const auto [it, added] = symbol_codes_.try_emplace(std::string(value), static_cast<std::uint32_t>(symbols_.size()));
    if (added) symbols_.emplace_back(value);
    last_symbol_ = it->second;
  }
  put(last_symbol_);
}

void ColumnBuffer::append(const ColumnBuffer& other) {
  const auto numbers = [&]<typename T>(T) {
    for (std::size_t row = 0; row < other.rows_; ++row) other.is_null(row) ? put_null() : put(other.values<T>()[row]);
  };
  switch (column_->type) {
    case ColumnType::kU8: return numbers(std::uint8_t{});
    case ColumnType::kU16: return numbers(std::uint16_t{});
    case ColumnType::kU32: return numbers(std::uint32_t{});
    case ColumnType::kText:
      for (std::size_t row = 0; row < other.rows_; ++row) other.is_null(row) ? put_null() : put_text(other.text(row));
      return;
    case ColumnType::kSymbol:
      for (std::size_t row = 0; row < other.rows_; ++row) other.is_null(row) ? put_null() : put_symbol(other.text(row));
      return;
    case ColumnType::kTime:
    case ColumnType::kI64:
    case ColumnType::kU64:
    case ColumnType::kF64: return numbers(std::uint64_t{});
  }
}

void ColumnBuffer::clear() {
  const std::size_t rows = rows_;
  *this = ColumnBuffer(*column_);
  reserve(rows);
}

void ColumnBuffer::fill_u32(std::uint32_t value) {
  if (rows_ == 0) return;
  auto* const out = reinterpret_cast<std::uint32_t*>(values_.data());
  std::fill(out, out + rows_, value);
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

void Batch::reserve(std::size_t rows) {
  for (ColumnBuffer& column : columns_) column.reserve(rows);
}

void Batch::append(const Batch& other) {
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].append(other.columns_[i]);
}

#define RW_PUT(name, type, unit, doc) writer.column(&Row::name);
#define RW_PUT_ADDRESS(name, doc) writer.column(&Row::name);
#define RW_APPEND(Name, COLUMNS)                            \
  void Batch::append(std::span<const Name> rows) {          \
    using Row = Name;                                       \
    RowsWriter<Row> writer(columns_, rows);                 \
    COLUMNS(RW_PUT, RW_PUT, RW_PUT_ADDRESS, RW_PUT_ADDRESS) \
  }

RW_APPEND(Flow, RW_FLOW_COLUMNS)
RW_APPEND(Dns, RW_DNS_COLUMNS)
RW_APPEND(DnsAnswer, RW_DNS_ANSWER_COLUMNS)
RW_APPEND(Tls, RW_TLS_COLUMNS)
RW_APPEND(Http, RW_HTTP_COLUMNS)
RW_APPEND(Alert, RW_ALERT_COLUMNS)
RW_APPEND(InterfaceCounters, RW_INTERFACE_COLUMNS)
RW_APPEND(MiningSession, RW_MINING_COLUMNS)
RW_APPEND(FileTransfer, RW_FILE_COLUMNS)
RW_APPEND(Scan, RW_SCAN_COLUMNS)
RW_APPEND(Indicator, RW_INDICATOR_COLUMNS)
RW_APPEND(MailRow, RW_MAIL_ROW_COLUMNS)
RW_APPEND(MailMessage, RW_MESSAGE_COLUMNS)
RW_APPEND(MailAudit, RW_MAIL_AUDIT_COLUMNS)
RW_APPEND(Weird, RW_WEIRD_COLUMNS)

}  // namespace rw
