// Bootstrap by day and change points by optimal partitioning.
#include "section/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace rw {
namespace {

// SplitMix64: the standard library's distributions differ between implementations, and reports must not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t n) {  // n < 2^32
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<std::size_t>(((z ^ (z >> 31)) >> 32) * n >> 32);
  }

 private:
  std::uint64_t state_;
};

std::vector<DayVolume> observed_only(std::span<const DayVolume> days) {
  std::vector<DayVolume> kept;
  for (const DayVolume& day : days)
    if (day.hours > 0) kept.push_back(day);
  return kept;
}

double observed_days(std::span<const DayVolume> days) {
  double hours = 0;
  for (const DayVolume& day : days) hours += day.hours;
  return hours / 24;
}

double resampled_mean(std::span<const DayVolume> days, Random& random) {
  double bytes = 0, hours = 0;
  for (std::size_t i = 0; i < days.size(); ++i) {
    const DayVolume& day = days[random.below(days.size())];
    bytes += day.bytes;
    hours += day.hours;
  }
  return bytes / hours * 24;
}

// ---- change points

struct Series {
  std::vector<std::int64_t> days;
  std::vector<double> values;  // log10 of bytes a day
};

Series logarithms(std::span<const DayVolume> days, double minimum_hours) {
  Series series;
  for (const DayVolume& day : days) {
    if (day.hours < minimum_hours) continue;
    series.days.push_back(day.day);
    series.values.push_back(std::log10(std::max(1.0, day.bytes / day.hours * 24)));
  }
  return series;
}

std::vector<double> running_median(const std::vector<double>& values, std::size_t half_width) {
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t from = i < half_width ? 0 : i - half_width;
    const std::size_t to = std::min(values.size(), i + half_width + 1);
    result[i] =
        median({values.begin() + static_cast<std::ptrdiff_t>(from), values.begin() + static_cast<std::ptrdiff_t>(to)});
  }
  return result;
}

// A week's shape is no change of level: each weekday's median distance from the running median goes.
void remove_weekdays(Series& series) {
  constexpr std::size_t kEnoughWeeks = 3;
  const std::vector<double> level = running_median(series.values, 7);
  std::array<std::vector<double>, 7> distances;
  for (std::size_t i = 0; i < series.days.size(); ++i)
    distances[static_cast<std::size_t>(((series.days[i] % 7) + 7) % 7)].push_back(series.values[i] - level[i]);
  for (const auto& of_weekday : distances)
    if (of_weekday.size() < kEnoughWeeks) return;
  for (std::size_t i = 0; i < series.days.size(); ++i)
    series.values[i] -= median(distances[static_cast<std::size_t>(((series.days[i] % 7) + 7) % 7)]);
}

// Holds single days to 4 deviations from their fortnight and returns the variance that a mean of days has,
// autocorrelation included.
double tame_and_measure(std::vector<double>& values) {
  constexpr double kMadToDeviation = 1.4826;  // of a normal distribution
  constexpr double kFloor = 1e-4;             // constant series would otherwise split on rounding
  std::vector<double> steps;
  for (std::size_t i = 1; i < values.size(); ++i) steps.push_back(std::abs(values[i] - values[i - 1]));
  const double deviation = std::max(std::sqrt(kFloor), kMadToDeviation * median(steps) / std::sqrt(2.0));
  const std::vector<double> level = running_median(values, 7);
  double products = 0, squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = std::clamp(values[i], level[i] - 4 * deviation, level[i] + 4 * deviation);
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += (values[i] - level[i]) * (values[i] - level[i]);
    if (i > 0) products += (values[i] - level[i]) * (values[i - 1] - level[i - 1]);
  }
  const double rho = squares > 0 ? std::clamp(products / squares, 0.0, 0.6) : 0.0;
  return std::max(kFloor, deviation * deviation / (1 - rho)) * (1 + rho) / (1 - rho);
}

class Levels {  // sums for the cost of any run of days in constant time
 public:
  explicit Levels(const std::vector<double>& values) : sum_(values.size() + 1), square_(values.size() + 1) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum_[i + 1] = sum_[i] + values[i];
      square_[i + 1] = square_[i] + values[i] * values[i];
    }
  }
  double mean(std::size_t from, std::size_t to) const {
    return (sum_[to] - sum_[from]) / static_cast<double>(to - from);
  }
  double cost(std::size_t from, std::size_t to) const {
    const double sum = sum_[to] - sum_[from];
    return square_[to] - square_[from] - sum * sum / static_cast<double>(to - from);
  }

 private:
  std::vector<double> sum_;
  std::vector<double> square_;
};

