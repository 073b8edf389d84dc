// Builders of expressions.
#include "store/query.h"

#include <algorithm>
#include <tuple>

namespace rw::expr {
namespace {

ExprPtr make(Expr e) { return std::make_shared<const Expr>(std::move(e)); }

ExprPtr nary(Expr::Kind kind, std::vector<ExprPtr> args) {
  Expr e;
  e.kind = kind;
  e.args = std::move(args);
  return make(std::move(e));
}

ExprPtr local(Expr::Kind kind, ExprPtr time, std::string_view zone) {
  Expr e;
  e.kind = kind;
  e.args = {std::move(time)};
  e.name = zone;
  return make(std::move(e));
}

ExprPtr scaled(ExprPtr counter) { return nary(Expr::Kind::kMul, {std::move(counter), column("sampling")}); }

}  // namespace

ExprPtr column(std::string_view name) {
  Expr e;
  e.kind = Expr::Kind::kColumn;
  e.name = name;
  return make(std::move(e));
}

ExprPtr literal(Value value) {
  Expr e;
  e.literal = std::move(value);
  return make(std::move(e));
}

ExprPtr text(std::string_view value) { return literal(std::string(value)); }
ExprPtr number(std::int64_t value) { return literal(value); }
ExprPtr all_of(std::vector<ExprPtr> args) {
  return args.empty() ? literal(true) : nary(Expr::Kind::kAnd, std::move(args));
}
ExprPtr any_of(std::vector<ExprPtr> args) {
  return args.empty() ? literal(false) : nary(Expr::Kind::kOr, std::move(args));
}
ExprPtr not_(ExprPtr arg) { return nary(Expr::Kind::kNot, {std::move(arg)}); }
ExprPtr binary(Expr::Kind kind, ExprPtr left, ExprPtr right) { return nary(kind, {std::move(left), std::move(right)}); }
ExprPtr eq(ExprPtr left, ExprPtr right) { return binary(Expr::Kind::kEq, std::move(left), std::move(right)); }
ExprPtr is_null(ExprPtr arg) { return nary(Expr::Kind::kIsNull, {std::move(arg)}); }
ExprPtr coalesce(std::vector<ExprPtr> args) { return nary(Expr::Kind::kCoalesce, std::move(args)); }

ExprPtr in(ExprPtr arg, std::vector<Value> values) {
  Expr e;
  e.kind = Expr::Kind::kIn;
  e.args = {std::move(arg)};
  e.values = std::move(values);
  return make(std::move(e));
}

ExprPtr in_prefixes(std::string_view address, std::vector<Prefix> prefixes) {
  Expr e;
  e.kind = Expr::Kind::kInPrefixes;
  e.args = {column(address)};
  e.prefixes = std::move(prefixes);
  return make(std::move(e));
}

ExprPtr tuple_in(std::vector<ExprPtr> args, std::vector<std::vector<Value>> tuples) {
  Expr e;
  e.kind = Expr::Kind::kTupleIn;
  e.args = std::move(args);
  e.tuples = std::move(tuples);
  return make(std::move(e));
}

ExprPtr matches(ExprPtr arg, std::string_view glob) {
  Expr e;
  e.kind = Expr::Kind::kMatches;
  e.args = {std::move(arg)};
  e.literal = std::string(glob);
  return make(std::move(e));
}

ExprPtr classify(std::vector<std::pair<ExprPtr, ExprPtr>> cases, ExprPtr otherwise) {
  std::vector<ExprPtr> args;
  for (auto& [condition, label] : cases) {
    args.push_back(std::move(condition));
    args.push_back(std::move(label));
  }
  if (otherwise) args.push_back(std::move(otherwise));
  return nary(Expr::Kind::kClassify, std::move(args));
}

ExprPtr label(std::shared_ptr<const LabelSet> set, ExprPtr address, ExprPtr time) {
  Expr e;
  e.kind = Expr::Kind::kLabel;
  e.labels = std::move(set);
  e.args = {std::move(address)};
  if (time) e.args.push_back(std::move(time));
  return make(std::move(e));
}

ExprPtr time_bucket(ExprPtr time, Duration bucket) {
  Expr e;
  e.kind = Expr::Kind::kTimeBucket;
  e.args = {std::move(time)};
  e.bucket = bucket;
  return make(std::move(e));
}

ExprPtr local_date(ExprPtr time, std::string_view zone) { return local(Expr::Kind::kLocalDate, std::move(time), zone); }
ExprPtr local_hour(ExprPtr time, std::string_view zone) { return local(Expr::Kind::kLocalHour, std::move(time), zone); }
ExprPtr local_weekday(ExprPtr time, std::string_view zone) {
  return local(Expr::Kind::kLocalWeekday, std::move(time), zone);
}

ExprPtr prefix_of(ExprPtr address, std::uint8_t length4, std::uint8_t length6) {
  Expr e;
  e.kind = Expr::Kind::kPrefixOf;
  e.args = {std::move(address)};
  e.length4 = length4;
  e.length6 = length6;
  return make(std::move(e));
}

ExprPtr volume_bytes() {
  return scaled(binary(Expr::Kind::kAdd, column("bytes"), coalesce({column("rev_bytes"), number(0)})));
}
ExprPtr volume_packets() {
  return scaled(binary(Expr::Kind::kAdd, column("packets"), coalesce({column("rev_packets"), number(0)})));
}
ExprPtr sent_bytes() { return scaled(column("bytes")); }
ExprPtr sent_packets() { return scaled(column("packets")); }
ExprPtr duration_us() { return binary(Expr::Kind::kSub, column("end_time"), column("start_time")); }
ExprPtr app() {
  return coalesce(
      {column("app"), nary(Expr::Kind::kPortService, {column("proto"), column("src_port"), column("dst_port")})});
}

bool same(const ExprPtr& a, const ExprPtr& b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind || a->args.size() != b->args.size()) return false;
  const auto parts = [](const Expr& e) {
    return std::tie(e.name, e.literal, e.values, e.prefixes, e.tuples, e.labels, e.bucket, e.length4, e.length6);
  };
  return parts(*a) == parts(*b) && std::equal(a->args.begin(), a->args.end(), b->args.begin(), same);
}

}  // namespace rw::expr
