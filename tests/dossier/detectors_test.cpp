// Detectors over small lakes: what they find, what they leave alone, and that identities are stable.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "detect/detector.h"
#include "detect/thresholds.h"
#include "lake/findings.h"
#include "small_lake.h"

namespace rw {
namespace {

std::vector<Finding> detect(SmallLake& small, std::string_view id, DetectContext context) {
  auto findings = run_detector(small.lake(), *find_detector(id), context);
  EXPECT_TRUE(findings) << findings.error().message;
  return findings ? *findings : std::vector<Finding>{};
}

std::int64_t figure(const Finding& finding, std::string_view name) {
  for (const Figure& f : finding.figures)
    if (f.name == name) return std::get<std::int64_t>(f.value);
  return -1;
}

DetectContext watching() { return {.subjects = {watched_space()}}; }
DetectContext defending() {
  DetectContext context = watching();
  context.organisation.prefixes = {*Prefix::parse("192.0.2.0/24")};
  return context;
}

TEST(Detectors, AreNamedOnceAndExplained) {
  std::set<std::string_view> ids;
  for (const Detector* detector : detectors()) {
    EXPECT_TRUE(ids.insert(detector->id).second) << detector->id;
    EXPECT_FALSE(detector->title.empty());
    EXPECT_GT(detector->doc.size(), 40U);
    EXPECT_GT(detector->may_be_wrong_because.size(), 20U);
    EXPECT_FALSE(detector->evidence.empty());
    EXPECT_EQ(std::count(detector->thresholds.begin(), detector->thresholds.end(), &detector->quiet_gap), 1);
    EXPECT_EQ(detector->quiet_gap.unit, kDurationUnit);
    std::set<std::string_view> names;
    for (const Threshold* t : detector->thresholds) {
      EXPECT_TRUE(names.insert(t->name).second) << detector->id << "." << t->name;
      EXPECT_FALSE(t->name.empty() || t->unit.empty() || t->doc.empty()) << detector->id;
      EXPECT_TRUE(t->least <= t->value && t->value <= t->most) << detector->id << "." << t->name;
    }
  }
  EXPECT_EQ(find_detector("none"), nullptr);
}

TEST(WatchedContact, OneFindingForEachPairOfTheOrganisation) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000),
             tcp("2019-05-02T03:00:00Z", "175.45.176.67", "192.0.2.7", 25, 500),
             tcp("2019-05-02T03:00:00Z", "192.0.2.8", "175.45.180.1", 443, 1000),        // beside the prefix
             tcp("2019-05-02T03:00:00Z", "198.51.100.9", "175.45.176.67", 443, 1000)});  // not ours
  const auto findings = detect(small, "watched-contact", defending());
  ASSERT_EQ(findings.size(), 1U);
  const Finding& f = findings[0];
  EXPECT_EQ(f.entities, (std::vector<Entity>{
                            {"address", "192.0.2.7"}, {"watched_address", "175.45.176.67"}, {"subject", "watched"}}));
  EXPECT_EQ(f.first_seen, at("2019-05-01T03:00:00Z"));
  EXPECT_EQ(f.last_seen, at("2019-05-02T03:00:10Z"));
  EXPECT_EQ(figure(f, "flows"), 2);
  EXPECT_EQ(figure(f, "bytes"), 1500);
  EXPECT_EQ(f.severity, Severity::kMedium);
  EXPECT_EQ(f.confidence, Confidence::kModerate);
  EXPECT_EQ(f.evidence, std::vector<EvidenceKind>{EvidenceKind::kList});
  EXPECT_EQ(
      f.observations.query,
      "rangewatch flows 'host 192.0.2.7 and host 175.45.176.67' --from 2019-05-01T03:00:00Z --to 2019-05-02T03:00:11Z");
}

TEST(WatchedContact, UnansweredIsOnlyLow) {
  SmallLake small;
  Flow probe = tcp("2019-05-01T03:00:00Z", "175.45.176.67", "192.0.2.7", 445, 0);
  probe.bytes = 40;
  probe.packets = 1;
  probe.rev_bytes = 0;
  probe.rev_packets = 0;
  probe.rev_tcp_flags = 0;
  probe.tcp_flags = 2;
  small.add({probe});
  const auto findings = detect(small, "watched-contact", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::kLow);
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);
}

