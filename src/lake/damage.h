// Live files that are not what the catalog says: noticed when they are opened, and looked for when a question fails.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "lake/catalog.h"
#include "lake/parquet.h"

namespace rw {

// Opens a live file. kCorrupt where it is gone, damaged, or has another size or number of rows than its entry.
Result<std::unique_ptr<parquet::File>> open_live_file(const std::string& path, const FileEntry& entry);

// DuckDB's messages about damaged files seldom name one. `error` came from a question over `files`: the failure to tell
// people, which is about the first damaged file where there is one, else the same error.
Failure blame(const Error& error, const std::string& directory, std::span<const FileEntry> files);

}  // namespace rw
