// Tests of QUIC Initial decryption, against packets that the test itself protects (with another part of OpenSSL).
#include "format/quic.h"

#include <gtest/gtest.h>

#include "format/quic_testing.h"

namespace rw {
namespace {

using testing::be;
using testing::client_hello;
using testing::hex;

using namespace rw::testing::quic;  // NOLINT: this file is about nothing else

TEST(Quic, TheTestDerivesTheKeysOfTheStandard) {
  const Keys keys = keys_of(kV1, kConnection);
  EXPECT_EQ(keys.key, hex("1f369613dd76d5467730efcbe3b1a22d"));
  EXPECT_EQ(keys.iv, hex("fa044b2f42a3fd3b46fb255c"));
  EXPECT_EQ(keys.header, hex("9f50449e04a0e810283a1e9933adedd2"));
}

TEST(Quic, ReadsTheHelloOfEveryVersion) {
  const std::vector<std::pair<std::uint32_t, std::string>> versions = {
      {kV1, "QUICv1"}, {kV2, "QUICv2"}, {kDraft29, "QUICdraft29"}};
  for (const auto& [version, name] : versions) {
    const std::string packet = initial_packet({.version = version, .token = "token"}, crypto(0, client_hello()));
    ASSERT_TRUE(looks_like_quic_initial(as_bytes(packet)));
    QuicInitial quic;
    ASSERT_EQ(quic.datagram(as_bytes(packet)), HelloStatus::kDone) << name;
    EXPECT_EQ(quic.hello().server_name, "www.example.org");
    EXPECT_EQ(quic.hello().alpn, "h2");
    EXPECT_EQ(quic.version_name(), name);
  }
}

TEST(Quic, JoinsCryptoFramesAcrossPackets) {
  const std::string hello = client_hello({.padding = 1500});
  // As Chrome does: shuffled pieces with pings and padding between them, over two datagrams, the second half first.
  const std::string second = crypto(1000, std::string_view(hello).substr(1000)) + be(1, 1) + std::string(7, '\0');
  const std::string first = crypto(400, std::string_view(hello).substr(400, 600)) + be(2, 1) + be(0, 1) + be(0, 1) +
                            be(0, 1) + be(0, 1) + crypto(0, std::string_view(hello).substr(0, 400));
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({.number = 1}, second))), HelloStatus::kNeedMore);
  EXPECT_TRUE(quic.authenticated());
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({.number = 0}, first))), HelloStatus::kDone);
  EXPECT_EQ(quic.hello().server_name, "www.example.org");
}

TEST(Quic, KeepsItsKeysWhenTheServerNamesAnotherConnection) {
  const std::string hello = client_hello({.padding = 1500});
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({}, crypto(0, std::string_view(hello).substr(0, 900))))),
            HelloStatus::kNeedMore);
  EXPECT_EQ(
      quic.datagram(as_bytes(initial_packet({.connection = "serverid", .key_connection = kConnection, .number = 3},
                                            crypto(900, std::string_view(hello).substr(900))))),
      HelloStatus::kDone);
}

TEST(Quic, ReadsCoalescedPackets) {
  const std::string hello = client_hello({.padding = 500});
  const std::string both = initial_packet({.number = 0}, crypto(0, std::string_view(hello).substr(0, 300)), 400) +
                           initial_packet({.number = 1}, crypto(300, std::string_view(hello).substr(300)), 400);
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(both)), HelloStatus::kDone);
}

TEST(Quic, RefusesWhatDoesNotDecrypt) {
  std::string packet = initial_packet({}, crypto(0, client_hello()));
  packet[200] = static_cast<char>(packet[200] ^ 1);
  QuicInitial quic;
  EXPECT_EQ(quic.datagram(as_bytes(packet)), HelloStatus::kNot);
  EXPECT_FALSE(quic.authenticated());
  EXPECT_FALSE(looks_like_quic_initial(as_bytes(std::string(1200, '\xC0'))));
  EXPECT_FALSE(looks_like_quic_initial(as_bytes(std::string(1200, '\0'))));
}

TEST(Quic, SurvivesTruncationAtEveryByte) {
  const std::string packet = initial_packet({.token = "token"}, crypto(0, client_hello()), 600);
  for (std::size_t length = 0; length < packet.size(); ++length) {
    QuicInitial quic;
    EXPECT_EQ(quic.datagram(as_bytes(packet.substr(0, length))), HelloStatus::kNot) << length;
  }
}

TEST(Quic, BoundsWhatAClientMaySend) {
  QuicInitial quic;
  const std::string far = be(6, 1) + be(0x80000000U | 60000, 4) + varint(4) + "data";
  EXPECT_EQ(quic.datagram(as_bytes(initial_packet({}, far))), HelloStatus::kNeedMore);
  EXPECT_LT(quic.memory_bytes(), 4096U);
  HelloStatus status = HelloStatus::kNeedMore;
  for (std::uint32_t i = 0; i < QuicInitial::kMaxDatagrams; ++i)
    status = quic.datagram(as_bytes(initial_packet({.number = i}, be(1, 1))));
  EXPECT_EQ(status, HelloStatus::kNot);
}

}  // namespace
}  // namespace rw
