// Rendering of expressions. Everything that comes from outside goes through literals here, which quote it.
#include "lake/expression.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "lake/engine.h"

namespace rw {
namespace {

using Kind = Expr::Kind;

constexpr std::size_t kMaxRangesInline = 16;  // more prefixes than this go through a function over a sorted table
constexpr std::size_t kMaxTuplesInline = 16;  // more tuples than this become a semi-join

Sql boolean(std::string text) { return {SqlType::kBool, std::move(text), {}, {}, {}}; }
Sql constant_bool(bool value) { return {SqlType::kBool, value ? "true" : "false", {}, Value(value), {}}; }
Sql integer(std::string text, std::string_view unit = {}) { return {SqlType::kInt, std::move(text), {}, {}, unit}; }
bool is_constant(const Sql& s, bool value) {
  return s.constant && std::holds_alternative<bool>(*s.constant) && std::get<bool>(*s.constant) == value;
}
bool is_constant_null(const Sql& s) { return s.type == SqlType::kNull || (s.constant && is_null(*s.constant)); }
bool is_constant_int(const Sql& s, std::int64_t value) {
  return s.type == SqlType::kInt && s.constant && !is_null(*s.constant) && as_int(*s.constant, value + 1) == value;
}
std::string u64(std::uint64_t v) { return std::to_string(v) + "::UBIGINT"; }
std::string u32(std::uint32_t v) { return std::to_string(v) + "::UINTEGER"; }

const char* type_word(SqlType type) {
  switch (type) {
    case SqlType::kNull: return "null";
    case SqlType::kBool: return "a condition";
    case SqlType::kInt: return "an integer";
    case SqlType::kDouble: return "a number";
    case SqlType::kText: return "text";
    case SqlType::kTime: return "a time";
    case SqlType::kIp: return "an address";
    case SqlType::kPrefix: return "a network";
  }
  return "";
}

Failure mismatch(std::string_view what, const Sql& a) {
  return {ErrorCode::kUsage, std::string(what) + " does not work on " + type_word(a.type)};
}

bool is_number(const Sql& s) {
  return s.type == SqlType::kInt || s.type == SqlType::kDouble || s.type == SqlType::kNull;
}

// A time as an integer of microseconds, so that arithmetic never meets intervals.
std::string micros(const Sql& s) { return s.type == SqlType::kTime ? "epoch_us(" + s.text + ")" : s.text; }

struct AddressRange {
  Ip first;
  Ip last;
};

Ip next(Ip ip) { return ++ip.lo == 0 ? Ip{ip.hi + 1, 0} : ip; }

// Sorted, disjoint, neighbours joined.
std::vector<AddressRange> merged(const std::vector<Prefix>& prefixes) {
  std::vector<AddressRange> ranges;
  for (const Prefix& prefix : prefixes) ranges.push_back({prefix.first(), prefix.last()});
  std::sort(ranges.begin(), ranges.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.first < b.first; });
  std::vector<AddressRange> out;
  for (const AddressRange& range : ranges) {
    const bool joins =
        !out.empty() && (range.first <= out.back().last ||
                         (out.back().last != Ip{UINT64_MAX, UINT64_MAX} && range.first == next(out.back().last)));
    if (joins)
      out.back().last = std::max(out.back().last, range.last);
    else
      out.push_back(range);
  }
  return out;
}

constexpr Ip kFirstV4 = Ip::v4(0);
constexpr Ip kLastV4 = Ip::v4(0xFFFF'FFFF);

std::string between(const std::string& what, const std::string& low, const std::string& high) {
  return low == high ? what + " = " + low : what + " BETWEEN " + low + " AND " + high;
}

std::string pair_in(const Sql& address, const AddressRange& range) {
  const std::string& hi = address.text;
  const std::string& lo = address.low;
  if (range.first.hi == range.last.hi)
    return "(" + hi + " = " + u64(range.first.hi) + " AND " + between(lo, u64(range.first.lo), u64(range.last.lo)) +
           ")";
  if (range.first.lo == 0 && range.last.lo == UINT64_MAX)
    return "(" + between(hi, u64(range.first.hi), u64(range.last.hi)) + ")";
  return "((" + hi + " > " + u64(range.first.hi) + " OR (" + hi + " = " + u64(range.first.hi) + " AND " + lo +
         " >= " + u64(range.first.lo) + ")) AND (" + hi + " < " + u64(range.last.hi) + " OR (" + hi + " = " +
         u64(range.last.hi) + " AND " + lo + " <= " + u64(range.last.lo) + ")))";
}

Result<Sql> in_ranges(const Sql& address, const std::vector<Prefix>& prefixes, RenderContext& context) {
  std::vector<AddressRange> ranges = merged(prefixes);
  if (address.v4()) {
    std::erase_if(ranges, [](const AddressRange& r) { return r.last < kFirstV4 || r.first > kLastV4; });
    for (AddressRange& range : ranges) {
      range.first = std::max(range.first, kFirstV4);
      range.last = std::min(range.last, kLastV4);
    }
  }
  if (ranges.empty()) return constant_bool(false);
  std::string text;
  if (ranges.size() > kMaxRangesInline) {
    RW_ASSIGN(const std::string function, context.member_function(prefixes));
    const Sql pair = as_pair(address);
    text = function + "(" + pair.text + ", " + pair.low + ")";
    const AddressRange hull{ranges.front().first, ranges.back().last};  // lets row groups outside be skipped
    if (address.v4()) text += " AND " + between(address.text, u32(hull.first.v4_bits()), u32(hull.last.v4_bits()));
    return boolean("(" + text + ")");
  }
  for (const AddressRange& range : ranges) {
    if (!text.empty()) text += " OR ";
    text += address.v4() ? between(address.text, u32(range.first.v4_bits()), u32(range.last.v4_bits()))
                         : pair_in(address, range);
  }
  return boolean("(" + text + ")");
}

// `a` op `b` for addresses, halves in order of weight.
std::string compare_addresses(const Sql& a, const Sql& b, Kind kind) {
  const auto symbol = [](Kind k) { return k == Kind::kLt ? "<" : k == Kind::kLe ? "<=" : k == Kind::kGt ? ">" : ">="; };
  if (a.v4() && b.v4()) {
    const char* op = kind == Kind::kEq ? "=" : kind == Kind::kNe ? "<>" : symbol(kind);
    return "(" + a.text + " " + op + " " + b.text + ")";
  }
  const Sql x = as_pair(a);
  const Sql y = as_pair(b);
  if (kind == Kind::kEq) return "(" + x.low + " = " + y.low + " AND " + x.text + " = " + y.text + ")";
  if (kind == Kind::kNe) return "(" + x.low + " <> " + y.low + " OR " + x.text + " <> " + y.text + ")";
  const char* strict = kind == Kind::kLt || kind == Kind::kLe ? "<" : ">";
  return "(" + x.text + " " + strict + " " + y.text + " OR (" + x.text + " = " + y.text + " AND " + x.low + " " +
         symbol(kind) + " " + y.low + "))";
}

// An address literal as 32 bits where it is IPv4.
Sql narrow(const Sql& s) {
  if (s.type != SqlType::kIp || !s.constant || s.v4()) return s;
  const Ip ip = std::get<Ip>(*s.constant);
  if (!ip.is_v4()) return s;
  return {SqlType::kIp, u32(ip.v4_bits()), {}, s.constant, {}};
}

Result<Sql> compare(Kind kind, Sql a, Sql b) {
  if (is_constant_null(a) || is_constant_null(b)) return sql_null(SqlType::kBool);
  if (a.type == SqlType::kIp || b.type == SqlType::kIp) {
    if (a.type != b.type) return mismatch("comparing an address", a.type == SqlType::kIp ? b : a);
    if (a.v4()) b = narrow(b);
    if (b.v4()) a = narrow(a);
    const bool apart = a.v4() != b.v4() && (a.constant || b.constant);  // IPv4 only, against an IPv6 address
    if (apart && kind == Kind::kEq) return constant_bool(false);
    return boolean(compare_addresses(a, b, kind));
  }
  if (a.type == SqlType::kPrefix || b.type == SqlType::kPrefix) {
    if (a.type != b.type || (kind != Kind::kEq && kind != Kind::kNe)) return mismatch("comparing a network", a);
    a.type = b.type = SqlType::kIp;
    return boolean(compare_addresses(as_pair(a), as_pair(b), kind));
  }
  const bool same = a.type == b.type || (is_number(a) && is_number(b));
  const bool time_and_int =
      (a.type == SqlType::kTime && b.type == SqlType::kInt) || (a.type == SqlType::kInt && b.type == SqlType::kTime);
  if (!same && !time_and_int)
    return Failure(ErrorCode::kUsage,
                   std::string("cannot compare ") + type_word(a.type) + " with " + type_word(b.type));
  if (a.constant && b.constant && a.type == SqlType::kInt && b.type == SqlType::kInt) {
    const std::int64_t x = as_int(*a.constant), y = as_int(*b.constant);
    switch (kind) {
      case Kind::kEq: return constant_bool(x == y);
      case Kind::kNe: return constant_bool(x != y);
      case Kind::kLt: return constant_bool(x < y);
      case Kind::kLe: return constant_bool(x <= y);
      case Kind::kGt: return constant_bool(x > y);
      default: return constant_bool(x >= y);
    }
  }
  const char* op = kind == Kind::kEq   ? " = "
                   : kind == Kind::kNe ? " <> "
                   : kind == Kind::kLt ? " < "
                   : kind == Kind::kLe ? " <= "
                   : kind == Kind::kGt ? " > "
                                       : " >= ";
  if (time_and_int) return boolean("(" + micros(a) + op + micros(b) + ")");
  return boolean("(" + a.text + op + b.text + ")");
}

bool is_column(const Expr& e, std::string_view name) { return e.kind == Kind::kColumn && e.name == name; }

Result<Sql> logical(Kind kind, const Expr& e, const RenderInput& in) {
  const bool is_and = kind == Kind::kAnd;
  std::string text;
  std::size_t kept = 0;
  for (const ExprPtr& arg : e.args) {
    RW_ASSIGN(const Sql s, render(*arg, in));
    if (s.type != SqlType::kBool && s.type != SqlType::kNull) return mismatch(is_and ? "and" : "or", s);
    if (is_constant(s, !is_and)) return constant_bool(!is_and);
    if (is_constant(s, is_and)) continue;
    if (kept++ > 0) text += is_and ? " AND " : " OR ";
    text += s.text;
  }
  if (kept == 0) return constant_bool(is_and);
  return boolean(kept == 1 ? text : "(" + text + ")");
}

Result<Sql> arithmetic(Kind kind, const Sql& a, const Sql& b) {
  const bool times = a.type == SqlType::kTime || b.type == SqlType::kTime;
  if (times && kind != Kind::kSub && kind != Kind::kAdd)
    return mismatch("multiplying", a.type == SqlType::kTime ? a : b);
  if ((!is_number(a) && a.type != SqlType::kTime) || (!is_number(b) && b.type != SqlType::kTime))
    return mismatch("arithmetic", is_number(a) ? b : a);
  if (is_constant_null(a) || is_constant_null(b))
    return sql_null(kind == Kind::kDiv ? SqlType::kDouble : SqlType::kInt);
  const std::string_view unit = !a.unit.empty() ? a.unit : b.unit;
  if (times) {  // time - time is microseconds; time ± microseconds is a time
    const std::string text = "(" + micros(a) + (kind == Kind::kSub ? " - " : " + ") + micros(b) + ")";
    if (a.type == b.type) return integer(text, "us");
    return Sql{SqlType::kTime, "make_timestamp(" + text + ")", {}, {}, {}};
  }
  if (kind == Kind::kDiv)
    return Sql{SqlType::kDouble, "((" + a.text + ")::DOUBLE / nullif(" + b.text + ", 0))", {}, {}, {}};
  // x + 0, x * 1: what is left when a file's shape says that there is nothing to add and nothing to scale.
  if (kind == Kind::kAdd && is_constant_int(b, 0)) return a;
  if (kind == Kind::kAdd && is_constant_int(a, 0)) return b;
  if (kind == Kind::kSub && is_constant_int(b, 0)) return a;
  if (kind == Kind::kMul && is_constant_int(b, 1)) return a;
  if (kind == Kind::kMul && is_constant_int(a, 1)) return b;
  Sql out;
  out.type = a.type == SqlType::kDouble || b.type == SqlType::kDouble ? SqlType::kDouble : SqlType::kInt;
  // Widened first: columns of 8 to 32 bits would overflow in their own type.
  const char* widen = out.type == SqlType::kInt ? "::BIGINT" : "";
  const auto wide = [widen](const Sql& s) { return "(" + s.text + ")" + widen; };
  out.text = "(" + wide(a) + (kind == Kind::kAdd ? " + " : kind == Kind::kSub ? " - " : " * ") + wide(b) + ")";
  out.unit = kind == Kind::kMul && !a.unit.empty() && !b.unit.empty() ? std::string_view() : unit;
  return out;
}

// Brings addresses of one list to one form; everything else must be of one type, null aside.
Result<SqlType> unify(std::vector<Sql>& values, std::string_view what) {
  SqlType type = SqlType::kNull;
  bool pair = false;
  for (const Sql& s : values) {
    if (s.type == SqlType::kNull) continue;
    const bool numbers = (type == SqlType::kInt || type == SqlType::kDouble) && is_number(s);
    if (type != SqlType::kNull && s.type != type && !numbers)
      return Failure(ErrorCode::kUsage, std::string(what) + " mixes " + type_word(type) + " with " + type_word(s.type));
    type = type == SqlType::kDouble ? type : s.type;
    if (s.type == SqlType::kIp || s.type == SqlType::kPrefix) pair = pair || !s.v4();
  }
  if (type == SqlType::kIp || type == SqlType::kPrefix)
    for (Sql& s : values) {
      if (s.type == SqlType::kNull) s = sql_null(type);
      if (pair) s = as_pair(s);
    }
  return type;
}

Result<Sql> coalesce(const Expr& e, const RenderInput& in) {
  std::vector<Sql> values;
  for (const ExprPtr& arg : e.args) {
    RW_ASSIGN(Sql s, render(*arg, in));
    if (is_constant_null(s)) continue;
    values.push_back(s);
    if (s.constant) break;
  }
  if (values.empty()) return sql_null(SqlType::kInt);
  if (values.size() == 1) return values.front();
  RW_ASSIGN(const SqlType type, unify(values, "coalesce"));
  Sql out{type,
          "coalesce(",
          values.front().low.empty() ? "" : "coalesce(",
          {},
          values.front().unit,
          values.front().length4,
          values.front().length6};
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.text += (i > 0 ? ", " : "") + values[i].text;
    if (!out.low.empty()) out.low += (i > 0 ? ", " : "") + values[i].low;
  }
  out.text += ")";
  if (!out.low.empty()) out.low += ")";
  return out;
}

Result<Sql> in_values(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql arg, render(*e.args[0], in));
  if (is_constant_null(arg) || e.values.empty()) return constant_bool(false);
  if (arg.type == SqlType::kIp) {
    std::vector<Prefix> prefixes;
    for (const Value& value : e.values) {
      if (const auto* ip = std::get_if<Ip>(&value))
        prefixes.push_back({*ip, 128});
      else if (const auto* prefix = std::get_if<Prefix>(&value))
        prefixes.push_back(*prefix);
      else
        return Failure(ErrorCode::kUsage, "an address can only be one of a list of addresses and networks");
    }
    return in_ranges(arg, prefixes, in.context);
  }
  std::string list;
  for (const Value& value : e.values) {
    if (is_null(value)) continue;
    const Sql literal = sql_literal(value);
    if (literal.type != arg.type && !(is_number(literal) && is_number(arg)))
      return Failure(ErrorCode::kUsage, std::string(type_word(arg.type)) + " can not be " + type_word(literal.type));
    if (!list.empty()) list += ", ";
    list += literal.text;
  }
  if (list.empty()) return constant_bool(false);
  return boolean("(" + arg.text + " IN (" + list + "))");
}

