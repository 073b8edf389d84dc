// Finding the damaged file behind a failure.
#include "lake/damage.h"

#include <algorithm>
#include <string_view>

#include "lake/engine.h"
#include "lake/files.h"
#include "lake/renderer.h"
#include "lake/shape.h"

namespace rw {
namespace {

// Whether DuckDB may have failed because of what a file holds. Its own message for that is no fixed text.
bool may_be_damage(const Error& error) {
  if (error.code == ErrorCode::kInternal || error.code == ErrorCode::kIo) return true;
  constexpr std::string_view kWords[] = {"arquet", "rotocol", "ZSTD", "magic bytes", "buffer"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&error](std::string_view word) { return error.message.find(word) != std::string::npos; });
}

// Reads every value of every file, in an engine of its own: the one that failed may be of no more use.
Result<void> read_through(const std::string& directory, std::span<const FileEntry> files) {
  duck::EngineOptions options;
  options.readable_directories = {directory + "/data"};
  RW_ASSIGN(const auto engine, duck::Engine::open(options));
  RW_ASSIGN(const auto connection, engine->connect());
  for (const FileEntry& file : files) {
    const std::string path = directory + "/" + file.path;
    const auto read = connection->query(
        "SELECT bit_xor(hash(COLUMNS(*))) FROM read_parquet(" + duck::quote_text(path) + ", hive_partitioning=false)",
        nullptr, [](const duck::Chunk&) { return true; });
    if (read || read.error().code == ErrorCode::kLimit) continue;
    const std::string& told = read.error().message;
    return damaged_file(path, "its values cannot be read (" + told.substr(0, told.find('\n')) + ")");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<parquet::File>> open_live_file(const std::string& path, const FileEntry& entry) {
  RW_ASSIGN(auto file, parquet::File::open(path));
  std::uint64_t rows = 0;
  for (const parquet::RowGroup& group : file->row_groups()) rows += group.rows;
  if (file->bytes() != entry.bytes || rows != entry.rows)
    return damaged_file(path, "it has another size than the catalog says");
  return file;
}

namespace {

// What is wrong with a file from the outside and in its footer.
Result<void> check_file(const std::string& path, const FileEntry& entry) {
  const auto file = open_live_file(path, entry);
  if (!file && file.error().code == ErrorCode::kUnsupported)
    return damaged_file(path, "it holds what this program never writes");
  if (!file) return Failure(file.error());
  const TableSpec* table = find_lake_table(entry.table);
  if (table == nullptr || table->schema != entry.schema) return {};
  const Shape shape = parse_shape(*table, entry.shape);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::string name = stored_name(*table, i, shape[i]);
    if (!name.empty() && (*file)->column(name) < 0) return damaged_file(path, "it lacks the column " + name);
  }
  return {};
}

}  // namespace

Failure blame(const Error& error, const std::string& directory, std::span<const FileEntry> files) {
  if (error.code == ErrorCode::kLimit || error.code == ErrorCode::kConflict) return Failure(error);
  for (const FileEntry& file : files)
    if (const auto good = check_file(directory + "/" + file.path, file); !good) return Failure(good.error());
  if (!may_be_damage(error)) return Failure(error);
  if (const auto read = read_through(directory, files); !read && read.error().code == ErrorCode::kCorrupt)
    return Failure(read.error());
  return Failure(error);
}

}  // namespace rw
