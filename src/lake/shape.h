// What a Parquet file of ours leaves out: columns that are null throughout, addresses that are IPv4 throughout,
// sampling that is the same throughout. The catalog keeps each file's shape, so that readers supply constants and SQL
// folds them away.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.h"

namespace rw {

// How one column of a table lies in a file.
struct StoredColumn {
  enum class Form : std::uint8_t {
    kPlain,     // as the table says
    kNull,      // not there: null throughout
    kConstant,  // not there: `constant` throughout
    kV4Low,     // lower half of an address, IPv4 throughout: stored as 32 bits in a column NAME_v4
    kV4High,    // upper half of such an address: not there
    kNarrow,    // a counter whose values all fit 32 bits, and are stored so
    kSpan,      // end_time, stored in 32 bits as microseconds since the row's time, in a column duration_us
  };
  Form form = Form::kPlain;
  std::uint32_t constant = 0;
};

// One entry per column of the table.
using Shape = std::vector<StoredColumn>;

Shape shape_of(const Batch& batch);
// "end_time=span src=4 bytes=u32 sampling=1 -app": only what differs from plain, in the table's order.
std::string shape_text(const TableSpec& table, const Shape& shape);
// The shape of a file that was written when the table had schema version `schema`, told as if it had today's columns.
std::string with_later_columns(const TableSpec& table, std::uint16_t schema, std::string shape);
// Words that name no column are ignored: a newer column list may have dropped them.
Shape parse_shape(const TableSpec& table, std::string_view text);

// The name under which a column lies in files of this shape; empty where it is not there.
std::string stored_name(const TableSpec& table, std::size_t column, const StoredColumn& stored);

// "src_lo" -> "src" when the table has src_hi beside it; empty otherwise.
std::string_view address_name(const TableSpec& table, std::size_t low_column);

}  // namespace rw
