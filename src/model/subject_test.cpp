// Subject and organisation files: what they mean, and that every mistake is told with its place.
#include "model/subject.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

constexpr std::string_view kExample = R"(
id = "case-2019"
name = "Watched space of case 2019"
time_zone = "Asia/Pyongyang"
country = "KP"
asns = [131279]
domains = ["kp", "Star.KP."]
sensors = ["border-1"]
work_week = "Mon-Fri 09:00-18:00"
[[prefix]]
prefix = "175.45.176.0/22"
label = "national allocation"
from = 2009-12-21
[[prefix]]
prefix = "77.94.35.0/24"
to = 2019-06-01T12:00:00Z
)";

TEST(Subject, ReadsTheExampleOfTheProduct) {
  const auto subject = parse_subject(kExample, "case.toml");
  ASSERT_TRUE(subject) << subject.error().message;
  EXPECT_EQ(subject->id, "case-2019");
  EXPECT_EQ(subject->time_zone, "Asia/Pyongyang");
  EXPECT_EQ(subject->asns, std::vector<std::uint32_t>{131279});
  EXPECT_EQ(subject->domains, (std::vector<std::string>{"kp", "star.kp"}));
  EXPECT_EQ(subject->work_week.to_string(), "Mon-Fri 09:00-18:00");
  ASSERT_EQ(subject->prefixes.size(), 2U);
  EXPECT_EQ(subject->prefixes[0].label, "national allocation");
  EXPECT_EQ(subject->prefixes[0].valid.from.date(), "2009-12-21");
  EXPECT_EQ(subject->prefixes[0].valid.to, kAllTime.to);
}

TEST(Subject, ValidityEndsAreInclusiveAndExclusive) {
  const auto subject = parse_subject(kExample, "case.toml");
  ASSERT_TRUE(subject);
  const Ip watched = *Ip::parse("77.94.35.9");
  EXPECT_TRUE(subject->watches(watched, *Timestamp::parse("2019-06-01T11:59:59Z")));
  EXPECT_FALSE(subject->watches(watched, *Timestamp::parse("2019-06-01T12:00:00Z")));
  EXPECT_FALSE(subject->watches(*Ip::parse("175.45.176.1"), *Timestamp::parse("2009-12-20T23:59:59Z")));
  EXPECT_TRUE(subject->watches(*Ip::parse("175.45.179.255"), *Timestamp::parse("2009-12-21")));
  EXPECT_FALSE(subject->watches(*Ip::parse("175.45.180.0"), *Timestamp::parse("2015-01-01")));
}

struct Mistake {
  std::string_view toml;
  std::string_view message;
};

class SubjectMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(SubjectMistakes, AreToldWithTheirPlace) {
  const auto subject = parse_subject(GetParam().toml, "s.toml");
  ASSERT_FALSE(subject);
  EXPECT_EQ(subject.error().code, ErrorCode::kUsage);
  EXPECT_NE(subject.error().message.find(GetParam().message), std::string::npos) << subject.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, SubjectMistakes,
    testing::Values(
        Mistake{"id = \"x\"\nname = \"n\"\ntime_zonne = \"UTC\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n",
                "s.toml:3:1: unknown key 'time_zonne'; a similar key exists: 'time_zone'"},
        Mistake{"id = \"X y\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n", "s.toml:1:6: 'X y' may hold only a-z"},
        Mistake{"name = \"n\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n", "the key 'id' is missing"},
        Mistake{"id = \"x\"\n", "needs at least one [[prefix]]"},
        Mistake{"id = \"x\"\n[[prefix]]\nprefix = \"192.0.2.1/24\"\n", "did you mean 192.0.2.0/24?"},
        Mistake{"id = \"x\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\nfrom = 2019-01-01\nto = 2018-01-01\n",
                "s.toml:5:6: the prefix is never valid"},
        Mistake{"id = \"x\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n",
                "s.toml:5:10: 192.0.2.0/24 is listed twice"},
        Mistake{"id = \"x\"\ncountry = \"Korea\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n",
                "s.toml:2:11: 'Korea' is not a country code"},
        Mistake{"id = \"x\"\nasns = [0]\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n", "0 is not an AS number"},
        Mistake{"id = \"x\"\ndomains = [\".kp\"]\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n", "write 'kp'"},
        Mistake{"id = \"x\"\ndomains = [\"a..b\"]\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n", "'a..b' is not a domain"},
        Mistake{"id = \"x\"\nwork_week = \"weekdays\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n",
                "s.toml:2:13: 'weekdays' is no work week"},
        Mistake{"id = \"x\"\nwork_week = \"Mon-Fri 18:00-09:00\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n",
                "ends before it begins"}));

