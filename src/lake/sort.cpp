// Sorting rows by packed keys: one radix sort over 64 bits where hour, IPv4 address and time fit, else comparisons.
#include "lake/sort.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "base/time.h"
#include "lake/shape.h"

namespace rw {
namespace {

struct Keyed {
  std::uint64_t key;
  std::uint32_t row;
};

// Least significant digit first, 11 bits a pass; digits that all rows share are skipped.
void radix_sort(std::vector<Keyed>& rows) {
  constexpr unsigned kBits = 11;
  constexpr unsigned kPasses = (64 + kBits - 1) / kBits;
  constexpr std::size_t kBuckets = 1 << kBits;
  std::vector<std::array<std::uint32_t, kBuckets>> counts(kPasses);
  for (const Keyed& row : rows)
    for (unsigned pass = 0; pass < kPasses; ++pass) ++counts[pass][row.key >> (pass * kBits) & (kBuckets - 1)];
  std::vector<Keyed> other(rows.size());
  for (unsigned pass = 0; pass < kPasses; ++pass) {
    std::array<std::uint32_t, kBuckets>& count = counts[pass];
    if (count[rows.front().key >> (pass * kBits) & (kBuckets - 1)] == rows.size()) continue;
    std::uint32_t at = 0;
    for (std::uint32_t& c : count) at += std::exchange(c, at);
    for (const Keyed& row : rows) other[count[row.key >> (pass * kBits) & (kBuckets - 1)]++] = row;
    rows.swap(other);
  }
}

struct Wide {
  std::int64_t hour;
  std::uint64_t hi;
  std::uint64_t lo;
  std::int64_t time;
  std::uint32_t row;
  friend bool operator<(const Wide& a, const Wide& b) {
    return std::tie(a.hour, a.hi, a.lo, a.time) < std::tie(b.hour, b.hi, b.lo, b.time);
  }
};

}  // namespace

std::vector<std::uint32_t> sorted_rows(const Batch& batch) {
  const TableSpec& table = batch.table();
  const std::size_t rows = batch.rows();
  std::vector<std::uint32_t> order(rows);
  if (rows == 0) return order;
  const auto* times = batch.column(table.time_column).values<std::int64_t>();
  const bool by_address = table.sort_columns.size() == 3;
  const auto* hi = by_address ? batch.column(table.sort_columns[0]).values<std::uint64_t>() : nullptr;
  const auto* lo = by_address ? batch.column(table.sort_columns[1]).values<std::uint64_t>() : nullptr;

  const auto [first, last] = std::minmax_element(times, times + rows);
  const std::int64_t first_hour = *first / kHour.us;
  constexpr std::int64_t kTimeUnit = 62'500;  // µs: an hour is 57,600 of them, which is 16 bits
  bool fits = *last / kHour.us - first_hour < 65'536 && *first >= 0;
  for (std::size_t i = 0; by_address && fits && i < rows; ++i) fits = Ip{hi[i], lo[i]}.is_v4();
  if (fits) {
    std::vector<Keyed> keyed(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::int64_t hour = times[i] / kHour.us;
      const auto in_hour = static_cast<std::uint64_t>((times[i] - hour * kHour.us) / kTimeUnit);
      const std::uint64_t address = by_address ? lo[i] & 0xFFFF'FFFF : 0;
      keyed[i] = {static_cast<std::uint64_t>(hour - first_hour) << 48 | address << 16 | in_hour,
                  static_cast<std::uint32_t>(i)};
    }
    radix_sort(keyed);
    for (std::size_t i = 0; i < rows; ++i) order[i] = keyed[i].row;
    return order;
  }
  std::vector<Wide> wide(rows);
  for (std::size_t i = 0; i < rows; ++i)
    wide[i] = {times[i] / kHour.us, by_address ? hi[i] : 0, by_address ? lo[i] : 0, times[i],
               static_cast<std::uint32_t>(i)};
  std::sort(wide.begin(), wide.end());
  for (std::size_t i = 0; i < rows; ++i) order[i] = wide[i].row;
  return order;
}

}  // namespace rw
