// What `flows`, `dns` and their like have in common: rows or groups of one table, filtered, ordered, cut and printed.
//
// A listing is one constant struct; its columns come from the table's column list in src/model, so a name is the same
// in the store, in filters and in every output format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.h"
#include "flags.h"
#include "model/columns.h"
#include "report/answer_writer.h"
#include "store/filter.h"
#include "store/query.h"

namespace rw {

// How a stored value is shown, in every output format alike.
enum class Show : unsigned char { kValue, kProtocol, kDnsType, kDnsRcode, kTcpFlags, kDirection };

// A column beyond those of the table, or in place of one of the same name.
struct ExtraColumn {
  std::string_view name;
  std::string_view unit;
  std::string_view doc;
  ExprPtr (*expression)();
};

// A column that a group can be made by beyond those of the table: `other` is the second end, null where there is one
// only.
struct ExtraKey {
  std::string_view name;
  std::string_view doc;
  ExprPtr (*expression)();
  ExprPtr (*other)() = nullptr;
};

struct MeasureColumn {
  std::string_view name;
  std::string_view unit;
  std::string_view doc;
  Measure::Kind kind = Measure::Kind::kCount;
  std::string_view column = {};  // what is summed or compared; empty: rows are counted
  // In place of a column. `sent`: only what src sent counts, since the groups are made by src.
  ExprPtr (*expression)(bool sent) = nullptr;
};

struct Listing {
  const TableSpec* table;
  const FilterLanguage& (*filter)();
  std::string_view what;  // "flows", for messages
  std::span<const ExtraColumn> extra_columns;
  std::span<const ExtraKey> extra_keys;
  std::span<const MeasureColumn> measures;
  std::span<const std::string_view> row_columns;      // shown where --columns does not say otherwise
  std::span<const std::string_view> measure_columns;  // the same for groups, after the keys
  std::span<const std::string_view> order;            // of rows: the first decides, the others make it stable
  std::string_view top_column;                        // what --top without --by and --sort goes by
  std::string_view top_measure;                       // and with --by
};

namespace flags {
extern const Flag kBy;
extern const Flag kTop;
extern const Flag kSort;
extern const Flag kLimit;
extern const Flag kHelpFilter;
}  // namespace flags

// The flags that all listings of observations take, for the array of a command's flags.
#define RW_LISTING_FLAGS                                                                                 \
  &flags::kBy, &flags::kTop, &flags::kSort, &flags::kLimit, &flags::kFrom, &flags::kTo, &flags::kFormat, \
      &flags::kColumns, &flags::kLake, &flags::kMemory, &flags::kThreads, &flags::kHelpFields, &flags::kHelpFilter

Result<int> run_listing(const Listing& listing, const Arguments& args, Console& console);

// A writer to standard output in the form that --format asks for.
AnswerWriter listing_writer(const Arguments& args, Console& console);

}  // namespace rw
