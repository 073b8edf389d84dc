// The score of beacons: programs against people.
#include "detect/beacon_score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rw {
namespace {

const TimeRange kWholeDay{Timestamp::from_seconds(1561939200), Timestamp::from_seconds(1561939200 + 86'400)};

TEST(BeaconScore, AProgramThatCallsEveryFiveMinutesHasNearlyAll) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> jitter(-4, 4);
  std::vector<Timestamp> times;
  std::vector<double> sizes;
  for (double at = 10; at < 86'400; at += 300 + jitter(random)) {
    times.push_back(kWholeDay.from + Duration{static_cast<std::int64_t>(at * 1e6)});
    sizes.push_back(836);
  }
  const BeaconScore score = beacon_score(times, sizes, kWholeDay);
  EXPECT_GT(score.total(), 0.95);
  EXPECT_NEAR(score.gap.to_seconds(), 300, 2);
  EXPECT_EQ(score.sizes, 1);
}

TEST(BeaconScore, PeopleAtWorkHaveFarLess) {
  std::mt19937 random(2);
  std::exponential_distribution<double> gap(1 / 200.0);
  std::lognormal_distribution<double> size(7, 1.5);
  std::vector<Timestamp> times;
  std::vector<double> sizes;
  for (double at = 9 * 3600; at < 17 * 3600; at += gap(random)) {
    times.push_back(kWholeDay.from + Duration{static_cast<std::int64_t>(at * 1e6)});
    sizes.push_back(size(random));
  }
  EXPECT_LT(beacon_score(times, sizes, kWholeDay).total(), 0.7);
}

TEST(BeaconScore, IsDefinedForLittle) {
  EXPECT_EQ(beacon_score({}, {}, kWholeDay).total(), 0);
  const std::vector<Timestamp> one(5, kWholeDay.from);  // all at once
  const std::vector<double> sizes(5, 100.0);
  const BeaconScore score = beacon_score(one, sizes, kWholeDay);
  EXPECT_EQ(score.timing, 0);
  EXPECT_EQ(score.duration, 0);
  EXPECT_EQ(regularity({1, 1}), 0);
  EXPECT_EQ(regularity({5, 5, 5}), 1);
  EXPECT_EQ(regularity({0, 0, 0, 0, 9}), 1);
}

TEST(BeaconScore, NoCloserLookRaisesTheDurationAboveItsBound) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Timestamp> times;
    const double from = std::uniform_real_distribution<double>(0, 80'000)(random);
    const double to = std::uniform_real_distribution<double>(from, 86'399)(random);
    for (int i = 0; i < 40; ++i)
      times.push_back(kWholeDay.from + Duration{static_cast<std::int64_t>(
                                           std::uniform_real_distribution<double>(from, to)(random) * 1e6)});
    std::sort(times.begin(), times.end());
    const std::vector<double> sizes(times.size(), 1.0);
    EXPECT_LE(beacon_score(times, sizes, kWholeDay).duration, most_duration(times.front(), times.back(), kWholeDay));
  }
}

}  // namespace
}  // namespace rw
