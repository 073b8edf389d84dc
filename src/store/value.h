// Answers of a store: typed values in named columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/time.h"

namespace rw {

struct Null {
  friend bool operator==(Null, Null) { return true; }
};

// kTime columns give Timestamp, addresses Ip, counts std::int64_t, sums std::int64_t (or double where the expression is
// one).
using Value = std::variant<Null, bool, std::int64_t, std::uint64_t, double, std::string, Timestamp, Ip, Prefix>;

inline bool is_null(const Value& v) { return std::holds_alternative<Null>(v); }
// Numbers of any kind as double or integer; null and text give `otherwise`.
double as_double(const Value& v, double otherwise = 0);
std::int64_t as_int(const Value& v, std::int64_t otherwise = 0);
// Text as it is; anything else, "".
std::string as_string(const Value& v);

struct AnswerColumn {
  std::string name;
  std::string unit;  // "bytes", "packets", "s", "us", "" : how a table for people shows it
  bool numeric = false;
};

// Rows are vectors of values, one per column. `total` is the number of rows or groups before the limit, where asked
// for.
struct Answer {
  std::vector<AnswerColumn> columns;
  std::vector<std::vector<Value>> rows;
  std::optional<std::uint64_t> total;

  int column(std::string_view name) const;  // index or -1
};

}  // namespace rw
