// Bootstrap intervals and change points on series whose truth is known.
#include "section/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rw {
namespace {

// A repeatable wobble of about ±`percent`, without any trend.
double wobble(std::int64_t day, double percent) {
  std::uint64_t x = static_cast<std::uint64_t>(day) * 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9ULL;
  return 1 + percent / 100 * (static_cast<double>(x >> 40) / static_cast<double>(1 << 24) * 2 - 1);
}

template <typename Level>
std::vector<DayVolume> series(int days, Level level, double percent = 15) {
  std::vector<DayVolume> result;
  for (int day = 0; day < days; ++day) result.push_back({day, level(day) * wobble(day, percent), 24});
  return result;
}

TEST(Median, OfOddEvenAndNone) {
  EXPECT_DOUBLE_EQ(median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_DOUBLE_EQ(median({}), 0);
}

TEST(MeanDaily, IsOverObservedTime) {
  const std::vector<DayVolume> days = {{0, 100, 24}, {1, 60, 12}, {2, 0, 0}};
  EXPECT_DOUBLE_EQ(mean_daily(days).value(), 160.0 / 36 * 24);
  EXPECT_FALSE(mean_daily(std::vector<DayVolume>{{0, 0, 0}}).has_value());
}

TEST(Change, CoversTheTruthAndIsRepeatable) {
  const auto before = series(90, [](int) { return 1000.0; });
  const auto after = series(100, [](int) { return 4000.0; });
  const auto change = change_between(after, before);
  ASSERT_TRUE(change);
  EXPECT_NEAR(change->ratio, 4.0, 0.15);
  EXPECT_DOUBLE_EQ(change->percent, 100 * (change->ratio - 1));
  EXPECT_LT(change->low_percent, 300);
  EXPECT_GT(change->high_percent, 300);
  EXPECT_LT(change->high_percent - change->low_percent, 40);
  const auto again = change_between(after, before);
  EXPECT_DOUBLE_EQ(again->low_percent, change->low_percent);
  EXPECT_DOUBLE_EQ(again->high_percent, change->high_percent);
}

TEST(Change, PartialDaysWeighByTheirHours) {
  auto before = series(
      30, [](int) { return 2400.0; }, 0);
  auto after = before;
  for (std::size_t i = 0; i < 10; ++i) after[i] = {after[i].day, 1200, 12};  // half observed, the same rate
  EXPECT_NEAR(change_between(after, before)->ratio, 1.0, 1e-12);
}

TEST(Change, NeedsFourteenObservedDaysAndSomethingBefore) {
  const auto enough = series(14, [](int) { return 10.0; });
  const auto few = series(13, [](int) { return 10.0; });
  const auto nothing = series(20, [](int) { return 0.0; });
  EXPECT_TRUE(change_between(enough, enough));
  EXPECT_FALSE(change_between(few, enough));
  EXPECT_FALSE(change_between(enough, few));
  EXPECT_FALSE(change_between(enough, nothing));
  ASSERT_TRUE(change_between(nothing, enough));
  EXPECT_DOUBLE_EQ(change_between(nothing, enough)->percent, -100);
  std::vector<DayVolume> half = series(27, [](int) { return 10.0; });
  for (DayVolume& day : half) day.hours = 12;  // 13.5 days
  EXPECT_FALSE(change_between(half, enough));
}

TEST(ChangePoints, FindASteadySeriesSteady) {
  EXPECT_TRUE(change_points(series(365, [](int) { return 1e6; })).empty());
  EXPECT_TRUE(change_points(series(365, [](int day) { return day % 7 >= 5 ? 2e5 : 1e6; })).empty());  // a week's shape
  EXPECT_TRUE(change_points(series(10, [](int) { return 1e6; })).empty());
  EXPECT_TRUE(change_points({}).empty());
}

TEST(ChangePoints, FindALevelThatDoubles) {
  const auto points = change_points(series(300, [](int day) { return day < 120 ? 1e6 : 2e6; }));
  ASSERT_EQ(points.size(), 1U);
  EXPECT_NEAR(static_cast<double>(points[0].day), 120, 1);
  EXPECT_NEAR(points[0].after / points[0].before, 2.0, 0.1);
  EXPECT_EQ(points[0].confidence, Confidence::kHigh);
}

TEST(ChangePoints, FindEachOfSeveralSteps) {
  const auto level = [](int day) { return day < 275 ? 1e6 : day < 518 ? 1.8e6 : day < 640 ? 2.8e6 : 4e6; };
  const auto points = change_points(series(944, level));
  ASSERT_EQ(points.size(), 3U);
  EXPECT_NEAR(static_cast<double>(points[0].day), 275, 2);
  EXPECT_NEAR(static_cast<double>(points[1].day), 518, 2);
  EXPECT_NEAR(static_cast<double>(points[2].day), 640, 2);
}

TEST(ChangePoints, AreNotMadeByOneBurstOrUnobservedDays) {
  auto days = series(200, [](int day) { return day == 100 ? 5e9 : 1e6; });
  EXPECT_TRUE(change_points(days).empty());
  for (int day = 50; day < 80; ++day) days[static_cast<std::size_t>(day)] = {day, 0, 0};
  EXPECT_TRUE(change_points(days).empty());
}

}  // namespace
}  // namespace rw
