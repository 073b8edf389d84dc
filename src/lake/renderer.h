// Questions as SQL over the live files: one SELECT per shape of file, joined, then grouped, filtered, ordered and cut.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/catalog.h"
#include "lake/expression.h"
#include "model/columns.h"
#include "store/query.h"

namespace rw {

// How one answer column is read from the SQL result.
struct OutputColumn {
  std::string name;
  SqlType type = SqlType::kNull;
  std::string_view unit;
  std::size_t at = 0;  // index of its (first) SQL column
  bool pair = false;   // an address in two SQL columns
  std::uint8_t length4 = 32;
  std::uint8_t length6 = 128;
};

struct Rendered {
  std::string sql;
  std::vector<OutputColumn> columns;
  std::optional<std::size_t> total;  // SQL column with the number of rows before the limit
};

class ScanContext : public RenderContext {
 public:
  // Live files of a table with rows in the range; `by_end` as Catalog::files.
  virtual Result<std::vector<FileEntry>> files(const TableSpec& table, TimeRange range, bool by_end) = 0;
  virtual std::string full_path(const FileEntry& file) = 0;
};

Result<Rendered> render_query(const Query& query, ScanContext& context);

// Questions over one table, time and filter share one scan: `setup` fills a temporary table with all their groups, each
// question then reads its own from it, and `teardown` drops it.
struct MergedRender {
  std::string setup;
  std::string teardown;
  std::vector<Rendered> questions;
};
bool mergeable(const Query& a, const Query& b);
Result<MergedRender> render_merged(std::span<const Query* const> queries, ScanContext& context);

// The table that lake and renderer know beside those of the model: first and last sightings kept past retention.
extern const TableSpec kSeenTable;
const TableSpec* find_lake_table(std::string_view name);

// FROM-clause over files of a table with every column by its own name: for views that people query.
Result<std::string> view_sql(const TableSpec& table, ScanContext& context);

}  // namespace rw
