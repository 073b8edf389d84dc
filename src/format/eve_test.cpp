// Suricata's EVE events: all versions of their shapes, and damage.
#include <gtest/gtest.h>

#include "format/log_testing.h"

namespace rw {
namespace {

using testing::decode_text;
using testing::Decoded;
using testing::Row;

std::string event(const std::string& kind, const std::string& body,
                  const std::string& ends =
                      R"("src_ip":"10.0.0.1","src_port":5000,"dest_ip":"192.0.2.7","dest_port":443,"proto":"TCP",)") {
  return R"({"timestamp":"2024-05-01T12:00:00.250000+0200","flow_id":77,"in_iface":"eth0",)" + ends +
         R"("event_type":")" + kind + "\"," + body + "}\n";
}

constexpr std::int64_t kTime = 1'714'557'600'250'000;  // 2024-05-01T10:00:00.25Z

const std::string kFlow = event(
    "flow",
    R"("app_proto":"tls","vlan":[10,20],"flow":{"pkts_toserver":6,"pkts_toclient":5,"bytes_toserver":700,"bytes_toclient":900,)"
    R"("start":"2024-05-01T11:59:00.000000+0200","end":"2024-05-01T11:59:30.500000+0200","age":30,"state":"closed"},)"
    R"("tcp":{"tcp_flags":"1f","tcp_flags_ts":"1b","tcp_flags_tc":"13","syn":true})");

TEST(EveTest, FlowEvent) {
  Decoded d = decode_text("suricata-eve", kFlow);
  ASSERT_TRUE(d.status);
  ASSERT_EQ(d["flows"].size(), 1U);
  const Row expected{{"start_time", std::to_string(kTime - 60'250'000)},
                     {"end_time", std::to_string(kTime - 29'750'000)},
                     {"src", "10.0.0.1"},
                     {"dst", "192.0.2.7"},
                     {"src_port", "5000"},
                     {"dst_port", "443"},
                     {"proto", "6"},
                     {"tcp_flags", "27"},
                     {"rev_tcp_flags", "19"},
                     {"bytes", "700"},
                     {"packets", "6"},
                     {"rev_bytes", "900"},
                     {"rev_packets", "5"},
                     {"sampling", "1"},
                     {"sensor", "border-1"},
                     {"app", "tls"},
                     {"vlan", "10"},
                     {"ingest", "0"}};
  EXPECT_EQ(d["flows"][0], expected);
}

TEST(EveTest, NetflowEventsAreOneWayAndUnderASensorOfTheirOwn) {
  Decoded d = decode_text(
      "suricata-eve",
      event("netflow",
            R"("host":"ids-1","app_proto":"failed","netflow":{"pkts":3,"bytes":180,"start":"2024-05-01T11:59:00+0200",)"
            R"("end":"2024-05-01T11:59:01+0200","age":1},"tcp":{"tcp_flags":"02"})") +
          kFlow);
  ASSERT_EQ(d["flows"].size(), 2U);
  EXPECT_EQ(d["flows"][0].at("sensor"), "ids-1 netflow");
  EXPECT_EQ(d["flows"][0].at("tcp_flags"), "2");
  EXPECT_EQ(d["flows"][0].count("rev_bytes"), 0U);
  EXPECT_EQ(d["flows"][0].count("app"), 0U) << "failed means not known";
  EXPECT_EQ(d["flows"][1].at("sensor"), "ids-1");
}

TEST(EveTest, IcmpAndNumberedProtocols) {
  const std::string body =
      R"("icmp_type":3,"icmp_code":1,"flow":{"pkts_toserver":1,"pkts_toclient":0,"bytes_toserver":70,"bytes_toclient":0})";
  Decoded d = decode_text("suricata-eve",
                          event("flow", body, R"("src_ip":"10.0.0.1","dest_ip":"10.0.0.2","proto":"ICMP",)") +
                              event("flow", body, R"("src_ip":"fe80::1","dest_ip":"ff02::2","proto":"IPv6-ICMP",)") +
                              event("flow", body, R"("src_ip":"10.0.0.1","dest_ip":"10.0.0.2","proto":"047",)") +
                              event("flow", body, R"("src_ip":"10.0.0.1","dest_ip":"10.0.0.2","proto":"WHAT",)"));
  ASSERT_EQ(d["flows"].size(), 3U);
  EXPECT_EQ(d["flows"][0].at("dst_port"), "769");
  EXPECT_EQ(d["flows"][1].at("proto"), "58");
  EXPECT_EQ(d["flows"][2].at("proto"), "47");
  EXPECT_EQ(d["flows"][2].at("dst_port"), "0");
  EXPECT_EQ(d.weird("bad-protocol"), 1U);
}

const std::string kDnsEnds =
    R"("src_ip":"10.0.0.1","src_port":5000,"dest_ip":"10.0.0.53","dest_port":53,"proto":"UDP",)";
const std::string kDnsBack =
    R"("src_ip":"10.0.0.53","src_port":53,"dest_ip":"10.0.0.1","dest_port":5000,"proto":"UDP",)";

TEST(EveTest, DnsVersion2) {
  Decoded d = decode_text(
      "suricata-eve",
      event("dns", R"("dns":{"type":"query","id":7,"rrname":"WWW.example.com","rrtype":"A","tx_id":0,"opcode":0})",
            kDnsEnds) +
          event(
              "dns",
              R"("dns":{"version":2,"type":"answer","id":7,"flags":"8180","qr":true,"rd":true,"ra":true,"rrname":"www.example.com",)"
              R"("rrtype":"A","rcode":"NOERROR","answers":[{"rrname":"www.example.com","rrtype":"CNAME","ttl":300,"rdata":"e.example.net"},)"
              R"({"rrname":"e.example.net","rrtype":"A","ttl":60,"rdata":"192.0.2.1"}],"grouped":{"A":["192.0.2.1"],"CNAME":["e.example.net"]}})",
              kDnsEnds));
  ASSERT_EQ(d["dns"].size(), 2U);
  EXPECT_EQ(d["dns"][0].at("name"), "www.example.com");
  EXPECT_EQ(d["dns"][0].count("rcode"), 0U);
  const Row answer{{"time", std::to_string(kTime)},
                   {"client", "10.0.0.1"},
                   {"server", "10.0.0.53"},
                   {"client_port", "5000"},
                   {"server_port", "53"},
                   {"transport", "udp"},
                   {"id", "7"},
                   {"opcode", "0"},
                   {"name", "www.example.com"},
                   {"name_bytes", "17"},
                   {"type", "1"},
                   {"rcode", "0"},
                   {"response_time", std::to_string(kTime)},
                   {"flags", std::to_string(0x8180)},
                   {"answers", "2"},
                   {"sensor", "border-1"},
                   {"ingest", "0"}};
  EXPECT_EQ(d["dns"][1], answer);
  ASSERT_EQ(d["dns_answers"].size(), 2U);
  EXPECT_EQ(d["dns_answers"][0].at("target"), "e.example.net");
  EXPECT_EQ(d["dns_answers"][0].at("type"), "5");
  EXPECT_EQ(d["dns_answers"][1].at("name"), "e.example.net");
  EXPECT_EQ(d["dns_answers"][1].at("address"), "192.0.2.1");
  EXPECT_EQ(d["dns_answers"][1].at("question"), "www.example.com");
}

TEST(EveTest, DnsVersion1IsOneEventARecord) {
  const auto record = [](const std::string& rdata) {
    return event(
        "dns",
        R"("dns":{"type":"answer","id":7,"flags":"8180","rcode":"NOERROR","rrname":"www.example.com","rrtype":"A","ttl":60,"rdata":")" +
            rdata + "\"}",
        kDnsBack);
  };
  Decoded d = decode_text("suricata-eve", record("192.0.2.1") + record("192.0.2.2"));
  ASSERT_EQ(d["dns"].size(), 1U) << "one transaction";
  EXPECT_EQ(d["dns"][0].at("client"), "10.0.0.1") << "the answer's packet went the other way";
  EXPECT_EQ(d["dns"][0].count("answers"), 0U);
  EXPECT_EQ(d["dns_answers"].size(), 2U);
}

