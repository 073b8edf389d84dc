// Detectors of behaviour over small lakes: what they find, how they grade it, and what they leave alone.
#include <gtest/gtest.h>

#include <algorithm>

#include "detect/detector.h"
#include "section/dossier.h"
#include "small_lake.h"

namespace rw {
namespace {

std::vector<Finding> detect(SmallLake& small, std::string_view id, const DetectContext& context) {
  auto findings = run_detector(small.lake(), *find_detector(id), context);
  EXPECT_TRUE(findings) << findings.error().message;
  return findings ? *findings : std::vector<Finding>{};
}

DetectContext watching() { return {.subjects = {watched_space()}}; }
DetectContext defending() {
  DetectContext context;
  context.organisation.prefixes = {*Prefix::parse("192.0.2.0/24")};
  return context;
}

Flow known_as(std::string_view app, Flow flow) {
  flow.app = app;
  return flow;
}
Flow udp(Flow flow) {
  flow.proto = 17;
  flow.tcp_flags = 0;
  flow.rev_tcp_flags = 0;
  return flow;
}

MiningSession session(std::string_view time, std::string_view client, std::string_view server, std::uint16_t port,
                      std::string_view worker) {
  MiningSession row;
  row.time = at(time).us;
  row.end_time = row.time + 600'000'000;
  row.client = ip(client);
  row.server = ip(server);
  row.client_port = 40'000;
  row.server_port = port;
  row.kind = "pool";
  row.protocol = "monero-login";
  row.coin = "monero";
  row.worker = worker;
  row.messages = 10;
  row.rev_messages = 12;
  row.sensor = "tap";
  return row;
}

TEST(MiningPool, InsideTheOrganisationIsCryptojacking) {
  SmallLake small;
  small.add({known_as("stratum", tcp("2019-05-01T03:00:00Z", "192.0.2.7", "198.51.100.1", 443, 9000))});
  small.add_rows([](Emitter& e) { e.add(session("2019-05-01T03:00:01Z", "192.0.2.7", "198.51.100.1", 443, "a")); });
  const auto findings = detect(small, "mining-pool", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].severity, Severity::kHigh);
  EXPECT_EQ(findings[0].confidence, Confidence::kHigh);
  EXPECT_EQ(findings[0].evidence, std::vector<EvidenceKind>{EvidenceKind::kPayload});
  EXPECT_EQ(findings[0].technique, "T1496");
  EXPECT_NE(findings[0].summary.find("monero"), std::string::npos);
}

TEST(MiningPool, PortsAreToldOfAWatchedSpaceOnlyWithTheShapeAndLow) {
  SmallLake small;
  std::vector<Flow> flows;
  for (int i = 0; i < 3; ++i) {
    Flow slow = tcp("2019-05-01T0" + std::to_string(i) + ":00:00Z", "175.45.178.20", "198.51.100.1", 3333, 4000);
    slow.end_time = slow.start_time + 300'000'000;  // eleven packets in five minutes
    flows.push_back(slow);
    flows.push_back(tcp("2019-05-01T0" + std::to_string(i) + ":00:00Z", "175.45.178.21", "198.51.100.1", 3333, 4000));
    slow.src = ip("192.0.2.7");  // nobody's watched
    flows.push_back(slow);
  }
  small.add(flows);
  const auto findings = detect(small, "mining-pool", watching());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[0].value, "175.45.178.20");
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);
  EXPECT_EQ(findings[0].evidence, std::vector<EvidenceKind>{EvidenceKind::kPort});
  EXPECT_TRUE(detect(small, "mining-pool", defending()).empty());
  EXPECT_TRUE(detect(small, "mining-pool", {}).empty());
}

TEST(Vpn, TheInventoryDecides) {
  SmallLake small;
  small.add({known_as("wireguard", udp(tcp("2019-05-01T03:00:00Z", "192.0.2.7", "198.51.100.10", 51820, 9000))),
             known_as("openvpn", udp(tcp("2019-05-01T04:00:00Z", "192.0.2.7", "198.51.100.20", 443, 9000))),
             known_as("wireguard", udp(tcp("2019-05-01T05:00:00Z", "203.0.113.5", "192.0.2.9", 51820, 9000)))});
  DetectContext context = defending();
  context.organisation.vpn = {{"staff", "wireguard", {"198.51.100.10:51820"}}};
  const auto findings = detect(small, "vpn", context);
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].severity, Severity::kHigh);  // outside, not in the inventory, another protocol's port
  EXPECT_EQ(findings[0].technique, "T1572");
  EXPECT_EQ(findings[1].severity, Severity::kHigh);  // a server of ours that nobody listed
  EXPECT_EQ(findings[1].technique, "T1133");
  context.organisation.vpn = {{"staff", "openvpn", {"198.51.100.10:51820", "198.51.100.20:443", "192.0.2.9:1194"}}};
  const auto graded = detect(small, "vpn", context);
  ASSERT_EQ(graded.size(), 2U);
  EXPECT_EQ(graded[0].severity, Severity::kMedium);  // a known endpoint, another protocol
}