Result<Sql> tuple_in(const Expr& e, const RenderInput& in) {
  std::vector<Sql> args;
  for (const ExprPtr& arg : e.args) {
    RW_ASSIGN(Sql s, render(*arg, in));
    args.push_back(std::move(s));
  }
  std::string text;
  std::string rows;
  for (const std::vector<Value>& tuple : e.tuples) {
    if (tuple.size() != args.size())
      return Failure(ErrorCode::kUsage, "a tuple to look for has the wrong number of parts");
    std::string all;
    std::string row;
    bool possible = true;
    for (std::size_t i = 0; i < args.size() && possible; ++i) {
      RW_ASSIGN(const Sql equal, compare(Kind::kEq, args[i], sql_literal(tuple[i])));
      possible = !is_constant(equal, false) && !is_constant_null(equal);
      all += (i > 0 ? " AND " : "") + equal.text;
      const Sql literal = args[i].v4() ? narrow(sql_literal(tuple[i])) : sql_literal(tuple[i]);
      row += (i > 0 ? ", " : "") + literal.text + (literal.low.empty() ? "" : ", " + literal.low);
    }
    if (!possible) continue;
    text += (text.empty() ? "(" : " OR (") + all + ")";
    rows += (rows.empty() ? "(" : ", (") + row + ")";
  }
  if (text.empty()) return constant_bool(false);
  if (e.tuples.size() <= kMaxTuplesInline) return boolean("(" + text + ")");
  std::string left;
  for (const Sql& arg : args) left += (left.empty() ? "" : ", ") + arg.text + (arg.low.empty() ? "" : ", " + arg.low);
  return boolean("((" + left + ") IN (SELECT * FROM (VALUES " + rows + ")))");
}