TEST(EveTest, DnsVersion3) {
  Decoded d = decode_text(
      "suricata-eve",
      event(
          "dns",
          R"("dns":{"version":3,"type":"request","tx_id":0,"id":9,"flags":"100","rd":true,"opcode":0,"rcode":"NOERROR",)"
          R"("queries":[{"rrname":"a.example","rrtype":"SRV"}]})",
          kDnsEnds) +
          event(
              "dns",
              R"("dns":{"version":3,"type":"response","id":9,"flags":"8183","opcode":0,"rcode":"NXDOMAIN",)"
              R"("queries":[{"rrname":"a.example","rrtype":"SRV"}],"answers":[{"rrname":"a.example","rrtype":"SRV","ttl":5,)"
              R"("srv":{"priority":1,"weight":2,"port":3,"name":"t.example"}},{"rrname":"b","rrtype":"TYPE65","rdata":"x"}],)"
              R"("authorities":[{"rrname":"example","rrtype":"SOA","ttl":60}]})",
              kDnsEnds) +
          event("mdns",
                R"("dns":{"version":3,"type":"request","id":0,"queries":[{"rrname":"x.local","rrtype":"PTR"}]})",
                R"("src_ip":"10.0.0.1","src_port":5353,"dest_ip":"224.0.0.251","dest_port":5353,"proto":"UDP",)"));
  ASSERT_EQ(d["dns"].size(), 3U);
  EXPECT_EQ(d["dns"][0].count("rcode"), 0U) << "a request has no response code, whatever the event says";
  EXPECT_EQ(d["dns"][0].at("type"), "33");
  EXPECT_EQ(d["dns"][1].at("rcode"), "3");
  EXPECT_EQ(d["dns"][2].at("transport"), "mdns");
  ASSERT_EQ(d["dns_answers"].size(), 2U);
  EXPECT_EQ(d["dns_answers"][0].at("target"), "t.example");
  EXPECT_EQ(d["dns_answers"][1].at("type"), "65");
}