TEST(Vpn, OfAWatchedSpaceIsToldByPrefix) {
  SmallLake small;
  small.add({known_as("wireguard", udp(tcp("2019-05-01T03:00:00Z", "175.45.176.7", "198.51.100.10", 51820, 9000))),
             known_as("wireguard", udp(tcp("2019-05-01T03:00:00Z", "175.45.177.8", "198.51.100.11", 51820, 9000)))});
  const auto findings = detect(small, "vpn", watching());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[0], (Entity{"watched_prefix", "175.45.176.0/22"}));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(findings[0].summary.find("175.45.176.7"), std::string::npos);
}

Tls hello(std::string_view time, std::string_view src, std::string_view dst, std::string_view name) {
  Tls row;
  row.time = at(time).us;
  row.src = ip(src);
  row.dst = ip(dst);
  row.src_port = 40'000;
  row.dst_port = 443;
  row.proto = 6;
  row.server_name = name;
  row.sensor = "tap";
  return row;
}

TEST(Tor, NamesDrawnByLotCountAndTheFormAloneDoesNot) {
  SmallLake small;
  small.add_rows([](Emitter& e) {
    e.add(hello("2019-05-01T03:00:00Z", "192.0.2.7", "198.51.100.1", "www.ct7ctrgb6cr7.com"));
    e.add(hello("2019-05-01T03:01:00Z", "192.0.2.7", "198.51.100.2", "www.e6r5p57kbafwrxj3plz.com"));
    e.add(hello("2019-05-01T03:02:00Z", "192.0.2.7", "198.51.100.3", "www.gfu7hbxpfp.com"));
    for (const char* name : {"www.facebook.com", "www.dota2.com", "www.37signals.com", "www.w3schools.com"})
      e.add(hello("2019-05-01T03:00:00Z", "192.0.2.8", "198.51.100.4", name));
  });
  const auto findings = detect(small, "tor", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"address", "192.0.2.7"}}));
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);  // nobody saw what it asks resolvers
  Dns lookup;
  lookup.time = at("2019-05-01T02:59:59Z").us;
  lookup.client = ip("192.0.2.7");
  lookup.server = ip("192.0.2.53");
  lookup.name = "www.gfu7hbxpfp.com";
  lookup.transport = "udp";
  lookup.sensor = "tap";
  small.add({}, {lookup});
  EXPECT_TRUE(detect(small, "tor", defending()).empty());  // a name that is resolved is none of Tor's; two are too few
}

TEST(Proxy, WithinTheNetworkIsNobodysBusiness) {
  SmallLake small;
  small.add({known_as("socks", tcp("2019-05-01T03:00:00Z", "192.0.2.7", "198.51.100.1", 1080, 4000)),
             known_as("socks", tcp("2019-05-01T03:00:00Z", "192.0.2.7", "192.0.2.3", 1080, 4000)),
             known_as("http-proxy", tcp("2019-05-01T04:00:00Z", "203.0.113.9", "192.0.2.4", 8080, 4000))});
  const auto findings = detect(small, "proxy", defending());
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].severity, Severity::kMedium);
  EXPECT_EQ(findings[1].severity, Severity::kHigh);
}

TEST(Irc, IsFoundOnAnyPort) {
  SmallLake small;
  small.add({known_as("irc", tcp("2019-05-01T03:00:00Z", "192.0.2.7", "198.51.100.1", 8000, 4000)),
             tcp("2019-05-01T03:00:00Z", "192.0.2.8", "198.51.100.1", 6667, 4000)});
  const auto findings = detect(small, "irc", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[0].value, "192.0.2.7");
  EXPECT_EQ(findings[0].evidence, std::vector<EvidenceKind>{EvidenceKind::kPayload});
}

Flow answer(std::string_view src, std::string_view dst, std::uint16_t port, std::int64_t asked, std::int64_t sent,
            std::int64_t sent_packets) {
  Flow flow = udp(tcp("2019-05-01T03:00:00Z", src, dst, port, 0));
  flow.packets = 1;
  flow.bytes = asked + 28;
  flow.rev_packets = sent_packets;
  flow.rev_bytes = sent + 28 * sent_packets;
  return flow;
}

TEST(ExposedService, IsGradedByRatioAndNeedsAnOwner) {
  SmallLake small;
  small.add({answer("198.51.100.1", "192.0.2.10", 389, 52, 65, 1),      // ordinary
             answer("198.51.100.1", "192.0.2.11", 389, 52, 3000, 3),    // an open rootDSE
             answer("198.51.100.1", "192.0.2.12", 123, 48, 48, 1),      // a time server
             answer("192.0.2.13", "192.0.2.11", 389, 52, 3000, 3),      // one of ours
             answer("192.0.2.13", "198.51.100.9", 389, 52, 3000, 3)});  // somebody else's
  const auto findings = detect(small, "exposed-service", defending());
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].entities[0].value, "192.0.2.10");
  EXPECT_EQ(findings[0].severity, Severity::kLow);
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);  // a port and small answers
  EXPECT_EQ(findings[1].severity, Severity::kHigh);
  EXPECT_EQ(findings[1].technique, "T1498.002");
  for (const Figure& figure : findings[1].figures)
    if (figure.name == "payload_amplification") {
      EXPECT_NEAR(std::get<double>(figure.value), 57.7, 0.1);
    }
  EXPECT_TRUE(detect(small, "exposed-service", {}).empty());
}

