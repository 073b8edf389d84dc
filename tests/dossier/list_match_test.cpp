// list-match over small lakes: what is found of each kind of entry, as of its time, and what is said of its bounds.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "detect/detector.h"
#include "enrich/reference.h"
#include "model/indicator_text.h"
#include "small_lake.h"

namespace rw {
namespace {

struct Entry {
  std::string_view kind, text, snapshot;
  std::string_view purpose = "threat";
  std::string_view list = "blocklist";
  std::optional<std::uint8_t> confidence = std::nullopt;
};

Indicator indicator(const Entry& entry) {
  Indicator row;
  row.time = at(entry.snapshot).us;
  row.purpose = entry.purpose;
  row.kind = entry.kind;
  row.indicator = entry.text;
  row.source_list = entry.list;
  row.confidence = entry.confidence;
  if (entry.kind == "address" || entry.kind == "prefix") {
    AddressSpan span;
    EXPECT_TRUE(read_address_span(entry.text, span));
    row.first = span.first;
    row.last = span.last;
  }
  return row;
}

class ListMatch : public ::testing::Test {
 protected:
  void list(const std::vector<Entry>& entries) {
    small.add_rows([&](Emitter& emitter) {
      for (const Entry& entry : entries) emitter.add(indicator(entry));
    });
  }
  std::vector<Finding> detect(std::vector<std::string>* left_out = nullptr) {
    auto findings = run_detector(small.lake(), detector, context(), left_out);
    EXPECT_TRUE(findings) << findings.error().message;
    return findings ? *findings : std::vector<Finding>{};
  }
  DetectContext context() {
    DetectContext out;
    auto reference = Reference::load(small.lake(), out.range);
    EXPECT_TRUE(reference);
    if (reference) out.reference = *reference;
    return out;
  }
  static Flow flow(std::string_view time, std::string_view src, std::string_view dst) {
    return tcp(time, src, dst, 443, 1'000);
  }
  static std::string entity(const Finding& finding, std::string_view kind) {
    for (const Entity& e : finding.entities)
      if (e.kind == kind) return e.value;
    return "";
  }

  const Detector& detector = *find_detector("list-match");
  SmallLake small;
};

TEST_F(ListMatch, NothingWithoutThreatLists) {
  small.add({flow("2019-05-10T10:00:00Z", "192.0.2.7", "203.0.113.9")});
  EXPECT_TRUE(detect().empty());
  list({{"address", "203.0.113.9", "2019-05-01T00:00:00Z", "hosting"}});  // a list of another purpose
  EXPECT_TRUE(detect().empty());
}

TEST_F(ListMatch, AddressesAndPrefixesOnTheListAtThatTime) {
  list({{"address", "203.0.113.9", "2019-05-01T00:00:00Z"}, {"prefix", "198.51.100.0/24", "2019-05-01T00:00:00Z"}});
  list({{"prefix", "198.51.100.0/24", "2019-06-01T00:00:00Z"}});  // the next snapshot: the address is gone
  small.add({flow("2019-05-10T10:00:00Z", "192.0.2.7", "203.0.113.9"),
             flow("2019-06-10T10:00:00Z", "192.0.2.8", "203.0.113.9"),  // not on the list any more
             flow("2019-06-10T10:00:00Z", "192.0.2.9", "198.51.100.77"),
             flow("2019-06-10T10:00:00Z", "192.0.2.9", "198.51.101.77")});
  const auto findings = detect();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(entity(findings[0], "address"), "192.0.2.7");
  EXPECT_EQ(entity(findings[0], "indicator"), "203.0.113.9");
  EXPECT_EQ(entity(findings[1], "address"), "192.0.2.9");
  EXPECT_EQ(entity(findings[1], "indicator"), "198.51.100.0/24");
  EXPECT_EQ(findings[1].observations.count, 1);
}

TEST_F(ListMatch, WhoOnlyKnockedIsNoContact) {
  list({{"address", "203.0.113.9", "2019-05-01T00:00:00Z"}});
  Flow scan = flow("2019-05-10T10:00:00Z", "203.0.113.9", "192.0.2.7");
  scan.rev_packets = 0;
  scan.rev_bytes = 0;
  small.add({scan});
  EXPECT_TRUE(detect().empty());
  small.add({flow("2019-05-10T11:00:00Z", "203.0.113.9", "192.0.2.7")});  // answered
  EXPECT_EQ(detect().size(), 1U);
}

TEST_F(ListMatch, DomainsBelowWhatIsListed) {
  list({{"domain", "evil.example.net", "2019-05-01T00:00:00Z"}});
  std::vector<Dns> rows;
  for (const std::string_view name : {"www.evil.example.net", "www.example.net", "notevil.example.net"}) {
    Dns row;
    row.time = at("2019-05-10T10:00:00Z").us;
    row.client = ip("192.0.2.7");
    row.server = ip("192.0.2.53");
    row.transport = "udp";
    row.name = name;
    row.registered_domain = "example.net";
    row.sensor = "border-1";
    rows.push_back(row);
  }
  small.add({}, rows);
  const auto findings = detect();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(entity(findings[0], "indicator"), "evil.example.net");
  EXPECT_NE(findings[0].summary.find("www.evil.example.net"), std::string::npos) << findings[0].summary;
}

TEST_F(ListMatch, SeverityFollowsTheListsConfidence) {
  list({{"address", "203.0.113.1", "2019-05-01T00:00:00Z", "threat", "sure", 95},
        {"address", "203.0.113.2", "2019-05-01T00:00:00Z", "threat", "weak", 35}});
  small.add({flow("2019-05-10T10:00:00Z", "192.0.2.7", "203.0.113.1"),
             flow("2019-05-10T11:00:00Z", "192.0.2.7", "203.0.113.2")});
  const auto findings = detect();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].severity, Severity::kHigh);
  EXPECT_EQ(findings[1].severity, Severity::kLow);
  EXPECT_EQ(findings[1].confidence, Confidence::kLow);
}

TEST_F(ListMatch, AListYoungerThanTheContactSaysSo) {
  list({{"address", "203.0.113.9", "2019-06-01T00:00:00Z"}});
  small.add({flow("2019-05-10T10:00:00Z", "192.0.2.7", "203.0.113.9")});
  const auto findings = detect();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);
  EXPECT_NE(findings[0].summary.find("younger than the contact"), std::string::npos);
}

