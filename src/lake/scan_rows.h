// Rows of one row group for a plan: columns decoded when first asked for, conditions and numbers evaluated block by
// block.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "lake/catalog.h"
#include "lake/parquet.h"
#include "lake/scan_plan.h"
#include "lake/shape.h"

namespace rw::scan {

inline constexpr std::size_t kBlock = 2048;

// A file as a plan sees it.
struct ScanFile {
  std::string path;
  Shape shape;
  std::unique_ptr<parquet::File> file;
  std::vector<int> stored;  // per column of the table: index in the file, or -1

  // kCorrupt where the file is not what its entry in the catalog says.
  static Result<ScanFile> open(const TableSpec& table, const std::string& directory, const FileEntry& entry);
};

// The values of a number in one block.
struct Cells {
  enum class Form : std::uint8_t { kNull, kConstant, kArray };
  Form form = Form::kNull;
  std::int64_t constant = 0;
  const std::int64_t* values = nullptr;
  const std::uint8_t* valid = nullptr;  // null: all are
};

// Not thread-safe; one per thread, used for one row group after the other.
class RowGroupRows {
 public:
  explicit RowGroupRows(const TableSpec& table) : table_(table), lanes_(table.columns.size()) {}

  void begin(const ScanFile& file, std::size_t row_group);
  std::size_t rows() const { return rows_; }
  // False when the statistics rule out every row.
  bool possible(const Condition& condition) const;

  // The blocks that can hold rows of a condition that begins with the question's time range; others are not decoded,
  // and must not be moved to. Row groups hold hours, a question may be about one of them.
  parquet::RowSpan narrow(const Condition& condition);
  // Moves to a block; what was given for the last one is no longer valid.
  void at(std::size_t begin, std::size_t count) {
    begin_ = begin;
    count_ = count;
    used_ = 0;
  }
  // One byte a row: 1 where the condition holds.
  void test(const Condition& condition, std::uint8_t* mask);
  Cells number(const Number& number);
  // An address column: `low` is its 32 bits, and `high` nothing, where the file holds IPv4 only.
  struct Address {
    bool v4 = false;
    bool null = false;  // throughout
    const std::uint32_t* small = nullptr;
    const std::uint64_t* high = nullptr;
    const std::uint64_t* low = nullptr;
    const std::uint8_t* valid = nullptr;
  };
  Address address(std::size_t low_column);

  // The first failure of reading or arithmetic; kLimit: a number does not fit 64 bits.
  const Result<void>& status() const { return status_; }

 private:
  struct Lane {
    bool loaded = false;
    parquet::Values values;
    bool small = false;
  };
  Result<void> read(std::size_t column, Lane& lane) const;
  const Lane& lane(std::size_t column);
  const StoredColumn& form(std::size_t column) const { return file_->shape[column]; }
  Cells column(std::size_t column);
  Cells arithmetic(const Number& number);
  Cells coalesce(const Number& number);
  std::int64_t* scratch();
  std::uint8_t* scratch_bytes() { return reinterpret_cast<std::uint8_t*>(scratch()); }
  void test_ranges(const Condition& condition, std::uint8_t* mask);
  void test_address(const Condition& condition, std::uint8_t* mask);
  bool bounds(std::size_t column, Range& range) const;
  void fail(Error error) {
    if (status_) status_ = Failure(std::move(error));
  }

  const TableSpec& table_;
  const ScanFile* file_ = nullptr;
  std::size_t row_group_ = 0;
  std::size_t rows_ = 0;
  parquet::RowSpan wanted_;
  std::size_t begin_ = 0;
  std::size_t count_ = 0;
  std::vector<Lane> lanes_;
  std::vector<std::unique_ptr<std::array<std::int64_t, kBlock>>> scratch_;
  std::size_t used_ = 0;
  std::vector<std::int64_t> zeros_;
  Result<void> status_;
};

}  // namespace rw::scan
