// The question algebra: what detectors, sections and commands ask a store. No engine and no SQL here; each engine
// renders it.
//
//   Query q;
//   q.table = "flows";
//   q.time = {from, to};
//   q.where = expr::all_of({expr::in_prefixes("src", {watched}), expr::eq(expr::column("proto"), 6)});
//   q.group_by = {{"src", expr::column("src")}};
//   q.measures = {{"bytes", Measure::Kind::kSum, expr::volume_bytes()}};
//   q.order_by = {{"bytes", true}};
//   q.limit = 10;
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "store/value.h"

namespace rw {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

// Ranges of addresses with a label each, optionally valid for a time only: countries, AS numbers, a subject's prefixes.
// An address in several ranges gets the label of the narrowest. Built once, immutable, shared by queries.
struct LabelRange {
  Ip first;
  Ip last;
  TimeRange valid = kAllTime;
  std::string label;
};
struct LabelSet {
  std::string name;
  std::vector<LabelRange> ranges;
};

struct Expr {
  enum class Kind : std::uint8_t {
    kColumn,   // `name`: a column; "src" where the table has src_hi and src_lo is the address
    kLiteral,  // `literal`
    kAnd,
    kOr,   // of `args`, at least one
    kNot,  // of args[0]; null counts as false
    kEq,
    kNe,
    kLt,
    kLe,
    kGt,
    kGe,  // args[0] with args[1]
    kIsNull,
    kAdd,
    kSub,
    kMul,
    kDiv,         // kDiv gives double, null when the divisor is 0
    kCoalesce,    // first of `args` that is not null
    kIn,          // args[0] is one of `values`
    kInPrefixes,  // address args[0] lies in one of `prefixes`
    kTupleIn,     // the tuple `args` is one of `tuples`
    kMatches,     // text args[0] matches the glob in `literal` (* and ?), case folded
    kClassify,  // label of the first condition that holds: args are condition, label, condition, label, …, [else label]
    kLabel,     // label of address args[0] in `labels`, at time args[1] when there are two; null outside
    kTimeBucket,  // start of the bucket of `bucket` that holds time args[0], UTC
    kLocalDate,
    kLocalHour,
    kLocalWeekday,  // of time args[0] in IANA zone `name`: days since 1970; 0..23; 0 Monday … 6
    kPrefixOf,      // network of address args[0]: /length4 for IPv4, /length6 for IPv6
    kPortService,   // service name that (proto, src_port, dst_port) = args suggests, null if none: port evidence
  };
  Kind kind = Kind::kLiteral;
  std::string name;
  Value literal;
  std::vector<ExprPtr> args;
  std::vector<Value> values;
  std::vector<Prefix> prefixes;
  std::vector<std::vector<Value>> tuples;
  std::shared_ptr<const LabelSet> labels;
  Duration bucket;
  std::uint8_t length4 = 32;
  std::uint8_t length6 = 128;
};

namespace expr {
ExprPtr column(std::string_view name);
ExprPtr literal(Value value);
ExprPtr text(std::string_view value);
ExprPtr number(std::int64_t value);
ExprPtr all_of(std::vector<ExprPtr> args);  // an empty list is true
ExprPtr any_of(std::vector<ExprPtr> args);  // an empty list is false
ExprPtr not_(ExprPtr arg);
ExprPtr binary(Expr::Kind kind, ExprPtr left, ExprPtr right);
ExprPtr eq(ExprPtr left, ExprPtr right);
ExprPtr is_null(ExprPtr arg);
ExprPtr coalesce(std::vector<ExprPtr> args);
ExprPtr in(ExprPtr arg, std::vector<Value> values);
ExprPtr in_prefixes(std::string_view address, std::vector<Prefix> prefixes);
ExprPtr tuple_in(std::vector<ExprPtr> args, std::vector<std::vector<Value>> tuples);
ExprPtr matches(ExprPtr arg, std::string_view glob);
ExprPtr classify(std::vector<std::pair<ExprPtr, ExprPtr>> cases, ExprPtr otherwise = nullptr);
ExprPtr label(std::shared_ptr<const LabelSet> set, ExprPtr address, ExprPtr time = nullptr);
ExprPtr time_bucket(ExprPtr time, Duration bucket);
ExprPtr local_date(ExprPtr time, std::string_view zone);
ExprPtr local_hour(ExprPtr time, std::string_view zone);
ExprPtr local_weekday(ExprPtr time, std::string_view zone);
ExprPtr prefix_of(ExprPtr address, std::uint8_t length4, std::uint8_t length6);

// Columns that every reader of flows means the same by (contract.md). A volume is forward plus reverse, scaled by
// sampling.
ExprPtr volume_bytes();
ExprPtr volume_packets();
ExprPtr sent_bytes();  // forward only, scaled: what src sent
ExprPtr sent_packets();
ExprPtr duration_us();  // end_time - start_time
ExprPtr app();          // the app column, else what the ports suggest
// Whether two expressions say the same, part by part. Two nulls do.
bool same(const ExprPtr& a, const ExprPtr& b);
}  // namespace expr

struct Named {
  std::string name;
  ExprPtr expr;
};

struct Measure {
  enum class Kind : std::uint8_t { kCount, kSum, kMin, kMax, kDistinct, kQuantile, kAny };
  std::string name;
  Kind kind = Kind::kCount;
  ExprPtr arg;                 // null for kCount
  ExprPtr where;               // only rows where this holds; null is all
  double quantile = 0.5;       // kQuantile, approximate
  std::vector<ExprPtr> tuple;  // kDistinct over several expressions; approximate above 10,000 unless `exact`
  bool exact = false;
};

// Spreads `value` of each row evenly over [start, end] and sums per bucket: for rates. Adds the key "bucket" (a time).
struct Spread {
  std::string start_column = "start_time";
  std::string end_column = "end_time";
  ExprPtr value;
  Duration bucket = Duration::seconds(10);
  std::string name = "bytes";  // the measure's name in the answer; unit as value's
};

struct Order {
  std::string name;  // of a key, measure or selected column
  bool descending = false;
};

struct Query {
  std::string table;                                    // or
  std::shared_ptr<const Query> from;                    // a nested question, whose answer columns are the columns here
  std::vector<std::shared_ptr<const Query>> from_also;  // more of them with the same columns: their rows are added
  TimeRange time = kAllTime;                            // on the table's time column; prunes files
  ExprPtr where;                                        // null: all
  std::vector<Named> select;                            // rows without grouping …
  std::vector<Named> group_by;                          // … or groups (both empty with measures: one row)
  std::vector<Measure> measures;
  std::optional<Spread> spread;  // instead of measures
  ExprPtr having;                // over keys and measures by name
  std::vector<Order> order_by;
  std::uint64_t limit = 0;  // 0: no limit
  bool want_total = false;  // also count the rows or groups before the limit
};

}  // namespace rw
