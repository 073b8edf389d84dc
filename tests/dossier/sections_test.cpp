// Sections over small lakes: the contract's definitions, one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "section/dossier.h"
#include "small_lake.h"

namespace rw {
namespace {

class Dossiers : public testing::Test {
 protected:
  Document build(TimeRange period, std::optional<TimeRange> comparison = std::nullopt) {
    DossierRequest request;
    request.period = period;
    request.comparison = comparison;
    auto dossier = build_dossier(small.lake(), subject, organisation, request);
    EXPECT_TRUE(dossier) << dossier.error().message;
    if (!dossier) abort();  // nothing below makes sense
    last = std::move(*dossier);
    return dossier_document(last);
  }
  // One flow in the middle of each hour of [from, to), by `bytes(hour)`.
  template <typename Bytes>
  std::vector<Flow> hourly(Timestamp from, Timestamp to, Bytes bytes, std::string_view peer_net = "198.51.") {
    std::vector<Flow> flows;
    int n = 0;
    for (Timestamp t = from; t < to; t = t + kHour, ++n) {
      const std::int64_t volume = bytes(t);
      if (volume <= 0) continue;
      // Thirteen far-end networks in turn (24 is no multiple of it), so that no hour of the week is too small to be
      // told.
      const std::string peer = std::string(peer_net) + std::to_string(n % 13) + ".7";
      flows.push_back(tcp((t + Duration::seconds(1800)).to_string(), peer, "175.45.176.67", 443, volume));
    }
    return flows;
  }

