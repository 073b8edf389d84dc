// Answers plans from Parquet files directly, on several threads.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "lake/catalog.h"
#include "lake/scan_plan.h"
#include "store/query.h"
#include "store/store.h"
#include "store/value.h"

namespace rw::scan {

struct ScanOptions {
  std::string directory;  // of the lake
  unsigned threads = 1;
  std::uint64_t memory_bytes = 1ULL << 30;
};

// The answer to `query`, whose plan this is, over these files. Nothing where DuckDB has to answer after all: too many
// groups for the memory (it spills), sums beyond 64 bits, files that hold what we never write.
Result<std::optional<Answer>> answer(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                                     const ScanOptions& options);

// The same in pieces, in the order asked for; at least one, so that the columns are known. False where DuckDB has to
// do it: then nothing was given out.
Result<bool> stream_answer(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                           const ScanOptions& options, const std::function<bool(const Answer&)>& piece);

// Groups as text, in no order. False where DuckDB has to do it: then nothing was given out.
Result<bool> stream_groups(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                           const ScanOptions& options, const Store::WritePiece& write,
                           const std::function<bool(std::string_view)>& out);

// Rows of a plan as text, in the order of the files. False where DuckDB has to do it: then nothing was given out.
Result<bool> stream_text(const Query& query, const Plan& plan, const std::vector<FileEntry>& files,
                         const ScanOptions& options, const Store::WritePiece& write,
                         const std::function<bool(std::string_view)>& out);

}  // namespace rw::scan
