// Local dates and hours of a zone, from the offsets that the store tells (C++ has no zone data here).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace rw {

struct LocalTime {
  std::int64_t day = 0;  // since 1970-01-01
  int hour = 0;
  int minute = 0;
  int weekday = 0;  // 0 is Monday
};

class LocalClock {
 public:
  // `offsets` in order and not empty; times before the first one use it.
  explicit LocalClock(std::vector<ZoneOffset> offsets) : offsets_(std::move(offsets)) {}
  // For times within `range`. kUsage when the zone does not exist.
  static Result<LocalClock> make(Store& store, std::string_view zone, TimeRange range);

  LocalTime at(Timestamp t) const;
  // When a local day begins, days since 1970-01-01: its midnight, or where clocks jump over that, the jump.
  Timestamp begin_of(std::int64_t day) const;
  // Offsets that are in force somewhere in `range`, in order.
  std::vector<ZoneOffset> offsets_in(TimeRange range) const;

 private:
  std::vector<ZoneOffset> offsets_;
};

}  // namespace rw
