// DuckDB behind our own types: opening it locked down, running SQL, writing Parquet from columns in memory, and
// functions of ours inside SQL. engine.cpp is the only file that includes DuckDB's header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rw::duck {

enum class Type : std::uint8_t {
  kNull,
  kBool,
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kU16,
  kU32,
  kU64,
  kHuge,
  kFloat,
  kDouble,
  kText,
  kTimestamp,
  kDate,
  kDecimal,  // exact; people's SQL casts it before it gets here
  kOther
};

// One column of one chunk. Fixed-width values lie in `data`; a 128-bit integer is {uint64 lower, int64 upper}.
struct Vector {
  Type type = Type::kOther;
  const void* data = nullptr;
  const std::uint64_t* validity = nullptr;  // null: nothing is null

  bool is_null(std::size_t row) const { return validity != nullptr && (validity[row >> 6] >> (row & 63) & 1) == 0; }
  template <typename T>
  const T* values() const {
    return static_cast<const T*>(data);
  }
  std::string_view text(std::size_t row) const;  // kText only; valid while the chunk is
};

struct Chunk {
  std::size_t rows = 0;
  std::span<const Vector> columns;
};

struct ResultColumn {
  std::string name;
  Type type = Type::kOther;
};

// Where a scalar function puts what it computes; null unless set.
class ScalarOutput {
 public:
  virtual ~ScalarOutput() = default;
  virtual void* data() = 0;  // fixed-width results, one per row
  virtual void set_text(std::size_t row, std::string_view text) = 0;
  virtual void set_null(std::size_t row) = 0;
};

// A pure function over columns; called on many threads at once. Rows with a null argument reach it as well.
struct ScalarFunction {
  std::string name;
  std::vector<Type> parameters;
  Type result = Type::kText;
  std::function<void(const Chunk& arguments, ScalarOutput& out)> call;
};

// Rows for a Parquet file, pulled in pieces of at most a vector's size.
struct FeedColumn {
  std::string name;
  Type type = Type::kI64;
};
class FeedWriter {
 public:
  virtual ~FeedWriter() = default;
  virtual void* data(std::size_t column) = 0;
  virtual void set_null(std::size_t column, std::size_t row) = 0;
  virtual void set_text(std::size_t column, std::size_t row, std::string_view text) = 0;
  // Rows 0 to `rows` of `column` are the texts dictionary[codes[row]]. Cheaper than set_text when texts repeat.
  virtual void set_dictionary(std::size_t column, std::span<const std::string_view> dictionary,
                              std::span<const std::uint32_t> codes) = 0;
};
struct Feed {
  std::vector<FeedColumn> columns;
  // Writes at most `capacity` rows and returns how many; 0 ends the feed.
  std::function<std::size_t(FeedWriter& out, std::size_t capacity)> fill;
};

struct EngineOptions {
  std::uint64_t memory_bytes = 1ULL << 30;
  unsigned threads = 1;
  std::string temp_directory;                     // for spills; empty: none
  std::vector<std::string> readable_directories;  // the only files that SQL can touch; COPY writes there too
  std::vector<std::string> readable_files;
  bool feeds = false;  // write_parquet will be used; never together with SQL of other people
};

class Connection;

// A database in memory whose configuration is fixed at birth: no extensions from outside, no files but those allowed.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(const EngineOptions& options);
  virtual ~Engine() = default;
  virtual Result<std::unique_ptr<Connection>> connect() = 0;
};

// One thread at a time. A failure carries DuckDB's message, with its LINE and caret where it has them.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Result<void> execute(std::string_view sql) = 0;
  // Runs one statement. `head` sees the columns once, `chunk` each piece as it is ready; false from either stops early.
  virtual Result<void> query(std::string_view sql, const std::function<bool(std::span<const ResultColumn>)>& head,
                             const std::function<bool(const Chunk&)>& chunk) = 0;
  // kUsage unless `sql` is exactly one SELECT that calls no table function but harmless ones. Gives its columns.
  virtual Result<std::vector<ResultColumn>> check_one_select(std::string_view sql) = 0;
  // The aggregate rw_distinct(UBIGINT hash): how many different hashes, as DistinctCounter counts.
  virtual Result<void> add_distinct() = 0;
  virtual Result<void> add_function(const ScalarFunction& function) = 0;
  // COPYs the feed into `path`; `options` is the inside of COPY's option list.
  virtual Result<void> write_parquet(const Feed& feed, const std::string& path, std::string_view options) = 0;
};

// A text literal and an identifier, quoted so that nothing in them can end them.
std::string quote_text(std::string_view text);
std::string quote_name(std::string_view name);

}  // namespace rw::duck