// Bounds are told, and every finding of a run that was cut says it.
TEST_F(ListMatch, SaysThatFindingsWereCut) {
  constexpr std::uint32_t kMost = 10'000;
  list({{"address", "203.0.113.9", "2019-05-01T00:00:00Z"}});
  std::vector<Flow> flows;
  for (std::uint32_t i = 0; i < kMost - 1; ++i) {
    flows.push_back(flow("2019-05-10T10:00:00Z", "192.0.2.7", "203.0.113.9"));
    flows.back().src = Ip::v4(0x0A000000 + i);
  }
  small.add(flows);
  std::vector<std::string> left_out;
  auto findings = detect(&left_out);
  EXPECT_EQ(findings.size(), kMost - 1);
  EXPECT_TRUE(left_out.empty());
  EXPECT_EQ(findings[0].may_be_wrong_because, detector.may_be_wrong_because);
  for (Flow& flow : flows) flow.src = Ip::v4(flow.src.v4_bits() + 0x00010000);
  flows.resize(20);
  small.add(flows);
  findings = detect(&left_out);
  EXPECT_EQ(findings.size(), kMost);
  ASSERT_EQ(left_out.size(), 1U);
  EXPECT_TRUE(left_out[0].starts_with("Only 10,000 findings of a run are kept")) << left_out[0];
  EXPECT_NE(findings[0].may_be_wrong_because.find(left_out[0]), std::string::npos);
}

TEST_F(ListMatch, SaysThatNamesWereCut) {
  list({{"ja3", "0123456789abcdef0123456789abcdef", "2019-05-01T00:00:00Z"}});
  const DetectContext all = context();
  ASSERT_EQ(detector.queries(all).size(), 1U);
  std::vector<Answer> answers(1);
  answers[0].rows.assign(999'999, {Value(std::string("x")), Value(std::int64_t{1})});
  EXPECT_TRUE(detector.left_out(all, answers, {}).empty());
  answers[0].rows.push_back(answers[0].rows[0]);
  const auto said = detector.left_out(all, answers, {});
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(said[0].starts_with("Only 1,000,000 different JA3 hashes were compared")) << said[0];
}

}  // namespace
}  // namespace rw
