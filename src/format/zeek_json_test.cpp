// Zeek's JSON logs: the same rows as from TSV, shapes of times and keys, damage.
#include <gtest/gtest.h>

#include "format/log_testing.h"

namespace rw {
namespace {

using testing::decode_text;
using testing::Decoded;
using testing::Row;

const std::string kConn =
    R"({"ts": 1517422326.539915, "uid": "CxHo3m4", "id.orig_h": "10.55.100.100", "id.orig_p": 61843, "id.resp_h": "205.204.101.182", )"
    R"("id.resp_p": 80, "proto": "tcp", "service": "http", "duration": 108.985496, "orig_bytes": 719, "resp_bytes": 336, )"
    R"("conn_state": "SF", "local_orig": true, "history": "ShADadfF", "orig_pkts": 10, "orig_ip_bytes": 1131, "resp_pkts": 4, )"
    R"("resp_ip_bytes": 508, "_path": "conn"})"
    "\n";

std::string changed(std::string line, const std::string& from, const std::string& to) {
  return line.replace(line.find(from), from.size(), to);
}

TEST(ZeekJsonTest, ConnBecomesAFlow) {
  Decoded d = decode_text("zeek-json", kConn);
  ASSERT_TRUE(d.status);
  ASSERT_EQ(d["flows"].size(), 1U);
  const Row expected{{"start_time", "1517422326539915"},
                     {"end_time", "1517422435525411"},
                     {"src", "10.55.100.100"},
                     {"dst", "205.204.101.182"},
                     {"src_port", "61843"},
                     {"dst_port", "80"},
                     {"proto", "6"},
                     {"tcp_flags", "19"},
                     {"rev_tcp_flags", "19"},
                     {"bytes", "1131"},
                     {"packets", "10"},
                     {"rev_bytes", "508"},
                     {"rev_packets", "4"},
                     {"sampling", "1"},
                     {"sensor", "border-1"},
                     {"app", "http"},
                     {"ingest", "0"}};
  EXPECT_EQ(d["flows"][0], expected);
}

TEST(ZeekJsonTest, TimesAsSecondsMillisecondsAndCalendar) {
  const auto start = [](const std::string& time) {
    Decoded d = decode_text("zeek-json", changed(kConn, "1517422326.539915", time));
    return d["flows"].size() == 1 ? d["flows"][0].at("start_time") : d.counts.weird.begin()->first;
  };
  EXPECT_EQ(start("1517422326539"), "1517422326539000");
  EXPECT_EQ(start("\"2018-01-31T18:12:06.539915Z\""), "1517422326539915");
  EXPECT_EQ(start("1.517422326e9"), "1517422326000000");
  EXPECT_EQ(start("\"2018-01-31T20:12:06+0200\""), "1517422326000000");
  EXPECT_EQ(start("\"soon\""), "bad-time");
  EXPECT_EQ(start("null"), "bad-time");
  EXPECT_EQ(start("-1"), "time-out-of-range");
}

TEST(ZeekJsonTest, SmallDurationsWithExponent) {
  Decoded d = decode_text("zeek-json", changed(kConn, "108.985496", "9.5e-06"));
  EXPECT_EQ(d["flows"].at(0).at("end_time"), "1517422326539924");
}

TEST(ZeekJsonTest, KeysInAnyOrderNestedIdAndSystemName) {
  Decoded d = decode_text(
      "zeek-json",
      R"({"conn_state":"S0","id":{"resp_p":53,"resp_h":"2001:db8::1","orig_p":9,"orig_h":"2001:db8::2","more":{"a":[1]}},)"
      R"("unknown":{"deep":[[{}]]},"orig_ip_bytes":60,"orig_pkts":1,"proto":"udp","_system_name":"gate","ts":5})"
      "\n");
  ASSERT_EQ(d["flows"].size(), 1U);
  EXPECT_EQ(d["flows"][0].at("src"), "2001:db8::2");
  EXPECT_EQ(d["flows"][0].at("dst_port"), "53");
  EXPECT_EQ(d["flows"][0].at("sensor"), "gate");
  EXPECT_EQ(d["flows"][0].count("rev_bytes"), 0U);
}

TEST(ZeekJsonTest, MixedLogsInOneFileKnownByTheirKeys) {
  const std::string dns =
      R"({"ts":1.0,"id.orig_h":"10.0.0.1","id.orig_p":5,"id.resp_h":"10.0.0.53","id.resp_p":53,"proto":"udp","trans_id":7,"rtt":0.5,)"
      R"("query":"Caf\u00e9.example","qtype":28,"rcode":0,"AA":true,"TC":false,"RD":true,"RA":true,"Z":0,)"
      R"("answers":["2001:db8::5","TXT 4 \"hi\""],"TTLs":[60.0,5],"rejected":false})"
      "\n";
  const std::string ssl =
      R"({"ts":1.0,"id.orig_h":"10.0.0.1","id.orig_p":5,"id.resp_h":"10.0.0.2","id.resp_p":443,"version":"TLSv13","cipher":"X",)"
      R"("server_name":"a.example","resumed":false,"established":true,"next_protocol":"h2"})"
      "\n";
  const std::string http =
      R"({"ts":1.0,"id.orig_h":"10.0.0.1","id.orig_p":5,"id.resp_h":"10.0.0.2","id.resp_p":80,"trans_depth":1,"method":"POST",)"
      R"("host":"a","uri":"/\\x07","request_body_len":3,"response_body_len":4,"status_code":404,"resp_mime_types":["text/plain"]})"
      "\n";
  const std::string sip = R"({"ts":1.0,"id.orig_h":"10.0.0.1","method":"INVITE","request_body_len":3,"call_id":"x"})"
                          "\n";
  Decoded d = decode_text("zeek-json", dns + ssl + sip + http + changed(kConn, ", \"_path\": \"conn\"", ""));
  ASSERT_TRUE(d.status);
  EXPECT_TRUE(d.counts.weird.empty());
  EXPECT_EQ(d.counts.skipped.size(), 1U) << "the SIP line";
  ASSERT_EQ(d["dns"].size(), 1U);
  EXPECT_EQ(d["dns"][0].at("name"), "caf\\195\\169.example");
  EXPECT_EQ(d["dns"][0].at("flags"), std::to_string(0x8580));
  ASSERT_EQ(d["dns_answers"].size(), 2U);
  EXPECT_EQ(d["dns_answers"][0].at("type"), "28");
  EXPECT_EQ(d["dns_answers"][1].at("target"), "\"hi\"");
  EXPECT_EQ(d["tls"].at(0).at("alpn"), "h2");
  EXPECT_EQ(d["http"].at(0).at("uri"), "/\\007");
  EXPECT_EQ(d["http"].at(0).at("mime_type"), "text/plain");
  EXPECT_EQ(d["flows"].size(), 1U);
}