TEST(WatchedContact, RecordsOfBothDirectionsAreAnAnswer) {
  SmallLake small;
  Flow there = tcp("2019-05-01T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000);
  there.rev_bytes.reset();
  there.rev_packets.reset();
  there.rev_tcp_flags.reset();
  Flow back = there;
  std::swap(back.src, back.dst);
  std::swap(back.src_port, back.dst_port);
  small.add({there, back});
  const auto findings = detect(small, "watched-contact", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::kMedium);
  EXPECT_EQ(figure(findings[0], "flows"), 2);
}

TEST(WatchedContact, WithoutAnOrganisationEachWatchedPrefixIsOneForInformation) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "198.51.100.1", "175.45.176.67", 443, 1000),
             tcp("2019-05-01T04:00:00Z", "198.51.100.2", "175.45.176.67", 443, 1000),
             tcp("2019-05-01T04:00:00Z", "77.94.35.1", "198.51.100.2", 443, 1000)});
  DetectContext context = watching();
  context.subjects[0].prefixes.push_back({*Prefix::parse("77.94.35.0/24"), "", kAllTime});
  const auto findings = detect(small, "watched-contact", context);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].entities[0], (Entity{"watched_prefix", "175.45.176.0/22"}));
  EXPECT_EQ(figure(findings[0], "peers_in_busiest_day"), 2);
  EXPECT_EQ(figure(findings[0], "flows"), 2);
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(findings[1].entities[0].value, "77.94.35.0/24");
}

TEST(WatchedContact, OverlappingSensorsCountOnce) {
  SmallLake small;
  Flow seen_again = tcp("2019-05-01T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 900);
  seen_again.sensor = "border-2";
  small.add({tcp("2019-05-01T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000), seen_again});
  const auto findings = detect(small, "watched-contact", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(figure(findings[0], "flows"), 1);
  EXPECT_EQ(figure(findings[0], "bytes"), 1000);
}

TEST(WatchedContact, AQuietWeekBeginsAnotherEpisode) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000),
             tcp("2019-05-07T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000),
             tcp("2019-05-20T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000)});
  const auto findings = detect(small, "watched-contact", defending());
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(figure(findings[0], "flows"), 2);
  EXPECT_EQ(findings[1].first_seen, at("2019-05-20T03:00:00Z"));
}

TEST(WatchedContact, HonoursTheValidityOfPrefixes) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000),
             tcp("2019-06-01T03:00:00Z", "192.0.2.7", "175.45.176.67", 443, 1000)});
  DetectContext context = defending();
  context.subjects[0].prefixes[0].valid.from = at("2019-05-15");
  const auto findings = detect(small, "watched-contact", context);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].first_seen, at("2019-06-01T03:00:00Z"));
}

class CoinPorts : public testing::TestWithParam<std::pair<std::uint16_t, std::string>> {};

