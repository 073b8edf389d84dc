// A detector's threshold: a number with its unit, default, bounds and meaning, and the values that a user set instead.
//
//   const double least = context.thresholds[thresholds::coin_port::kMinFlows];
//
// The thresholds of all detectors are declared in src/detect/thresholds.h. rangewatch.toml sets them in
// [detectors.ID] (model/settings.h).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "base/time.h"

namespace rw {

struct Threshold {
  std::string_view name;  // snake_case, without the unit: the key in rangewatch.toml
  double value;           // the default
  std::string_view unit;  // "flows", "bytes", "share"; of kDurationUnit the file may also say "5min"
  std::string_view doc;   // what it decides; lower case, no final period
  double least;           // bounds of what may be set, both inclusive
  double most;
  bool whole = true;  // counts; false: fractions make sense

  // A threshold is known by its address, so there is one of each.
  struct NotCopied {
    constexpr NotCopied() = default;
    NotCopied(const NotCopied&) = delete;
    NotCopied& operator=(const NotCopied&) = delete;
  };
  [[no_unique_address]] NotCopied not_copied = {};
};

inline constexpr std::string_view kDurationUnit = "s";

// The thresholds of one detector, in the order in which they are shown.
struct ThresholdGroup {
  std::string_view detector;  // its id
  std::span<const Threshold* const> thresholds;
};

// What holds: the default of each threshold, unless another value was set.
class ThresholdValues {
 public:
  double operator[](const Threshold& threshold) const {
    const auto found = set_.find(&threshold);
    return found == set_.end() ? threshold.value : found->second;
  }
  std::int64_t whole(const Threshold& threshold) const { return static_cast<std::int64_t>((*this)[threshold]); }
  // Of a threshold in seconds.
  Duration duration(const Threshold& threshold) const {
    return Duration{static_cast<std::int64_t>((*this)[threshold] * 1e6)};
  }
  // `value` lies within the threshold's bounds.
  void set(const Threshold& threshold, double value) { set_[&threshold] = value; }

 private:
  std::map<const Threshold*, double> set_;
};

}  // namespace rw
