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

}  // namespace

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
    if (shape[i].form == Form::kConstant) ((text += table.columns[i].name) += '=') += std::to_string(shape[i].constant);
  }
  return text;
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
    if (const int i = find_column(table, name + "_lo"); i > 0) {
      shape[static_cast<std::size_t>(i)].form = Form::kV4Low;
      shape[static_cast<std::size_t>(i) - 1].form = Form::kV4High;
    } else if (const int c = find_column(table, name); c >= 0) {
      shape[static_cast<std::size_t>(c)] = {
          Form::kConstant,
          static_cast<std::uint32_t>(std::strtoul(std::string(word.substr(equals + 1)).c_str(), nullptr, 10))};
    }
  }
  return shape;
}

}  // namespace rw
