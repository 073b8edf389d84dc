// Text forms of time, and the calendar behind them.
#include "base/time.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

std::string round_trip(std::string_view text) {
  const auto time = Timestamp::parse(text);
  return time ? time->to_string() : time.error().message;
}

TEST(Timestamp, ReadsWhatPeopleWrite) {
  EXPECT_EQ(round_trip("2019-04-23"), "2019-04-23T00:00:00Z");
  EXPECT_EQ(round_trip("2019-04-23T03:04:05Z"), "2019-04-23T03:04:05Z");
  EXPECT_EQ(round_trip("2019-04-23t03:04:05z"), "2019-04-23T03:04:05Z");
  EXPECT_EQ(round_trip("2019-04-23 03:04"), "2019-04-23T03:04:00Z");
  EXPECT_EQ(round_trip("2019-04-23T09:00:00+09:00"), "2019-04-23T00:00:00Z");
  EXPECT_EQ(round_trip("2019-04-22T20:30:00-03:30"), "2019-04-23T00:00:00Z");
  EXPECT_EQ(round_trip("2019-04-23T03:04:05.25Z"), "2019-04-23T03:04:05.250Z");
  EXPECT_EQ(round_trip("2019-04-23T03:04:05.123456789Z"), "2019-04-23T03:04:05.123456Z");
  EXPECT_EQ(round_trip("2016-02-29"), "2016-02-29T00:00:00Z");
  EXPECT_EQ(round_trip("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(round_trip("0001-01-01"), "0001-01-01T00:00:00Z");
  EXPECT_EQ(round_trip("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2019", "2019-4-23", "2019-13-01", "2019-02-29", "2019-04-31", "0000-01-01",
                           "2019-04-23T", "2019-04-23T25:00Z", "2019-04-23T03:60Z", "2019-04-23T03:04:05.Z",
                           "2019-04-23T03:04:05+9", "2019-04-23T03:04:05Zx", "2019/04/23", "2019-04-23T03:04:05+24:00"})
    EXPECT_FALSE(Timestamp::parse(text)) << text;
}

TEST(Timestamp, AnyPrefixOfATimeIsReadOrRefused) {
  const std::string_view text = "2019-04-23T03:04:05.123456+09:00";
  int good = 0;
  for (std::size_t n = 0; n < text.size(); ++n) good += Timestamp::parse(text.substr(0, n)) ? 1 : 0;
  EXPECT_GT(good, 0);
}

TEST(Timestamp, DaysRoundDownAlsoBefore1970) {
  EXPECT_EQ(Timestamp{0}.day(), 0);
  EXPECT_EQ(Timestamp{-1}.day(), -1);
  EXPECT_EQ(Timestamp{-kDay.us}.day(), -1);
  EXPECT_EQ(Timestamp{kDay.us}.day(), 1);
  EXPECT_EQ(Timestamp{-1}.to_string(), "1969-12-31T23:59:59.999999Z");
}

TEST(Civil, DatesSurviveTheirNumber) {
  for (std::int64_t day = -800'000; day < 2'900'000; day += 997) {
    const CivilDate date = civil_from_days(day);
    EXPECT_EQ(days_from_civil(date), day);
  }
  EXPECT_EQ(format_date(0), "1970-01-01");
  EXPECT_EQ(format_date(18'009), "2019-04-23");
}

TEST(TimeRange, EndsBeforeItsEnd) {
  const TimeRange range{Timestamp::from_seconds(10), Timestamp::from_seconds(20)};
  EXPECT_TRUE(range.contains(range.from));
  EXPECT_FALSE(range.contains(range.to));
  EXPECT_FALSE(range.empty());
  EXPECT_TRUE((TimeRange{range.to, range.from}).empty());
}

}  // namespace
}  // namespace rw
