// Reading the numbers out of Parquet files that this program wrote: for questions so small that starting DuckDB would
// take longer than answering them, and so common that they deserve their own loop. Files are bounded and checked like
// any other input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "base/result.h"
#include "lake/buffer.h"

namespace rw::parquet {

enum class Physical : std::uint8_t { kBool, kI32, kI64, kI96, kFloat, kDouble, kBytes, kFixed };
enum class Codec : std::uint8_t { kNone, kSnappy, kGzip, kLzo, kBrotli, kLz4, kZstd, kLz4Raw };

// One column of one row group.
struct ColumnChunk {
  Physical type = Physical::kI32;
  Codec codec = Codec::kNone;
  std::uint64_t values = 0;
  std::uint64_t offset = 0;  // of its first page in the file
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> nulls;
  // Smallest and largest value as they are stored, zero-extended; only for integers.
  std::optional<std::uint64_t> min;
  std::optional<std::uint64_t> max;
};

struct RowGroup {
  std::uint64_t rows = 0;
  std::vector<ColumnChunk> columns;  // in the order of File::columns
};

// The values of one chunk: 32-bit integers in `small`, 64-bit ones in `large`.
struct Values {
  Buffer<std::uint32_t> small;
  Buffer<std::int64_t> large;
  std::vector<std::uint8_t> valid;  // one byte a row; empty: nothing is null. A null's value is 0.
};

// Rows of a row group, the last one not among them.
struct RowSpan {
  std::uint64_t begin = 0;
  std::uint64_t end = UINT64_MAX;
};

// An open file. Any number of threads may read its chunks at once.
class File {
 public:
  // kUnsupported where a file has more to it than flat optional columns; kCorrupt where it is damaged or gone. Messages
  // begin with the path.
  static Result<std::unique_ptr<File>> open(const std::string& path);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<RowGroup>& row_groups() const { return row_groups_; }
  int column(std::string_view name) const;  // index or -1
  std::uint64_t bytes() const { return size_; }

  // The values of an integer column in a row group: arrays of all its rows, of which those outside of `wanted` may hold
  // anything. kUnsupported for other types and encodings that we never write.
  Result<void> read(std::size_t row_group, std::size_t column, Values& into, RowSpan wanted = {}) const;

 private:
  File() = default;
  Result<void> read_footer(const std::string& path);
  Result<void> read_bytes(std::uint64_t offset, std::size_t count, Buffer<std::byte>& into) const;

  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::vector<std::string> columns_;
  std::vector<bool> optional_;
  std::vector<RowGroup> row_groups_;
};

}  // namespace rw::parquet
