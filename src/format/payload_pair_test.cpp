// Tests of the rules that need more than one message: each protocol as both sides speak it, one side alone, and what
// only looks like it.
#include "format/payload_pair.h"

#include <gtest/gtest.h>

#include "format/capture_testing.h"

namespace rw {
namespace {

using testing::be;
using testing::datagram;
using testing::Frame;
using testing::hex;
using testing::le;
using testing::run_frames;
using testing::segment;

struct Said {
  bool back;
  std::string payload;
};

std::string app_of(testing::Decoded decoded) {
  if (decoded["flows"].size() != 1) return std::to_string(decoded["flows"].size()) + " flows";
  const testing::Row& row = decoded["flows"][0];
  return row.contains("app") ? row.at("app") : "";
}

std::string over_udp(const std::vector<Said>& talk, std::uint16_t port = 5060) {
  std::vector<Frame> frames;
  for (const Said& said : talk)
    frames.push_back({0.01 * static_cast<double>(frames.size()),
                      said.back ? datagram(port, 40000, said.payload, true) : datagram(40000, port, said.payload)});
  return app_of(run_frames(frames));
}

std::string over_tcp(const std::vector<Said>& talk, std::uint16_t port = 9999) {
  std::uint32_t seq = 1001, ack = 5001;
  std::vector<Frame> frames = {
      {0.0, segment({.dst = port, .flags = 2})},
      {0.1, segment({.src = port, .dst = 40000, .seq = 5000, .ack = 1001, .flags = 0x12}, {}, true)}};
  for (const Said& said : talk) {
    const double at = 0.2 + 0.01 * static_cast<double>(frames.size());
    if (said.back) {
      frames.push_back(
          {at, segment({.src = port, .dst = 40000, .seq = ack, .ack = seq, .flags = 0x18}, said.payload, true)});
      ack += static_cast<std::uint32_t>(said.payload.size());
    } else {
      frames.push_back({at, segment({.dst = port, .seq = seq, .ack = ack, .flags = 0x18}, said.payload)});
      seq += static_cast<std::uint32_t>(said.payload.size());
    }
  }
  return app_of(run_frames(frames));
}

// Bytes that look like noise, the same each time.
std::string noise(std::size_t size, std::uint32_t seed = 1) {
  std::string out;
  for (; out.size() < size; seed = seed * 1664525 + 1013904223) out += static_cast<char>(seed >> 24);
  return out;
}

// ---- WireGuard -----------------------------------------------------------------------------------------------------

std::string initiation(std::uint32_t sender, std::string_view prefix = "01000000") {
  return hex(prefix) + le(sender, 4) + noise(140);
}
std::string response(std::uint32_t sender, std::uint32_t receiver, std::string_view prefix = "02000000") {
  return hex(prefix) + le(sender, 4) + le(receiver, 4) + noise(80);
}
std::string transport(std::uint32_t receiver, std::uint64_t counter, std::size_t size = 96,
                      std::string_view prefix = "04000000") {
  return hex(prefix) + le(receiver, 4) + le(counter, 8) + noise(size - 16);
}

TEST(PayloadPair, WireGuard) {
  EXPECT_EQ(over_udp({{false, initiation(7)}, {true, response(9, 7)}}), "wireguard");
  EXPECT_EQ(over_udp({{false, initiation(7)}, {true, hex("03000000") + le(7, 4) + noise(56)}}), "wireguard");  // cookie
  EXPECT_EQ(over_udp({{true, response(9, 7)}, {false, transport(9, 0)}}), "wireguard");
  EXPECT_EQ(over_udp({{false, transport(9, 5)},
                      {false, transport(9, 6)},
                      {true, transport(3, 2)},
                      {false, transport(9, 7)},
                      {false, transport(9, 8)}}),
            "wireguard");
  // Nobody answers: the same again with other indexes.
  EXPECT_EQ(over_udp({{false, initiation(7)}, {false, initiation(8)}, {false, initiation(9)}}), "wireguard");
}

TEST(PayloadPair, NotWireGuard) {
  EXPECT_EQ(over_udp({{false, initiation(7)}}), "");                          // one message proves nothing
  EXPECT_EQ(over_udp({{false, initiation(7)}, {true, response(9, 8)}}), "");  // another index
  EXPECT_EQ(over_udp({{false, initiation(7)}, {true, noise(92)}}), "");
  EXPECT_EQ(over_udp({{false, initiation(7) + "x"}, {true, response(9, 7)}}), "");  // another size
  EXPECT_EQ(
      over_udp(
          {{false, transport(9, 5)}, {false, transport(9, 5)}, {false, transport(9, 5)}, {false, transport(9, 5)}}),
      "");  // the counter stands still
  EXPECT_EQ(
      over_udp(
          {{false, transport(9, 1)}, {false, transport(10, 2)}, {false, transport(11, 3)}, {false, transport(12, 4)}}),
      "");  // a game's state, each with another number
}

TEST(PayloadPair, Warp) {
  EXPECT_EQ(over_udp({{false, initiation(7, "01abcdef")}, {true, response(9, 7, "02abcdef")}}, 2408), "warp");
  std::vector<Said> talk;
  for (std::uint64_t i = 0; i < 5; ++i) talk.push_back({false, transport(9, i, 84, "c4027800")});
  EXPECT_EQ(over_udp(talk, 2408), "warp");
}

// ---- OpenVPN -------------------------------------------------------------------------------------------------------

const std::string kMine = "CLIENT-1", kTheirs = "server-2";

TEST(PayloadPair, OpenVpn) {
  const std::string reset = hex("38") + kMine + hex("00 00000000");
  const std::string answer = hex("40") + kTheirs + hex("01 00000000") + kMine + hex("00000000");
  EXPECT_EQ(over_udp({{false, reset}, {true, answer}}, 443), "openvpn");
  const auto framed = [](const std::string& packet) { return be(packet.size(), 2) + packet; };
  EXPECT_EQ(over_tcp({{false, framed(reset)}, {true, framed(answer)}}, 443), "openvpn");
  // With an HMAC before the packet's number.
  const std::string signed_reset = hex("38") + kMine + noise(20) + hex("00000001 65000000 00 00000000");
  const std::string signed_answer =
      hex("40") + kTheirs + noise(20, 5) + hex("00000001 65000003 01 00000000") + kMine + hex("00000000");
  EXPECT_EQ(over_udp({{false, signed_reset}, {true, signed_answer}}), "openvpn");
  // Sealed: number 1 and times that are close.
  const std::string sealed = hex("38") + kMine + hex("00000001 65000000") + noise(37);
  EXPECT_EQ(over_udp({{false, sealed}, {true, hex("40") + kTheirs + hex("00000001 65000001") + noise(49, 3)}}),
            "openvpn");
  // In the middle: data whose number goes on.
  EXPECT_EQ(over_udp({{true, hex("48000001 00000063") + noise(40)},
                      {true, hex("48000001 00000064") + noise(60, 2)},
                      {true, hex("48000001 00000065") + noise(60, 3)}}),
            "openvpn");
}

TEST(PayloadPair, NotOpenVpn) {
  const std::string reset = hex("38") + kMine + hex("00 00000000");
  EXPECT_EQ(over_udp({{false, reset}}), "");
  EXPECT_EQ(over_udp({{false, reset}, {true, hex("40") + kTheirs + noise(17)}}), "");  // the id does not come back
  EXPECT_EQ(over_udp({{false, reset}, {true, "8" + kMine + noise(17)}}, 1194), "");    // an echo server
  EXPECT_EQ(over_udp({{true, hex("48000001 00000063") + noise(40)},
                      {true, hex("48000001 20000064") + noise(60)},
                      {true, hex("48000001 00000065") + noise(60)}}),
            "");
  EXPECT_EQ(over_udp({{false, noise(60, 9)}, {true, noise(60, 10)}}, 1194), "");
}

// ---- IPsec ---------------------------------------------------------------------------------------------------------

std::string ike(const std::string& initiator, const std::string& responder, std::string_view rest = "2120 2208",
                std::size_t body = 60) {
  const std::string b = noise(body);
  return initiator + responder + hex(rest) + be(0, 4) + be(28 + b.size(), 4) + b;
}

TEST(PayloadPair, Ipsec) {
  const std::string zero(8, '\0');
  EXPECT_EQ(over_udp({{false, ike(kMine, zero)}, {true, ike(kMine, kTheirs, "2120 2220")}}, 500), "ike");
  EXPECT_EQ(over_udp({{false, ike(kMine, zero)}, {true, ike(kMine, kTheirs, "2120 2220")}}, 40500), "ike");  // any port
  EXPECT_EQ(over_udp({{false, ike(kMine, zero, "0110 0200")}, {true, ike(kMine, kTheirs, "0110 0200")}}, 500), "ike");
  EXPECT_EQ(over_udp({{false, be(0, 4) + ike(kMine, kTheirs, "2e20 2308")},
                      {true, be(0, 4) + ike(kMine, kTheirs, "2e20 2320")}},
                     4500),
            "ike");
  std::vector<Said> sealed;
  for (std::uint32_t i = 1; i < 6; ++i) sealed.push_back({false, be(0xC0FFEE11, 4) + be(i, 4) + noise(60, i)});
  EXPECT_EQ(over_udp(sealed, 4500), "esp");
  EXPECT_EQ(over_udp(sealed, 4501), "");  // counters alone, on a port that is nobody's
  EXPECT_EQ(over_udp({{false, ike(kMine, zero)}, {true, ike(kTheirs, zero, "2120 2220")}}, 40500), "");
}

TEST(PayloadPair, ProtocolsOverIp) {
  const auto over_ip = [](std::uint8_t proto, const std::string& payload) {
    return app_of(run_frames({{0, testing::eth4({.proto = proto}, payload)}}));
  };
  EXPECT_EQ(over_ip(50, be(0xC0FFEE11, 4) + be(1, 4) + noise(40)), "esp");
  EXPECT_EQ(over_ip(50, be(7, 4) + be(1, 4) + noise(40)), "");  // a reserved index
  EXPECT_EQ(over_ip(47, hex("3001880b 0010 0001 00000001") + noise(16)), "gre");
}

// ---- SOCKS, Tinc, PPTP, Stratum v2 ---------------------------------------------------------------------------------

TEST(PayloadPair, Socks) {
  EXPECT_EQ(over_tcp({{false, hex("050100")}, {true, hex("0500")}}), "socks");
  EXPECT_EQ(over_tcp({{false, hex("05020002")}, {true, hex("0502")}}), "socks");
  EXPECT_EQ(over_tcp({{false, hex("050100")}, {true, hex("05ff")}}), "socks");  // refused, and a proxy all the same
  EXPECT_EQ(over_tcp({{false, hex("0401 0050 c0000250") + std::string("me\0", 3)}, {true, hex("005a 0050 c0000250")}}),
            "socks");
  EXPECT_EQ(over_tcp({{false, hex("0401 0050 00000001 00") + std::string("example.org\0", 12)},
                      {true, hex("005a000000000000")}}),
            "socks");
  EXPECT_EQ(over_tcp({{false, hex("050100")}}), "");
  EXPECT_EQ(over_tcp({{false, hex("050100")}, {true, hex("0502")}}), "");    // was not offered
  EXPECT_EQ(over_tcp({{false, hex("050100")}, {true, hex("050000")}}), "");  // too long
  EXPECT_EQ(over_tcp({{false, hex("050500")}, {true, hex("0500")}}), "");    // five methods, one there
}

TEST(PayloadPair, Tinc) {
  EXPECT_EQ(over_tcp({{false, "0 alpha 17.7\n"}, {true, "0 beta_2 17.7\n"}}, 655), "tinc");
  EXPECT_EQ(over_tcp({{false, "0 alpha 17\n"}, {true, "0 beta 17\n1 94 64 0 0 ABCD\n"}}, 443), "tinc");
  EXPECT_EQ(over_tcp({{false, "0 alpha 17.7\n"}}), "");
  EXPECT_EQ(over_tcp({{false, "0 alpha 17.7\n"}, {true, "500 what?\n"}}), "");
  EXPECT_EQ(over_tcp({{false, "0 alpha 18\n"}, {true, "0 beta 18\n"}}), "");
}

TEST(PayloadPair, Pptp) {
  const std::string start = hex("009c 0001 1a2b3c4d 0001 0000 0100 0000") + std::string(142, '\0');
  EXPECT_EQ(over_tcp({{false, start}}, 1723), "pptp");
  EXPECT_EQ(over_tcp({{false, hex("009c 0001 1a2b3c4e 0001 0000") + std::string(144, '\0')}}, 1723), "");
}

TEST(PayloadPair, StratumTwoBehindNoise) {
  EXPECT_EQ(over_tcp({{false, noise(64)}, {true, noise(234, 2)}, {false, noise(150, 3)}}), "stratum2");
  EXPECT_EQ(over_tcp({{false, noise(64)}, {true, noise(234, 2)}}), "");
  EXPECT_EQ(over_tcp({{false, noise(64)}, {true, noise(235, 2)}, {false, noise(150, 3)}}), "");
  EXPECT_EQ(over_tcp({{false, std::string(64, 'a')}, {true, std::string(234, 'b')}, {false, std::string(150, 'c')}}),
            "");
}

TEST(PayloadPair, HttpProxies) {
  EXPECT_EQ(over_tcp({{false, "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"},
                      {true, "HTTP/1.1 200 Connection established\r\n\r\n"}}),
            "http-proxy");
  EXPECT_EQ(over_tcp({{false, "CONNECT example.org:443 HTTP/1.1\r\n\r\n"},
                      {true, "HTTP/1.1 405 Method Not Allowed\r\n\r\n"}}),
            "http");  // a web server that somebody tried
  EXPECT_EQ(over_tcp({{false, "GET http://example.org/ HTTP/1.1\r\nProxy-Connection: keep-alive\r\n\r\n"},
                      {true, "HTTP/1.1 200 OK\r\n\r\n"}}),
            "http-proxy");
  EXPECT_EQ(over_tcp({{false, "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n"},
                      {true, "HTTP/1.1 200 OK\r\n\r\n"}}),
            "http");  // any server has to take that form
}

TEST(PayloadPair, EncryptedDns) {
  const auto asks = [](std::string_view alpn, std::string_view name, std::uint16_t port = 443) {
    return app_name(dns_over_tls(alpn, name, port, App::kTls));
  };
  EXPECT_EQ(asks("", "resolver.example.org", 853), "dot");
  EXPECT_EQ(asks("dot", "resolver.example.org"), "dot");
  EXPECT_EQ(asks("h2", "dns.google"), "doh");
  EXPECT_EQ(asks("h2", "mozilla.cloudflare-dns.com"), "doh");
  EXPECT_EQ(asks("h2", "www.google.com"), "tls");
  EXPECT_EQ(asks("imap", "dns.google"), "tls");
  EXPECT_EQ(app_name(dns_over_tls("doq", "a", 853, App::kQuic)), "doq");
  EXPECT_EQ(app_name(dns_over_tls("h3", "a", 853, App::kQuic)), "quic");
}

// ---- All -----------------------------------------------------------------------------------------------------------

// Cut at every byte, nothing is read beyond the end, and no suspicion turns into a label.
TEST(PayloadPair, TruncatedAtEveryByte) {
  const std::vector<std::pair<bool, std::string>> firsts = {
      {false, initiation(7)},
      {false, transport(9, 5)},
      {false, hex("38") + kMine + hex("00 00000000")},
      {false, ike(kMine, std::string(8, '\0'))},
      {true, hex("050100")},
      {true, "0 alpha 17.7\n"},
      {true, hex("0401 0050 00000001 00") + std::string("example.org\0", 12)},
      {true, noise(64)}};
  for (const auto& [tcp, whole] : firsts) {
    for (std::size_t length = 0; length <= whole.size(); ++length) {
      const PayloadQuestion question{as_bytes(std::string_view(whole).substr(0, length)), 40000, 4500, true};
      Suspicion suspicion = tcp ? suspect_tcp(question, whole.size()) : suspect_udp(question, whole.size());
      if (suspicion.app == App::kNone) continue;
      for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        Suspicion copy = suspicion;
        const PayloadQuestion answer{as_bytes(std::string_view(whole).substr(0, cut)), 40000, 4500, false};
        EXPECT_NE(weigh(copy, answer, cut), Weighed::kYes) << app_name(suspicion.app) << ' ' << length << ' ' << cut;
      }
    }
  }
}

// A suspicion that nothing comes of is dropped.
TEST(PayloadPair, EndsAfterAWhile) {
  const std::string first = initiation(7), other = noise(50);
  Suspicion suspicion = suspect_udp({as_bytes(first), 40000, 9, true}, first.size());
  ASSERT_EQ(suspicion.app, App::kWireGuard);
  for (unsigned i = 0; i < kMaxWeighed; ++i)
    EXPECT_EQ(weigh(suspicion, {as_bytes(other), 40000, 9, true}, other.size()), Weighed::kWait) << i;
  EXPECT_EQ(weigh(suspicion, {as_bytes(other), 40000, 9, true}, other.size()), Weighed::kNo);
}

}  // namespace
}  // namespace rw
