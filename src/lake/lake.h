// The embedded store: Parquet files that a SQLite catalog makes live, queried with DuckDB. One folder, no service.
//
// Layout: catalog.sqlite, data/<table>/<day>/<name>.parquet, staging/ (not yet live), tmp/ (spills), rangewatch.toml
// (optional). A file is live when the catalog says so; readers take a snapshot of the catalog and never list folders.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace rw {

struct LakeOptions {
  bool create = false;                  // make the folder and catalog when missing; else kNotFound with advice
  bool write = false;                   // will ingest, compact or drop
  std::uint64_t memory_bytes = 0;       // for queries; 0: half of the machine's, at most 8 GiB
  unsigned threads = 0;                 // 0: all cores
  bool synthetic = false;               // rows come from a scenario: marks the lake for good
  Duration unlink_after = kHour;        // replaced files stay this long for those who still read them
  bool direct_scan = true;              // answer simple questions without DuckDB; for tests that compare both
  std::size_t compact_from_files = 64;  // more small files than this of one day, month or year are merged
};

// An earlier input whose first bytes are those of a new one: the new one may be the same, or the same and more.
struct KnownInput {
  std::uint64_t bytes = 0;
  std::uint64_t hash_hi = 0;
  std::uint64_t hash_lo = 0;
  std::uint32_t ingest = 0;
};

struct TableInfo {
  std::string table;
  std::uint64_t files = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  TimeRange extent;
};

struct LakeInfo {
  std::string directory;
  std::uint32_t schema = 0;
  std::uint64_t inputs = 0;
  std::uint64_t ingests = 0;
  bool synthetic = false;
  std::vector<TableInfo> tables;
  std::uint64_t unreferenced_bytes = 0;  // files waiting to be unlinked
};

struct CompactReport {
  std::uint64_t files_before = 0;
  std::uint64_t files_after = 0;
  std::uint64_t rows = 0;
  std::uint64_t unlinked = 0;
};

class Lake : public Store {
 public:
  // kNotFound: no lake there; kUnsupported: made by a newer rangewatch; kCorrupt: the catalog is damaged.
  static Result<std::unique_ptr<Lake>> open(const std::string& directory, const LakeOptions& options = {});

  // ---- ingest (needs options.write)
  virtual std::uint64_t hash_seed() const = 0;  // secret of this lake, so that nobody can craft a "known" file
  virtual Result<std::vector<KnownInput>> known_inputs(std::uint64_t head_hash, std::uint64_t at_most_bytes) = 0;
  // For inputs under InputIdentity::kHeadBytes: all known ones of exactly that many bytes or fewer.
  virtual Result<std::vector<KnownInput>> known_small_inputs() = 0;
  // How many rows of the mail report with this hash ingests brought, those in `not_by` left out; 0: it is new.
  virtual Result<std::uint64_t> known_report_rows(std::uint64_t hash_hi, std::uint64_t hash_lo,
                                                  const std::vector<std::uint32_t>& not_by = {}) = 0;
  // `replace`: the ingest numbers whose rows this one replaces at commit (--again).
  virtual Result<std::unique_ptr<IngestTransaction>> begin_ingest(const std::vector<std::uint32_t>& replace = {}) = 0;

  // ---- care
  virtual Result<LakeInfo> info() = 0;
  virtual Result<CompactReport> compact() = 0;
  // What ingest does at its end: merges small files where there are more than options.compact_from_files of them, but
  // starts no merge after `at_most`. With nothing to do it costs a look at the catalog; else `begins` is called first.
  // Files that are damaged are left alone with their neighbours, and are the failure when the rest is done.
  virtual Result<CompactReport> merge_small_files(Duration at_most, const std::function<void()>& begins) = 0;
  // Drops rows that start before `before`, keeping first and last sightings in `seen`.
  virtual Result<CompactReport> drop(Timestamp before) = 0;

  // The SQLite file for findings, proposals and audit, opened by src/lake's state classes; path for messages only.
  virtual const std::string& directory() const = 0;
};

}  // namespace rw
