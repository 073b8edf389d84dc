// The catalog: which files are live, which inputs are known, which hours were observed. A change is one durable
// transaction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lake/lake.h"
#include "store/store.h"

namespace rw {

// One live Parquet file. Times are those of the table's time column, both inclusive.
struct FileEntry {
  std::int64_t id = 0;  // given by the catalog
  std::string path;     // relative to the lake's folder
  std::string table;
  Timestamp min_time;
  Timestamp max_time;
  Timestamp max_end;  // latest end of a row: max_time where rows are points in time
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::uint16_t schema = 0;
  std::string shape;
  std::vector<std::uint32_t> ingests;  // whose rows it holds; filled by files_of_ingests and compaction, not by files()
};

// An input whose rows a transaction brings.
struct TakenInput {
  InputIdentity identity;
  std::uint32_t ingest = 0;
  Emitter::Counts counts;
  std::vector<TakenReport> reports;
};

// What one transaction does. Everything happens or nothing does.
struct CatalogChange {
  std::vector<FileEntry> add;
  std::vector<std::int64_t> remove;           // file ids; kConflict when one is gone already
  std::vector<std::uint32_t> forget_ingests;  // their inputs are no longer known
  std::vector<TakenInput> inputs;
  std::vector<ObservedHour> observed;
  std::optional<Timestamp> forget_reports;    // that begin before it
  std::optional<TimeRange> unobserve;  // hours that are forgotten, before `observed` is added
};

class Catalog;
// One state of the catalog for as long as this lives.
class Snapshot {
 public:
  explicit Snapshot(Catalog& catalog);
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const Result<void>& status() const { return status_; }

 private:
  Catalog& catalog_;
  Result<void> status_;
};

struct TrashEntry {
  std::int64_t id = 0;
  std::string path;
  std::uint64_t bytes = 0;
};

// Threads: one at a time. Processes: any number.
class Catalog {
 public:
  static constexpr int kVersion = 1;  // of the catalog's own tables

  // Makes the catalog when `create` and there is none.
  static Result<std::unique_ptr<Catalog>> open(const std::string& path, bool create);
  virtual ~Catalog() = default;

  virtual std::uint64_t hash_seed() const = 0;
  virtual bool synthetic() = 0;
  virtual Result<void> mark_synthetic() = 0;
  // A number that no other ingest of this lake has or had.
  virtual Result<std::uint32_t> next_ingest() = 0;

  // Live files of a table with rows in [range.from, range.to), oldest first. `by_end`: whose rows end at or after
  // range.from.
  virtual Result<std::vector<FileEntry>> files(std::string_view table, TimeRange range, bool by_end = false) = 0;
  virtual Result<std::vector<FileEntry>> files_of_ingests(const std::vector<std::uint32_t>& ingests) = 0;
  // Between these two, files() and the rest see one state of the catalog. They may nest.
  virtual Result<void> begin_snapshot() = 0;
  virtual void end_snapshot() = 0;

  virtual Result<void> apply(const CatalogChange& change) = 0;

  virtual Result<std::vector<KnownInput>> known_inputs(std::uint64_t head_hash, std::uint64_t at_most_bytes) = 0;
  virtual Result<std::vector<KnownInput>> known_small_inputs() = 0;
  virtual Result<std::uint64_t> known_report_rows(std::uint64_t hash_hi, std::uint64_t hash_lo,
                                                  const std::vector<std::uint32_t>& not_by) = 0;
  virtual Result<std::vector<ObservedHour>> observed_hours(TimeRange range) = 0;
  virtual Result<TimeRange> extent(std::string_view table) = 0;
  virtual Result<std::vector<TableInfo>> table_infos() = 0;
  virtual Result<std::uint64_t> input_count() = 0;
  virtual Result<std::uint64_t> ingest_count() = 0;
  virtual Result<std::vector<std::string>> all_paths() = 0;

  // Files that were replaced at or before `since`: nobody reads them any more.
  virtual Result<std::vector<TrashEntry>> trash(Timestamp since) = 0;
  virtual Result<std::uint64_t> trash_bytes() = 0;
  virtual Result<void> forget_trash(const std::vector<std::int64_t>& ids) = 0;
};

}  // namespace rw
