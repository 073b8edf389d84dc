// The arithmetic of beacons.
#include "detect/beacon_score.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace rw {
namespace {

constexpr int kHoursOfARun = 12;      // as long as this is a whole day's worth
constexpr int kLeastHoursOfARun = 6;  // a shorter run is an evening's use
constexpr int kLeastHoursForLevels = 11;
constexpr std::size_t kLevels = 2;  // a program that has a slow and a fast hour

// The value below which `share` of sorted values lie, by the nearest rank.
double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<std::size_t>(std::lround(share * static_cast<double>(sorted.size() - 1)))];
}

double symmetry(const std::vector<double>& sorted) {
  const double low = quantile(sorted, 0.25), middle = quantile(sorted, 0.5), high = quantile(sorted, 0.75);
  // Where the middle is one of the quartiles, the skew is 1 or -1 for a reason that says nothing.
  if (high == low || middle == low || middle == high) return 1;
  return 1 - std::abs((high + low - 2 * middle) / (high - low));
}

double spread(const std::vector<double>& sorted) {
  const double middle = quantile(sorted, 0.5);
  std::vector<double> deviations;
  for (const double value : sorted) deviations.push_back(std::abs(value - middle));
  std::sort(deviations.begin(), deviations.end());
  const double mad = quantile(deviations, 0.5);
  if (mad == 0) return 1;
  return middle <= 0 ? 0 : std::max(0.0, 1 - mad / middle);
}

std::vector<double> by_hour(std::span<const Timestamp> times, TimeRange day) {
  const auto hours =
      static_cast<std::size_t>(std::max<std::int64_t>(1, (day.to.us - day.from.us + kHour.us - 1) / kHour.us));
  std::vector<double> counts(hours);
  for (const Timestamp time : times) {
    const std::int64_t hour =
        std::clamp<std::int64_t>((time.us - day.from.us) / kHour.us, 0, static_cast<std::int64_t>(hours) - 1);
    ++counts[static_cast<std::size_t>(hour)];
  }
  return counts;
}

// The longest run of hours with connections; midnight is no break of it.
int longest_run(const std::vector<double>& counts) {
  int longest = 0, run = 0;
  for (std::size_t i = 0; i < 2 * counts.size() && longest < static_cast<int>(counts.size()); ++i) {
    run = counts[i % counts.size()] > 0 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

double evenness(const std::vector<double>& counts) {
  double sum = 0, squares = 0;
  for (const double n : counts) sum += n;
  const double mean = sum / static_cast<double>(counts.size());
  if (mean <= 0) return 0;
  for (const double n : counts) squares += (n - mean) * (n - mean);
  return std::max(0.0, 1 - std::sqrt(squares / static_cast<double>(counts.size())) / mean);
}

// Share of the hours with connections whose count, rounded to 5 % of the largest, is one of the two commonest.
double few_levels(const std::vector<double>& counts) {
  const double largest = *std::max_element(counts.begin(), counts.end());
  const double step = std::max(1.0, std::ceil(largest * 0.05));
  std::map<std::int64_t, int> levels;
  int hours = 0;
  for (const double n : counts)
    if (n > 0) {
      ++levels[static_cast<std::int64_t>(n / step)];
      ++hours;
    }
  if (hours < kLeastHoursForLevels) return 0;
  std::vector<int> sizes;
  for (const auto& [level, size] : levels) sizes.push_back(size);
  std::sort(sizes.rbegin(), sizes.rend());
  int fit = 0;
  for (std::size_t i = 0; i < std::min(kLevels, sizes.size()); ++i) fit += sizes[i];
  return static_cast<double>(fit) / hours;
}

double covered(Timestamp first, Timestamp last, TimeRange day) {
  const double length = (day.to - day.from).to_seconds();
  return length <= 0 ? 0 : std::min(1.0, (last - first).to_seconds() / length);
}

}  // namespace

double regularity(std::vector<double> values) {
  if (values.size() < 3) return 0;
  std::sort(values.begin(), values.end());
  return (symmetry(values) + spread(values)) / 2;
}

BeaconScore beacon_score(std::span<const Timestamp> times, std::span<const double> sizes, TimeRange day) {
  BeaconScore score;
  if (times.size() < 2 || day.empty()) return score;
  std::vector<double> gaps;
  for (std::size_t i = 1; i < times.size(); ++i)
    if (times[i] != times[i - 1]) gaps.push_back((times[i] - times[i - 1]).to_seconds());
  score.timing = regularity(gaps);
  if (!gaps.empty()) {
    std::sort(gaps.begin(), gaps.end());
    score.gap = Duration{static_cast<std::int64_t>(quantile(gaps, 0.5) * 1e6)};
  }
  score.sizes = regularity({sizes.begin(), sizes.end()});
  const std::vector<double> counts = by_hour(times, day);
  const int run = longest_run(counts);
  const double lasting = run < kLeastHoursOfARun ? 0 : std::min(1.0, static_cast<double>(run) / kHoursOfARun);
  score.duration = std::max(covered(times.front(), times.back(), day), lasting);
  score.histogram = std::max(evenness(counts), few_levels(counts));
  return score;
}

double most_duration(Timestamp first, Timestamp last, TimeRange day) {
  const double hours = (last - first).to_seconds() / 3600 + 2;  // the first and the last may be hours in part
  const double lasting = hours < kLeastHoursOfARun ? 0 : std::min(1.0, hours / kHoursOfARun);
  return std::max(covered(first, last, day), lasting);
}

}  // namespace rw