// The glob as a LIKE pattern. '^' escapes, as it is rare in names; it is escaped itself.
std::string like_pattern(std::string_view glob) {
  std::string pattern;
  for (const char c : glob) {
    if (c == '*')
      pattern += '%';
    else if (c == '?')
      pattern += '_';
    else {
      if (c == '%' || c == '_' || c == '^') pattern += '^';
      pattern += c;
    }
  }
  return pattern;
}

Result<Sql> classify(const Expr& e, const RenderInput& in) {
  std::vector<Sql> conditions;
  std::vector<Sql> labels;
  std::size_t i = 0;
  for (; i + 1 < e.args.size(); i += 2) {
    RW_ASSIGN(Sql condition, render(*e.args[i], in));
    if (condition.type != SqlType::kBool && condition.type != SqlType::kNull) return mismatch("classify", condition);
    if (is_constant(condition, false) || is_constant_null(condition)) continue;
    RW_ASSIGN(Sql label, render(*e.args[i + 1], in));
    conditions.push_back(std::move(condition));
    labels.push_back(std::move(label));
  }
  if (i < e.args.size()) {
    RW_ASSIGN(Sql label, render(*e.args[i], in));
    labels.push_back(std::move(label));
  }
  if (labels.empty()) return sql_null(SqlType::kText);
  RW_ASSIGN(const SqlType type, unify(labels, "classify"));
  if (conditions.empty()) return labels.front();
  const auto whole = [&](std::string Sql::*part) {
    std::string text = "CASE";
    for (std::size_t k = 0; k < conditions.size(); ++k)
      text += " WHEN " + conditions[k].text + " THEN " + labels[k].*part;
    if (labels.size() > conditions.size()) text += " ELSE " + labels.back().*part;
    return text + " END";
  };
  Sql out{type, whole(&Sql::text), {}, {}, labels.front().unit, labels.front().length4, labels.front().length6};
  if (!labels.front().low.empty()) out.low = whole(&Sql::low);
  return out;
}

