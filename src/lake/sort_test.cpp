// The order of rows in files: by hour, then address, then time; the quick way and the general one.
#include "lake/sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "lake/lake_testing.h"

namespace rw {
namespace {

constexpr std::int64_t kUnit = 62'500;  // a sixteenth of a second: what the quick way tells apart

// Where a flow belongs; times finer than `unit` microseconds do not count.
auto place(const Flow& flow, std::int64_t unit) {
  const std::int64_t hour = flow.start_time / kHour.us;
  return std::tuple(hour, flow.src.hi, flow.src.lo, (flow.start_time - hour * kHour.us) / unit);
}

void expect_sorted(const std::vector<Flow>& flows, std::int64_t unit) {
  const std::vector<std::uint32_t> order = sorted_rows(batch_of<Flow>(flows));
  ASSERT_EQ(order.size(), flows.size());
  std::vector<bool> seen(flows.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    ASSERT_LT(order[i], flows.size());
    ASSERT_FALSE(seen[order[i]]) << "row " << order[i] << " twice";
    seen[order[i]] = true;
    if (i == 0) continue;
    ASSERT_LE(place(flows[order[i - 1]], unit), place(flows[order[i]], unit)) << i;
  }
}

std::vector<Flow> shuffled(std::size_t count, std::int64_t hours) {
  std::mt19937_64 random(count);
  std::vector<Flow> all(count, flow_of(0));
  for (Flow& flow : all) {
    flow.start_time = kStart.us + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(hours * kHour.us));
    flow.end_time = flow.start_time;
    flow.src = Ip::v4(static_cast<std::uint32_t>(0xC000'0200 + random() % 7 * 0x10'0001));
  }
  return all;
}

TEST(Sort, OneHourOfIPv4) { expect_sorted(shuffled(5'000, 1), kUnit); }
TEST(Sort, ManyHoursOfIPv4) { expect_sorted(shuffled(5'000, 24 * 31), kUnit); }
TEST(Sort, OneRow) { expect_sorted(shuffled(1, 1), kUnit); }

// More hours than the packed key has room for (7.5 years).
TEST(Sort, ManyYears) { expect_sorted(shuffled(2'000, 24 * 366 * 9), 1); }

TEST(Sort, BothFamilies) {
  std::vector<Flow> all = shuffled(3'000, 3);
  for (std::size_t i = 0; i < all.size(); i += 5) all[i].src = Ip{0x2001'0DB8'0000'0000, i % 11};
  expect_sorted(all, 1);
}

TEST(Sort, RowsOfOnePlaceStayInTheirOrder) {
  std::vector<Flow> all(100, flow_of(0));
  const std::vector<std::uint32_t> order = sorted_rows(batch_of<Flow>(all));
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Sort, EmptyBatch) {
  EXPECT_TRUE(sorted_rows(Batch(*find_table("flows"))).empty());
  EXPECT_TRUE(sorted_rows(Batch(*find_table("weird"))).empty());
}

}  // namespace
}  // namespace rw