TEST(ExposedService, AnswersOfOneWaySensorsCount) {
  SmallLake small;
  Flow back = udp(tcp("2019-05-01T03:00:00Z", "192.0.2.11", "198.51.100.1", 50'000, 0));
  back.src_port = 11211;
  back.packets = 1000;
  back.bytes = 1'400'000;
  back.rev_bytes.reset();
  back.rev_packets.reset();
  back.rev_tcp_flags.reset();
  small.add({back});
  const auto findings = detect(small, "exposed-service", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[1].value, "memcached");
  EXPECT_EQ(findings[0].severity, Severity::kHigh);  // over a megabyte to one target
}

TEST(LegacyPlugin, IsToldByFileAndByType) {
  SmallLake small;
  Http request;
  request.time = at("2019-05-01T03:00:00Z").us;
  request.src = ip("192.0.2.7");
  request.dst = ip("198.51.100.1");
  request.dst_port = 80;
  request.host = "games.example.net";
  request.uri = "/a.swf?x=1";
  request.status = 200;
  request.sensor = "tap";
  Http script = request;
  script.src = ip("192.0.2.8");
  script.uri = "/swfobject.js";
  small.add_rows([&](Emitter& e) {
    e.add(request);
    e.add(script);
  });
  const auto findings = detect(small, "legacy-plugin", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities[0].value, "192.0.2.7");
  EXPECT_EQ(findings[0].severity, Severity::kMedium);
}

TEST(Beacon, OnlyOutwardAndOnlyWhatFewTalkTo) {
  SmallLake small;
  std::vector<Flow> flows;
  const Timestamp day = at("2019-05-01");
  for (int i = 0; i < 280; ++i) {
    const std::string time = (day + Duration::seconds(300 * i + i % 7)).to_string();
    flows.push_back(tcp(time, "192.0.2.7", "198.51.100.1", 443, 4000));
    flows.push_back(tcp(time, "198.51.100.2", "192.0.2.7", 443, 4000));     // inward
    flows.push_back(tcp(time, "192.0.2.7", "192.0.2.9", 443, 4000));        // within
    flows.push_back(udp(tcp(time, "192.0.2.7", "198.51.100.3", 123, 76)));  // everybody's clock
    for (const char* many : {"192.0.2.20", "192.0.2.21", "192.0.2.22"})
      flows.push_back(tcp(time, many, "198.51.100.4", 443, 4000));  // three of four: a service
  }
  small.add(flows);
  const auto findings = detect(small, "beacon", defending());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].entities, (std::vector<Entity>{{"address", "192.0.2.7"}, {"server", "198.51.100.1"}}));
  EXPECT_EQ(findings[0].confidence, Confidence::kLow);  // one day
}

TEST(MiningSection, PayloadSeenOnceStandsForAllFlowsThere) {
  SmallLake small;
  std::vector<Flow> flows;
  for (int day = 0; day < 60; ++day)
    flows.push_back(tcp((at("2019-04-01T03:00:00Z") + Duration{day * kDay.us}).to_string(), "175.45.176.150",
                        "198.51.100.1", 3333, day < 30 ? 10'000 : 120'000));
  flows.push_back(tcp("2019-04-05T03:00:00Z", "175.45.176.151", "198.51.100.9", 3333, 700));
  small.add(flows);
  small.add_rows([](Emitter& e) {
    for (const char* worker : {"a", "b", "c"})
      e.add(session("2019-05-10T03:00:01Z", "175.45.176.150", "198.51.100.1", 3333, worker));
  });
  Subject subject = watched_space();
  subject.sensors = {"border-1"};
  DossierRequest request;
  request.period = {at("2019-03-31T15:00:00Z"), at("2019-05-30T15:00:00Z")};
  const auto dossier = build_dossier(small.lake(), subject, {}, request);
  ASSERT_TRUE(dossier) << dossier.error().message;
  const Document d = dossier_document(*dossier);
  const auto& items = *d["sections"]["mining"]["items"].items();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(*items[0]["coin"].text(), "monero");
  EXPECT_EQ(*items[0]["kind"].text(), "pool");
  EXPECT_EQ(*items[0]["confidence"].text(), "high");
  EXPECT_EQ(*items[0]["bytes"].integer(), 30 * 10'000 + 30 * 120'000);
  EXPECT_EQ(*items[0]["machines_at_least"].integer(), 3);
  EXPECT_TRUE(items[1]["coin"].is_null());  // a pool's port says no coin
  EXPECT_EQ(*items[1]["evidence"].text(), "port");
  EXPECT_EQ(*items[1]["confidence"].text(), "low");
  EXPECT_EQ(*items[1]["bytes"].integer(), 700);
}

}  // namespace
}  // namespace rw
