// Tests of frame decoding: every link type and tunnel, lengths, damage.
#include "format/packet.h"

#include <gtest/gtest.h>

#include "format/capture_builder.h"

namespace rw {
namespace {

using testing::be;
using testing::eth4;
using testing::ethernet;
using testing::hex;
using testing::icmp;
using testing::ipv4;
using testing::ipv6;
using testing::tcp;
using testing::udp;

// Decodes a frame that lives as long as the result.
struct Frame {
  std::string bytes;
  Packet packet;
  Decoded verdict;
  explicit Frame(std::string frame, std::uint32_t link = link_type::kEthernet, std::uint32_t wire = 0)
      : bytes(std::move(frame)) {
    verdict = decode_packet(link, as_bytes(bytes), wire, packet);
  }
  std::string weird() const { return packet.weird == nullptr ? "" : packet.weird; }
};

void expect_inner_datagram(const Frame& frame, std::uint8_t tunnels) {
  ASSERT_EQ(frame.verdict, Decoded::kPacket);
  EXPECT_EQ(frame.packet.src.to_string(), "10.0.0.1");
  EXPECT_EQ(frame.packet.dst.to_string(), "192.0.2.80");
  EXPECT_EQ(frame.packet.src_port, 1234);
  EXPECT_EQ(frame.packet.dst_port, 9999);
  EXPECT_EQ(frame.packet.ip_bytes, 20U + 8 + 5);
  EXPECT_EQ(as_text(frame.packet.payload), "hello");
  EXPECT_EQ(frame.packet.tunnels, tunnels);
  EXPECT_EQ(frame.weird(), "");
}

std::string inner() { return ipv4({}, udp(1234, 9999, "hello")); }
std::string outer(std::uint8_t proto, std::string_view payload) {
  return eth4({.src = "203.0.113.1", .dst = "203.0.113.2", .proto = proto}, payload);
}

TEST(Packet, ReadsEveryLinkType) {
  expect_inner_datagram(Frame(ethernet(0x0800, inner())), 0);
  expect_inner_datagram(Frame(be(0x02000000, 4) + inner(), link_type::kNull), 0);
  expect_inner_datagram(Frame(be(2, 4) + inner(), link_type::kLoop), 0);
  expect_inner_datagram(Frame(be(2, 4) + inner(), link_type::kNull), 0);
  for (const std::uint32_t raw : {12, 14, 101, 228}) expect_inner_datagram(Frame(inner(), raw), 0);
  expect_inner_datagram(Frame(hex("ff030021") + inner(), link_type::kPpp), 0);
  expect_inner_datagram(Frame(hex("21") + inner(), link_type::kPpp), 0);  // compressed protocol field
  expect_inner_datagram(Frame(hex("ff030021") + inner(), link_type::kPppHdlc), 0);
  expect_inner_datagram(
      Frame(hex("11000001") + be(inner().size() + 2, 2) + hex("0021") + inner(), link_type::kPppEther), 0);
  expect_inner_datagram(Frame(hex("0f000800") + inner(), link_type::kCiscoHdlc), 0);
  expect_inner_datagram(Frame(hex("0000 0001 0006 020000000001 0000 0800") + inner(), link_type::kLinuxCooked), 0);
  expect_inner_datagram(
      Frame(hex("0800 0000 00000002 0001 00 06 0200000000010000") + inner(), link_type::kLinuxCooked2), 0);
}

TEST(Packet, ReadsIpv6OfLoopbackOfEveryBsd) {
  for (const std::uint32_t family : {10, 24, 28, 30}) {
    const Frame frame(testing::le(family, 4) + ipv6({}, udp(1, 2, "x")), link_type::kNull);
    EXPECT_EQ(frame.verdict, Decoded::kPacket) << family;
    EXPECT_EQ(frame.packet.ip_bytes, 49U);
  }
  EXPECT_EQ(Frame(ipv6({}, udp(1, 2, "x")), link_type::kIpv6).verdict, Decoded::kPacket);
}

TEST(Packet, KnowsTheLinkTypesThatItReads) {
  for (std::uint32_t type = 0; type < 300; ++type) {
    const Frame frame(std::string(64, '\0'), type);
    EXPECT_EQ(frame.weird() == "unsupported-link-type", !link_type_supported(type)) << type;
  }
}

TEST(Packet, OpensTagsAndLabels) {
  expect_inner_datagram(Frame(ethernet(0x8100, hex("e064 0800") + inner())), 0);
  const Frame double_tag(ethernet(0x88A8, hex("0064 8100 00c8 0800") + inner()));
  expect_inner_datagram(double_tag, 0);
  EXPECT_EQ(double_tag.packet.vlan, 100);                                                 // the outermost
  expect_inner_datagram(Frame(ethernet(0x8847, hex("00064000 00065140") + inner())), 0);  // two labels
  expect_inner_datagram(Frame(ethernet(0x8847, hex("00065140 00000000") + ethernet(0x0800, inner()))),
                        0);  // pseudowire
  expect_inner_datagram(Frame(ethernet(0x8864, hex("11000001") + be(inner().size() + 2, 2) + hex("0021") + inner())),
                        0);
  expect_inner_datagram(Frame(ethernet(inner().size() + 8, hex("aaaa03 000000 0800") + inner())), 0);  // 802.2 SNAP
}

TEST(Packet, OpensTunnels) {
  expect_inner_datagram(Frame(outer(4, inner())), 1);
  expect_inner_datagram(Frame(ethernet(0x86DD, ipv6({.next = 4}, inner()))), 1);
  expect_inner_datagram(Frame(outer(47, hex("0000 0800") + inner())), 1);
  expect_inner_datagram(Frame(outer(47, hex("b000 0800 00000000 00000007 00000001") + inner())),
                        1);  // checksum, key, sequence
  expect_inner_datagram(Frame(outer(47, hex("0000 6558") + ethernet(0x0800, inner()))), 1);
  expect_inner_datagram(Frame(outer(47, hex("1000 88be 00000001 0000000000000000") + ethernet(0x0800, inner()))),
                        1);  // ERSPAN II
  expect_inner_datagram(Frame(outer(97, hex("3000") + ethernet(0x0800, inner()))), 1);
  expect_inner_datagram(Frame(outer(137, hex("00065140") + inner())), 1);
  expect_inner_datagram(Frame(outer(17, udp(50000, 4789, hex("08000000 00002a00") + ethernet(0x0800, inner())))), 1);
  expect_inner_datagram(Frame(outer(17, udp(50000, 8472, hex("08000000 00002a00") + ethernet(0x0800, inner())))), 1);
  expect_inner_datagram(
      Frame(outer(17, udp(50000, 6081, hex("0100 6558 00002a00 00000000") + ethernet(0x0800, inner())))), 1);
  expect_inner_datagram(Frame(outer(17, udp(50000, 6081, hex("0000 0800 00002a00") + inner()))), 1);
  expect_inner_datagram(Frame(outer(47, hex("0000 0800") + ipv4({.proto = 4}, inner()))), 2);
}

TEST(Packet, ReadsSixInFour) {
  const Frame frame(outer(41, ipv6({}, udp(1234, 9999, "hello"))));
  ASSERT_EQ(frame.verdict, Decoded::kPacket);
  EXPECT_EQ(frame.packet.src.to_string(), "2001:db8::1");
  EXPECT_EQ(frame.packet.ip_bytes, 53U);
}

TEST(Packet, LeavesClosedWhatHoldsNoIp) {
  const Frame arp(outer(17, udp(50000, 4789, hex("08000000 00002a00") + ethernet(0x0806, std::string(28, '\0')))));
  ASSERT_EQ(arp.verdict, Decoded::kPacket);
  EXPECT_EQ(arp.packet.dst_port, 4789);
  EXPECT_EQ(arp.packet.src.to_string(), "203.0.113.1");
  EXPECT_EQ(arp.weird(), "");
  const Frame pptp(outer(47, hex("3001 880b 00040001 00000000 ff030021")));
  ASSERT_EQ(pptp.verdict, Decoded::kPacket);
  EXPECT_EQ(pptp.packet.proto, 47);
  const Frame broken(outer(4, hex("4f00")));
  ASSERT_EQ(broken.verdict, Decoded::kPacket);
  EXPECT_EQ(broken.packet.proto, 4);
  EXPECT_EQ(broken.weird(), "truncated-ip-header");
}

TEST(Packet, BoundsTheDepthOfTunnels) {
  std::string packet = inner();
  for (int i = 0; i < 20; ++i) packet = ipv4({.proto = 4}, packet);
  const Frame frame(ethernet(0x0800, packet));
  ASSERT_EQ(frame.verdict, Decoded::kPacket);
  EXPECT_EQ(frame.packet.tunnels, 8);
  EXPECT_EQ(frame.weird(), "tunnel-depth");
  std::string tags;
  for (int i = 0; i < 1000; ++i) tags += hex("00018100");
  EXPECT_EQ(Frame(ethernet(0x8100, tags)).weird(), "vlan-depth");
  EXPECT_EQ(Frame(ethernet(0x8847, std::string(4000, '\0'))).weird(), "mpls-depth");
}

TEST(Packet, CountsIpBytesNotFrameBytes) {
  const Frame padded(ethernet(0x0800, ipv4({}, udp(1, 2, "a")) + std::string(17, '\0')));
  EXPECT_EQ(padded.packet.ip_bytes, 29U);
  EXPECT_EQ(as_text(padded.packet.payload), "a");
  // Cut by a snap length: the header tells the truth.
  const std::string whole = eth4({}, udp(1, 2, std::string(1000, 'x')));
  const Frame cut(whole.substr(0, 60), link_type::kEthernet, static_cast<std::uint32_t>(whole.size()));
  EXPECT_EQ(cut.packet.ip_bytes, 1028U);
  EXPECT_EQ(cut.packet.payload.size(), 60U - 42);
  EXPECT_EQ(cut.packet.payload_bytes, 1000U);
  EXPECT_EQ(cut.weird(), "");
}

TEST(Packet, TakesTheWireLengthWhereOffloadLeftZero) {
  const std::string frame = eth4({.proto = 6, .total_length = 0}, tcp({}, std::string(3000, 'x')));
  EXPECT_EQ(Frame(frame).packet.ip_bytes, 3040U);
  EXPECT_EQ(Frame(frame.substr(0, 96), link_type::kEthernet, 3054).packet.ip_bytes, 3040U);
  const std::string six = ethernet(0x86DD, ipv6({.next = 6, .length = 0}, tcp({}, std::string(3000, 'x'))));
  EXPECT_EQ(Frame(six).packet.ip_bytes, 3060U);
}

TEST(Packet, BelievesTheHeaderWhereTheWireLengthIsTooShort) {
  const Frame frame(eth4({.total_length = 1500}, udp(1, 2, "x")));
  EXPECT_EQ(frame.packet.ip_bytes, 1500U);
  EXPECT_EQ(frame.weird(), "ip-longer-than-frame");
}

TEST(Packet, WalksIpv6ExtensionHeaders) {
  const std::string hop = hex("3c00 010400000000"), options = hex("2b00 010400000000"),
                    routing = hex("1100 000000000000");
  const Frame frame(ethernet(0x86DD, ipv6({.next = 0}, hop + options + routing + udp(1, 53, "x"))));
  ASSERT_EQ(frame.verdict, Decoded::kPacket);
  EXPECT_EQ(frame.packet.proto, 17);
  EXPECT_EQ(frame.packet.dst_port, 53);
  EXPECT_EQ(frame.packet.ip_bytes, 40U + 24 + 9);
  const Frame atomic(ethernet(0x86DD, ipv6({.next = 44}, hex("1100 0000 00000001") + udp(1, 53, "x"))));
  EXPECT_EQ(atomic.verdict, Decoded::kPacket);
  EXPECT_EQ(atomic.packet.dst_port, 53);
  EXPECT_EQ(Frame(ethernet(0x86DD, ipv6({.next = 0}, hex("11ff 0000 00000001")))).weird(), "ipv6-extension-header");
  std::string many;
  for (int i = 0; i < 100; ++i) many += hex("3c00 010400000000");
  EXPECT_EQ(Frame(ethernet(0x86DD, ipv6({.next = 60}, many))).weird(), "ipv6-extension-header");
  const Frame esp(ethernet(0x86DD, ipv6({.next = 50}, std::string(40, 'e'))));
  EXPECT_EQ(esp.packet.proto, 50);
}

TEST(Packet, ReadsJumbograms) {
  const std::string payload = be(6, 1) + hex("00 c2 04") + be(8 + 20 + 70000, 4) + tcp({}, std::string(70000, 'x'));
  const Frame frame(ethernet(0x86DD, ipv6({.next = 0, .length = 0}, payload)));
  EXPECT_EQ(frame.packet.ip_bytes, 40U + 8 + 20 + 70000);
  EXPECT_EQ(frame.weird(), "");
}

TEST(Packet, DescribesFragments) {
  const Frame first(eth4({.id = 77, .fragment = 0x2000}, udp(1, 53, std::string(24, 'x'))));
  EXPECT_EQ(first.verdict, Decoded::kFragment);
  EXPECT_EQ(first.packet.dst_port, 53);
  EXPECT_EQ(first.packet.fragment_id, 77U);
  EXPECT_TRUE(first.packet.more_fragments);
  const Frame last(eth4({.id = 77, .fragment = 4}, std::string(8, 'y')));
  EXPECT_EQ(last.verdict, Decoded::kFragment);
  EXPECT_EQ(last.packet.dst_port, 0);
  EXPECT_EQ(last.packet.fragment_offset, 32U);
  const Frame six(ethernet(0x86DD, ipv6({.next = 44}, hex("1100 0009 00000042") + std::string(16, 'z'))));
  EXPECT_EQ(six.verdict, Decoded::kFragment);
  EXPECT_EQ(six.packet.fragment_offset, 8U);
  EXPECT_EQ(six.packet.fragment_id, 0x42U);
  EXPECT_TRUE(six.packet.more_fragments);
}

TEST(Packet, ReadsTransports) {
  const Frame syn(eth4({.proto = 6}, tcp({.seq = 7, .ack = 9, .flags = 0x12}, "data")));
  EXPECT_EQ(syn.packet.tcp_flags, 0x12);
  EXPECT_EQ(syn.packet.tcp_seq, 7U);
  EXPECT_EQ(syn.packet.tcp_ack, 9U);
  EXPECT_EQ(as_text(syn.packet.payload), "data");
  const Frame unreachable(eth4({.proto = 1}, icmp(3, 1)));
  EXPECT_EQ(unreachable.packet.dst_port, 3 * 256 + 1);
  EXPECT_EQ(unreachable.packet.src_port, 0);
  const Frame sctp(eth4({.proto = 132}, be(36412, 2) + be(36413, 2) + std::string(12, '\0')));
  EXPECT_EQ(sctp.packet.src_port, 36412);
  EXPECT_EQ(sctp.packet.dst_port, 36413);
}

TEST(Packet, TellsWhatIsBroken) {
  const auto code = [](std::string frame) { return Frame(std::move(frame)).weird(); };
  EXPECT_EQ(code("short"), "truncated-frame");
  EXPECT_EQ(code(ethernet(0x0800, hex("4500"))), "truncated-ip-header");
  EXPECT_EQ(code(ethernet(0x0800, std::string(20, '\x65'))), "ip-version");
  EXPECT_EQ(code(ethernet(0x0800, std::string(20, '\x42'))), "ip-header-length");
  EXPECT_EQ(code(eth4({.total_length = 12}, "")), "ip-total-length");
  EXPECT_EQ(code(eth4({.proto = 6}, std::string(8, '\0'))), "short-transport-header");
  EXPECT_EQ(code(eth4({.proto = 6}, tcp({}).replace(12, 1, "\x10"))), "tcp-header-length");
  EXPECT_EQ(code(eth4({.proto = 6}, tcp({}).replace(12, 1, "\xF0"))), "tcp-header-length");
  EXPECT_EQ(code(eth4({}, udp(1, 2, "x").replace(4, 2, be(4, 2)))), "udp-length");
  EXPECT_EQ(code(eth4({}, udp(1, 2, "x").replace(4, 2, be(400, 2)))), "udp-length");
  EXPECT_EQ(code(ethernet(0x8864, hex("2200 0001 0000 0021"))), "pppoe-version");
  const std::string cut = eth4({.proto = 6}, tcp({}, "payload"));
  EXPECT_EQ(Frame(cut.substr(0, 14 + 20 + 10), link_type::kEthernet, 61).weird(), "truncated-packet");
}

TEST(Packet, IsNotBotheredByOtherProtocols) {
  for (const std::uint16_t type : {0x0806, 0x88CC, 0x8863, 0x888E, 0x0026}) {
    const Frame frame(ethernet(type, std::string(46, '\0')));
    EXPECT_EQ(frame.verdict, Decoded::kOther) << type;
    EXPECT_EQ(frame.weird(), "");
  }
}

// Each frame cut at every byte: no crash, no bytes from beyond, and never more payload than there is.
TEST(Packet, SurvivesTruncationAtEveryByte) {
  const std::vector<std::string> frames = {
      outer(47, hex("b000 6558 00000000 00000007 00000001") + ethernet(0x8100, hex("00640800") + inner())),
      outer(17, udp(50000, 6081,
                    hex("0200 6558 00002a00 00000000 00000000") +
                        ethernet(0x86DD, ipv6({.next = 60}, hex("0600 010400000000") + tcp({}, "xyz"))))),
      ethernet(0x8864,
               hex("11000001 0030 0057") + ipv6({.next = 44}, hex("1100 0009 00000042") + std::string(16, 'z'))),
      ethernet(0x8847, hex("00064000 00065140 00000000") +
                           ethernet(0x0800, ipv4({.proto = 1, .options = std::string(8, '\1')}, icmp(8, 0)))),
  };
  for (const std::string& frame : frames) {
    for (std::size_t length = 0; length <= frame.size(); ++length) {
      for (const bool told : {false, true}) {
        const std::string part = frame.substr(0, length);
        Packet packet;
        decode_packet(link_type::kEthernet, as_bytes(part), told ? static_cast<std::uint32_t>(frame.size()) : 0,
                      packet);
        EXPECT_LE(packet.payload.size(), length);
        EXPECT_LE(packet.payload.size(), packet.payload_bytes);
        EXPECT_LE(packet.ip_payload.size(), packet.ip_payload_bytes);
        if (packet.payload.empty()) continue;
        EXPECT_LE(packet.payload.data() + packet.payload.size(), as_bytes(part).data() + length);
      }
    }
  }
}

TEST(Packet, GoesOnWhereFragmentsWereJoined) {
  const std::string payload = udp(50000, 4789, hex("08000000 00002a00") + ethernet(0x0800, inner()));
  Frame first(eth4({.src = "203.0.113.1", .dst = "203.0.113.2", .id = 5, .fragment = 0x2000}, payload.substr(0, 16)));
  ASSERT_EQ(first.verdict, Decoded::kFragment);
  Packet packet = first.packet;
  EXPECT_EQ(decode_joined(as_bytes(payload), static_cast<std::uint32_t>(payload.size()), packet), Decoded::kPacket);
  EXPECT_EQ(packet.dst_port, 9999);
  EXPECT_EQ(packet.tunnels, 1);
}

}  // namespace
}  // namespace rw