// Ends of segments, without the last; each segment has at least `minimum` days.
std::vector<std::size_t> partition(const Levels& levels, std::size_t n, std::size_t minimum, double penalty) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::vector<double> best(n + 1, kNever);
  std::vector<std::size_t> previous(n + 1, 0);
  best[0] = -penalty;
  for (std::size_t end = minimum; end <= n; ++end) {
    for (std::size_t start = 0; start + minimum <= end; ++start) {
      if (best[start] == kNever) continue;
      const double total = best[start] + levels.cost(start, end) + penalty;
      if (total < best[end]) {
        best[end] = total;
        previous[end] = start;
      }
    }
  }
  std::vector<std::size_t> ends;
  for (std::size_t end = previous[n]; end > 0; end = previous[end]) ends.push_back(end);
  std::reverse(ends.begin(), ends.end());
  return ends;
}

// Joins neighbours whose levels are nearly the same, the closest first.
void join_close(std::vector<std::size_t>& ends, const Levels& levels, std::size_t n, double minimum_shift) {
  while (!ends.empty()) {
    std::size_t closest = 0;
    double smallest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < ends.size(); ++i) {
      const double before = levels.mean(i == 0 ? 0 : ends[i - 1], ends[i]);
      const double after = levels.mean(ends[i], i + 1 == ends.size() ? n : ends[i + 1]);
      if (std::abs(after - before) < smallest) {
        smallest = std::abs(after - before);
        closest = i;
      }
    }
    if (smallest >= std::log10(minimum_shift)) return;
    ends.erase(ends.begin() + static_cast<std::ptrdiff_t>(closest));
  }
}

Confidence confidence_of(double shift, double variance, std::size_t before, std::size_t after) {
  constexpr std::size_t kFourWeeks = 28;
  const double error = std::sqrt(variance * (1.0 / static_cast<double>(before) + 1.0 / static_cast<double>(after)));
  const double deviations = std::abs(shift) / error;
  if (deviations >= 8 && before >= kFourWeeks && after >= kFourWeeks) return Confidence::kHigh;
  return deviations >= 5 ? Confidence::kModerate : Confidence::kLow;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::optional<double> mean_daily(std::span<const DayVolume> days) {
  double bytes = 0, hours = 0;
  for (const DayVolume& day : days) {
    bytes += day.bytes;
    hours += day.hours;
  }
  if (hours <= 0) return std::nullopt;
  return bytes / hours * 24;
}

std::optional<Change> change_between(std::span<const DayVolume> after, std::span<const DayVolume> before) {
  const std::vector<DayVolume> a = observed_only(after);
  const std::vector<DayVolume> b = observed_only(before);
  if (observed_days(a) < kMinimumObservedDays || observed_days(b) < kMinimumObservedDays) return std::nullopt;
  const double mean_after = mean_daily(a).value_or(0);
  const double mean_before = mean_daily(b).value_or(0);
  if (mean_before <= 0) return std::nullopt;

  Random random(0x72616E6765776174ULL);
  std::vector<double> ratios;
  ratios.reserve(kBootstrapRounds);
  for (int round = 0; round < kBootstrapRounds; ++round) {
    const double numerator = resampled_mean(a, random);
    const double denominator = resampled_mean(b, random);
    if (denominator > 0) ratios.push_back(numerator / denominator);
  }
  if (ratios.empty()) return std::nullopt;
  std::sort(ratios.begin(), ratios.end());
  const auto at = [&](double share) {
    return ratios[static_cast<std::size_t>(share * static_cast<double>(ratios.size() - 1))];
  };
  const double ratio = mean_after / mean_before;
  return Change{ratio, 100 * (ratio - 1), 100 * (at(0.025) - 1), 100 * (at(0.975) - 1)};
}

std::vector<ChangePoint> change_points(std::span<const DayVolume> days, const ChangePointOptions& options) {
  Series series = logarithms(days, options.minimum_hours);
  const std::size_t n = series.values.size();
  if (n < 2 * options.minimum_segment_days) return {};
  remove_weekdays(series);
  const double variance = tame_and_measure(series.values);
  const Levels levels(series.values);
  std::vector<std::size_t> ends =
      partition(levels, n, options.minimum_segment_days, options.penalty * std::log(static_cast<double>(n)) * variance);
  join_close(ends, levels, n, options.minimum_shift);

  std::vector<ChangePoint> points;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const std::size_t from = i == 0 ? 0 : ends[i - 1];
    const std::size_t to = i + 1 == ends.size() ? n : ends[i + 1];
    const double before = levels.mean(from, ends[i]);
    const double after = levels.mean(ends[i], to);
    points.push_back({series.days[ends[i]], std::pow(10.0, before), std::pow(10.0, after),
                      confidence_of(after - before, variance, ends[i] - from, to - ends[i])});
  }
  return points;
}

}  // namespace rw