TEST_P(CoinPorts, AreFoundWithLowConfidence) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "175.45.178.20", "198.51.100.1", GetParam().first, 4000),
             tcp("2019-05-01T03:10:00Z", "175.45.178.20", "198.51.100.2", GetParam().first, 4000)});
  const auto findings = detect(small, "coin-port", watching());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(
      findings[0].entities,
      (std::vector<Entity>{{"watched_address", "175.45.178.20"}, {"coin", GetParam().second}, {"subject", "watched"}}));
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);
  EXPECT_EQ(findings[0].evidence, std::vector<EvidenceKind>{EvidenceKind::kPort});
  EXPECT_EQ(figure(findings[0], "peers_in_busiest_day"), 2);
  EXPECT_NE(findings[0].may_be_wrong_because.find("false positives"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Six, CoinPorts,
                         testing::Values(std::pair<std::uint16_t, std::string>{8332, "bitcoin"},
                                         std::pair<std::uint16_t, std::string>{8333, "bitcoin"},
                                         std::pair<std::uint16_t, std::string>{18080, "monero"},
                                         std::pair<std::uint16_t, std::string>{18081, "monero"},
                                         std::pair<std::uint16_t, std::string>{9332, "litecoin"},
                                         std::pair<std::uint16_t, std::string>{9333, "litecoin"}));

TEST(CoinPort, LeavesOthersAlone) {
  SmallLake small;
  Flow udp = tcp("2019-05-01T03:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 4000);
  udp.proto = 17;
  Flow probe = tcp("2019-05-01T03:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 40);
  probe.packets = 1;
  probe.rev_packets = 1;
  Flow answer = tcp("2019-05-01T03:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 4000);
  answer.src_port = 443;  // a server's answer to a client that happened to take 8333
  small.add({udp, probe, answer, tcp("2019-05-01T03:00:00Z", "198.51.100.1", "175.45.178.20", 8333, 4000),
             tcp("2019-05-01T03:00:00Z", "175.45.178.20", "198.51.100.1", 8334, 4000)});
  EXPECT_TRUE(detect(small, "coin-port", watching()).empty());
}

TEST(CoinPort, UsesTheThresholdsThatWereSet) {
  SmallLake small;
  Flow short_flow = tcp("2019-05-01T04:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 40);
  short_flow.packets = 1;
  short_flow.rev_packets = 0;
  small.add({tcp("2019-05-01T03:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 4000), short_flow,
             tcp("2019-05-03T03:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 4000)});
  DetectContext context = watching();
  ASSERT_EQ(detect(small, "coin-port", context).size(), 1U);
  context.thresholds.set(thresholds::coin_port::kQuietGap, kDay.us / 1e6);
  ASSERT_EQ(detect(small, "coin-port", context).size(), 2U);  // two days apart
  context.thresholds.set(thresholds::coin_port::kMinFlows, 2);
  EXPECT_TRUE(detect(small, "coin-port", context).empty());
  context.thresholds.set(thresholds::coin_port::kMinPackets, 1);
  const auto findings = detect(small, "coin-port", context);  // the short one counts now
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(figure(findings[0], "flows"), 2);
}

TEST(CoinPort, WithoutASubjectEverybodyIsLookedAt) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "10.0.0.5", "198.51.100.1", 8333, 4000)});
  const auto findings = detect(small, "coin-port", {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[0], (Entity{"address", "10.0.0.5"}));
}

TEST(IrcPort, FindsClientsAndServersInScopeOnly) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "192.0.2.9", "198.51.100.1", 6667, 4000),
             tcp("2019-05-01T03:00:00Z", "198.51.100.77", "175.45.176.5", 6667, 4000),
             tcp("2019-05-01T03:00:00Z", "198.51.100.77", "198.51.100.1", 6667, 4000),
             tcp("2019-05-01T03:00:00Z", "192.0.2.9", "198.51.100.1", 6666, 4000)});
  const auto findings = detect(small, "irc-port", defending());
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].technique, "T1071");
  EXPECT_EQ(findings[0].entities[0], (Entity{"address", "192.0.2.9"}));
  EXPECT_EQ(findings[0].severity, Severity::kMedium);  // one of ours
  EXPECT_EQ(findings[1].severity, Severity::kLow);
  EXPECT_EQ(detect(small, "irc-port", {}).size(), 3U);
}

TEST(Detection, TwiceAddsNothingAndLaterRowsExtend) {
  SmallLake small;
  small.add({tcp("2019-05-01T03:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 4000)});
  auto state = FindingStore::open(small.folder(), true);
  ASSERT_TRUE(state) << state.error().message;
  const Duration gap = ThresholdValues{}.duration(find_detector("coin-port")->quiet_gap);
  const auto first = (*state)->record(detect(small, "coin-port", watching()), gap, Timestamp::now());
  ASSERT_EQ(first->created.size(), 1U);
  const auto again = (*state)->record(detect(small, "coin-port", watching()), gap, Timestamp::now());
  EXPECT_TRUE(again->created.empty() && again->extended.empty());
  small.add({tcp("2019-05-03T03:00:00Z", "175.45.178.20", "198.51.100.1", 8333, 6000)});
  const auto later = (*state)->record(detect(small, "coin-port", watching()), gap, Timestamp::now());
  EXPECT_TRUE(later->created.empty());
  ASSERT_EQ(later->extended.size(), 1U);
  EXPECT_EQ(later->extended[0].id, first->created[0].id);
  EXPECT_EQ(figure(later->extended[0], "bytes"), 10'000);
}

}  // namespace
}  // namespace rw
