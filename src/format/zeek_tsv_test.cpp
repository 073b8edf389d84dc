// Zeek's tab-separated logs: meaning of the columns, headers, escapes, damage.
#include <gtest/gtest.h>

#include "format/log_testing.h"

namespace rw {
namespace {

using testing::decode_text;
using testing::Decoded;
using testing::Row;

std::string header(const std::string& path, const std::string& fields) {
  std::string text = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n";
  if (!path.empty()) text += "#path\t" + path + "\n";
  return text + "#open\t2024-05-01-12-00-00\n#fields\t" + fields + "\n#types\twhatever\n";
}

const std::string kConnFields =
    "ts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_"
    "state\t"
    "history\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents";
const std::string kConnLine =
    "1672843056.913119\tCX\t10.0.0.1\t55548\t192.0.2.7\t443\ttcp\thttp,ssl\t0."
    "084044\t1030\t20275\tSF\tShADadFf\t18\t1974\t"
    "14\t21011\t-\n";

TEST(ZeekTsvTest, ConnBecomesAFlow) {
  Decoded d = decode_text("zeek-tsv", header("conn", kConnFields) + kConnLine);
  ASSERT_TRUE(d.status);
  ASSERT_EQ(d["flows"].size(), 1U);
  const Row expected{{"start_time", "1672843056913119"},
                     {"end_time", "1672843056997163"},
                     {"src", "10.0.0.1"},
                     {"dst", "192.0.2.7"},
                     {"src_port", "55548"},
                     {"dst_port", "443"},
                     {"proto", "6"},
                     {"tcp_flags", "19"},
                     {"rev_tcp_flags", "19"},
                     {"bytes", "1974"},
                     {"packets", "18"},
                     {"rev_bytes", "21011"},
                     {"rev_packets", "14"},
                     {"sampling", "1"},
                     {"sensor", "border-1"},
                     {"app", "http"},
                     {"ingest", "0"}};
  EXPECT_EQ(d["flows"][0], expected);
}

TEST(ZeekTsvTest, ColumnsInAnyOrderAndOthersUnknown) {
  const std::string text = header("conn",
                                  "resp_ip_bytes\tnew_column\tid.resp_p\tid.resp_h\tid.orig_p\tid.orig_h\tts\tproto\t"
                                  "orig_ip_bytes\torig_pkts\tresp_pkts") +
                           "7\twhat\t53\t2001:db8::1\t1000\t2001:db8::2\t5.5\tudp\t60\t1\t2\n";
  Decoded d = decode_text("zeek-tsv", text);
  ASSERT_EQ(d["flows"].size(), 1U);
  EXPECT_EQ(d["flows"][0].at("rev_bytes"), "7");
  EXPECT_EQ(d["flows"][0].at("src"), "2001:db8::2");
  EXPECT_EQ(d["flows"][0].at("end_time"), "5500000") << "no duration: it ends when it starts";
  EXPECT_EQ(d["flows"][0].count("rev_tcp_flags"), 0U);
}

TEST(ZeekTsvTest, CountersThatZeekDoesNotTell) {
  const std::string fields =
      "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_bytes\tresp_bytes\tconn_state";
  Decoded d = decode_text("zeek-tsv", header("conn", fields) + "1.0\t10.0.0.1\t1\t10.0.0.2\t2\ttcp\t100\t-\tS0\n" +
                                          "1.0\t10.0.0.1\t1\t10.0.0.2\t2\ttcp\t-\t-\tS0\n");
  ASSERT_EQ(d["flows"].size(), 2U);
  EXPECT_EQ(d["flows"][0].at("bytes"), "100") << "payload stands in";
  EXPECT_EQ(d["flows"][0].at("packets"), "1");
  EXPECT_EQ(d["flows"][0].count("rev_bytes"), 0U) << "not known, not zero";
  EXPECT_EQ(d["flows"][1].at("bytes"), "0");
}

TEST(ZeekTsvTest, IcmpTypesAndCodes) {
  const std::string fields = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_ip_bytes";
  const auto port = [&](const std::string& ends) {
    Decoded d = decode_text("zeek-tsv", header("conn", fields) + "1.0\t" + ends + "\ticmp\t56\n");
    return d["flows"].size() == 1 ? d["flows"][0].at("proto") + ":" + d["flows"][0].at("dst_port") : "none";
  };
  EXPECT_EQ(port("10.0.0.1\t8\t10.0.0.2\t0"), "1:2048") << "echo";
  EXPECT_EQ(port("10.0.0.1\t3\t10.0.0.2\t3"), "1:771") << "port unreachable";
  EXPECT_EQ(port("10.0.0.1\t13\t10.0.0.2\t14"), "1:3328") << "timestamp and its reply, not code 14";
  EXPECT_EQ(port("fe80::1\t133\tff02::2\t134"), "58:34048") << "router solicitation";
}

TEST(ZeekTsvTest, OtherTransports) {
  const std::string fields = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tip_proto\torig_ip_bytes";
  Decoded d = decode_text("zeek-tsv", header("conn", fields) +
                                          "1.0\t10.0.0.1\t0\t10.0.0.2\t0\tunknown_transport\t47\t56\n"
                                          "1.0\t10.0.0.1\t0\t10.0.0.2\t0\tunknown_transport\t-\t56\n");
  ASSERT_EQ(d["flows"].size(), 2U);
  EXPECT_EQ(d["flows"][0].at("proto"), "47");
  EXPECT_EQ(d["flows"][1].at("proto"), "255");
}

TEST(ZeekTsvTest, ServicesThatGaveUpAndLayersAreNoApplication) {
  const auto app = [&](const std::string& service) {
    const std::string fields = "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_ip_bytes\tservice";
    Decoded d =
        decode_text("zeek-tsv", header("conn", fields) + "1.0\t10.0.0.1\t1\t10.0.0.2\t2\ttcp\t56\t" + service + "\n");
    return d["flows"].at(0).count("app") != 0 ? d["flows"][0].at("app") : "null";
  };
  EXPECT_EQ(app("ssl"), "tls");
  EXPECT_EQ(app("ssl,smtp"), "smtp");
  EXPECT_EQ(app("gssapi,smb,ntlm"), "smb");
  EXPECT_EQ(app("-http,dns"), "dns");
  EXPECT_EQ(app("krb_tcp"), "kerberos");
  EXPECT_EQ(app("-"), "null");
  EXPECT_EQ(app("-ssl"), "null");
}

const std::string kDnsFields =
    "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_"
    "id\trtt\tquery\tqclass\tqtype\trcode\tAA\tTC\tRD\tRA\tZ\t"
    "answers\tTTLs\trejected";

TEST(ZeekTsvTest, DnsBecomesATransactionAndItsAnswers) {
  Decoded d = decode_text(
      "zeek-tsv",
      header("dns", kDnsFields) +
          "10.000001\t10.0.0.1\t5000\t10.0.0.53\t53\tudp\t42937\t0.069982\tWWW.Example.com\t1\t1\t0\tF\tF\tT\tT\t0\t"
          "edge.example.net,192.0.2.1,TXT 3 a=1 TXT 4 b\\x2c\\x0az\t300.000000,60.000000,5.5\tF\n");
  ASSERT_EQ(d["dns"].size(), 1U);
  const Row expected{{"time", "10000001"},
                     {"client", "10.0.0.1"},
                     {"server", "10.0.0.53"},
                     {"client_port", "5000"},
                     {"server_port", "53"},
                     {"transport", "udp"},
                     {"id", "42937"},
                     {"opcode", "0"},
                     {"name", "www.example.com"},
                     {"name_bytes", "17"},
                     {"type", "1"},
                     {"rcode", "0"},
                     {"response_time", "10069983"},
                     {"flags", std::to_string(0x8180)},
                     {"answers", "3"},
                     {"sensor", "border-1"},
                     {"ingest", "0"}};
  EXPECT_EQ(d["dns"][0], expected);
  ASSERT_EQ(d["dns_answers"].size(), 3U);
  EXPECT_EQ(d["dns_answers"][0].at("target"), "edge.example.net");
  EXPECT_EQ(d["dns_answers"][0].at("type"), "5");
  EXPECT_EQ(d["dns_answers"][0].at("ttl"), "300");
  EXPECT_EQ(d["dns_answers"][1].at("address"), "192.0.2.1");
  EXPECT_EQ(d["dns_answers"][1].at("type"), "1");
  EXPECT_EQ(d["dns_answers"][1].at("time"), "10069983");
  EXPECT_EQ(d["dns_answers"][2].at("type"), "16");
  EXPECT_EQ(d["dns_answers"][2].at("target"), "a=1b,\\010z");
  EXPECT_EQ(d["dns_answers"][2].count("address"), 0U);
}

TEST(ZeekTsvTest, DnsWithoutResponseOrName) {
  Decoded d = decode_text("zeek-tsv",
                          header("dns", kDnsFields) +
                              "1.0\t10.0.0.1\t5353\t224.0.0.251\t5353\tudp\t0\t-\t-\t-\t-\t-\tF\tF\tF\tF\t0\t-\t-\tF\n"
                              "1.0\t10.0.0.1\t9\t10.0.0.53\t53\ttcp\t1\t-\t(empty)\t1\t2\t-\tF\tF\tT\tF\t0\t-\t-\tF\n");
  ASSERT_EQ(d["dns"].size(), 2U);
  EXPECT_EQ(d["dns"][0].at("transport"), "mdns");
  for (const char* absent : {"name", "name_bytes", "rcode", "response_time", "answers", "type"})
    EXPECT_EQ(d["dns"][0].count(absent), 0U) << absent;
  EXPECT_EQ(d["dns"][0].at("flags"), "0");
  EXPECT_EQ(d["dns"][1].at("name"), "") << "the root";
  EXPECT_EQ(d["dns"][1].at("name_bytes"), "1");
  EXPECT_EQ(d["dns"][1].at("transport"), "tcp");
}

TEST(ZeekTsvTest, EscapedNamesBecomeOurEscapes) {
  Decoded d = decode_text(
      "zeek-tsv",
      header("dns", kDnsFields) +
          "1.0\t10.0.0.1\t1\t10.0.0.53\t53\tudp\t1\t-\ta\\xc3\\xa9 b\\\\c.x\t1\t1\t-\tF\tF\tT\tF\t0\t-\t-\tF\n");
  ASSERT_EQ(d["dns"].size(), 1U);
  EXPECT_EQ(d["dns"][0].at("name"), "a\\195\\169\\032b\\\\c.x");
  EXPECT_EQ(d["dns"][0].at("name_bytes"), "11");
}

TEST(ZeekTsvTest, SslAndHttp) {
  Decoded d = decode_text(
      "zeek-tsv",
      header("ssl",
             "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tversion\tcipher\tserver_name\tnext_"
             "protocol\tsubject\tissuer\tja3\tja3s") +
          "1.0\t10.0.0.1\t1\t10.0.0.2\t443\tTLSv12\tTLS_X\twww.example.com\th2\tCN=a\\\\, b\t-\tabc\t(empty)\n" +
          "1.0\t10.0.0.1\t1\t10.0.0.2\t443\tDTLSv12\t-\t-\t-\t-\t-\t-\t-\n" +
          header("http",
                 "ts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tmethod\thost\turi\treferrer\tuser_agent\trequest_"
                 "body_len\t"
                 "response_body_len\tstatus_code\tresp_mime_types") +
          "1.0\t10.0.0.1\t1\t10.0.0.2\t80\tGET\texample.com\t/a?b=\\x09c\t-\tM "
          "\\xff\t0\t512\t200\ttext/html,image/png\n");
  ASSERT_TRUE(d.status);
  ASSERT_EQ(d["tls"].size(), 2U);
  const Row first{{"time", "1000000"},
                  {"src", "10.0.0.1"},
                  {"dst", "10.0.0.2"},
                  {"src_port", "1"},
                  {"dst_port", "443"},
                  {"proto", "6"},
                  {"server_name", "www.example.com"},
                  {"version", "TLSv12"},
                  {"cipher", "TLS_X"},
                  {"alpn", "h2"},
                  {"ja3", "abc"},
                  {"ja3s", ""},
                  {"subject", "CN=a\\\\, b"},
                  {"sensor", "border-1"},
                  {"ingest", "0"}};
  EXPECT_EQ(d["tls"][0], first);
  EXPECT_EQ(d["tls"][1].at("proto"), "17");
  ASSERT_EQ(d["http"].size(), 1U);
  EXPECT_EQ(d["http"][0].at("uri"), "/a?b=\\009c");
  EXPECT_EQ(d["http"][0].at("user_agent"), "M \\255");
  EXPECT_EQ(d["http"][0].at("mime_type"), "text/html");
  EXPECT_EQ(d["http"][0].at("response_body_bytes"), "512");
  EXPECT_EQ(d["http"][0].count("referrer"), 0U);
}

TEST(ZeekTsvTest, HeadersMayChangeInsideTheFile) {
  const std::string other =
      "#separator ;\n#set_separator;|\n#empty_field;EMPTY\n#unset_field;NULL\n#path;dns\n"
      "#fields;ts;id.orig_h;id.orig_p;id.resp_h;id.resp_p;proto;query;answers;rejected\n";
  Decoded d = decode_text("zeek-tsv", header("conn", kConnFields) + kConnLine + "#close\t2024-05-01-13-00-00\n" +
                                          other + "1.0;10.0.0.1;1;10.0.0.53;53;udp;NULL;192.0.2.1|192.0.2.2;F\n" +
                                          header("conn", kConnFields) + kConnLine);
  ASSERT_TRUE(d.status);
  EXPECT_EQ(d["flows"].size(), 2U);
  ASSERT_EQ(d["dns"].size(), 1U);
  EXPECT_EQ(d["dns"][0].count("name"), 0U);
  EXPECT_EQ(d["dns_answers"].size(), 2U);
  EXPECT_TRUE(d.counts.weird.empty());
}

TEST(ZeekTsvTest, LogsWithoutAPathAreKnownByTheirFields) {
  Decoded d = decode_text("zeek-tsv", header("", kConnFields) + kConnLine);
  EXPECT_EQ(d["flows"].size(), 1U);
}

// Zeek before version 5 names who sent and who received, not the connection.
TEST(ZeekTsvTest, FilesOfOldLogsHaveTheirClient) {
  Decoded d = decode_text("zeek-tsv", header("files", "ts\tfuid\ttx_hosts\trx_hosts\tis_orig\tseen_bytes\tmd5") +
                                          "1.0\tF1\t192.0.2.7\t10.0.0.1\tF\t9\tD41D8CD98F00B204E9800998ECF8427E\n"
                                          "2.0\tF2\t10.0.0.1\t192.0.2.7\tT\t9\t-\n"
                                          "3.0\tF3\t(empty)\t(empty)\tF\t9\t-\n");
  ASSERT_TRUE(d.status);
  ASSERT_EQ(d["files"].size(), 2U);
  for (const auto& file : d["files"]) {
    EXPECT_EQ(file.at("src"), "10.0.0.1");
    EXPECT_EQ(file.at("dst"), "192.0.2.7");
  }
  EXPECT_EQ(d["files"][0].at("md5"), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(d.counts.skipped.at("file without a connection"), 1U);
}

TEST(ZeekTsvTest, OtherLogsAreNamed) {
  Decoded d = decode_text("zeek-tsv", header("x509", "ts\tid") + "1.0\tF1\n1.0\tF2\n");
  ASSERT_FALSE(d.status);
  EXPECT_EQ(d.status.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(d.status.error().message, "zeek log 'x509' is not read; conn, dns, ssl, http and files are");
  EXPECT_EQ(d.counts.skipped.at("x509"), 2U);
  EXPECT_TRUE(d.counts.weird.empty());
  Decoded mixed =
      decode_text("zeek-tsv", header("x509", "ts\tid") + "1.0\tF1\n" + header("conn", kConnFields) + kConnLine);
  EXPECT_TRUE(mixed.status);
  EXPECT_EQ(mixed["flows"].size(), 1U);
}

TEST(ZeekTsvTest, BadLinesAreToldWithTheirOffsetAndReadingGoesOn) {
  const std::string good = kConnLine;
  const std::string head = header("conn", kConnFields);
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string line = good;
    return line.replace(line.find(from), from.size(), to);
  };
  const std::string text = head + changed("1672843056.913119", "yesterday") + changed("10.0.0.1", "10.0.0.256") +
                           changed("55548", "65536") + changed("1974", "19x4") + changed("0.084044", "-1") +
                           changed("\t-\n", "\n") + changed("1974", "-5") + "short\n" +
                           std::string((1 << 20) + 5, 'x') + "\n" + good;
  Decoded d = decode_text("zeek-tsv", text, {.step = 4096});
  ASSERT_TRUE(d.status);
  EXPECT_EQ(d["flows"].size(), 1U);
  EXPECT_EQ(d.weird("bad-time"), 1U);
  EXPECT_EQ(d.weird("bad-address"), 1U);
  EXPECT_EQ(d.weird("bad-number"), 2U);
  EXPECT_EQ(d.weird("bad-duration"), 1U);
  EXPECT_EQ(d.weird("wrong-column-count"), 2U);
  EXPECT_EQ(d.weird("counter-out-of-range"), 1U);
  EXPECT_EQ(d.weird("line-too-long"), 1U);
  EXPECT_EQ(d["weird"][0].at("byte_offset"), std::to_string(head.size()));
  EXPECT_EQ(d["weird"][0].at("detail"), "yesterday");
}

TEST(ZeekTsvTest, LinesBeforeAnyHeader) {
  Decoded d = decode_text("zeek-tsv", "#close\nno header\n");
  EXPECT_EQ(d.weird("no-header"), 1U);
}

TEST(ZeekTsvTest, TruncatedAtEveryByte) {
  std::string text = header("conn", kConnFields) + kConnLine + kConnLine + header("dns", kDnsFields) +
                     "10.0\t10.0.0.1\t5000\t10.0.0.53\t53\tudp\t1\t-\tq\\x00.x\t1\t1\t0\tF\tF\tT\tT\t0\ta,b\t1,2\tF\n";
  std::size_t rows = 0;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Decoded d = decode_text("zeek-tsv", text.substr(0, cut), {.step = 7});
    const std::size_t now = d["flows"].size() + d["dns"].size();
    EXPECT_GE(now, rows) << "cut at " << cut;
    rows = now;
  }
  EXPECT_EQ(rows, 3U);
}

TEST(ZeekTsvTest, AGrownLogGivesEachRowOnce) {
  const std::string text = header("conn", kConnFields) + kConnLine + kConnLine + kConnLine;
  for (std::size_t first = 0; first <= text.size(); ++first) {
    Decoded before = decode_text("zeek-tsv", text.substr(0, first));
    Decoded after = decode_text("zeek-tsv", text, {.resume_offset = first});
    EXPECT_EQ(before["flows"].size() + after["flows"].size(), 3U) << "known up to " << first;
  }
}

TEST(ZeekTsvTest, CarriageReturnsAndMissingLastNewline) {
  std::string text = header("conn", kConnFields) + kConnLine + kConnLine;
  text.pop_back();
  std::string dos;
  for (const char c : text) (c == '\n' ? dos += '\r' : dos) += c;
  EXPECT_EQ(decode_text("zeek-tsv", dos)["flows"].size(), 2U);
}

TEST(ZeekTsvTest, SensorFromOptionOrFolder) {
  const std::string text = header("conn", kConnFields) + kConnLine;
  const auto sensor = [&](const testing::DecodeText& how) {
    return decode_text("zeek-tsv", text, how)["flows"].at(0).at("sensor");
  };
  EXPECT_EQ(sensor({.sensor = "chosen"}), "chosen");
  EXPECT_EQ(sensor({.name = "conn.log"}), "zeek");
  EXPECT_EQ(sensor({.name = "/data/gate-2/logs/2024-05-01/conn.00:00:00-01:00:00.log.gz"}), "gate-2");
  EXPECT_EQ(sensor({.name = "/in/gate-3.tar.gz!conn.log"}), "gate-3");
  EXPECT_EQ(sensor({.name = "/in/all.zip!gate-4/conn.log"}), "gate-4");
}

// Row counts by: grep -vc '^#' FILE; answers by awk over the answers column.
TEST(ZeekTsvTest, RealLogs) {
  const std::string data = testing::shared_data();
  if (data.empty()) GTEST_SKIP() << "real data is not there (RW_SHARED_DATA)";
  const auto read = [&](const std::string& name) {
    const std::string path = data + "/zeek/tsv/" + name;
    Decoded d = decode_text("zeek-tsv", testing::file_text(path), {.name = path});
    EXPECT_TRUE(d.status) << name;
    EXPECT_TRUE(d.counts.weird.empty()) << name << ": " << d.counts.weird.begin()->first;
    return d;
  };
  Decoded conn = read("conn.log");
  EXPECT_EQ(conn["flows"].size(), 463U);
  std::int64_t bytes = 0;
  for (const Row& row : conn["flows"]) bytes += std::stoll(row.at("bytes")) + std::stoll(row.at("rev_bytes"));
  EXPECT_EQ(bytes, 1306473);
  Decoded dns = read("dns.log");
  EXPECT_EQ(dns["dns"].size(), 942U);
  EXPECT_EQ(dns["dns_answers"].size(), 654U);
  EXPECT_EQ(read("ssl.log")["tls"].size(), 407U);
  EXPECT_EQ(read("http.log")["http"].size(), 407U);
}

}  // namespace
}  // namespace rw