Result<Sql> label(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql address, render(*e.args[0], in));
  if (is_constant_null(address)) return sql_null(SqlType::kText);
  if (address.type != SqlType::kIp) return mismatch("label", address);
  RW_ASSIGN(const std::string function, in.context.label_function(e.labels, e.args.size() > 1));
  const Sql pair = as_pair(address);
  std::string text = function + "(" + pair.text + ", " + pair.low;
  if (e.args.size() > 1) {
    RW_ASSIGN(const Sql time, render(*e.args[1], in));
    if (time.type != SqlType::kTime) return mismatch("label as of a time", time);
    text += ", " + micros(time);
  }
  return Sql{SqlType::kText, text + ")", {}, {}, {}};
}

Result<Sql> local_time(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql time, render(*e.args[0], in));
  if (is_constant_null(time)) return sql_null(SqlType::kInt);
  if (time.type != SqlType::kTime) return mismatch("local time", time);
  RW_ASSIGN(const std::vector<ZoneChange> changes, in.context.zone(e.name, in.times));
  std::string offset = std::to_string(changes.front().offset.us);
  if (changes.size() > 1) {
    offset = "CASE";
    for (std::size_t i = changes.size() - 1; i > 0; --i)
      offset +=
          " WHEN " + time.text + " >= " + sql_time(changes[i].from) + " THEN " + std::to_string(changes[i].offset.us);
    offset = "(" + offset + " ELSE " + std::to_string(changes.front().offset.us) + " END)";
  }
  const std::string local = "(epoch_us(" + time.text + ") + " + offset + ")";
  const std::string days = "(" + local + " // 86400000000)";
  if (e.kind == Kind::kLocalDate) return integer(days);
  if (e.kind == Kind::kLocalHour) return integer("(" + local + " // 3600000000 % 24)");
  return integer("((" + days + " + 3) % 7)");  // 1970-01-01 was a Thursday
}

