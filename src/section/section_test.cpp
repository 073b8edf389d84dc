// Observed time, local clocks, sensor choice, shares of the week and the table of texts.
#include "section/section.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "section/rhythm.h"

namespace rw {
namespace {

Timestamp at(std::string_view text) { return *Timestamp::parse(text); }

TEST(Observed, CountsEachHourOnceAndCutsAtTheEnds) {
  const Observed observed({at("2019-05-01T00:30:00Z"), at("2019-05-01T06:00:00Z")},
                          {{at("2019-05-01T00:00:00Z"), "a"},
                           {at("2019-05-01T00:00:00Z"), "b"},
                           {at("2019-05-01T01:00:00Z"), "a"},
                           {at("2019-05-01T04:00:00Z"), "b"},
                           {at("2019-05-01T09:00:00Z"), "b"}});
  EXPECT_DOUBLE_EQ(observed.hours(), 2.5);
  ASSERT_EQ(observed.spans().size(), 2U);
  EXPECT_EQ(observed.spans()[0].to, at("2019-05-01T02:00:00Z"));
  const auto gaps = observed.gaps();
  ASSERT_EQ(gaps.size(), 2U);
  EXPECT_EQ(gaps[0], (TimeRange{at("2019-05-01T02:00:00Z"), at("2019-05-01T04:00:00Z")}));
  EXPECT_EQ(gaps[1].to, at("2019-05-01T06:00:00Z"));
  EXPECT_EQ(observed.by_hour()[0].sensors, (std::vector<std::string>{"a", "b"}));
}

TEST(Observed, NothingIsOneGap) {
  const Observed observed({at("2019-05-01"), at("2019-05-02")}, {});
  EXPECT_DOUBLE_EQ(observed.hours(), 0);
  ASSERT_EQ(observed.gaps().size(), 1U);
  EXPECT_EQ(observed.gaps()[0], observed.period());
}

// Pyongyang around 2018-05-04T15:00Z, when its clocks went half an hour ahead.
LocalClock pyongyang() {
  return LocalClock(
      {{at("2018-01-01"), Duration::seconds(30'600)}, {at("2018-05-04T15:00:00Z"), Duration::seconds(32'400)}});
}

TEST(LocalClock, FollowsTheOffsets) {
  const LocalClock clock = pyongyang();
  const LocalTime before = clock.at(at("2018-05-04T14:59:00Z"));
  EXPECT_EQ(before.hour, 23);
  EXPECT_EQ(before.minute, 29);
  EXPECT_EQ(format_date(before.day), "2018-05-04");
  EXPECT_EQ(before.weekday, 4);  // a Friday
  const LocalTime after = clock.at(at("2018-05-04T15:00:00Z"));
  EXPECT_EQ(after.hour, 0);
  EXPECT_EQ(after.minute, 0);
  EXPECT_EQ(format_date(after.day), "2018-05-05");
  EXPECT_EQ(clock.at(at("1969-12-31T12:00:00Z")).weekday, 2);  // before all offsets and before 1970: a Wednesday
  EXPECT_EQ(clock.offsets_in({at("2018-02-01"), at("2018-03-01")}).size(), 1U);
  EXPECT_EQ(clock.offsets_in({at("2018-02-01"), at("2018-06-01")}).size(), 2U);
  EXPECT_EQ(clock.offsets_in({at("2018-06-01"), at("2018-07-01")}).front().offset, Duration::seconds(32'400));
}

TEST(LocalClock, KnowsWhenADayBegins) {
  const auto begin = [](const LocalClock& clock, std::string_view date) { return clock.begin_of(at(date).day()); };
  EXPECT_EQ(begin(pyongyang(), "2018-05-04"), at("2018-05-03T15:30:00Z"));
  EXPECT_EQ(begin(pyongyang(), "2018-05-05"), at("2018-05-04T15:00:00Z"));  // at the moment of the change
  EXPECT_EQ(begin(pyongyang(), "2018-05-06"), at("2018-05-05T15:00:00Z"));
  EXPECT_EQ(begin(pyongyang(), "2017-01-01"), at("2016-12-31T15:30:00Z"));  // before all offsets
  // Sao Paulo: on 2018-11-04 clocks went from 00:00 to 01:00, on 2018-02-18 from 00:00 back to 23:00.
  const LocalClock sao_paulo({{at("2018-01-01"), Duration::seconds(-7'200)},
                              {at("2018-02-18T02:00:00Z"), Duration::seconds(-10'800)},
                              {at("2018-11-04T03:00:00Z"), Duration::seconds(-7'200)}});
  EXPECT_EQ(begin(sao_paulo, "2018-11-04"), at("2018-11-04T03:00:00Z"));
  EXPECT_EQ(begin(sao_paulo, "2018-02-18"), at("2018-02-18T03:00:00Z"));
  EXPECT_EQ(begin(sao_paulo, "2018-02-19"), at("2018-02-19T03:00:00Z"));
}

TEST(Rhythm, AnHourOfUtcIsTwoHalvesOfLocalHours) {
  const TimeRange period{at("2018-04-02T00:00:00Z"), at("2018-04-02T01:00:00Z")};  // Monday 08:30 to 09:30
  const Rhythm rhythm = rhythm_of({{at("2018-04-02T00:15:00Z"), 10, 1, 1}, {at("2018-04-02T00:30:00Z"), 200, 1, 1}},
                                  Observed(period, {{period.from, "a"}}), pyongyang());
  EXPECT_DOUBLE_EQ(rhythm.hours[8], 0.5);
  EXPECT_DOUBLE_EQ(rhythm.hours[9], 0.5);
  EXPECT_DOUBLE_EQ(rhythm.bytes[8], 10);
  EXPECT_DOUBLE_EQ(rhythm.bytes[9], 200);
  EXPECT_FALSE(rhythm.working_hours_share({}).has_value());
  EXPECT_FALSE(rhythm.peak_to_trough().has_value());
}

Rhythm even_week() {
  Rhythm rhythm;
  rhythm.bytes.fill(100);
  rhythm.hours.fill(1);
  return rhythm;
}

TEST(Rhythm, AnEvenWeekGivesWorkingHoursTheirPart) {
  EXPECT_NEAR(even_week().working_hours_share({}).value(), 45.0 / 168, 1e-12);
  EXPECT_NEAR(even_week().weekend_share({}).value(), 48.0 / 168, 1e-12);
  EXPECT_DOUBLE_EQ(even_week().peak_to_trough().value(), 1);
}

TEST(Rhythm, HalfHoursOfWorkCountHalf) {
  EXPECT_NEAR(even_week().working_hours_share(*WorkWeek::parse("Mon 08:30-10:15")).value(), 1.75 / 168, 1e-12);
}

TEST(Rhythm, GapsDoNotBendShares) {
  Rhythm rhythm = even_week();
  for (std::size_t cell = 0; cell < 24; ++cell) {  // Mondays watched three times as often
    rhythm.bytes[cell] = 300;
    rhythm.hours[cell] = 3;
  }
  EXPECT_NEAR(rhythm.working_hours_share({}).value(), 45.0 / 168, 1e-12);
  EXPECT_DOUBLE_EQ(rhythm.peak_to_trough().value(), 1);
}

TEST(Rhythm, UnknownUnderNinetyFivePercentOfTheWeek) {
  Rhythm rhythm = even_week();
  for (std::size_t cell = 0; cell < 8; ++cell) rhythm.hours[cell * 3] = 0;  // 160 of 168 left
  EXPECT_TRUE(rhythm.working_hours_share({}).has_value());
  rhythm.hours[100] = 0;
  EXPECT_FALSE(rhythm.working_hours_share({}).has_value());
}

TEST(Rhythm, AQuietTroughHasNoRatio) {
  Rhythm rhythm = even_week();
  for (std::size_t day = 0; day < 7; ++day) rhythm.bytes[day * 24 + 3] = 0;
  EXPECT_FALSE(rhythm.peak_to_trough().has_value());
}

Observed hours_of(TimeRange period, const std::vector<std::vector<std::string>>& sensors) {
  std::vector<ObservedHour> hours;
  for (std::size_t i = 0; i < sensors.size(); ++i)
    for (const std::string& sensor : sensors[i])
      hours.push_back({{period.from.us + static_cast<std::int64_t>(i) * kHour.us}, sensor});
  return Observed(period, std::move(hours));
}

TEST(SensorChoice, TheOneWithMostBytesWhileItReports) {
  const TimeRange period{at("2019-05-01T00:00:00Z"), at("2019-05-01T06:00:00Z")};
  const Observed observed = hours_of(period, {{"a", "b"}, {"a", "b"}, {"b"}, {}, {"b"}, {"a", "b"}});
  const auto choices = choose_sensors({}, {{"p", "a", 1, 1000, 10}, {"p", "b", 1, 900, 10}}, observed);
  ASSERT_EQ(choices.size(), 2U);
  EXPECT_EQ(choices[0].sensor, "a");
  EXPECT_EQ(choices[0].times, (std::vector<TimeRange>{{period.from, period.from + Duration::seconds(7200)},
                                                      {period.from + Duration::seconds(5 * 3600), period.to}}));
  EXPECT_EQ(choices[1].sensor, "b");
  EXPECT_EQ(choices[1].times.size(), 1U);
}

TEST(SensorChoice, TheSubjectsOrderWinsWhereItSawThePrefix) {
  const TimeRange period{at("2019-05-01T00:00:00Z"), at("2019-05-01T02:00:00Z")};
  const Observed observed = hours_of(period, {{"a", "b", "c"}, {"a", "b", "c"}});
  const std::vector<SensorVolume> volumes = {{"p", "a", 1, 1000, 1}, {"p", "b", 1, 10, 1}, {"q", "a", 1, 5, 1}};
  const auto choices = choose_sensors({"c", "b"}, volumes, observed);
  ASSERT_EQ(choices.size(), 2U);
  EXPECT_EQ(choices[0].prefix, "p");
  EXPECT_EQ(choices[0].sensor, "b");  // c never saw the prefix
  EXPECT_EQ(choices[1].prefix, "q");
  EXPECT_EQ(choices[1].sensor, "a");
}

TEST(Texts, EveryPlaceholderIsANumberThatFollowsTheOneBefore) {
  for (const std::string_view id : text_ids()) {
    const std::string text = say(Language::kEnglish, id, {"A", "B", "C", "D", "E", "F"});
    EXPECT_FALSE(text.empty()) << id;
    EXPECT_EQ(text.find('{'), std::string::npos) << id;
  }
  EXPECT_EQ(say(Language::kEnglish, "word.from_to", {"x", "y"}), "x to y");
}

TEST(Texts, SectionsHaveTitleAndQuestion) {
  const auto ids = text_ids();
  for (const Section* section : sections()) {
    EXPECT_NE(std::find(ids.begin(), ids.end(), std::string(section->id) + ".title"), ids.end()) << section->id;
    EXPECT_NE(std::find(ids.begin(), ids.end(), section->question), ids.end()) << section->id;
  }
}

TEST(Texts, NumbersForPeople) {
  EXPECT_EQ(human_share(0.3), "30.0 %");
  EXPECT_EQ(human_percent(300.4), "+300 %");
  EXPECT_EQ(human_percent(-12.34), "−12.3 %");
  EXPECT_EQ(human_number(304), "304");
  EXPECT_EQ(human_number(4.0004), "4.00");
  EXPECT_FALSE(parse_language("xx"));
}

}  // namespace
}  // namespace rw
