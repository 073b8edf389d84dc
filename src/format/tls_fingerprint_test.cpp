// Tests of fingerprints: published examples, and what must not change them.
#include "format/tls_fingerprint.h"

#include <gtest/gtest.h>

#include "format/capture_testing.h"
#include "format/tls_server.h"

namespace rw {
namespace {

using testing::be;
using testing::hex;

// The example of JA4's specification: a Chrome of 2023.
ClientHello chrome() {
  ClientHello hello;
  hello.legacy_version = 0x0303;
  hello.version = 0x0304;
  hello.has_server_name = true;
  hello.first_alpn = "h2";
  hello.ciphers = {0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9,
                   0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035};
  hello.extensions = {0x001B, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002D, 0x000D,
                      0x0005, 0x0023, 0x0012, 0x002B, 0xFF01, 0x000B, 0x000A, 0x0015};
  hello.signature_algorithms = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
  return hello;
}

TEST(TlsFingerprint, Ja4OfItsSpecification) {
  EXPECT_EQ(ja4(chrome(), 't'), "t13d1516h2_8daaf6152771_e5627efa2ab1");
  ClientHello shuffled = chrome();  // Chrome orders its extensions anew each time
  std::reverse(shuffled.extensions.begin(), shuffled.extensions.end());
  EXPECT_EQ(ja4(shuffled, 't'), ja4(chrome(), 't'));
  std::reverse(shuffled.signature_algorithms.begin(), shuffled.signature_algorithms.end());
  EXPECT_NE(ja4(shuffled, 't'), ja4(chrome(), 't'));  // these stay in order
  EXPECT_EQ(ja4(chrome(), 'q').substr(0, 10), "q13d1516h2");
}

TEST(TlsFingerprint, Ja4OfLittle) {
  ClientHello hello;
  EXPECT_EQ(ja4(hello, 't'), "t00i000000_000000000000_000000000000");
  hello.version = 0x0301;
  hello.first_alpn = "\x02\xAB";
  hello.ciphers.assign(120, 0x0005);
  EXPECT_EQ(ja4(hello, 't').substr(0, 10), "t10i99000b");
}

// The text of JA3's first published example, and its hash.
TEST(TlsFingerprint, Ja3) {
  ClientHello hello;
  hello.legacy_version = 769;
  hello.ciphers = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4};
  hello.extensions = {0, 10, 11};
  hello.groups = {23, 24, 25};
  hello.point_formats = {0};
  EXPECT_EQ(ja3(hello), "ada70206e40642a3e4461f35503241d5");
  ClientHello bare;
  bare.legacy_version = 769;
  bare.ciphers = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99};
  EXPECT_EQ(ja3(bare), "de350869b8c85de67a350c8d186f11e6");
}

TEST(TlsFingerprint, GreaseIsLeftOut) {
  ClientHello hello;
  ASSERT_EQ(parse_client_hello(as_bytes(std::string_view(testing::client_hello())), hello), HelloStatus::kDone);
  EXPECT_EQ(hello.ciphers, std::vector<std::uint16_t>{0x1301});
  EXPECT_EQ(hello.extensions, (std::vector<std::uint16_t>{0, 16, 43}));
  EXPECT_EQ(ja4(hello, 't').substr(0, 10), "t13d0103h2");
}

// ---- The server ----------------------------------------------------------------------------------------------------

std::string der(std::uint8_t tag, std::string_view value) {
  const std::string length = value.size() < 128 ? be(value.size(), 1) : be(0x82, 1) + be(value.size(), 2);
  return be(tag, 1) + length + std::string(value);
}
std::string name(std::string_view common) {
  return der(0x30, der(0x31, der(0x30, der(0x06, hex("550406")) + der(0x13, "XX"))) +
                       der(0x31, der(0x30, der(0x06, hex("550403")) + der(0x0C, common))));
}
std::string only_common(std::string_view common) {
  return der(0x30, der(0x31, der(0x30, der(0x06, hex("550403")) + der(0x0C, common))));
}
std::string certificate(const std::string& issuer, const std::string& subject) {
  const std::string body = der(0xA0, hex("020102")) + der(0x02, "1") + der(0x30, "") + issuer + der(0x30, "") + subject;
  return der(0x30, der(0x30, body) + std::string(200, 's'));
}
std::string flight_of(const std::string& cert, std::string_view extensions = {}) {
  const std::string hello =
      be(0x0303, 2) + std::string(32, 'r') + be(0, 1) + be(0xC02F, 2) + be(0, 1) + testing::vector16(extensions);
  const std::string list = be(cert.size(), 3) + cert;
  const std::string message = be(list.size(), 3) + list;
  return testing::tls_record(be(2, 1) + be(hello.size(), 3) + hello) +
         testing::tls_record(be(11, 1) + be(message.size(), 3) + message) + testing::tls_record(hex("0e000000"));
}