TEST(EveTest, TlsQuicHttpAndAlert) {
  Decoded d = decode_text(
      "suricata-eve",
      event(
          "tls",
          R"("tls":{"subject":"CN=a","issuerdn":"CN=b","sni":"www.example","version":"TLS 1.2","ja3":{"hash":"aa","string":"7,8"},)"
          R"("ja3s":{"hash":"bb"},"ja4":"t13d","client_alpns":["h2","http/1.1"]})") +
          event("tls", R"("tls":{"version":"UNDETERMINED"})") + event("tls", R"("tls":{"version":"TLSv1"})") +
          event("quic", R"("quic":{"version":"1","sni":"q.example","ja4":"q13"})",
                R"("src_ip":"10.0.0.1","src_port":5000,"dest_ip":"192.0.2.7","dest_port":443,"proto":"UDP",)") +
          event(
              "http",
              R"("http":{"hostname":"h.example","url":"/\u0007","http_user_agent":"curl","http_content_type":"text/html",)"
              R"("http_method":"GET","protocol":"HTTP/1.1","status":200,"length":512})") +
          event("alert",
                R"("alert":{"action":"allowed","gid":1,"signature_id":2013926,"rev":3,"signature":"ET POLICY \"x\"",)"
                R"("category":"Bad","severity":2},"http":{"hostname":"h"})"));
  ASSERT_TRUE(d.status);
  ASSERT_EQ(d["tls"].size(), 4U);
  EXPECT_EQ(d["tls"][0].at("version"), "TLSv12");
  EXPECT_EQ(d["tls"][0].at("ja3"), "aa");
  EXPECT_EQ(d["tls"][0].at("alpn"), "h2");
  EXPECT_EQ(d["tls"][1].count("version"), 0U);
  EXPECT_EQ(d["tls"][2].at("version"), "TLSv10");
  EXPECT_EQ(d["tls"][3].at("version"), "QUICv1");
  EXPECT_EQ(d["tls"][3].at("proto"), "17");
  ASSERT_EQ(d["http"].size(), 1U) << "an alert's own http object is no request of its own";
  EXPECT_EQ(d["http"][0].at("uri"), "/\\007");
  EXPECT_EQ(d["http"][0].at("response_body_bytes"), "512");
  ASSERT_EQ(d["alerts"].size(), 1U);
  EXPECT_EQ(d["alerts"][0].at("signature"), "ET POLICY \"x\"");
  EXPECT_EQ(d["alerts"][0].at("signature_id"), "2013926");
  EXPECT_EQ(d["alerts"][0].at("verdict"), "allowed");
}

