// Dates of header fields (RFC 5322 3.3, and 4.3 for the obsolete forms) as a moment.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "message/message.h"
#include "message/utf8.h"

namespace rw {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

// Days since 1970-01-01 of the Gregorian calendar, by H. Hinnant's arithmetic over eras of 400 years.
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const std::int64_t era = year / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
int days_of(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap(year) ? 1 : 0);
}

class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  // White space, line ends and comments (nested, RFC 5322 3.2.2).
  void skip_space() {
    unsigned depth = 0;
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      const char c = rest_[0];
      if (c == '(') {
        ++depth;
      } else if (c == ')' && depth > 0) {
        --depth;
      } else if (depth > 0) {
        if (c == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
      } else if (!is_wsp(c) && c != '\r' && c != '\n') {
        return;
      }
    }
  }
  std::string word() {  // letters, lower case
    skip_space();
    std::string out;
    while (!rest_.empty() && is_alpha(rest_[0]) && out.size() < 16) {
      out += lower(rest_[0]);
      rest_.remove_prefix(1);
    }
    return out;
  }
  // -1 without; at most `digits` digits.
  int number(std::size_t digits, std::size_t* count = nullptr) {
    skip_space();
    int value = 0;
    std::size_t read = 0;
    for (; read < digits && !rest_.empty() && is_digit(rest_[0]); ++read, rest_.remove_prefix(1))
      value = value * 10 + (rest_[0] - '0');
    if (count != nullptr) *count = read;
    return read == 0 || (!rest_.empty() && is_digit(rest_[0])) ? -1 : value;
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at_digit() {
    skip_space();
    return !rest_.empty() && is_digit(rest_[0]);
  }
  bool at_end() {
    skip_space();
    return rest_.empty();
  }

 private:
  std::string_view rest_;
};

int month_number(std::string_view word) {
  if (word.size() < 3) return -1;
  for (std::size_t i = 0; i < kMonths.size(); ++i)
    if (word.substr(0, 3) == kMonths[i]) return static_cast<int>(i) + 1;
  return -1;
}

// RFC 5322 4.3: two digits are 1950 to 2049, three count from 1900.
int full_year(int year, std::size_t digits) {
  if (digits == 2) return year < 50 ? year + 2000 : year + 1900;
  return digits == 3 ? year + 1900 : year;
}

// Minutes east of Greenwich. RFC 5322 4.3: zones of unknown meaning, the military letters among them, count as UTC.
bool read_zone(DateReader& reader, int& minutes) {
  minutes = 0;
  const bool east = reader.take('+');
  if (east || reader.take('-')) {
    std::size_t digits = 0;
    const int value = reader.number(4, &digits);
    if (value < 0 || digits != 4 || value % 100 > 59) return false;
    minutes = (value / 100 * 60 + value % 100) * (east ? 1 : -1);
    return true;
  }
  const std::string name = reader.word();
  static constexpr std::pair<std::string_view, int> kZones[] = {{"est", -300}, {"edt", -240}, {"cst", -360},
                                                                {"cdt", -300}, {"mst", -420}, {"mdt", -360},
                                                                {"pst", -480}, {"pdt", -420}};
  for (const auto& [zone, value] : kZones)
    if (name == zone) minutes = value;
  return true;  // without a zone: some senders leave it out
}

struct Time {
  int hour = 0, minute = 0, second = 0;
};
bool read_time(DateReader& reader, Time& time) {
  time.hour = reader.number(2);
  if (!reader.take(':')) return false;
  time.minute = reader.number(2);
  if (reader.take(':')) time.second = reader.number(2);
  return time.hour >= 0 && time.hour < 24 && time.minute >= 0 && time.minute < 60 && time.second >= 0 &&
         time.second <= 60;
}

}  // namespace

bool parse_mail_date(std::string_view body, std::int64_t& us) {
  DateReader reader(body.substr(0, 1024));  // comments included; a date takes 31 bytes
  Time time;
  int zone = 0, year = -1, month = -1;
  std::size_t year_digits = 0;
  if (!reader.at_digit()) {
    const std::string first = reader.word();  // the day's name, which is not checked: many are wrong
    reader.take(',');
    if (first.empty()) return false;
  }
  int day = -1;
  if (reader.at_digit()) {
    day = reader.number(2);
    reader.take('-');  // "1-Jul-2003" of old senders
    month = month_number(reader.word());
    reader.take('-');
    year = reader.number(4, &year_digits);
    if (!read_time(reader, time) || !read_zone(reader, zone)) return false;
  } else {  // the order of ctime(): "Tue Jul  1 10:52:37 2003"
    month = month_number(reader.word());
    day = reader.number(2);
    if (!read_time(reader, time)) return false;
    if (!reader.at_digit() && !read_zone(reader, zone)) return false;
    year = reader.number(4, &year_digits);
    if (!reader.at_end() && !read_zone(reader, zone)) return false;
  }
  if (year < 0 || year_digits < 2) return false;
  year = full_year(year, year_digits);
  if (month < 1 || year < 1900 || day < 1 || day > days_of(year, month)) return false;
  const std::int64_t seconds = days_from_civil(year, month, day) * 86'400 + time.hour * 3600 + time.minute * 60 +
                               time.second - std::int64_t{zone} * 60;
  us = seconds * 1'000'000;
  return true;
}

}  // namespace rw
