// The arithmetic of comparisons: bootstrap intervals over days and change points in daily volumes. No store, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/finding.h"

namespace rw {

double median(std::vector<double> values);  // 0 for none

// One local day: what was carried in it, and for how much of it anybody watched.
struct DayVolume {
  std::int64_t day = 0;  // since 1970-01-01, local
  double bytes = 0;
  double hours = 0;  // observed, 0 to 25
};

// Bytes of a day of 24 observed hours; nullopt when nothing was observed.
std::optional<double> mean_daily(std::span<const DayVolume> days);

struct Change {
  double ratio = 1;
  double percent = 0;      // 100 · (ratio − 1)
  double low_percent = 0;  // 95 % interval of percent
  double high_percent = 0;
};
inline constexpr double kMinimumObservedDays = 14;  // contract.md, "Change"
inline constexpr int kBootstrapRounds = 2000;       // the interval's ends move by under 1 % of its width with more

// Change of the mean daily volume from `before` to `after`: percentile bootstrap over days, each day drawn together
// with its observed hours; the seed is fixed, so the same days give the same interval. Null below kMinimumObservedDays
// observed days on either side, or where `before` carried nothing.
std::optional<Change> change_between(std::span<const DayVolume> after, std::span<const DayVolume> before);

struct ChangePoint {
  std::int64_t day = 0;  // first local day of the new level
  double before = 0;     // mean daily bytes of the level before and after (geometric mean, so bursts weigh little)
  double after = 0;
  Confidence confidence = Confidence::kLow;
};
struct ChangePointOptions {
  std::size_t minimum_segment_days = 14;  // two weeks, so that a weekend or one burst is no level of its own
  double penalty = 3.0;                   // × ln(days) × variance: what one more level has to save
  double minimum_shift = 1.25;            // levels closer than this ratio are one
  double minimum_hours = 12;              // days watched for less are left out
};

// Levels in the logarithm of daily volumes by optimal partitioning (the exact search that PELT prunes). Weekday medians
// are taken out, single days are held to 4 deviations from their fortnight, and the penalty grows with the series'
// autocorrelation.
std::vector<ChangePoint> change_points(std::span<const DayVolume> days, const ChangePointOptions& options = {});

}  // namespace rw
