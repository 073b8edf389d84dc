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
