// Expressions of the question algebra as SQL, folded with what is known about a scan (columns that are constant, IPv4
// only).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/query.h"

namespace rw {

enum class SqlType : std::uint8_t { kNull, kBool, kInt, kDouble, kText, kTime, kIp, kPrefix };

// A rendered expression. An address is two SQL expressions, or one of 32 bits where everything is IPv4.
struct Sql {
  SqlType type = SqlType::kNull;
  std::string text;               // the value; the upper half of an address
  std::string low;                // the lower half of an address; empty where `text` is its 32 bits
  std::optional<Value> constant;  // known while rendering
  std::string_view unit;
  std::uint8_t length4 = 32;  // kPrefix
  std::uint8_t length6 = 128;

  bool v4() const { return (type == SqlType::kIp || type == SqlType::kPrefix) && low.empty(); }
};

// Offsets of a time zone: from each time on, local time is UTC plus `offset`. The first holds before its time as well.
struct ZoneChange {
  Timestamp from;
  Duration offset;
};

// What rendering needs from its surroundings.
class RenderContext {
 public:
  virtual ~RenderContext() = default;
  // Offsets of an IANA zone within `range`; kUsage for a name that is none.
  virtual Result<std::vector<ZoneChange>> zone(std::string_view name, TimeRange range) = 0;
  // Names of SQL functions over a set: label(hi, lo[, time]) gives text, member(hi, lo) a boolean.
  virtual Result<std::string> label_function(const std::shared_ptr<const LabelSet>& set, bool at_time) = 0;
  virtual Result<std::string> member_function(const std::vector<Prefix>& prefixes) = 0;
  virtual Result<std::string> port_function() = 0;
};

// Where end_time lies in files as a span from start_time, a scope has this column too: end_time - start_time without
// detour.
inline constexpr std::string_view kSpanColumn = "end_time - start_time";

// Columns by name.
using Scope = std::function<const Sql*(std::string_view name)>;

struct RenderInput {
  RenderContext& context;
  Scope scope;
  TimeRange times;    // of the rows that are looked at: bounds time-zone tables
  std::string where;  // for messages: "table flows"
};

Result<Sql> render(const Expr& e, const RenderInput& in);
// As a condition: "true" and "false" are recognisable by `constant`.
Result<Sql> render_condition(const ExprPtr& e, const RenderInput& in);
// Names of the columns that an expression reads, appended.
void columns_of(const Expr& e, std::vector<std::string>& names);

Sql sql_literal(const Value& value);
Sql sql_null(SqlType type);
std::string sql_time(Timestamp t);
// An address as two halves, whatever it was.
Sql as_pair(Sql address);

}  // namespace rw
