// Tests of the payload rules: what each protocol sends first, and what looks like it but is not.
#include "format/payload_app.h"

#include <gtest/gtest.h>

#include "format/capture_builder.h"

namespace rw {
namespace {

using testing::be;
using testing::hex;

std::string_view tcp(std::string_view payload, std::uint16_t server_port = 9999, bool to_server = true) {
  return app_name(classify_tcp({as_bytes(payload), 40000, server_port, to_server}));
}
std::string_view udp(std::string_view payload, std::uint16_t server_port = 9999, bool to_server = true) {
  return app_name(classify_udp({as_bytes(payload), 40000, server_port, to_server}));
}

TEST(PayloadApp, KnowsTcpProtocolsOnAnyPort) {
  EXPECT_EQ(tcp(testing::tls_record(testing::client_hello())), "tls");
  EXPECT_EQ(tcp("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "http");
  EXPECT_EQ(tcp("HTTP/1.1 200 OK\r\n", 9999, false), "http");
  EXPECT_EQ(tcp("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "http");
  EXPECT_EQ(tcp("SSH-2.0-OpenSSH_9.2p1\r\n"), "ssh");
  EXPECT_EQ(tcp("220 mail.example.org ESMTP Postfix\r\n", 9999, false), "smtp");
  EXPECT_EQ(tcp("EHLO client.example.org\r\n"), "smtp");
  EXPECT_EQ(tcp("220 (vsFTPd 3.0.3)\r\n", 9999, false), "ftp");
  EXPECT_EQ(tcp("+OK POP3 ready\r\n", 9999, false), "pop3");
  EXPECT_EQ(tcp("* OK [CAPABILITY IMAP4rev1] ready\r\n", 9999, false), "imap");
  EXPECT_EQ(tcp("NICK someone\r\nUSER a 0 * :Real Name\r\n", 8000), "irc");
  EXPECT_EQ(tcp("USER a 0 * :Real Name\r\n", 8000), "irc");
  EXPECT_EQ(tcp("CAP LS 302\r\n"), "irc");
  EXPECT_EQ(tcp(":irc.example.org NOTICE AUTH :*** Looking up your hostname\r\n", 9999, false), "irc");
  EXPECT_EQ(tcp(":irc.example.org 001 someone :Welcome\r\n", 9999, false), "irc");
  EXPECT_EQ(tcp("\x13"
                "BitTorrent protocol" +
                std::string(48, 'x')),
            "bittorrent");
  EXPECT_EQ(tcp(hex("00000054 ff534d42 72000000")), "smb");
  EXPECT_EQ(tcp(hex("03000013 0ee00000 00000001 00080003 000000")), "rdp");
  EXPECT_EQ(tcp("RFB 003.008\n", 5900, false), "vnc");
  EXPECT_EQ(tcp(hex("10160004") + "MQTT" + hex("04020 03c000a") + "client"), "mqtt");
  EXPECT_EQ(tcp(std::string(16, '\xFF') + be(29, 2) + be(1, 1) + std::string(10, '\0')), "bgp");
  EXPECT_EQ(tcp(hex("fffb18 fffd1f")), "telnet");
  EXPECT_EQ(tcp(hex("f9beb4d9") + std::string("version\0\0\0\0\0", 12) + testing::le(90, 4) + std::string(94, 'x')),
            "bitcoin");
  EXPECT_EQ(tcp(R"({"id":1,"method":"mining.subscribe","params":[]})"
                "\n"),
            "stratum");
  EXPECT_EQ(tcp(R"({"id":1,"method":"login","params":{"login":"4","pass":"x","agent":"a"}})"
                "\n"),
            "stratum");
  EXPECT_EQ(tcp("OPTIONS rtsp://example.org/ RTSP/1.0\r\n"), "rtsp");
  EXPECT_EQ(tcp("REGISTER sip:example.org SIP/2.0\r\n"), "sip");
  EXPECT_EQ(tcp("<?xml version='1.0'?><stream:stream to='example.org'>"), "xmpp");
  EXPECT_EQ(tcp(be(8, 4) + be(80877103, 4)), "postgresql");
  const std::string greeting = be(10, 1) + std::string("8.0.36\0", 7) + std::string(60, 'x');
  EXPECT_EQ(tcp(testing::le(greeting.size(), 3) + be(0, 1) + greeting, 3306, false), "mysql");
}

TEST(PayloadApp, KnowsUdpProtocols) {
  EXPECT_EQ(udp(hex("23") + std::string(47, '\0'), 123), "ntp");
  EXPECT_EQ(udp(be(1, 1) + std::string(235, '\0') + hex("63825363 35"), 67), "dhcp");
  EXPECT_EQ(udp(hex("302602010104067075626c6963a019"), 161), "snmp");
  EXPECT_EQ(udp("M-SEARCH * HTTP/1.1\r\n", 1900), "ssdp");
  EXPECT_EQ(udp(hex("000100002112a442") + std::string(12, 'x')), "stun");
  EXPECT_EQ(udp(hex("16feff 0000 000000000000 0050 01") + std::string(40, 'x')), "dtls");
  EXPECT_EQ(udp("TS\xF0\x9F\x92\xAC" + std::string(90, 'x')), "tailscale");
  EXPECT_EQ(udp("r6fnvWj8" + std::string(60, 'x'), 443, false), "dnscrypt");
  EXPECT_EQ(udp(hex("c8020018 00000000 00000000 8008 0000 0000 0001") + std::string(4, 'x')), "l2tp");
  EXPECT_EQ(udp("d1:ad2:id20:" + std::string(40, 'x')), "bittorrent");
  EXPECT_EQ(udp("INVITE sip:a@example.org SIP/2.0\r\n", 5060), "sip");
  EXPECT_EQ(udp(hex("302502010163200400"), 389), "cldap");
  EXPECT_EQ(udp(std::string(12, '\0') + "\x20" + std::string(32, 'C') + std::string(5, '\0'), 137), "netbios-ns");
  EXPECT_EQ(udp("<34>Oct 11 22:14:15 host su: failed", 514), "syslog");
}

// A port alone says nothing.
TEST(PayloadApp, IsNotMovedByPorts) {
  const std::string noise = "\x8F\x01\x9C" + std::string(300, '\x77');
  for (const std::uint16_t port : {21, 22, 25, 53, 80, 110, 143, 389, 443, 445, 3306, 3389, 5060, 6667})
    EXPECT_EQ(tcp(noise, port), "") << port;
  for (const std::uint16_t port : {53, 67, 123, 161, 389, 443, 514, 1900, 5060})
    EXPECT_EQ(udp(noise, port), "") << port;
}

TEST(PayloadApp, IsNotTakenInByLookAlikes) {
  EXPECT_EQ(tcp(R"({"jsonrpc":"2.0","method":"getblockcount","id":1})"
                "\n",
                3333),
            "");
  EXPECT_EQ(tcp("220 hello there\r\n", 9999, false), "");  // neither mail nor files
  EXPECT_EQ(tcp("USER anonymous\r\n", 21), "ftp");
  EXPECT_EQ(tcp("USER someone\r\n", 110), "pop3");
  EXPECT_EQ(tcp("USER someone\r\n", 9999), "");
  EXPECT_EQ(tcp(": comment line of an event stream\n", 9999, false), "");
  EXPECT_EQ(tcp("NICKEL prices\r\n"), "");
  EXPECT_EQ(udp(std::string(148, '\1')), "");
  EXPECT_EQ(udp(std::string(48, '\0'), 123), "");
}

TEST(PayloadApp, SurvivesShortPayloads) {
  const std::vector<std::string> starts = {hex("10160004"),
                                           hex("00000054ff"),
                                           "\x13"
                                           "Bit",
                                           "30",
                                           hex("0300"),
                                           "RFB",
                                           ":",
                                           "USER",
                                           "{",
                                           hex("f9beb4d9"),
                                           hex("16feff"),
                                           hex("3026"),
                                           std::string(16, '\xFF')};
  for (const std::string& start : starts) {
    for (std::size_t length = 0; length <= start.size(); ++length) {
      EXPECT_EQ(tcp(start.substr(0, length)), "") << start;
      for (const std::uint16_t port : {67, 123, 137, 161, 389, 514}) {
        const std::string_view app = udp(start.substr(0, length), port);
        EXPECT_EQ(app, "") << start << " on " << port;
      }
    }
  }
}

TEST(PayloadApp, EveryAppHasAName) {
  for (int i = 1; i <= static_cast<int>(App::kDnscrypt); ++i) EXPECT_FALSE(app_name(static_cast<App>(i)).empty()) << i;
  EXPECT_EQ(app_name(App::kNone).data(), nullptr);  // null in the row
}

}  // namespace
}  // namespace rw
