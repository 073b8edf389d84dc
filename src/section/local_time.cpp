// Local dates and hours from a zone's offsets.
#include "section/local_time.h"

#include <algorithm>

namespace rw {

Result<LocalClock> LocalClock::make(Store& store, std::string_view zone, TimeRange range) {
  RW_ASSIGN(auto offsets, store.zone_offsets(zone, range));
  if (offsets.empty()) offsets.push_back({range.from, Duration{}});
  return LocalClock(std::move(offsets));
}

LocalTime LocalClock::at(Timestamp t) const {
  const auto next = std::upper_bound(offsets_.begin(), offsets_.end(), t,
                                     [](Timestamp time, const ZoneOffset& o) { return time < o.from; });
  const Timestamp local = t + (next == offsets_.begin() ? offsets_.front() : *(next - 1)).offset;
  LocalTime result;
  result.day = local.day();
  const std::int64_t seconds = (local.us - result.day * kDay.us) / kSecond.us;
  result.hour = static_cast<int>(seconds / 3600);
  result.minute = static_cast<int>(seconds / 60 % 60);
  result.weekday = static_cast<int>(((result.day + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
  return result;
}

Timestamp LocalClock::begin_of(std::int64_t day) const {
  const Timestamp midnight{day * kDay.us};
  for (std::size_t i = 0; i + 1 < offsets_.size(); ++i) {
    const Timestamp t = midnight - offsets_[i].offset;
    if (t < offsets_[i + 1].from) return i == 0 ? t : std::max(t, offsets_[i].from);
  }
  const Timestamp t = midnight - offsets_.back().offset;
  return offsets_.size() == 1 ? t : std::max(t, offsets_.back().from);
}

std::vector<ZoneOffset> LocalClock::offsets_in(TimeRange range) const {
  std::vector<ZoneOffset> result;
  for (std::size_t i = 0; i < offsets_.size(); ++i) {
    const bool begins_before_end = offsets_[i].from < range.to || i == 0;
    const bool ends_after_begin = i + 1 == offsets_.size() || offsets_[i + 1].from > range.from;
    if (begins_before_end && ends_after_begin) result.push_back(offsets_[i]);
  }
  return result;
}

}  // namespace rw
