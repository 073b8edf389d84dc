// Calendar arithmetic and the text forms of time.
#include "base/time.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace rw {
namespace {

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
  if (at + count > text.size()) return false;
  const char* begin = text.data() + at;
  for (std::size_t i = 0; i < count; ++i)
    if (begin[i] < '0' || begin[i] > '9') return false;
  std::from_chars(begin, begin + count, out);
  return true;
}

Failure bad_time(std::string_view text) {
  return {ErrorCode::kUsage, "'" + std::string(text) +
                                 "' is not a time; write a date like 2019-04-23 or RFC 3339 like 2019-04-23T03:00:00Z"};
}

}  // namespace

CivilDate civil_from_days(std::int64_t days) {
  const std::chrono::year_month_day ymd{std::chrono::sys_days{std::chrono::days{days}}};
  return {static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day())};
}

std::int64_t days_from_civil(CivilDate date) {
  return std::chrono::sys_days{std::chrono::year{date.year} / static_cast<int>(date.month) / static_cast<int>(date.day)}
      .time_since_epoch()
      .count();
}

std::string format_date(std::int64_t days) {
  const CivilDate date = civil_from_days(days);
  char text[24];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", date.year, date.month, date.day);
  return text;
}

Timestamp Timestamp::now() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

Result<Timestamp> Timestamp::parse(std::string_view text) {
  int year = 0, month = 0, day = 0;
  if (!digits(text, 0, 4, year) || !digits(text, 5, 2, month) || !digits(text, 8, 2, day) || text[4] != '-' ||
      text[7] != '-')
    return bad_time(text);
  const std::chrono::year_month_day ymd{std::chrono::year{year} / month / day};
  if (!ymd.ok() || year < 1) return bad_time(text);
  std::int64_t us = days_from_civil({year, static_cast<unsigned>(month), static_cast<unsigned>(day)}) * kDay.us;
  if (text.size() == 10) return Timestamp{us};
  int hour = 0, minute = 0, second = 0;
  if ((text[10] != 'T' && text[10] != 't' && text[10] != ' ') || !digits(text, 11, 2, hour) || text.size() < 16 ||
      text[13] != ':' || !digits(text, 14, 2, minute))
    return bad_time(text);
  std::size_t at = 16;
  if (at < text.size() && text[at] == ':') {
    if (!digits(text, at + 1, 2, second)) return bad_time(text);
    at += 3;
    if (at < text.size() && text[at] == '.') {
      std::int64_t scale = 100'000;
      const std::size_t start = ++at;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) us += (text[at] - '0') * scale;
      if (at == start) return bad_time(text);
    }
  }
  if (hour > 23 || minute > 59 || second > 60) return bad_time(text);
  us += (hour * 3600LL + minute * 60LL + second) * 1'000'000;
  const std::string_view zone = text.substr(at);
  if (zone.empty() || zone == "Z" || zone == "z") return Timestamp{us};
  int zone_hour = 0, zone_minute = 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || !digits(zone, 1, 2, zone_hour) ||
      !digits(zone, 4, 2, zone_minute) || zone_hour > 23 || zone_minute > 59)
    return bad_time(text);
  const std::int64_t offset = (zone_hour * 60LL + zone_minute) * kMinute.us;
  return Timestamp{zone[0] == '+' ? us - offset : us + offset};
}

std::string Timestamp::date() const { return format_date(day()); }

std::string Timestamp::to_string() const {
  std::string out;
  append_to(out);
  return out;
}

void Timestamp::append_to(std::string& out) const {
  // By hand: listings write millions of these.
  const auto put = [](char* at, int digits, std::int64_t value) {
    for (int i = digits - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
    return at + digits;
  };
  const CivilDate civil = civil_from_days(day());
  const std::int64_t in_day = us - day() * kDay.us;
  const std::int64_t seconds = in_day / 1'000'000;
  const std::int64_t fraction = in_day % 1'000'000;
  if (civil.year < 0 || civil.year > 9999) {  // beyond RFC 3339; bounded at ingest
    out += date();
  } else {
    char text[11];
    char* end = put(text, 4, civil.year);
    *end++ = '-';
    end = put(end, 2, civil.month);
    *end++ = '-';
    out.append(text, put(end, 2, civil.day));
  }
  char text[20];
  char* end = text;
  *end++ = 'T';
  end = put(end, 2, seconds / 3600);
  *end++ = ':';
  end = put(end, 2, seconds / 60 % 60);
  *end++ = ':';
  end = put(end, 2, seconds % 60);
  if (fraction != 0) {
    *end++ = '.';
    end = fraction % 1000 == 0 ? put(end, 3, fraction / 1000) : put(end, 6, fraction);
  }
  *end++ = 'Z';
  out.append(text, end);
}

}  // namespace rw
