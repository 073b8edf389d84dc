// Compiling questions into plans.
#include "lake/scan_plan.h"

#include <algorithm>
#include <limits>

#include "lake/renderer.h"
#include "lake/shape.h"

namespace rw::scan {
namespace {

using ExprKind = Expr::Kind;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxRanges = 4096;  // longer lists go to DuckDB, which hashes them

class Compiler {
 public:
  explicit Compiler(const TableSpec& table) : table_(table) {}

  // What an integer expression gives.
  struct Typed {
    Number number;
    bool time = false;
    std::string unit;
  };

  std::optional<Typed> number(const Expr& e) const;
  std::optional<Condition> condition(const Expr& e) const;
  // The column of an address's lower half.
  std::optional<std::size_t> address(const Expr& e) const;
  bool nullable(const Number& number) const;

 private:
  std::optional<Typed> column(const std::string& name) const;
  std::optional<Typed> arithmetic(const Expr& e) const;
  std::optional<Condition> compare(const Expr& e) const;
  std::optional<Condition> one_of(const Expr& e) const;

  const TableSpec& table_;
};

std::optional<std::int64_t> integer_of(const Value& value) {
  if (const auto* i = std::get_if<std::int64_t>(&value)) return *i;
  if (const auto* u = std::get_if<std::uint64_t>(&value); u != nullptr && *u <= static_cast<std::uint64_t>(kMost))
    return static_cast<std::int64_t>(*u);
  if (const auto* t = std::get_if<Timestamp>(&value)) return t->us;
  return std::nullopt;
}

Condition constant(bool value) {
  Condition c;
  c.constant = value;
  return c;
}

Condition ranges(Number number, std::vector<Range> list) {
  Condition c;
  c.kind = Condition::Kind::kRanges;
  c.number = std::move(number);
  c.ranges = std::move(list);
  return c;
}

Condition addresses(std::size_t column, std::vector<AddressRange> list) {
  std::sort(list.begin(), list.end(), [](const AddressRange& a, const AddressRange& b) { return a.low < b.low; });
  std::vector<AddressRange> merged;
  for (const AddressRange& range : list) {
    if (!merged.empty() && range.low <= merged.back().high)
      merged.back().high = std::max(merged.back().high, range.high);
    else
      merged.push_back(range);
  }
  Condition c;
  c.kind = Condition::Kind::kAddress;
  c.address = column;
  c.addresses = std::move(merged);
  return c;
}

std::optional<Compiler::Typed> Compiler::column(const std::string& name) const {
  const int at = find_column(table_, name);
  if (at < 0) return std::nullopt;
  const Column& found = table_.columns[static_cast<std::size_t>(at)];
  switch (found.type) {
    case ColumnType::kTime:
    case ColumnType::kI64:
    case ColumnType::kU32:
    case ColumnType::kU16:
    case ColumnType::kU8: break;
    default: return std::nullopt;
  }
  Typed typed;
  typed.number.kind = Number::Kind::kColumn;
  typed.number.column = static_cast<std::size_t>(at);
  typed.time = found.type == ColumnType::kTime;
  typed.unit = found.unit;
  return typed;
}

std::optional<Compiler::Typed> Compiler::arithmetic(const Expr& e) const {
  auto a = number(*e.args[0]);
  auto b = number(*e.args[1]);
  if (!a || !b) return std::nullopt;
  const bool difference = e.kind == ExprKind::kSub && a->time && b->time;
  if ((a->time || b->time) && !difference) return std::nullopt;
  Typed typed;
  typed.number.kind = e.kind == ExprKind::kAdd   ? Number::Kind::kAdd
                      : e.kind == ExprKind::kSub ? Number::Kind::kSub
                                                 : Number::Kind::kMul;
  typed.unit = difference ? "us" : !a->unit.empty() ? a->unit : b->unit;
  if (e.kind == ExprKind::kMul && !a->unit.empty() && !b->unit.empty()) typed.unit.clear();
  typed.number.args.push_back(std::move(a->number));
  typed.number.args.push_back(std::move(b->number));
  return typed;
}

std::optional<Compiler::Typed> Compiler::number(const Expr& e) const {
  Typed typed;
  switch (e.kind) {
    case ExprKind::kColumn: return column(e.name);
    case ExprKind::kLiteral: {
      const auto value = integer_of(e.literal);
      if (!value) return std::nullopt;
      typed.number.constant = *value;
      typed.time = std::holds_alternative<Timestamp>(e.literal);
      return typed;
    }
    case ExprKind::kAdd:
    case ExprKind::kSub:
    case ExprKind::kMul: return arithmetic(e);
    case ExprKind::kCoalesce:
      typed.number.kind = Number::Kind::kCoalesce;
      for (const ExprPtr& arg : e.args) {
        auto part = number(*arg);
        if (!part || part->time) return std::nullopt;
        if (typed.number.args.empty()) typed.unit = part->unit;
        typed.number.args.push_back(std::move(part->number));
      }
      return typed;
    case ExprKind::kTimeBucket: {
      auto time = number(*e.args[0]);
      if (!time || !time->time || e.bucket.us <= 0) return std::nullopt;
      typed.time = true;
      typed.number.kind = Number::Kind::kBucket;
      typed.number.constant = e.bucket.us;
      typed.number.args.push_back(std::move(time->number));
      return typed;
    }
    default: return std::nullopt;
  }
}

std::optional<std::size_t> Compiler::address(const Expr& e) const {
  if (e.kind != ExprKind::kColumn) return std::nullopt;
  const int low = find_column(table_, e.name + "_lo");
  if (low <= 0 || address_name(table_, static_cast<std::size_t>(low)) != e.name) return std::nullopt;
  return static_cast<std::size_t>(low);
}

std::optional<Condition> Compiler::compare(const Expr& e) const {
  if (const auto low = address(*e.args[0])) {
    const auto* ip = e.args[1]->kind == ExprKind::kLiteral ? std::get_if<Ip>(&e.args[1]->literal) : nullptr;
    if (ip == nullptr || e.kind != ExprKind::kEq) return std::nullopt;
    return addresses(*low, {{*ip, *ip}});
  }
  if (e.args[1]->kind != ExprKind::kLiteral) return std::nullopt;
  auto left = number(*e.args[0]);
  const auto right = integer_of(e.args[1]->literal);
  if (!left || !right) return std::nullopt;
  const std::int64_t v = *right;
  std::vector<Range> list;
  switch (e.kind) {
    case ExprKind::kEq: list = {{v, v}}; break;
    case ExprKind::kNe:
      if (v > kLeast) list.push_back({kLeast, v - 1});
      if (v < kMost) list.push_back({v + 1, kMost});
      break;
    case ExprKind::kLt:
      if (v > kLeast) list = {{kLeast, v - 1}};
      break;
    case ExprKind::kLe: list = {{kLeast, v}}; break;
    case ExprKind::kGt:
      if (v < kMost) list = {{v + 1, kMost}};
      break;
    default: list = {{v, kMost}};
  }
  return ranges(std::move(left->number), std::move(list));
}

std::optional<Condition> Compiler::one_of(const Expr& e) const {
  if (e.values.size() > kMaxRanges) return std::nullopt;
  if (const auto low = address(*e.args[0])) {
    std::vector<AddressRange> list;
    for (const Value& value : e.values) {
      if (const auto* ip = std::get_if<Ip>(&value))
        list.push_back({*ip, *ip});
      else if (const auto* prefix = std::get_if<Prefix>(&value))
        list.push_back({prefix->first(), prefix->last()});
      else
        return std::nullopt;
    }
    return addresses(*low, std::move(list));
  }
  auto left = number(*e.args[0]);
  if (!left) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const Value& value : e.values) {
    if (is_null(value)) continue;
    const auto v = integer_of(value);
    if (!v) return std::nullopt;
    values.push_back(*v);
  }
  std::sort(values.begin(), values.end());
  std::vector<Range> list;
  for (const std::int64_t v : values) {
    if (!list.empty() && v <= list.back().high) continue;
    if (!list.empty() && v == list.back().high + 1)
      list.back().high = v;
    else
      list.push_back({v, v});
  }
  return ranges(std::move(left->number), std::move(list));
}

std::optional<Condition> Compiler::condition(const Expr& e) const {
  Condition c;
  switch (e.kind) {
    case ExprKind::kLiteral:
      if (!std::holds_alternative<bool>(e.literal)) return std::nullopt;
      return constant(std::get<bool>(e.literal));
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
      c.kind = e.kind == ExprKind::kAnd  ? Condition::Kind::kAnd
               : e.kind == ExprKind::kOr ? Condition::Kind::kOr
                                         : Condition::Kind::kNot;
      for (const ExprPtr& arg : e.args) {
        auto part = condition(*arg);
        if (!part) return std::nullopt;
        c.args.push_back(std::move(*part));
      }
      return c;
    case ExprKind::kEq:
    case ExprKind::kNe:
    case ExprKind::kLt:
    case ExprKind::kLe:
    case ExprKind::kGt:
    case ExprKind::kGe: return compare(e);
    case ExprKind::kIn: return one_of(e);
    case ExprKind::kInPrefixes: {
      const auto low = address(*e.args[0]);
      if (!low || e.prefixes.size() > kMaxRanges) return std::nullopt;
      std::vector<AddressRange> list;
      for (const Prefix& prefix : e.prefixes) list.push_back({prefix.first(), prefix.last()});
      return addresses(*low, std::move(list));
    }
    case ExprKind::kIsNull: {
      auto arg = number(*e.args[0]);
      if (!arg) return std::nullopt;
      c.kind = Condition::Kind::kIsNull;
      c.number = std::move(arg->number);
      return c;
    }
    default: return std::nullopt;
  }
}

bool Compiler::nullable(const Number& number) const {
  switch (number.kind) {
    case Number::Kind::kColumn: return table_.columns[number.column].nullable;
    case Number::Kind::kConstant: return false;
    case Number::Kind::kNull: return true;
    case Number::Kind::kCoalesce:
      return std::all_of(number.args.begin(), number.args.end(), [this](const Number& n) { return nullable(n); });
    default:
      return std::any_of(number.args.begin(), number.args.end(), [this](const Number& n) { return nullable(n); });
  }
}

std::optional<Key> key_of(const Named& named, const TableSpec& table, const Compiler& compiler) {
  Key key;
  key.name = named.name;
  const Expr& e = *named.expr;
  const bool prefix = e.kind == ExprKind::kPrefixOf;
  if (const auto low = compiler.address(prefix ? *e.args[0] : e)) {
    key.kind = prefix ? Key::Kind::kPrefix : Key::Kind::kAddress;
    key.address = *low;
    key.length4 = prefix ? std::min<std::uint8_t>(e.length4, 32) : 32;
    key.length6 = prefix ? std::min<std::uint8_t>(e.length6, 128) : 128;
    key.nullable = table.columns[*low].nullable;
    return key;
  }
  auto typed = compiler.number(e);
  if (!typed) return std::nullopt;
  key.kind = typed->time ? Key::Kind::kTime : Key::Kind::kInteger;
  key.nullable = compiler.nullable(typed->number);
  key.number = std::move(typed->number);
  key.unit = typed->unit;
  return key;
}

std::optional<Sum> sum_of(const Measure& measure, const Compiler& compiler) {
  Sum sum;
  sum.name = measure.name;
  switch (measure.kind) {
    case Measure::Kind::kCount: sum.kind = Sum::Kind::kCount; break;
    case Measure::Kind::kSum: sum.kind = Sum::Kind::kSum; break;
    case Measure::Kind::kMin: sum.kind = Sum::Kind::kMin; break;
    case Measure::Kind::kMax: sum.kind = Sum::Kind::kMax; break;
    default: return std::nullopt;
  }
  if (measure.arg) {
    auto typed = compiler.number(*measure.arg);
    if (!typed || (typed->time && measure.kind == Measure::Kind::kSum)) return std::nullopt;
    sum.partial = compiler.nullable(typed->number);
    sum.number = std::move(typed->number);
    if (measure.kind != Measure::Kind::kCount) sum.time = typed->time, sum.unit = typed->unit;
  } else if (measure.kind != Measure::Kind::kCount) {
    return std::nullopt;
  }
  if (measure.where) {
    sum.where = compiler.condition(*measure.where);
    if (!sum.where) return std::nullopt;
    sum.partial = true;
  }
  return sum;
}

void add_column(std::size_t column, std::vector<std::size_t>& columns) {
  if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
}

}  // namespace

