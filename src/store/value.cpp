// Conversions of answer values.
#include "store/value.h"

namespace rw {

double as_double(const Value& v, double otherwise) {
  if (const auto* d = std::get_if<double>(&v)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&v)) return static_cast<double>(*i);
  if (const auto* u = std::get_if<std::uint64_t>(&v)) return static_cast<double>(*u);
  if (const auto* t = std::get_if<Timestamp>(&v)) return static_cast<double>(t->us);
  return otherwise;
}

std::int64_t as_int(const Value& v, std::int64_t otherwise) {
  if (const auto* i = std::get_if<std::int64_t>(&v)) return *i;
  if (const auto* u = std::get_if<std::uint64_t>(&v)) return static_cast<std::int64_t>(*u);
  if (const auto* d = std::get_if<double>(&v)) return static_cast<std::int64_t>(*d);
  if (const auto* t = std::get_if<Timestamp>(&v)) return t->us;
  if (const auto* b = std::get_if<bool>(&v)) return *b ? 1 : 0;
  return otherwise;
}

std::string as_string(const Value& v) {
  const auto* s = std::get_if<std::string>(&v);
  return s != nullptr ? *s : std::string();
}

int Answer::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].name == name) return static_cast<int>(i);
  return -1;
}

}  // namespace rw