std::uint64_t mask_of(int bits) { return bits <= 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits); }

Result<Sql> prefix_of(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(Sql address, render(*e.args[0], in));
  if (address.type != SqlType::kIp && address.type != SqlType::kNull) return mismatch("prefix", address);
  Sql out = address;
  out.type = SqlType::kPrefix;
  out.constant.reset();
  out.length4 = std::min<std::uint8_t>(e.length4, 32);
  out.length6 = std::min<std::uint8_t>(e.length6, 128);
  if (address.type == SqlType::kNull) out.text = "NULL::UINTEGER";
  const auto mask4 = static_cast<std::uint32_t>(mask_of(32 + out.length4));
  if (address.v4()) {
    if (out.length4 < 32) out.text = "(" + address.text + " & " + u32(mask4) + ")";
    return out;
  }
  const std::string is_v4 = "(" + address.text + " = 0 AND " + address.low + " >> 32 = 65535)";
  out.text =
      "CASE WHEN " + is_v4 + " THEN 0::UBIGINT ELSE " + address.text + " & " + u64(mask_of(out.length6)) + " END";
  out.low = "CASE WHEN " + is_v4 + " THEN " + address.low + " & " + u64(0xFFFF'FFFF'0000'0000ULL | mask4) + " ELSE " +
            address.low + " & " + u64(mask_of(out.length6 - 64)) + " END";
  return out;
}

Result<Sql> port_service(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const std::string function, in.context.port_function());
  std::string text = function + "(";
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    RW_ASSIGN(const Sql s, render(*e.args[i], in));
    // Literals and nulls have other widths than the columns; a cast to a column's own type costs nothing.
    text += (i > 0 ? ", TRY_CAST(" : "TRY_CAST(") + s.text + (i == 0 ? " AS UTINYINT)" : " AS USMALLINT)");
  }
  return Sql{SqlType::kText, text + ")", {}, {}, {}};
}

