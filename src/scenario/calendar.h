// Local time of the watched space of case 2019, and the half-hour slots in which its world is made.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace rw::scenario {

// Asia/Pyongyang went from UTC+8:30 to UTC+9 when its clocks jumped from 23:30 to 24:00 on 2018-05-04. The zone is in
// the generator's own constants so that the store's zone data is tested against something independent of it.
inline constexpr Timestamp kZoneChange = Timestamp::from_seconds(1'525'446'000);  // 2018-05-04T15:00:00Z
inline constexpr Duration kOffsetBefore = Duration::seconds(8 * 3600 + 1800);
inline constexpr Duration kOffsetAfter = Duration::seconds(9 * 3600);

struct LocalTime {
  std::int64_t day = 0;  // since 1970-01-01
  int hour = 0;          // 0 .. 23
  int weekday = 0;       // 0 Monday .. 6
  int hour_of_week() const { return weekday * 24 + hour; }
};
LocalTime local_time(Timestamp t);
// Midnight, local, at the start of a local date.
Timestamp local_midnight(CivilDate date);
Timestamp utc_midnight(CivilDate date);

// Both offsets are whole half hours, so a slot lies in one local hour.
inline constexpr Duration kSlot = Duration::seconds(1800);

}  // namespace rw::scenario
