// What names and windows say, made by hand: tunnels are found, block lists and busy clients are not.
#include "detect/dns_tunnel.h"

#include <gtest/gtest.h>

namespace rw::dns_tunnel {
namespace {

Window window(std::string_view domain, std::int64_t queries, std::int64_t names, std::int64_t bytes_each) {
  Window w{.client = Ip::v4(0xC0000214), .domain = std::string(domain), .sensor = "s"};
  w.start = Timestamp::from_seconds(1'561'939'200);
  w.first = w.start + kSecond;
  w.last = w.start + Duration::seconds(241);
  w.queries = w.responses = w.sized_queries = w.sized_responses = queries;
  w.names = names;
  w.unique_name_bytes = names * (bytes_each + wire_bytes(domain) + 1);
  w.query_bytes = queries * (bytes_each + 40);
  w.response_bytes = queries * (bytes_each + 80);
  w.first_server = w.last_server = Ip::v4(0xC0000235);
  return w;
}

std::vector<Sample> hex_names(int count) {
  std::vector<Sample> samples;
  for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "%04x011f2e%08x.cat.example.net", i * 7919 & 0xFFFF, i * 2'654'435U);
    samples.push_back({name, kTypeTxt});
  }
  return samples;
}

std::vector<Tunnel> decide(const Evidence& evidence) { return decide_messages({}, evidence, kHistoryWindow); }

TEST(DnsTunnel, SubdomainBytesLeaveTheDomainOut) {
  EXPECT_EQ(wire_bytes("example.net"), 12);  // 7 example 3 net, without the root
  EXPECT_EQ(wire_bytes(R"(a\200\.b)"), 5);   // a, one byte, a dot inside the label, b
  EXPECT_EQ(window("example.net", 10, 10, 50).subdomain_bytes(), 500);
}

TEST(DnsTunnel, NamesOfRandomDataAreATunnel) {
  Window w = window("example.net", 200, 198, 30);
  w.data_queries = 200;
  const auto tunnels = decide({{w}, hex_names(40), {}});
  ASSERT_EQ(tunnels.size(), 1U);
  EXPECT_EQ(tunnels[0].traits.tool, "dnscat2");
  EXPECT_TRUE(tunnels[0].traits.tool_proven);
  EXPECT_EQ(tunnels[0].traits.base, "cat.example.net");
  EXPECT_EQ(tunnels[0].traits.alphabet, "hexadecimal");
  EXPECT_EQ(tunnels[0].confidence, Confidence::kHigh);
  EXPECT_EQ(tunnels[0].messages(), 400);
  EXPECT_EQ(tunnels[0].bytes_up, 200 * 70);
  EXPECT_EQ(tunnels[0].bytes_down, 200 * 110);
  EXPECT_EQ(tunnels[0].signs.mean_message_bytes, 90.0);
  EXPECT_NEAR(tunnels[0].signs.mean_gap_seconds.value_or(0), 240.0 / 199, 1e-9);
  EXPECT_EQ(tunnels[0].reasons, (std::vector<std::string>{"message length", "mean gap", "names that never repeat",
                                                          "record types", "encoded names"}));
}

TEST(DnsTunnel, FewBytesOrFewNamesAreNone) {
  Window few_bytes = window("example.net", 20, 16, 31);  // 496 B
  few_bytes.data_queries = 20;
  EXPECT_TRUE(decide({{few_bytes}, hex_names(16), {}}).empty());
  Window enough = window("example.net", 20, 16, 32);
  enough.data_queries = 20;
  EXPECT_EQ(decide({{enough}, hex_names(16), {}}).size(), 1U);
  Window few_names = window("example.net", 20, 7, 200);
  few_names.data_queries = 20;
  EXPECT_TRUE(decide({{few_names}, hex_names(7), {}}).empty());
}

TEST(DnsTunnel, ManyOrdinaryNamesAreNone) {
  std::vector<Sample> samples;
  for (const char* name : {"www", "calendar", "clients6", "people-pa.clients6", "signaler-pa.clients6", "contacts"})
    samples.push_back({std::string(name) + ".example.net", kTypeA});
  EXPECT_TRUE(decide({{window("example.net", 60, 50, 24)}, samples, {}}).empty());
}

TEST(DnsTunnel, WhoAsksForManyNeedsVolumeThatStandsOut) {
  Window w = window("example.net", 200, 198, 30);
  w.data_queries = 200;
  Evidence evidence{{w}, hex_names(40), {}};
  evidence.baseline.domains = 200;
  evidence.baseline.name_bytes = 43.0 * 198 / 9;  // a ninth
  EXPECT_TRUE(decide(evidence).empty());
  evidence.baseline.name_bytes = 43.0 * 198 / 11;
  EXPECT_EQ(decide(evidence).size(), 1U);
}

TEST(DnsTunnel, APauseLongerThanTheQuietGapMakesTwo) {
  Window a = window("example.net", 200, 198, 30);
  a.data_queries = 200;
  Window b = a;
  b.start = a.start + kDay + kDay;
  b.first = b.start;
  b.last = b.start + kMinute;
  EXPECT_EQ(decide({{a, b}, hex_names(40), {}}).size(), 2U);
  b.start = a.start + kHour;
  b.first = b.start;
  b.last = b.start + kMinute;
  const auto one = decide({{a, b}, hex_names(40), {}});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].last, b.last);
  EXPECT_EQ(one[0].windows, 2);
}

