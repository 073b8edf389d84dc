// Looking after a lake: merging small files, dropping old rows, taking rows of an ingest out of files that hold others
// too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/catalog.h"
#include "lake/engine.h"
#include "lake/files.h"
#include "lake/writer.h"
#include "model/columns.h"

namespace rw {

struct CareOptions {
  std::uint64_t memory_bytes = 1ULL << 30;
  unsigned threads = 1;
  std::size_t many_small_files = 64;  // of one day, month or year: more are merged
  Duration grace = kHour;             // replaced files are unlinked when nobody can be reading them any more
};

class Care {
 public:
  static Result<std::unique_ptr<Care>> open(Catalog& catalog, std::string directory, const CareOptions& options);

  // What there is to merge: files of one table that become one.
  struct Merge {
    const TableSpec* table;
    std::vector<FileEntry> files;
  };
  static Result<std::vector<Merge>> merges(Catalog& catalog, std::size_t many_small_files);

  Result<CompactReport> compact();
  // Some of it: begins no merge at or after `until`, and goes on past damaged files, which are the failure at the end.
  Result<CompactReport> compact(const std::vector<Merge>& merges, Timestamp until);
  Result<CompactReport> drop(Timestamp before);
  // Adds to `change` what takes the rows of `ingests` out of the lake. The staged files live until this object dies.
  Result<void> replace(const std::vector<std::uint32_t>& ingests, CatalogChange& change);

  // Unlinks replaced files whose time has come, and files of dead writers that never became live.
  static Result<std::uint64_t> unlink_old(Catalog& catalog, const std::string& directory, Duration grace);
  static Result<void> clear_dead(Catalog& catalog, const std::string& directory);

 private:
  Care(Catalog& catalog, std::string directory, const CareOptions& options)
      : catalog_(catalog), directory_(std::move(directory)), options_(options) {}

  // One sorted file with the rows of `files` for which `where` holds, already under its final name; nothing when there
  // are none.
  Result<void> rewrite(const TableSpec& table, const std::vector<FileEntry>& files, const std::string& where,
                       CatalogChange& change);
  Result<void> adopt(const TableSpec& table, const std::string& staged, const std::string& shape,
                     CatalogChange& change);
  Result<void> keep_seen(const std::vector<std::pair<const TableSpec*, std::vector<FileEntry>>>& dropped,
                         Timestamp before, CatalogChange& change);
  Result<void> observe_again(TimeRange range, CatalogChange& change);
  Result<void> sweep();
  Result<void> merge(const Merge& merge, CompactReport& report);

  Catalog& catalog_;
  std::string directory_;
  CareOptions options_;
  std::unique_ptr<Lease> staging_;
  std::unique_ptr<Lease> spill_;
  std::unique_ptr<duck::Engine> engine_;
  std::unique_ptr<duck::Connection> connection_;
  std::size_t written_ = 0;
};

// Moves staged files to their places under `directory` and adds them to the change. Nobody reads them before it is
// applied.
Result<void> publish(const std::string& directory, std::vector<StagedFile>& files, CatalogChange& change);

// Unlinks the new files of a change that was refused. After a failure of the disk they stay: the change may yet turn
// out to be durable; compaction sweeps them up if not.
void discard(const std::string& directory, const Error& why, const CatalogChange& change);

}  // namespace rw