std::optional<Plan> plan_of(const Query& query) {
  if (query.from || query.spread || query.having) return std::nullopt;
  const TableSpec* table = find_lake_table(query.table);
  const bool grouped = !query.group_by.empty() || !query.measures.empty();
  if (table == nullptr || grouped == !query.select.empty()) return std::nullopt;
  const Compiler compiler(*table);
  Plan plan;
  plan.table = table;
  plan.rows = !grouped;
  if (query.where) {
    auto where = compiler.condition(*query.where);
    if (!where) return std::nullopt;
    plan.where = std::move(*where);
  }
  for (const Named& named : grouped ? query.group_by : query.select) {
    auto key = key_of(named, *table, compiler);
    if (!key) return std::nullopt;
    plan.keys.push_back(std::move(*key));
  }
  for (const Measure& measure : query.measures) {
    auto sum = sum_of(measure, compiler);
    if (!sum) return std::nullopt;
    plan.sums.push_back(std::move(*sum));
  }
  return plan;
}

void columns_of(const Number& number, std::vector<std::size_t>& columns) {
  if (number.kind == Number::Kind::kColumn) add_column(number.column, columns);
  for (const Number& arg : number.args) columns_of(arg, columns);
}

void columns_of(const Condition& condition, std::vector<std::size_t>& columns) {
  if (condition.kind == Condition::Kind::kAddress)
    add_column(condition.address - 1, columns), add_column(condition.address, columns);
  if (condition.kind == Condition::Kind::kRanges || condition.kind == Condition::Kind::kIsNull)
    columns_of(condition.number, columns);
  for (const Condition& arg : condition.args) columns_of(arg, columns);
}

}  // namespace rw::scan