TEST(DnsTunnelNames, BlockListsByDomainAndTypeNotBySubstring) {
  const std::vector<Sample> lookups = {{"4.3.2.1.zen.spamhaus.org", kTypeA}, {"8.7.6.5.zen.spamhaus.org", kTypeTxt}};
  EXPECT_EQ(benign_exchange(lookups, "spamhaus.org"), Exchange::kBlockList);
  const std::vector<Sample> carried = {{"0123456789abcdef.spamhaus.org", kTypeNull}};
  EXPECT_EQ(benign_exchange(carried, "spamhaus.org"), Exchange::kNone);
  const std::vector<Sample> beside = {{"0123456789abcdef.spamhaus.org.example.net", kTypeA},
                                      {"spamhaus.org.example.net", kTypeA},
                                      {"fedcba98.example.net", kTypeA}};
  EXPECT_EQ(benign_exchange(beside, "example.net"), Exchange::kNone);
  const std::vector<Sample> unknown_list = {{"4.3.2.1.bl.example.net", kTypeA}, {"8.7.6.5.bl.example.net", kTypeA}};
  EXPECT_EQ(benign_exchange(unknown_list, "example.net"), Exchange::kBlockList);
}

TEST(DnsTunnelNames, DecoysDoNotHideData) {
  std::vector<Sample> samples = hex_names(20);
  for (int i = 0; i < 30; ++i) samples.push_back({std::to_string(i) + ".3.2.1.bl.example.net", kTypeA});
  EXPECT_EQ(benign_exchange(samples, "example.net"), Exchange::kNone);
  samples.erase(samples.begin(), samples.begin() + 20);
  for (int i = 0; i < 20; ++i) samples.push_back({"sender" + std::to_string(i) + ".dbl.example.net", kTypeA});
  EXPECT_EQ(benign_exchange(samples, "example.net"), Exchange::kBlockList);
}

TEST(DnsTunnelNames, NamesBehindWhichASearchListStands) {
  const std::vector<Sample> names = {{"www.example.org.corp.lan", kTypeA}, {"mail.example.com.corp.lan", kTypeAaaa}};
  EXPECT_EQ(benign_exchange(names, "corp.lan"), Exchange::kSearchList);
  EXPECT_EQ(benign_exchange(hex_names(20), "example.net"), Exchange::kNone);  // "cat" is a top-level domain too
}

TEST(DnsTunnelNames, IodineByItsCodecCheck) {
  const std::vector<Sample> names = {{R"(zi03aa-aaahhh-drink-mal-ein-j\228germeister-.pirate.sea)", kTypeA},
                                     {"vaaaakardli.pirate.sea", kTypeA}};
  const NameTraits traits = examine(names, "pirate.sea");
  EXPECT_EQ(traits.tool, "iodine");
  EXPECT_TRUE(traits.tool_proven);
}

TEST(DnsTunnelNames, WordsAreNoData) {
  const std::vector<Sample> names = {{"people-pa.clients6.google.com", kTypeA},
                                     {"cello.client-channel.google.com", kTypeA},
                                     {"connectivitycheck.google.com", kTypeA},
                                     {"safebrowsing-cache.google.com", kTypeA}};
  EXPECT_EQ(examine(names, "google.com").data_share, 0);
  EXPECT_EQ(examine({}, "google.com").names, 0U);
}

}  // namespace
}  // namespace rw::dns_tunnel
