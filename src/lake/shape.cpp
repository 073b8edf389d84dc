// Shapes of files, from batches and to and from text.
#include "lake/shape.h"

#include <algorithm>

namespace rw {
namespace {

bool v4_throughout(const ColumnBuffer& high, const ColumnBuffer& low) {
  const auto* hi = high.values<std::uint64_t>();
  const auto* lo = low.values<std::uint64_t>();
  // Nulls are stored as zeros; they do not speak against IPv4.
  if (low.null_count() > 0) {
    for (std::size_t i = 0; i < low.rows(); ++i)
      if (!low.is_null(i) && !Ip{hi[i], lo[i]}.is_v4()) return false;
    return true;
  }
  std::uint64_t other = 0;
  for (std::size_t i = 0; i < low.rows(); ++i) other |= hi[i] | ((lo[i] >> 32) ^ 0xFFFF);
  return other == 0;
}

bool constant_throughout(const ColumnBuffer& column) {
  if (column.null_count() > 0 || column.rows() == 0) return false;
  const auto* values = column.values<std::uint32_t>();
  return std::all_of(values, values + column.rows(), [first = values[0]](std::uint32_t v) { return v == first; });
}

// Negative values and null speak for themselves: null is stored as 0, and a negative counter needs all its bits.
bool narrow_throughout(const ColumnBuffer& column) {
  const auto* values = column.values<std::uint64_t>();
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < column.rows(); ++i) bits |= values[i];
  return bits <= UINT32_MAX;
}

bool short_throughout(const ColumnBuffer& from, const ColumnBuffer& to) {
  if (from.null_count() + to.null_count() > 0) return false;
  const auto* a = from.values<std::uint64_t>();
  const auto* b = to.values<std::uint64_t>();
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < from.rows(); ++i) bits |= b[i] - a[i];
  return bits <= UINT32_MAX;
}

}  // namespace

std::string stored_name(const TableSpec& table, std::size_t column, const StoredColumn& stored) {
  using Form = StoredColumn::Form;
  switch (stored.form) {
    case Form::kPlain:
    case Form::kNarrow: return std::string(table.columns[column].name);
    case Form::kV4Low: return std::string(address_name(table, column)) + "_v4";
    case Form::kSpan: return "duration_us";
    default: return {};
  }
}

std::string_view address_name(const TableSpec& table, std::size_t low_column) {
  const std::string_view low = table.columns[low_column].name;
  if (low_column == 0 || !low.ends_with("_lo")) return {};
  const std::string_view stem = low.substr(0, low.size() - 3);
  const std::string_view high = table.columns[low_column - 1].name;
  return high.size() == low.size() && high.ends_with("_hi") && high.starts_with(stem) ? stem : std::string_view{};
}

Shape shape_of(const Batch& batch) {
  using Form = StoredColumn::Form;
  const TableSpec& table = batch.table();
  Shape shape(table.columns.size());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const ColumnBuffer& column = batch.column(i);
    if (!address_name(table, i).empty() && v4_throughout(batch.column(i - 1), column)) {
      shape[i - 1].form = column.null_count() == column.rows() ? Form::kNull : Form::kV4High;
      shape[i].form = column.null_count() == column.rows() ? Form::kNull : Form::kV4Low;
    } else if (column.null_count() == column.rows()) {
      shape[i].form = Form::kNull;
    } else if (table.columns[i].type == ColumnType::kI64 && narrow_throughout(column)) {
      shape[i].form = Form::kNarrow;
    } else if (table.columns[i].name == "end_time" && short_throughout(batch.column(table.time_column), column)) {
      shape[i].form = Form::kSpan;
    } else if (table.columns[i].name == "sampling" && constant_throughout(column)) {
      shape[i] = {Form::kConstant, column.values<std::uint32_t>()[0]};
    }
  }
  return shape;
}

std::string shape_text(const TableSpec& table, const Shape& shape) {
  using Form = StoredColumn::Form;
  std::string text;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].form == Form::kPlain || shape[i].form == Form::kV4High) continue;
    if (!text.empty()) text += ' ';
    if (shape[i].form == Form::kNull) (text += '-') += table.columns[i].name;
    if (shape[i].form == Form::kV4Low) (text += address_name(table, i)) += "=4";
    if (shape[i].form == Form::kNarrow) (text += table.columns[i].name) += "=u32";
    if (shape[i].form == Form::kSpan) (text += table.columns[i].name) += "=span";
    if (shape[i].form == Form::kConstant) ((text += table.columns[i].name) += '=') += std::to_string(shape[i].constant);
  }
  return text;
}

std::string with_later_columns(const TableSpec& table, std::uint16_t schema, std::string shape) {
  if (schema >= table.schema) return shape;
  for (const Column& column : table.columns)
    if (since(table, column.name) > schema) ((shape += shape.empty() ? "-" : " -") += column.name);
  return shape;
}

Shape parse_shape(const TableSpec& table, std::string_view text) {
  using Form = StoredColumn::Form;
  Shape shape(table.columns.size());
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.starts_with('-')) {
      if (const int i = find_column(table, word.substr(1)); i >= 0)
        shape[static_cast<std::size_t>(i)].form = Form::kNull;
      continue;
    }
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(word.substr(0, equals));
    const std::string value(word.substr(equals + 1));
    if (const int low = find_column(table, name + "_lo"); low > 0) {
      shape[static_cast<std::size_t>(low)].form = Form::kV4Low;
      shape[static_cast<std::size_t>(low) - 1].form = Form::kV4High;
    } else if (const int i = find_column(table, name); i >= 0) {
      StoredColumn& stored = shape[static_cast<std::size_t>(i)];
      if (value == "u32")
        stored.form = Form::kNarrow;
      else if (value == "span")
        stored.form = Form::kSpan;
      else
        stored = {Form::kConstant, static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10))};
    }
  }
  return shape;
}

}  // namespace rw