TEST(EveTest, OtherEventsAreCountedByKind) {
  Decoded d = decode_text("suricata-eve", event("stats", R"("stats":{"uptime":5})") +
                                              event("stats", R"("stats":{"uptime":6})") +
                                              event("anomaly", R"("anomaly":{"type":"decode"})") + kFlow);
  EXPECT_TRUE(d.counts.weird.empty());
  EXPECT_EQ(d.counts.skipped.at("stats"), 2U);
  EXPECT_EQ(d.counts.skipped.at("anomaly"), 1U);
}

// The event goes from who sent the file; the client is who asked for it.
TEST(EveTest, FilesHaveTheirHashesAndTheirClient) {
  Decoded d = decode_text(
      "suricata-eve",
      event("fileinfo",
            R"("fileinfo":{"filename":"/b.zip","size":9,"md5":"D41D8CD98F00B204E9800998ECF8427E","sha1":"short"})",
            R"("src_ip":"192.0.2.7","src_port":80,"dest_ip":"10.0.0.1","dest_port":50000,"proto":"TCP",)"));
  ASSERT_EQ(d["files"].size(), 1U);
  const Row& file = d["files"][0];
  EXPECT_EQ(file.at("src"), "10.0.0.1");
  EXPECT_EQ(file.at("dst"), "192.0.2.7");
  EXPECT_EQ(file.at("dst_port"), "80");
  EXPECT_EQ(file.at("bytes"), "9");
  EXPECT_EQ(file.at("md5"), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(file.count("sha1"), 0U);
}

TEST(EveTest, BadEventsAreToldAndReadingGoesOn) {
  Decoded d = decode_text("suricata-eve",
                          "{\"event_type\":\n" + event("flow", R"("flow":{"pkts_toserver":-1,"bytes_toserver":"x"})") +
                              "{\"timestamp\":\"2024\"}\n" +
                              event("tls", R"("tls":{})", R"("src_ip":"10.0.0","dest_ip":"192.0.2.7","proto":"TCP",)") +
                              event("flow", "\"flow\":7") + kFlow);
  ASSERT_TRUE(d.status);
  EXPECT_EQ(d["flows"].size(), 1U);
  EXPECT_EQ(d.weird("bad-json"), 1U);
  EXPECT_EQ(d.weird("bad-number"), 2U);
  EXPECT_EQ(d.weird("no-event-type"), 1U);
  EXPECT_EQ(d.weird("bad-address"), 1U);
}

TEST(EveTest, TruncatedAtEveryByteAndGrown) {
  const std::string text = kFlow + kFlow;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Decoded before = decode_text("suricata-eve", text.substr(0, cut), {.step = 17});
    EXPECT_EQ(before["flows"].size(), (cut >= kFlow.size() - 1 ? 1U : 0U) + (cut >= text.size() - 1 ? 1U : 0U));
    Decoded after = decode_text("suricata-eve", text, {.resume_offset = cut});
    EXPECT_EQ(before["flows"].size() + after["flows"].size(), 2U) << "known up to " << cut;
  }
}

TEST(EveTest, SensorFromOptionHostOrFolder) {
  const std::string host = event("flow", R"("host":"ids-1","flow":{"pkts_toserver":1,"bytes_toserver":60})");
  EXPECT_EQ(decode_text("suricata-eve", host, {.sensor = "chosen"})["flows"].at(0).at("sensor"), "chosen");
  EXPECT_EQ(decode_text("suricata-eve", host)["flows"].at(0).at("sensor"), "ids-1");
  EXPECT_EQ(decode_text("suricata-eve", kFlow, {.name = "eve.json"})["flows"].at(0).at("sensor"), "suricata");
}

}  // namespace
}  // namespace rw