TEST(Subject, AZoneThatTheStoreDoesNotKnowIsToldWithItsPlace) {
  const auto subject =
      parse_subject("id = \"x\"\ntime_zone = \"Mars\"\n[[prefix]]\nprefix = \"192.0.2.0/24\"\n", "s.toml",
                    [](const std::string& zone) { return zone == "Mars" ? "no such zone" : ""; });
  ASSERT_FALSE(subject);
  EXPECT_NE(subject.error().message.find("s.toml:2:13: no such zone"), std::string::npos) << subject.error().message;
}

TEST(WorkWeek, ReadsRunsListsAndWrapsOverSunday) {
  const auto gulf = WorkWeek::parse("Sun-Thu 08:30-16:00");
  ASSERT_TRUE(gulf);
  EXPECT_EQ(gulf->days, (std::array<bool, 7>{true, true, true, true, false, false, true}));
  EXPECT_EQ(gulf->from_minute, 510);
  EXPECT_EQ(WorkWeek::parse("Mon,Wed,Fri 00:00-24:00")->to_string(), "Mon,Wed,Fri 00:00-24:00");
  for (const std::string_view wrong :
       {"", "Mon", "Mon-Fri", "Mon- 09:00-18:00", "Mon-Fri 9:00-18:00", "Mon-Fri 09:00-25:00", "Mon-Fri 09:60-18:00"})
    EXPECT_FALSE(WorkWeek::parse(wrong)) << wrong;
}

TEST(Organisation, ReadsItsPartOfTheSettings) {
  const auto organisation = parse_organisation(
      "[organisation]\nprefixes = [\"192.0.2.0/24\"]\ndomains = [\"Example.org\"]\nresolvers = [\"192.0.2.53\"]\n"
      "[[organisation.vpn]]\nname = \"staff\"\nprotocol = \"wireguard\"\nendpoints = [\"192.0.2.10:51820\", "
      "\"[2001:db8::1]:51820\"]\n",
      "rangewatch.toml");
  ASSERT_TRUE(organisation) << organisation.error().message;
  EXPECT_EQ(organisation->prefixes.at(0).to_string(), "192.0.2.0/24");
  EXPECT_EQ(organisation->domains.at(0), "example.org");
  EXPECT_EQ(organisation->resolvers.at(0).to_string(), "192.0.2.53");
  EXPECT_EQ(organisation->vpn.at(0).endpoints.size(), 2U);
}

TEST(Organisation, MistakesAndAbsence) {
  const auto wrong = parse_organisation(
      "[organisation]\n[[organisation.vpn]]\nname = \"a\"\nprotocol = \"b\"\nendpoints = [\"192.0.2.10\"]\n", "r.toml");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("r.toml:5:13: '192.0.2.10' is not an endpoint"), std::string::npos)
      << wrong.error().message;
  const auto unknown = parse_organisation("[organization]\nprefixes = []\n", "r.toml");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("a similar key exists: 'organisation'"), std::string::npos)
      << unknown.error().message;
  const auto absent = read_organisation("/nonexistent/rangewatch.toml");
  ASSERT_TRUE(absent);
  EXPECT_TRUE(absent->empty());
}

}  // namespace
}  // namespace rw