TEST(TlsServer, ReadsItsFirstFlight) {
  const std::string bytes =
      flight_of(certificate(name("Example CA"), name("www.example.org")),
                testing::tls_extension(0xFF01, std::string(1, '\0')) + testing::tls_extension(11, hex("0100")));
  ServerFlight flight;
  ASSERT_EQ(read_server_flight(as_bytes(bytes), flight), HelloStatus::kDone);
  EXPECT_EQ(flight.version, 0x0303);
  EXPECT_EQ(cipher_name(flight.cipher), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  EXPECT_EQ(flight.subject, "CN=www.example.org,C=XX");
  EXPECT_EQ(flight.issuer, "CN=Example CA,C=XX");
  EXPECT_EQ(flight.ja3s, ja3s(771, 0xC02F, std::vector<std::uint16_t>{65281, 11}));
  EXPECT_EQ(cipher_name(0xFFFF).data(), nullptr);
}

TEST(TlsServer, TruncatedAtEveryByte) {
  const std::string bytes = flight_of(certificate(name("Example CA"), name("www.example.org")));
  HelloStatus last = HelloStatus::kNeedMore;
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    ServerFlight flight;
    const HelloStatus status = read_server_flight(as_bytes(std::string_view(bytes).substr(0, length)), flight);
    EXPECT_NE(status, HelloStatus::kNot) << length;
    if (last == HelloStatus::kDone) {
      EXPECT_EQ(status, HelloStatus::kDone) << length;
    }
    EXPECT_EQ(flight.subject.empty(), status != HelloStatus::kDone) << length;
    last = status;
  }
  EXPECT_EQ(last, HelloStatus::kDone);
  for (std::size_t i = 0; i < bytes.size(); ++i) {  // and with every byte wrong
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(~damaged[i]);
    ServerFlight flight;
    read_server_flight(as_bytes(damaged), flight);
    EXPECT_LE(flight.subject.size(), 512U);
  }
}

// A name pattern alone is no Tor: all three names have to be made up, with nothing beside them.
TEST(TlsServer, Tor) {
  const auto tor = [](std::string_view asked, const std::string& issuer, const std::string& subject) {
    ServerFlight flight;
    read_server_flight(as_bytes(flight_of(certificate(issuer, subject))), flight);
    return looks_like_tor(asked, flight);
  };
  const std::string issuer = only_common("www.xkgk7fdx362yyyxib.com"),
                    subject = only_common("www.g6ghvisevf3ibuu5.net");
  EXPECT_TRUE(tor("www.ct7ctrgb6cr7.com", issuer, subject));
  EXPECT_FALSE(tor("www.ct7ctrgb6cr7.com", name("www.xkgk7fdx362yyyxib.com"), subject));
  EXPECT_FALSE(tor("www.ct7ctrgb6cr7.com", only_common("R3"), only_common("www.ct7ctrgb6cr7.com")));
  EXPECT_FALSE(tor("www.example-shop.com", issuer, subject));
  EXPECT_FALSE(tor("", issuer, subject));
  EXPECT_FALSE(looks_like_tor("www.ct7ctrgb6cr7.com", {}));
}

// ---- Rows ----------------------------------------------------------------------------------------------------------

std::vector<testing::Frame> handshake(const std::string& answer, std::size_t split) {
  using testing::segment;
  const std::string hello = testing::tls_record(testing::client_hello());
  const auto after = 1001 + static_cast<std::uint32_t>(hello.size());
  std::vector<testing::Frame> frames = {
      {0.0, segment({.flags = 2})},
      {0.1, segment({.src = 443, .dst = 40000, .seq = 5000, .ack = 1001, .flags = 0x12}, {}, true)},
      {0.2, segment({.seq = 1001, .ack = 5001, .flags = 0x18}, hello)}};
  // The end before the beginning, as networks do.
  if (split < answer.size())
    frames.push_back(
        {0.3,
         segment(
             {.src = 443, .dst = 40000, .seq = 5001 + static_cast<std::uint32_t>(split), .ack = after, .flags = 0x18},
             answer.substr(split), true)});
  if (!answer.empty())
    frames.push_back({0.4, segment({.src = 443, .dst = 40000, .seq = 5001, .ack = after, .flags = 0x18},
                                   answer.substr(0, split), true)});
  return frames;
}

TEST(TlsRows, TellWhatBothSidesSaid) {
  const std::string answer = flight_of(certificate(name("Example CA"), name("www.example.org")));
  for (const std::size_t split : {answer.size(), std::size_t{3}, std::size_t{60}, answer.size() - 5}) {
    testing::Decoded decoded = testing::run_frames(handshake(answer, split));
    ASSERT_EQ(decoded["tls"].size(), 1U) << split;
    const testing::Row& row = decoded["tls"][0];
    EXPECT_EQ(row.at("server_name"), "www.example.org");
    EXPECT_EQ(row.at("src"), testing::kClient);
    EXPECT_EQ(row.at("cipher"), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256") << split;
    EXPECT_EQ(row.at("subject"), "CN=www.example.org,C=XX") << split;
    EXPECT_EQ(row.at("ja3s").size(), 32U);
    EXPECT_EQ(row.at("ja4").substr(0, 10), "t13d0103h2");
    EXPECT_EQ(decoded["flows"][0].at("app"), "tls");
  }
}

TEST(TlsRows, DoNotNeedAnAnswer) {
  testing::Decoded decoded = testing::run_frames(handshake({}, 0));
  ASSERT_EQ(decoded["tls"].size(), 1U);
  EXPECT_EQ(decoded["tls"][0].at("server_name"), "www.example.org");
  EXPECT_EQ(decoded["tls"][0].at("ja3").size(), 32U);
  EXPECT_FALSE(decoded["tls"][0].contains("ja3s"));
  testing::Decoded refused = testing::run_frames(handshake("HTTP/1.1 400 Bad Request\r\n\r\n", 200));
  ASSERT_EQ(refused["tls"].size(), 1U);
  EXPECT_FALSE(refused["tls"][0].contains("cipher"));
}

}  // namespace
}  // namespace rw