TEST(ZeekJsonTest, OtherLogsAreNamed) {
  Decoded d = decode_text("zeek-json", R"({"_path":"x509","ts":1.0})");
  ASSERT_FALSE(d.status);
  EXPECT_EQ(d.status.error().message, "zeek log 'x509' is not read; conn, dns, ssl, http and files are");
}

TEST(ZeekJsonTest, BadLinesAreToldAndReadingGoesOn) {
  std::string deep = "{\"a\":";
  for (int i = 0; i < 5'000; ++i) deep += "[";
  const std::string text = "not json\n[1,2]\n\"text\"\n12\n{\"ts\":1\n{} trailing\n" + deep + "\n{\"ts\":\"\xff\"}\n" +
                           "{\"a\":1,}\n" + kConn;
  Decoded d = decode_text("zeek-json", text, {.step = 11});
  ASSERT_TRUE(d.status);
  EXPECT_EQ(d["flows"].size(), 1U);
  EXPECT_EQ(d.weird("bad-json"), 9U);
  EXPECT_EQ(d["weird"][1].at("byte_offset"), "9");
}

TEST(ZeekJsonTest, RepeatedKeysAndHugeLists) {
  Decoded twice =
      decode_text("zeek-json", changed(kConn, "\"proto\": \"tcp\"", "\"proto\": \"tcp\", \"proto\": \"udp\""));
  EXPECT_EQ(twice["flows"].at(0).at("proto"), "17") << "the last counts";
  std::string answers = "\"192.0.2.1\"";
  for (int i = 0; i < 5'000; ++i) answers += ",\"192.0.2.1\"";
  Decoded many = decode_text(
      "zeek-json",
      R"({"_path":"dns","ts":1.0,"id.orig_h":"10.0.0.1","id.orig_p":5,"id.resp_h":"10.0.0.53","id.resp_p":53,)"
      R"("proto":"udp","answers":[)" +
          answers + "]}\n");
  EXPECT_EQ(many["dns_answers"].size(), 1024U);
}

TEST(ZeekJsonTest, ManyUnknownKeysDoNotGrowMemory) {
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += changed(kConn, "\"uid\"", "\"k" + std::to_string(i) + "\"");
  EXPECT_EQ(decode_text("zeek-json", text)["flows"].size(), 3'000U);
}

TEST(ZeekJsonTest, TruncatedAtEveryByteAndGrown) {
  const std::string text = kConn + kConn;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Decoded before = decode_text("zeek-json", text.substr(0, cut), {.step = 13});
    EXPECT_EQ(before["flows"].size(), (cut >= kConn.size() - 1 ? 1U : 0U) + (cut >= text.size() - 1 ? 1U : 0U));
    Decoded after = decode_text("zeek-json", text, {.resume_offset = cut});
    EXPECT_EQ(before["flows"].size() + after["flows"].size(), 2U) << "known up to " << cut;
  }
}

TEST(ZeekJsonTest, IsDetectedAndOthersAreNot) {
  const auto name = [](std::string_view text) {
    const Format* format = detect_format(as_bytes(text), "x");
    return format == nullptr ? std::string_view("none") : format->name;
  };
  EXPECT_EQ(name(kConn), "zeek-json");
  EXPECT_EQ(name(R"({"event_type": "purge", "timestamp_start": "2022", "ip_src": "10.0.0.1"})"), "none");
  EXPECT_EQ(name(R"({"timestamp": "2022", "event_type": "log", "peer_ip": "10.0.0.1"})"), "none")
      << "another collector's";
  EXPECT_EQ(name(R"({"timestamp":"2022-01-01T00:00:00","flow_id":1,"event_type":"flow"})"), "suricata-eve");
  EXPECT_EQ(name("#separator \\x09\n"), "zeek-tsv");
  EXPECT_EQ(name("# a README\n"), "none");
  EXPECT_EQ(name(""), "none");
}

// Row counts by: grep -c '' FILE (the last line has no newline); answers by jq '[.answers // [] | length] | add'.
TEST(ZeekJsonTest, RealLogs) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "real data is not there (RW_SHARED_DATA)";
  const auto read = [&](const std::string& name) {
    const std::string path = data + "/zeek/json/" + name;
    Decoded d = decode_text("zeek-json", testing::file_text(path), {.name = path});
    EXPECT_TRUE(d.status) << name;
    EXPECT_TRUE(d.counts.weird.empty()) << name << ": " << d.counts.weird.begin()->first;
    return d;
  };
  Decoded conn = read("conn.log");
  EXPECT_EQ(conn["flows"].size(), 29U);
  std::int64_t bytes = 0;
  for (const Row& row : conn["flows"]) bytes += std::stoll(row.at("bytes")) + std::stoll(row.at("rev_bytes"));
  EXPECT_EQ(bytes, 332717);
  Decoded dns = read("dns.log");
  EXPECT_EQ(dns["dns"].size(), 34U);
  EXPECT_EQ(dns["dns_answers"].size(), 32U);
  EXPECT_EQ(read("ssl.log")["tls"].size(), 10U);
  EXPECT_EQ(read("http.log")["http"].size(), 10U);
}

}  // namespace
}  // namespace rw
