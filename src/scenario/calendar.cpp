// Local time of the watched space: two fixed offsets and one change.
#include "scenario/calendar.h"

namespace rw::scenario {

LocalTime local_time(Timestamp t) {
  const Timestamp shifted = t + (t < kZoneChange ? kOffsetBefore : kOffsetAfter);
  LocalTime local;
  local.day = shifted.day();
  local.hour = static_cast<int>((shifted.us - local.day * kDay.us) / kHour.us);
  local.weekday = static_cast<int>(((local.day + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  return local;
}

Timestamp utc_midnight(CivilDate date) { return {days_from_civil(date) * kDay.us}; }

Timestamp local_midnight(CivilDate date) {
  const Timestamp midnight = utc_midnight(date);
  const Timestamp after = midnight - kOffsetAfter;
  return after < kZoneChange ? midnight - kOffsetBefore : after;
}

}  // namespace rw::scenario