std::string near_name(std::string_view name, const RenderInput& in) {
  return "no column \"" + std::string(name) + "\" in " + in.where;
}

Result<Sql> column(const Expr& e, const RenderInput& in) {
  const Sql* column = in.scope(e.name);
  if (column == nullptr) return Failure(ErrorCode::kUsage, near_name(e.name, in));
  return *column;
}

Result<Sql> negation(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql s, render(*e.args[0], in));
  if (s.type != SqlType::kBool && s.type != SqlType::kNull) return mismatch("not", s);
  if (is_constant_null(s) || is_constant(s, false)) return constant_bool(true);
  if (is_constant(s, true)) return constant_bool(false);
  return boolean("(NOT coalesce(" + s.text + ", false))");
}

Result<Sql> comparison(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(Sql a, render(*e.args[0], in));
  RW_ASSIGN(Sql b, render(*e.args[1], in));
  return compare(e.kind, std::move(a), std::move(b));
}

Result<Sql> is_null_test(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql s, render(*e.args[0], in));
  if (s.constant || s.type == SqlType::kNull) return constant_bool(is_constant_null(s));
  return boolean("(" + s.text + " IS NULL)");
}

Result<Sql> calculation(const Expr& e, const RenderInput& in) {
  if (e.kind == Kind::kSub && is_column(*e.args[0], "end_time") && is_column(*e.args[1], "start_time"))
    if (const Sql* span = in.scope(kSpanColumn); span != nullptr) return *span;
  RW_ASSIGN(const Sql a, render(*e.args[0], in));
  RW_ASSIGN(const Sql b, render(*e.args[1], in));
  return arithmetic(e.kind, a, b);
}

