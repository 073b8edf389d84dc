// What a table is: its columns, their types, units and meaning. One list feeds store, command line, JSON and docs.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rw {

enum class ColumnType : std::uint8_t {
  kTime,  // microseconds since 1970, UTC
  kI64,   // counters: BIGINT in the store, so that sums stay fast
  kU64,   // halves of addresses
  kU32,
  kU16,
  kU8,
  kF64,
  kText,    // UTF-8, mostly distinct values
  kSymbol,  // UTF-8, few distinct values per batch (kept as a dictionary)
};

struct Column {
  std::string_view name;  // snake_case, never an SQL word
  ColumnType type;
  bool nullable;
  std::string_view unit;  // "bytes", "packets", "us", "" …
  std::string_view doc;
};

// A pair of columns NAME_hi and NAME_lo is one address; people write and read it as NAME.
struct TableSpec {
  std::string_view name;
  std::span<const Column> columns;
  std::uint16_t schema;                        // version; goes up when a column is added or changes its meaning
  std::uint8_t time_column;                    // index of the column by which rows are placed in days and pruned
  std::span<const std::uint8_t> sort_columns;  // after the hour of the time column
  std::string_view doc;
};

// All tables, in the order in which `rangewatch lake info` shows them.
std::span<const TableSpec* const> tables();
const TableSpec* find_table(std::string_view name);
// The schema version of the table in which the column appeared: files of older ones hold null for it.
std::uint16_t since(const TableSpec& table, std::string_view column);
// Index of the column called `name`, or -1.
int find_column(const TableSpec& table, std::string_view name);

}  // namespace rw
