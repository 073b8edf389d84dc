// Points in time and durations: UTC microseconds since 1970, with RFC 3339 text forms. No time zones here.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw {

struct Duration {
  std::int64_t us = 0;
  static constexpr Duration seconds(std::int64_t s) { return {s * 1'000'000}; }
  static constexpr Duration milliseconds(std::int64_t ms) { return {ms * 1'000}; }
  constexpr double to_seconds() const { return static_cast<double>(us) / 1e6; }
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.us - b.us}; }
};

inline constexpr Duration kSecond = Duration::seconds(1);
inline constexpr Duration kMinute = Duration::seconds(60);
inline constexpr Duration kHour = Duration::seconds(3'600);
inline constexpr Duration kDay = Duration::seconds(86'400);
inline constexpr Duration kYear = Duration::seconds(365 * 86'400);

struct Timestamp {
  std::int64_t us = 0;  // since 1970-01-01T00:00:00Z, negative before

  static constexpr Timestamp from_seconds(std::int64_t s) { return {s * 1'000'000}; }
  // RFC 3339 with any offset, "2019-01-01T09:00", "2019-01-01 09:00:00", or a date (midnight); UTC unless an offset is
  // given.
  static Result<Timestamp> parse(std::string_view text);
  static Timestamp now();

  std::string to_string() const;           // 2019-04-23T03:00:00Z; a fraction only where there is one (3 or 6 digits)
  void append_to(std::string& out) const;  // the same
  std::string date() const;                // 2019-04-23
  // Days since 1970-01-01 in UTC, rounded down.
  constexpr std::int64_t day() const { return us >= 0 ? us / kDay.us : -((-us + kDay.us - 1) / kDay.us); }

  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  friend constexpr Timestamp operator+(Timestamp t, Duration d) { return {t.us + d.us}; }
  friend constexpr Timestamp operator-(Timestamp t, Duration d) { return {t.us - d.us}; }
  friend constexpr Duration operator-(Timestamp a, Timestamp b) { return {a.us - b.us}; }
};

// "from" inclusive, "to" exclusive.
struct TimeRange {
  Timestamp from;
  Timestamp to;
  constexpr bool contains(Timestamp t) const { return from <= t && t < to; }
  constexpr bool empty() const { return to <= from; }
  friend constexpr auto operator<=>(const TimeRange&, const TimeRange&) = default;
};

// Every time that rangewatch can hold: what "no limit" means.
inline constexpr TimeRange kAllTime{{-62'135'596'800'000'000}, {253'402'300'800'000'000}};  // years 1 to 9999

struct CivilDate {
  int year = 1970;
  unsigned month = 1;
  unsigned day = 1;
  friend constexpr auto operator<=>(const CivilDate&, const CivilDate&) = default;
};
CivilDate civil_from_days(std::int64_t days_since_1970);
std::int64_t days_from_civil(CivilDate date);
std::string format_date(std::int64_t days_since_1970);

}  // namespace rw
