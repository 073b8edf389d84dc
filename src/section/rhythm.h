// The arithmetic of section `rhythm`: volumes by hour of the local week, beside the hours that were observed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/subject.h"
#include "section/frame.h"

namespace rw {

inline constexpr std::size_t kHoursOfWeek = 168;
// A range is not a person: a cell to which fewer far-end networks (/24, /48) belong is not told (product.md, "Bounds").
inline constexpr std::size_t kMinimumNetworks = 5;

struct Rhythm {
  // By hour of the local week; 0 is Monday 00:00.
  std::array<double, kHoursOfWeek> bytes{};
  std::array<double, kHoursOfWeek> hours{};  // observed
  std::array<bool, kHoursOfWeek> suppressed{};
  std::array<bool, 24> suppressed_hour{};
  std::array<bool, 7> suppressed_day{};

  std::array<double, 24> bytes_by_hour() const;
  std::array<double, 7> bytes_by_day() const;
  // Bytes per observed hour of the day; null for hours never observed.
  std::array<std::optional<double>, 24> rate_by_hour() const;

  // Of bytes per observed hour over the week. Null when under 95 % of the week's hours were ever observed, or nothing
  // was carried. Cells that are half inside the working hours count half.
  std::optional<double> working_hours_share(const WorkWeek& week) const;
  std::optional<double> weekend_share(const WorkWeek& week) const;  // days that are no working days
  // Highest over lowest bytes per observed hour of the day; null when an hour was never observed or the lowest is 0.
  std::optional<double> peak_to_trough() const;
};

Rhythm rhythm_of(const std::vector<Quarter>& quarters, const Observed& observed, const LocalClock& clock);

}  // namespace rw
