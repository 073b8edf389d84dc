// rangewatch.toml: what it may say, and that it survives being written out.
#include "model/settings.h"

#include <gtest/gtest.h>

namespace rw {
namespace {

TEST(Settings, ReadsEveryPart) {
  const auto settings = parse_settings(
      "[lake]\nretention_months = 13\n[query]\nmemory = \"2G\"\nthreads = 2\n[ingest]\nactive_timeout = \"5min\"\n"
      "[organisation]\nprefixes = [\"192.0.2.0/24\"]\ndomains = [\"example.org\"]\nresolvers = [\"192.0.2.53\"]\n"
      "[[organisation.vpn]]\nname = \"staff\"\nprotocol = \"wireguard\"\nendpoints = [\"192.0.2.10:51820\"]\n",
      "rangewatch.toml");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->retention_months, 13);
  EXPECT_EQ(settings->memory_bytes, 2'000'000'000u);
  EXPECT_EQ(settings->threads, 2u);
  EXPECT_EQ(settings->active_timeout, Duration::seconds(300));
  EXPECT_EQ(settings->idle_timeout, Duration::seconds(60));
  EXPECT_EQ(settings->organisation.vpn.at(0).name, "staff");
}

TEST(Settings, SurvivesBeingWrittenOut) {
  Settings settings;
  settings.retention_months = 7;
  settings.memory_bytes = 123'456'789;
  settings.organisation.prefixes = {*Prefix::parse("2001:db8::/32")};
  settings.organisation.vpn = {{"a \"b\" \\ \x01", "openvpn", {"192.0.2.1:1194"}}};
  const std::string text = settings_toml(settings);
  const auto again = parse_settings(text, "dump");
  ASSERT_TRUE(again) << again.error().message << "\n" << text;
  EXPECT_EQ(again->retention_months, 7);
  EXPECT_EQ(again->memory_bytes, 123'456'789u);
  EXPECT_EQ(again->organisation.vpn.at(0).name, "a \"b\" \\ \x01");
  EXPECT_EQ(settings_toml(*again), text);
}

TEST(Settings, WrongKeysAndValuesAreTold) {
  const auto settings = parse_settings(
      "[lake]\nretention_month = 3\n[query]\nmemory = \"lots\"\n[ingest]\nidle_timeout = \"10ms\"\n[quer]\n", "x.toml");
  ASSERT_FALSE(settings);
  const std::string& message = settings.error().message;
  EXPECT_NE(message.find("x.toml:2:1: unknown key 'retention_month'; a similar key exists: 'retention_months'"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("'lots' is not a size"), std::string::npos) << message;
  EXPECT_NE(message.find("must be at least 1s"), std::string::npos) << message;
  EXPECT_NE(message.find("unknown key 'quer'; a similar key exists: 'query'"), std::string::npos) << message;
}

constexpr Threshold kLeast{.name = "min_things", .value = 3, .unit = "things", .doc = "few", .least = 1, .most = 9};
constexpr Threshold kShare{
    .name = "min_share", .value = 0.5, .unit = "share", .doc = "some", .least = 0, .most = 1, .whole = false};
constexpr Threshold kGap{
    .name = "quiet_gap", .value = 604'800, .unit = kDurationUnit, .doc = "a pause", .least = 1, .most = 864'000};
constexpr const Threshold* kThresholds[] = {&kLeast, &kShare, &kGap};
constexpr ThresholdGroup kGroups[] = {{"some-detector", kThresholds}};

TEST(Settings, ThresholdsAreReadByDetector) {
  const auto settings = parse_settings(
      "[detectors.some-detector]\nmin_things = 7\nmin_share = 0.25\nquiet_gap = \"36h\"\n", "x", kGroups);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->thresholds.whole(kLeast), 7);
  EXPECT_EQ(settings->thresholds[kShare], 0.25);
  EXPECT_EQ(settings->thresholds.duration(kGap), Duration::seconds(36 * 3600));
  const std::string text = settings_toml(*settings, kGroups);
  EXPECT_NE(text.find("# Few (things, from 1 to 9).\nmin_things = 7\n"), std::string::npos) << text;
  EXPECT_NE(text.find("# A pause (from \"1s\" to \"10d\").\nquiet_gap = \"36h\"\n"), std::string::npos) << text;
  const auto again = parse_settings(text, "dump", kGroups);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(settings_toml(*again, kGroups), text);
}

TEST(Settings, ThresholdsNotSetKeepTheirDefaults) {
  const auto settings = parse_settings("[detectors.some-detector]\nmin_things = 7\n", "x", kGroups);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->thresholds[kShare], 0.5);
  EXPECT_EQ(settings->thresholds.duration(kGap), Duration::seconds(604'800));
}

TEST(Settings, WrongThresholdsAreTold) {
  const std::pair<std::string, std::string> wrong[] = {
      {"min_thing = 7", "x:2:1: unknown key 'min_thing'; a similar key exists: 'min_things'"},
      {"min_things = 10", "x:2:14: 'min_things' must be from 1 to 9"},
      {"min_things = 2.5", "'min_things' must be a whole number"},
      {"min_share = nan", "'min_share' must be from 0 to 1"},
      {"min_share = -0.1", "'min_share' must be from 0 to 1"},
      {"quiet_gap = \"11d\"", "'quiet_gap' must be from \"1s\" to \"10d\""},
  };
  for (const auto& [line, told] : wrong) {
    const auto settings = parse_settings("[detectors.some-detector]\n" + line + "\n", "x", kGroups);
    ASSERT_FALSE(settings) << line;
    EXPECT_NE(settings.error().message.find(told), std::string::npos) << settings.error().message;
  }
  const auto settings = parse_settings("[detectors.some-detectr]\n", "x", kGroups);
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().message.find("a similar key exists: 'some-detector'"), std::string::npos)
      << settings.error().message;
}

TEST(Settings, TheOrganisationAloneLeavesOtherPartsToOthers) {
  const auto organisation =
      parse_organisation("[lake]\nretention_months = 3\n[organisation]\ndomains = [\"example.org\"]\n", "x");
  ASSERT_TRUE(organisation) << organisation.error().message;
  EXPECT_EQ(organisation->domains.at(0), "example.org");
}

TEST(Settings, NoFileIsTheDefaults) {
  const auto settings = read_settings("/nonexistent/rangewatch.toml");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->retention_months, 25);
}

}  // namespace
}  // namespace rw