Result<Sql> in_prefixes(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql address, render(*e.args[0], in));
  if (is_constant_null(address)) return constant_bool(false);
  if (address.type != SqlType::kIp) return mismatch("a network test", address);
  return in_ranges(address, e.prefixes, in.context);
}

Result<Sql> matches(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql s, render(*e.args[0], in));
  if (is_constant_null(s)) return constant_bool(false);
  if (s.type != SqlType::kText) return mismatch("a pattern", s);
  return boolean("(" + s.text + " ILIKE " + duck::quote_text(like_pattern(as_string(e.literal))) + " ESCAPE '^')");
}

Result<Sql> time_bucket(const Expr& e, const RenderInput& in) {
  RW_ASSIGN(const Sql s, render(*e.args[0], in));
  if (is_constant_null(s)) return sql_null(SqlType::kTime);
  if (s.type != SqlType::kTime || e.bucket.us <= 0) return mismatch("a time bucket", s);
  const std::string width = std::to_string(e.bucket.us);
  return Sql{SqlType::kTime, "make_timestamp(epoch_us(" + s.text + ") // " + width + " * " + width + ")", {}, {}, {}};
}

}  // namespace

Sql sql_null(SqlType type) {
  Sql out{type, "NULL", {}, Value(Null{}), {}};
  switch (type) {
    case SqlType::kBool: out.text = "NULL::BOOLEAN"; break;
    case SqlType::kInt: out.text = "NULL::BIGINT"; break;
    case SqlType::kDouble: out.text = "NULL::DOUBLE"; break;
    case SqlType::kText: out.text = "NULL::VARCHAR"; break;
    case SqlType::kTime: out.text = "NULL::TIMESTAMP"; break;
    case SqlType::kIp:
    case SqlType::kPrefix: out.text = "NULL::UINTEGER"; break;
    case SqlType::kNull: break;
  }
  return out;
}

std::string sql_time(Timestamp t) { return "make_timestamp(" + std::to_string(t.us) + "::BIGINT)"; }

Sql as_pair(Sql address) {
  if (!address.v4()) return address;
  if (address.constant && std::holds_alternative<Ip>(*address.constant)) return sql_literal(*address.constant);
  // Null stays null in both halves.
  Sql pair = address;
  pair.low = "(" + address.text + "::UBIGINT + " + u64(Ip::kV4Marker) + ")";
  pair.text = "(" + address.text + "::UBIGINT & 0::UBIGINT)";
  return pair;
}

