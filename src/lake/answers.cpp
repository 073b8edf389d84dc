// Decoding of result columns into values.
#include "lake/answers.h"

#include <cmath>

namespace rw {
namespace {

using duck::Type;
using duck::Vector;

// A 128-bit sum as an integer where it fits, else as a double.
Value huge_value(const void* data, std::size_t row) {
  struct Huge {
    std::uint64_t lower;
    std::int64_t upper;
  };
  const Huge& h = static_cast<const Huge*>(data)[row];
  const auto low = static_cast<std::int64_t>(h.lower);
  if ((h.upper == 0 && low >= 0) || (h.upper == -1 && low < 0)) return low;
  return std::ldexp(static_cast<double>(h.upper), 64) + static_cast<double>(h.lower);
}

Value value_at(const Vector& v, std::size_t row) {
  if (v.is_null(row)) return Null{};
  switch (v.type) {
    case Type::kBool: return v.values<bool>()[row];
    case Type::kI8: return std::int64_t{v.values<std::int8_t>()[row]};
    case Type::kI16: return std::int64_t{v.values<std::int16_t>()[row]};
    case Type::kI32: return std::int64_t{v.values<std::int32_t>()[row]};
    case Type::kI64: return v.values<std::int64_t>()[row];
    case Type::kU8: return std::int64_t{v.values<std::uint8_t>()[row]};
    case Type::kU16: return std::int64_t{v.values<std::uint16_t>()[row]};
    case Type::kU32: return std::int64_t{v.values<std::uint32_t>()[row]};
    case Type::kU64: {
      const std::uint64_t n = v.values<std::uint64_t>()[row];
      return n <= INT64_MAX ? Value(static_cast<std::int64_t>(n)) : Value(n);
    }
    case Type::kHuge: return huge_value(v.data, row);
    case Type::kFloat: return double{v.values<float>()[row]};
    case Type::kDouble: return v.values<double>()[row];
    case Type::kText: return std::string(v.text(row));
    case Type::kTimestamp: return Timestamp{v.values<std::int64_t>()[row]};
    case Type::kDate: return format_date(v.values<std::int32_t>()[row]);
    default: return Null{};
  }
}

Value address_value(const OutputColumn& column, const duck::Chunk& chunk, std::size_t row) {
  const Vector& first = chunk.columns[column.at];
  if (first.is_null(row)) return Null{};
  Ip ip;
  if (column.pair) {
    const Vector& second = chunk.columns[column.at + 1];
    if (second.is_null(row)) return Null{};
    ip = {first.values<std::uint64_t>()[row], second.values<std::uint64_t>()[row]};
  } else {
    ip = Ip::v4(first.values<std::uint32_t>()[row]);
  }
  if (column.type == SqlType::kIp) return ip;
  return Prefix{ip, static_cast<std::uint8_t>(ip.is_v4() ? 96 + column.length4 : column.length6)};
}

bool is_numeric(Type type) { return type >= Type::kI8 && type <= Type::kDouble; }

}  // namespace

Answer empty_answer(const Rendered& rendered) {
  Answer answer;
  for (const OutputColumn& column : rendered.columns)
    answer.columns.push_back(
        {column.name, std::string(column.unit), column.type == SqlType::kInt || column.type == SqlType::kDouble});
  return answer;
}

void append_rows(const Rendered& rendered, const duck::Chunk& chunk, Answer& answer) {
  answer.rows.reserve(answer.rows.size() + chunk.rows);
  for (std::size_t row = 0; row < chunk.rows; ++row) {
    std::vector<Value>& values = answer.rows.emplace_back();
    values.reserve(rendered.columns.size());
    for (const OutputColumn& column : rendered.columns) {
      const bool address = column.type == SqlType::kIp || column.type == SqlType::kPrefix;
      values.push_back(address ? address_value(column, chunk, row) : value_at(chunk.columns[column.at], row));
    }
  }
  if (rendered.total && chunk.rows > 0)
    answer.total = static_cast<std::uint64_t>(chunk.columns[*rendered.total].values<std::int64_t>()[0]);
}

Answer empty_answer(std::span<const duck::ResultColumn> columns) {
  Answer answer;
  for (const duck::ResultColumn& column : columns) answer.columns.push_back({column.name, "", is_numeric(column.type)});
  return answer;
}

void append_rows(const duck::Chunk& chunk, Answer& answer) {
  for (std::size_t row = 0; row < chunk.rows; ++row) {
    std::vector<Value>& values = answer.rows.emplace_back();
    for (const Vector& v : chunk.columns) values.push_back(value_at(v, row));
  }
}

}  // namespace rw