  SmallLake small;
  Subject subject = watched_space();
  Organisation organisation;
  Dossier last;
};

std::int64_t integer(const Document& d) { return d.integer() ? *d.integer() : -1; }
double real(const Document& d) { return d.number().value_or(-1); }

TEST_F(Dossiers, AFlowIsTheSubjectsWhenEitherEndIsWatchedAndCountsOnce) {
  small.add({tcp("2019-05-01T03:00:00Z", "198.51.100.1", "175.45.176.67", 443, 1000),
             tcp("2019-05-01T04:00:00Z", "175.45.176.1", "198.51.100.1", 443, 200),
             tcp("2019-05-01T05:00:00Z", "175.45.176.1", "175.45.179.9", 443, 30),   // both ends
             tcp("2019-05-01T05:00:00Z", "198.51.100.1", "198.51.100.2", 443, 7)});  // neither
  const Document d = build({at("2019-05-01"), at("2019-05-02")});
  const Document& activity = d["sections"]["activity"];
  EXPECT_EQ(integer(activity["bytes"]), 1230);
  EXPECT_EQ(integer(activity["flows"]), 3);
  EXPECT_EQ(integer(activity["packets"]), 33);
  EXPECT_EQ(integer(activity["attack_bytes"]), 0);
  EXPECT_EQ(integer(activity["observations"]), 3);
}

TEST_F(Dossiers, SamplingScalesAndUnknownReversesCountNothing) {
  Flow sampled = tcp("2019-05-01T03:00:00Z", "175.45.176.1", "198.51.100.1", 443, 400);
  sampled.sampling = 100;
  sampled.rev_bytes.reset();
  sampled.rev_packets.reset();
  small.add({sampled});
  EXPECT_EQ(integer(build({at("2019-05-01"), at("2019-05-02")})["sections"]["activity"]["bytes"]), 100 * 100);
  EXPECT_NE(last.volume_limits.find("scaled estimates"), std::string::npos);
}

TEST_F(Dossiers, OverlappingSensorsGiveOneVolume) {
  std::vector<Flow> flows;
  for (int i = 0; i < 3; ++i) {
    Flow flow = tcp("2019-05-01T03:00:00Z", "198.51.100.1", "175.45.176.67", 443, 1000 + i);
    flow.sensor = i == 0 ? "zeek" : i == 1 ? "border-1" : "border-2";
    flows.push_back(flow);
  }
  small.add(flows);
  Document d = build({at("2019-05-01"), at("2019-05-02")});
  EXPECT_EQ(integer(d["sections"]["activity"]["bytes"]), 1002);  // border-2 saw most
  EXPECT_NE(d["sections"]["activity"]["limits"].text()->find("border-2 (175.45.176.0/22)"), std::string::npos);
  EXPECT_NE(d["sections"]["activity"]["limits"].text()->find("border-1, zeek"), std::string::npos);

  subject.sensors = {"absent", "zeek"};
  d = build({at("2019-05-01"), at("2019-05-02")});
  EXPECT_EQ(integer(d["sections"]["activity"]["bytes"]), 1000);
  EXPECT_NE(d["sections"]["activity"]["limits"].text()->find("subject file names: zeek"), std::string::npos);
}

TEST_F(Dossiers, ASilentSensorIsReplacedByTheNext) {
  Flow first = tcp("2019-05-01T03:00:00Z", "198.51.100.1", "175.45.176.67", 443, 5000);
  Flow same = first;
  same.sensor = "border-2";
  same.bytes = 900;
  same.rev_bytes = 0;
  Flow later = tcp("2019-05-01T09:00:00Z", "198.51.100.1", "175.45.176.67", 443, 300);
  later.sensor = "border-2";
  small.add({first, same, later});
  EXPECT_EQ(integer(build({at("2019-05-01"), at("2019-05-02")})["sections"]["activity"]["bytes"]), 5300);
}

TEST_F(Dossiers, ValidityOfPrefixesDecidesWhoseFlowItIs) {
  subject.prefixes[0].valid = {at("2019-05-02"), at("2019-05-03")};
  small.add({tcp("2019-05-01T23:59:59Z", "198.51.100.1", "175.45.176.67", 443, 1),
             tcp("2019-05-02T00:00:00Z", "198.51.100.1", "175.45.176.67", 443, 1000),
             tcp("2019-05-03T00:00:00Z", "198.51.100.1", "175.45.176.67", 443, 1)});
  EXPECT_EQ(integer(build({at("2019-05-01"), at("2019-05-05")})["sections"]["activity"]["bytes"]), 1000);
}

TEST_F(Dossiers, MeansAreOverObservedTimeAndSilenceIsAGap) {
  // Six hours reported, one of them without a flow of the subject.
  std::vector<Flow> flows =
      hourly(at("2019-05-01T00:00:00Z"), at("2019-05-01T05:00:00Z"), [](Timestamp) { return 1000; });
  flows.push_back(tcp("2019-05-01T05:10:00Z", "198.51.100.1", "198.51.100.2", 443, 7));
  small.add(flows);
  const Document d = build({at("2019-05-01"), at("2019-05-02")});
  EXPECT_DOUBLE_EQ(real(d["comparability"]["observed_days"]), 0.25);
  EXPECT_DOUBLE_EQ(real(d["sections"]["activity"]["mean_daily_bytes"]), 20'000);
  ASSERT_EQ(d["comparability"]["gaps"].items()->size(), 1U);
  EXPECT_EQ(*(*d["comparability"]["gaps"].items())[0]["from"].text(), "2019-05-01T06:00:00Z");
  EXPECT_EQ(*(*d["comparability"]["gaps"].items())[0]["to"].text(), "2019-05-02T00:00:00Z");
}

TEST_F(Dossiers, DaysAreLocalAndUnobservedOnesUnknown) {
  small.add(
      {tcp("2019-05-01T14:59:59Z", "198.51.100.1", "175.45.176.67", 443, 10),     // 23:59:59 on the first in Pyongyang
       tcp("2019-05-01T15:00:00Z", "198.51.100.1", "175.45.176.67", 443, 200)});  // midnight
  const Document d = build({at("2019-04-30T15:00:00Z"), at("2019-05-03T15:00:00Z")});
  const auto& daily = *d["sections"]["activity"]["daily"].items();
  ASSERT_EQ(daily.size(), 3U);
  EXPECT_EQ(*daily[0]["date"].text(), "2019-05-01");
  EXPECT_EQ(integer(daily[0]["bytes"]), 10);
  EXPECT_EQ(integer(daily[1]["bytes"]), 200);
  EXPECT_EQ(integer(daily[1]["attack_bytes"]), 0);
  EXPECT_TRUE(daily[2]["bytes"].is_null());
  EXPECT_TRUE(daily[2]["flows"].is_null());
}

TEST_F(Dossiers, ADoublingIsFoundWithItsInterval) {
  const TimeRange before{at("2019-01-01"), at("2019-02-01")}, now{at("2019-03-01"), at("2019-04-01")};
  const auto wave = [](Timestamp t) { return 10'000 + (t.us / kDay.us % 5) * 100; };
  small.add(hourly(before.from, before.to, wave));
  small.add(hourly(now.from, now.to, [&](Timestamp t) { return 2 * wave(t); }));
  const Document d = build(now, before);
  const Document& activity = d["sections"]["activity"];
  EXPECT_EQ(*d["comparability"]["comparable"].boolean(), true);
  EXPECT_NEAR(real(activity["ratio"]), 2.0, 0.02);
  EXPECT_NEAR(real(activity["change_percent"]), 100, 2);
  const auto& interval = *activity["change_interval"].items();
  EXPECT_LT(real(interval[0]), real(activity["change_percent"]));
  EXPECT_GT(real(interval[1]), real(activity["change_percent"]));
  EXPECT_GT(real(interval[0]), 95);
  ASSERT_FALSE(last.judgements.empty());
  EXPECT_EQ(last.judgements[0].id, "activity-1");
  EXPECT_EQ(last.judgements[0].confidence, Confidence::kModerate);  // a month is no quarter
}

TEST_F(Dossiers, OtherSensorsOrSamplingMakeNoChange) {
  const TimeRange before{at("2019-01-01"), at("2019-02-01")}, now{at("2019-03-01"), at("2019-04-01")};
  small.add(hourly(before.from, before.to, [](Timestamp) { return 1000; }));
  auto flows = hourly(now.from, now.to, [](Timestamp) { return 1000; });
  for (Flow& flow : flows) flow.sensor = "border-2";
  small.add(flows);
  Document d = build(now, before);
  EXPECT_EQ(*d["comparability"]["same_exporters"].boolean(), false);
  EXPECT_EQ(*d["comparability"]["comparable"].boolean(), false);
  EXPECT_TRUE(d["sections"]["activity"]["ratio"].is_null());
  EXPECT_TRUE(d["sections"]["activity"]["change_interval"].is_null());
  EXPECT_NEAR(real(d["sections"]["activity"]["comparison_mean_daily_bytes"]), 24'000, 1);
}

TEST_F(Dossiers, FewDaysOrAnEmptyComparisonGiveNoChange) {
  const TimeRange before{at("2019-01-01"), at("2019-01-14")}, now{at("2019-03-01"), at("2019-04-01")};
  small.add(hourly(before.from, before.to, [](Timestamp) { return 1000; }));
  small.add(hourly(now.from, now.to, [](Timestamp) { return 1000; }));
  Document d = build(now, before);  // 13 days
  EXPECT_TRUE(d["sections"]["activity"]["ratio"].is_null());
  d = build(now, TimeRange{at("2018-01-01"), at("2018-03-01")});
  EXPECT_TRUE(d["sections"]["activity"]["ratio"].is_null());
  EXPECT_EQ(*d["comparability"]["comparable"].boolean(), false);
  EXPECT_TRUE(d["comparability"]["same_exporters"].is_null());
  EXPECT_DOUBLE_EQ(real(d["comparability"]["comparison_observed_days"]), 0);
}

TEST_F(Dossiers, RhythmFollowsTheZonesHistory) {
  // Pyongyang was UTC+8:30 until 2018-05-05T00:00 local: 15:00Z is 23:30 before and 00:00 after.
  small.add(hourly(at("2018-04-01"), at("2018-04-29"),
                   [](Timestamp t) { return t.us % kDay.us == 14 * kHour.us ? 1000 : 0; }));
  Document d = build({at("2018-04-01"), at("2018-04-29")});
  EXPECT_EQ(integer((*d["sections"]["rhythm"]["hour_of_day"].items())[23]), 28'000);  // 14:30Z is 23:00
  small.add(hourly(at("2019-04-01"), at("2019-04-29"),
                   [](Timestamp t) { return t.us % kDay.us == 15 * kHour.us ? 1000 : 0; }));
  d = build({at("2019-04-01"), at("2019-04-29")});
  EXPECT_EQ(integer((*d["sections"]["rhythm"]["hour_of_day"].items())[0]), 28'000);  // 15:30Z is 00:30
}

TEST_F(Dossiers, RhythmSharesUseBytesPerObservedHour) {
  // Mondays to Fridays 09 to 18 local (00 to 09 UTC) carry 400 an hour, all else 100.
  const auto work = [](Timestamp t) {
    const std::int64_t day = (t.day() + 3) % 7;  // local date is the UTC date while it is 00 to 15 UTC
    const std::int64_t hour = t.us % kDay.us / kHour.us;
    return day < 5 && hour < 9 ? 400 : 100;
  };
  small.add(hourly(at("2019-04-01"), at("2019-06-24"), work));
  const Document d = build({at("2019-04-01"), at("2019-06-24")});
  const Document& rhythm = d["sections"]["rhythm"];
  const double total = 45 * 400 + 123 * 100;
  EXPECT_NEAR(real(rhythm["working_hours_share"]), 45 * 400 / total, 1e-9);
  EXPECT_NEAR(real(rhythm["weekend_share"]), 48 * 100 / total, 1e-9);
  EXPECT_NEAR(real(rhythm["peak_to_trough"]), (5 * 400 + 2 * 100) / 700.0, 1e-9);
  EXPECT_EQ(rhythm["hour_of_week"].items()->size(), 168U);
  EXPECT_EQ(rhythm["hours_observed"].items()->size(), 168U);
  EXPECT_EQ(rhythm["day_of_week"].items()->size(), 7U);
  EXPECT_DOUBLE_EQ(real((*rhythm["hours_observed"].items())[0]), 12);
  EXPECT_TRUE(rhythm["comparison"].is_null());
}

TEST_F(Dossiers, RhythmIsSilentAboutHoursOfFewNetworks) {
  small.add(
      {tcp("2019-05-06T00:10:00Z", "198.51.100.1", "175.45.176.67", 443, 1000),  // Monday 09:10 local, one network
       tcp("2019-05-06T01:10:00Z", "198.51.1.1", "175.45.176.67", 443, 1000),
       tcp("2019-05-06T01:10:00Z", "198.51.2.1", "175.45.176.67", 443, 1000),
       tcp("2019-05-06T01:20:00Z", "198.51.3.1", "175.45.176.67", 443, 1000),
       tcp("2019-05-06T01:40:00Z", "175.45.176.67", "198.51.4.1", 443, 1000),
       tcp("2019-05-06T01:50:00Z", "198.51.5.1", "175.45.176.67", 443, 1000)});
  const Document d = build({at("2019-05-06"), at("2019-05-07")});
  const auto& cells = *d["sections"]["rhythm"]["hour_of_week"].items();
  EXPECT_TRUE(cells[9].is_null());
  EXPECT_EQ(integer(cells[10]), 5000);
  EXPECT_TRUE(cells[11].is_null());  // not observed
  EXPECT_TRUE(d["sections"]["rhythm"]["working_hours_share"].is_null());
  EXPECT_NE(d["sections"]["rhythm"]["limits"].text()->find("fewer than 5 far-end networks"), std::string::npos);
}

TEST_F(Dossiers, RolesNeedThreeAnswers) {
  std::vector<Flow> flows;
  for (int i = 0; i < 3; ++i) {
    flows.push_back(tcp("2019-05-01T03:0" + std::to_string(i) + ":00Z", "198.51.100.1", "175.45.176.67", 443, 100));
    flows.push_back(tcp("2019-05-01T03:0" + std::to_string(i) + ":00Z", "198.51.100.1", "175.45.176.67", 21, 100));
    Flow refused = tcp("2019-05-01T03:00:00Z", "198.51.100.1", "175.45.176.67", 80, 100);
    refused.rev_tcp_flags = 0x14;  // RST and ACK: nobody there
    flows.push_back(refused);
    // A unidirectional sensor's record of an answer: from the service's port to a client's.
    Flow answer = tcp("2019-05-01T03:00:00Z", "175.45.177.15", "198.51.100.1", 50'000, 300);
    answer.proto = 17;
    answer.src_port = 53;
    answer.rev_bytes.reset();
    answer.rev_packets.reset();
    answer.rev_tcp_flags.reset();
    flows.push_back(answer);
    if (i < 2)
      flows.push_back(tcp("2019-05-01T04:00:00Z", "198.51.100.1", "175.45.176.67", 25, 100));  // twice is not enough
  }
  small.add(flows);
  const Document d = build({at("2019-05-01"), at("2019-05-02")});
  const auto& roles = *d["sections"]["addresses"]["roles"].items();
  ASSERT_EQ(roles.size(), 2U);
  const auto names = [](const Document& item) {
    std::vector<std::string> texts;
    for (const Document& role : *item["roles"].items()) texts.push_back(*role.text());
    return texts;
  };
  EXPECT_EQ(*roles[0]["address"].text(), "175.45.176.67");
  EXPECT_EQ(names(roles[0]), (std::vector<std::string>{"ftp", "https"}));
  EXPECT_EQ(*roles[0]["first_seen"].text(), "2019-05-01T03:00:00Z");
  EXPECT_EQ(*roles[1]["address"].text(), "175.45.177.15");
  EXPECT_EQ(names(roles[1]), std::vector<std::string>{"dns"});
}

TEST_F(Dossiers, ConcentrationCountsAFlowForEachWatchedEnd) {
  small.add({tcp("2019-05-01T03:00:00Z", "198.51.100.1", "175.45.176.15", 53, 600),
             tcp("2019-05-01T03:00:00Z", "175.45.176.16", "198.51.100.1", 443, 300),
             tcp("2019-05-01T03:00:00Z", "175.45.176.15", "175.45.176.16", 443, 100)});
  const Document d = build({at("2019-05-01"), at("2019-05-02")});
  const auto& top = *d["sections"]["addresses"]["concentration"].items();
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(*top[0]["address"].text(), "175.45.176.15");
  EXPECT_EQ(integer(top[0]["bytes"]), 700);
  EXPECT_DOUBLE_EQ(real(top[0]["share"]), 0.7);
  EXPECT_DOUBLE_EQ(real(top[1]["share"]), 0.4);
}

TEST_F(Dossiers, NewlyActiveNeedsAMonthToKnow) {
  std::vector<Flow> history = hourly(at("2019-04-01"), at("2019-04-30"), [](Timestamp) { return 1000; });  // 29 days
  history.push_back(tcp("2019-05-10T00:00:00Z", "175.45.177.15", "198.51.100.1", 443, 100));
  small.add(history);
  EXPECT_TRUE(build({at("2019-05-01"), at("2019-06-01")})["sections"]["addresses"]["newly_active"].is_null());
  small.add(hourly(at("2019-04-30"), at("2019-05-01"), [](Timestamp) { return 1000; }));

  Dns question;
  DnsAnswer answer;
  answer.time = at("2019-05-05T00:00:00Z").us;
  answer.client = ip("198.51.100.5");
  answer.server = ip("198.51.100.53");
  answer.name = "ns1.example";
  answer.type = 1;
  answer.address = ip("175.45.177.16");
  answer.sensor = "border-1";
  // An address that only received before, and answers now, is new; 175.45.176.67 answered before.
  small.add({tcp("2019-05-06T00:00:00Z", "198.51.100.1", "175.45.176.67", 443, 100)}, {}, {answer});
  const Document d = build({at("2019-05-01"), at("2019-06-01")});
  const auto& fresh = *d["sections"]["addresses"]["newly_active"].items();
  ASSERT_EQ(fresh.size(), 2U);
  EXPECT_EQ(*fresh[0]["address"].text(), "175.45.177.16");
  EXPECT_EQ(*fresh[0]["basis"].text(), "resolution");
  EXPECT_EQ(*fresh[1]["address"].text(), "175.45.177.15");
  EXPECT_EQ(*fresh[1]["basis"].text(), "traffic");
  EXPECT_EQ(*fresh[1]["time"].text(), "2019-05-10T00:00:00Z");
}

TEST_F(Dossiers, ContactsHaveKindsAndTheOrganisationComesFirst) {
  organisation.prefixes = {*Prefix::parse("192.0.2.0/24")};
  Flow scan = tcp("2019-05-01T05:00:00Z", "175.45.178.9", "192.0.2.80", 445, 0);
  scan.bytes = 40;
  scan.packets = 1;
  scan.rev_bytes = 0;
  scan.rev_packets = 0;
  Flow mail = tcp("2019-05-01T06:00:00Z", "175.45.176.20", "198.51.100.25", 25, 9000);
  Flow odd = tcp("2019-05-01T06:00:00Z", "175.45.176.20", "198.51.100.26", 5555, 100);
  odd.app = "telemetry";
  small.add({tcp("2019-05-01T03:00:00Z", "175.45.176.20", "198.51.100.80", 443, 50'000), mail, odd, scan});
  const Document d = build({at("2019-05-01"), at("2019-05-02")});
  const auto& items = *d["sections"]["contacts"]["items"].items();
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(*items[0]["peer"].text(), "192.0.2.80");
  EXPECT_EQ(*items[0]["kind"].text(), "scan");
  EXPECT_EQ(*items[1]["kind"].text(), "web");
  EXPECT_EQ(integer(items[1]["bytes"]), 50'000);
  EXPECT_EQ(*items[2]["kind"].text(), "mail");
  EXPECT_EQ(*items[3]["kind"].text(), "other");
  EXPECT_EQ(*(*items[3]["services"].items())[0].text(), "telemetry");
}

TEST_F(Dossiers, AnEmptyLakeIsUnknownAndNotZero) {
  const Document d = build({at("2019-05-01"), at("2019-05-02")}, TimeRange{at("2018-05-01"), at("2018-05-02")});
  const Document& activity = d["sections"]["activity"];
  for (const char* key :
       {"bytes", "packets", "flows", "attack_bytes", "mean_daily_bytes", "comparison_mean_daily_bytes", "ratio"})
    EXPECT_TRUE(activity[key].is_null()) << key;
  EXPECT_TRUE(d["sections"]["rhythm"]["peak_to_trough"].is_null());
  EXPECT_EQ(d["sections"]["contacts"]["items"].items()->size(), 0U);
  EXPECT_TRUE(last.judgements.empty());
}

TEST_F(Dossiers, AnUnknownZoneIsAUsageError) {
  subject.time_zone = "Asia/Pyongjang";
  DossierRequest request;
  request.period = {at("2019-05-01"), at("2019-05-02")};
  const auto dossier = build_dossier(small.lake(), subject, organisation, request);
  ASSERT_FALSE(dossier);
  EXPECT_EQ(dossier.error().code, ErrorCode::kUsage);
  EXPECT_NE(dossier.error().message.find("Asia/Pyongjang"), std::string::npos);
}

// ---- the shape of contract.md, written out by hand

// `keys`: separated by spaces; after the name [] a list, {} an object, # a number, $ text, ! a truth value, ? or null.
void expect_shape(const Document& d, std::string_view where, std::string_view keys) {
  ASSERT_NE(d.members(), nullptr) << where;
  std::vector<std::string> wanted;
  for (std::size_t at = 0; at < keys.size();) {
    std::size_t end = keys.find(' ', at);
    if (end == std::string_view::npos) end = keys.size();
    std::string_view word = keys.substr(at, end - at);
    at = end + 1;
    const std::size_t mark = word.find_first_of("[{#$!");
    const std::string key(word.substr(0, mark));
    wanted.push_back(key);
    const Document* value = d.find(key);
    ASSERT_NE(value, nullptr) << where << "." << key;
    if (word.ends_with('?') && value->is_null()) continue;
    switch (word[mark]) {
      case '[': EXPECT_NE(value->items(), nullptr) << where << "." << key; break;
      case '{': EXPECT_NE(value->members(), nullptr) << where << "." << key; break;
      case '#': EXPECT_TRUE(value->number().has_value()) << where << "." << key; break;
      case '$': EXPECT_NE(value->text(), nullptr) << where << "." << key; break;
      default: EXPECT_NE(value->boolean(), nullptr) << where << "." << key;
    }
  }
  std::vector<std::string> got;
  for (const auto& [key, value] : *d.members()) got.push_back(key);
  EXPECT_EQ(got, wanted) << where;
}

TEST_F(Dossiers, HaveTheShapeOfTheContract) {
  const TimeRange before{at("2019-01-01"), at("2019-02-15")}, now{at("2019-03-01"), at("2019-04-15")};
  small.add(hourly(before.from, before.to, [](Timestamp) { return 1000; }));
  auto flows = hourly(now.from, now.to, [](Timestamp) { return 3000; });
  flows.push_back(tcp("2019-03-10T00:00:00Z", "175.45.177.15", "198.51.100.1", 443, 100));
  small.add(flows);
  const Document d = build(now, before);
  expect_shape(d, "dossier", "schema# subject{} period{} comparison{} comparability{} key_judgements{} sections{}");
  EXPECT_EQ(integer(d["schema"]), 1);
  expect_shape(d["subject"], "subject", "id$ name$ time_zone$ prefixes[]");
  expect_shape(d["period"], "period", "from$ to$");
  expect_shape(d["comparability"], "comparability",
               "observed_days# comparison_observed_days#? gaps[] same_exporters! same_sampling! comparable!");
  expect_shape(d["key_judgements"], "key_judgements", "items[]");
  expect_shape(d["key_judgements"]["items"].items()->at(0), "judgement", "id$ text$ confidence$ sections[]");
  const Document& sections = d["sections"];
  std::vector<std::string> keys;
  for (const auto& [key, value] : *sections.members()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"activity", "rhythm", "routing", "addresses", "names", "visitors", "mining",
                                            "opsec", "dns_tunnels", "ddos", "presence", "content", "holidays",
                                            "hosting", "contacts"}));
  EXPECT_TRUE(sections["routing"].is_null());
  const std::string also = " method$ limits$ query$ observations#";
  expect_shape(
      sections["activity"], "activity",
      "bytes# packets# flows# attack_bytes# mean_daily_bytes# comparison_mean_daily_bytes#? ratio#? change_percent#? "
      "change_interval[]? daily[] change_points[]" +
          also);
  expect_shape(sections["activity"]["daily"].items()->at(0), "daily", "date$ bytes#? attack_bytes#? flows#?");
  const std::string rhythm =
      "hour_of_day[] day_of_week[] hour_of_week[] hours_observed[] working_hours_share#? weekend_share#? "
      "peak_to_trough#?";
  expect_shape(sections["rhythm"], "rhythm", rhythm + " comparison{}?" + also);
  expect_shape(sections["rhythm"]["comparison"], "rhythm.comparison", rhythm);
  expect_shape(sections["addresses"], "addresses", "concentration[] roles[] newly_active[]?" + also);
  expect_shape(sections["addresses"]["roles"].items()->at(0), "role",
               "address$ roles[] first_seen$ last_seen$ bytes#?");
  expect_shape(sections["addresses"]["newly_active"].items()->at(0), "newly_active", "address$ time$ basis$");
  expect_shape(sections["addresses"]["concentration"].items()->at(0), "concentration", "address$ bytes# share#?");
  expect_shape(sections["contacts"], "contacts", "items[]" + also);
  expect_shape(sections["contacts"]["items"].items()->at(0), "contact",
               "address$ peer$ kind$ first_seen$ last_seen$ flows# bytes# services[]");
}

TEST(Sections, AreNamedAsInTheContractAndExplained) {
  std::set<std::string_view> ids;
  for (const Section* section : sections()) {
    EXPECT_TRUE(ids.insert(section->id).second);
    EXPECT_NE(std::find(section_keys().begin(), section_keys().end(), section->id), section_keys().end())
        << section->id;
    EXPECT_GT(section->doc.size(), 20U);
    EXPECT_FALSE(say(Language::kEnglish, section->question).empty());
  }
}

}  // namespace
}  // namespace rw