Sql sql_literal(const Value& value) {
  Sql out;
  out.constant = value;
  if (is_null(value)) return sql_null(SqlType::kNull);
  if (const auto* b = std::get_if<bool>(&value)) return constant_bool(*b);
  if (const auto* i = std::get_if<std::int64_t>(&value)) {
    out.type = SqlType::kInt;
    out.text = *i == INT64_MIN ? "(-9223372036854775807 - 1)" : std::to_string(*i);
    if (*i < 0) out.text = "(" + out.text + ")";
  } else if (const auto* u = std::get_if<std::uint64_t>(&value)) {
    out.type = SqlType::kInt;
    out.text = u64(*u);
  } else if (const auto* d = std::get_if<double>(&value)) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.17g", *d);
    out.type = SqlType::kDouble;
    out.text = std::isfinite(*d) ? "(" + std::string(buffer) + "::DOUBLE)" : "NULL::DOUBLE";
  } else if (const auto* s = std::get_if<std::string>(&value)) {
    out.type = SqlType::kText;
    out.text = duck::quote_text(*s);
  } else if (const auto* t = std::get_if<Timestamp>(&value)) {
    out.type = SqlType::kTime;
    out.text = sql_time(*t);
  } else if (const auto* ip = std::get_if<Ip>(&value)) {
    out.type = SqlType::kIp;
    out.text = u64(ip->hi);
    out.low = u64(ip->lo);
  } else if (const auto* prefix = std::get_if<Prefix>(&value)) {
    out.type = SqlType::kPrefix;
    out.text = u64(prefix->base.hi);
    out.low = u64(prefix->base.lo);
  }
  return out;
}

Result<Sql> render(const Expr& e, const RenderInput& in) {
  switch (e.kind) {
    case Kind::kColumn: return column(e, in);
    case Kind::kLiteral: return sql_literal(e.literal);
    case Kind::kAnd:
    case Kind::kOr: return logical(e.kind, e, in);
    case Kind::kNot: return negation(e, in);
    case Kind::kEq:
    case Kind::kNe:
    case Kind::kLt:
    case Kind::kLe:
    case Kind::kGt:
    case Kind::kGe: return comparison(e, in);
    case Kind::kIsNull: return is_null_test(e, in);
    case Kind::kAdd:
    case Kind::kSub:
    case Kind::kMul:
    case Kind::kDiv: return calculation(e, in);
    case Kind::kCoalesce: return coalesce(e, in);
    case Kind::kIn: return in_values(e, in);
    case Kind::kInPrefixes: return in_prefixes(e, in);
    case Kind::kTupleIn: return tuple_in(e, in);
    case Kind::kMatches: return matches(e, in);
    case Kind::kClassify: return classify(e, in);
    case Kind::kLabel: return label(e, in);
    case Kind::kTimeBucket: return time_bucket(e, in);
    case Kind::kLocalDate:
    case Kind::kLocalHour:
    case Kind::kLocalWeekday: return local_time(e, in);
    case Kind::kPrefixOf: return prefix_of(e, in);
    case Kind::kPortService: return port_service(e, in);
  }
  return Failure(ErrorCode::kInternal, "an expression of a kind that nobody renders");
}

Result<Sql> render_condition(const ExprPtr& e, const RenderInput& in) {
  if (!e) return constant_bool(true);
  RW_ASSIGN(Sql s, render(*e, in));
  if (is_constant_null(s)) return constant_bool(false);
  if (s.type != SqlType::kBool) return mismatch("a filter", s);
  return s;
}

void columns_of(const Expr& e, std::vector<std::string>& names) {
  if (e.kind == Kind::kColumn && std::find(names.begin(), names.end(), e.name) == names.end()) names.push_back(e.name);
  for (const ExprPtr& arg : e.args) columns_of(*arg, names);
}

}  // namespace rw
