// Questions that are answered without SQL: integers, times and addresses filtered by ranges, grouped and summed.
// Compiles a Query into such a plan, or says that it is none; then DuckDB answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "model/columns.h"
#include "store/query.h"

namespace rw::scan {

// An inclusive range of values; integers as they are, times in microseconds, halves of addresses by their bits.
struct Range {
  std::int64_t low;
  std::int64_t high;
};
struct AddressRange {
  Ip low;
  Ip high;
};

// An expression over integers. Times count as integers.
struct Number {
  enum class Kind : std::uint8_t { kColumn, kConstant, kNull, kAdd, kSub, kMul, kCoalesce, kBucket };
  Kind kind = Kind::kConstant;
  std::size_t column = 0;     // kColumn
  std::int64_t constant = 0;  // kConstant; kBucket: the width
  std::vector<Number> args;
};

// A condition; null is false.
struct Condition {
  enum class Kind : std::uint8_t { kAnd, kOr, kNot, kConstant, kRanges, kAddress, kIsNull };
  Kind kind = Kind::kConstant;
  bool constant = true;
  std::vector<Condition> args;
  Number number;                        // kRanges, kIsNull
  std::vector<Range> ranges;            // sorted, disjoint
  std::size_t address = 0;              // kAddress: column of its lower half
  std::vector<AddressRange> addresses;  // sorted, disjoint
};

struct Key {
  enum class Kind : std::uint8_t { kInteger, kTime, kAddress, kPrefix };
  std::string name;
  Kind kind = Kind::kInteger;
  Number number;            // kInteger, kTime
  std::size_t address = 0;  // kAddress, kPrefix: column of the lower half
  std::uint8_t length4 = 32;
  std::uint8_t length6 = 128;
  bool nullable = false;
  std::string unit;
};

struct Sum {
  enum class Kind : std::uint8_t { kCount, kSum, kMin, kMax };
  std::string name;
  Kind kind = Kind::kCount;
  std::optional<Number> number;  // nothing: rows are counted
  std::optional<Condition> where;
  bool partial = false;  // some rows of a group may not count: null, or ruled out by `where`
  bool time = false;     // the result is a time
  std::string unit;
};

struct Plan {
  const TableSpec* table = nullptr;
  Condition where;        // without the question's time range
  std::vector<Key> keys;  // of groups, or the columns of rows where `rows`
  std::vector<Sum> sums;
  bool rows = false;
};

// Nothing: ask DuckDB.
std::optional<Plan> plan_of(const Query& query);

// Columns that a number or condition reads, appended without doubles.
void columns_of(const Number& number, std::vector<std::size_t>& columns);
void columns_of(const Condition& condition, std::vector<std::size_t>& columns);

}  // namespace rw::scan
