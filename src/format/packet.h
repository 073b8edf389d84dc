// One captured frame down to its innermost IP packet: link layer, tunnels, IPv4 and IPv6, transport header.
//
//   Packet packet;
//   if (decode_packet(link_type::kEthernet, frame, wire_length, packet) == Decoded::kPacket)
//     count(packet.src, packet.dst, packet.proto, packet.ip_bytes);
//
// Tunnels (IP in IP, 6in4, GRE, VXLAN, Geneve, EtherIP, MPLS, PPPoE) are opened, and the *innermost* IP packet is the
// one that is described: what a watched address did is then the same whether or not somebody carried it in a tunnel.
// Where a tunnel holds no IP packet that can be read, the packet that carries it is described instead.
//
// Pure functions over bytes of somebody else: no state, no allocation, no failure but the verdict. Any thread.
#pragma once

#include <cstdint>

#include "base/cursor.h"
#include "base/ip.h"

namespace rw {

// The LINKTYPE_ registry of tcpdump.org, as far as it is read here.
namespace link_type {
inline constexpr std::uint32_t kNull = 0;  // BSD loopback, address family in the capturing host's byte order
inline constexpr std::uint32_t kEthernet = 1;
inline constexpr std::uint32_t kPpp = 9;
inline constexpr std::uint32_t kRawBsd = 12;  // DLT_RAW of most systems
inline constexpr std::uint32_t kRawOpenBsd = 14;
inline constexpr std::uint32_t kPppHdlc = 50;
inline constexpr std::uint32_t kPppEther = 51;
inline constexpr std::uint32_t kRaw = 101;
inline constexpr std::uint32_t kCiscoHdlc = 104;
inline constexpr std::uint32_t kLoop = 108;  // OpenBSD loopback, address family in network byte order
inline constexpr std::uint32_t kLinuxCooked = 113;
inline constexpr std::uint32_t kIpv4 = 228;
inline constexpr std::uint32_t kIpv6 = 229;
inline constexpr std::uint32_t kLinuxCooked2 = 276;
}  // namespace link_type

// Whether decode_packet knows this link type at all.
bool link_type_supported(std::uint32_t link_type);

namespace ip_proto {
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kIcmp6 = 58;
inline constexpr std::uint8_t kSctp = 132;
}  // namespace ip_proto

namespace tcp_flag {
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kAck = 0x10;
}  // namespace tcp_flag

struct Packet {
  static constexpr std::uint16_t kNoVlan = 0xFFFF;

  Ip src;
  Ip dst;
  // The transport payload (after the TCP or UDP header; after the first 4 bytes of ICMP; else all that IP carries), as
  // far as it was captured. Points into the frame; never holds link-layer padding.
  Bytes payload;
  // All that this IP packet carries, from the transport header on: what fragments are joined from.
  Bytes ip_payload;
  std::uint32_t payload_bytes =
      0;  // length of `payload` on the wire; larger than payload.size() when the capture cut it
  std::uint32_t ip_payload_bytes = 0;  // the same of `ip_payload`
  std::uint32_t ip_bytes = 0;          // IP-layer length: header and payload as the IP header says
  std::uint32_t tcp_seq = 0;
  std::uint32_t tcp_ack = 0;
  std::uint32_t fragment_id = 0;      // set for fragments only, as the next two
  std::uint32_t fragment_offset = 0;  // bytes
  bool more_fragments = false;
  std::uint8_t proto = 0;  // IANA protocol number of the transport, after IPv6 extension headers
  std::uint8_t tcp_flags = 0;
  std::uint8_t tos = 0;          // IPv4 type of service, IPv6 traffic class
  std::uint8_t tunnels = 0;      // IP headers and virtual links that were taken off
  std::uint16_t src_port = 0;    // 0 where the protocol has none
  std::uint16_t dst_port = 0;    // ICMP and ICMPv6: type times 256 plus code
  std::uint16_t vlan = kNoVlan;  // outermost 802.1Q id
  // What was wrong, a code for Emitter::weird, or null. Set for every kBroken, and for a kPacket of which a part is
  // unreadable.
  const char* weird = nullptr;
};

enum class Decoded : std::uint8_t {
  kPacket,    // addresses, protocol and lengths are known
  kFragment,  // the same, but of an IP fragment: ports only where it is the first one; to be joined
  kOther,     // well-formed as far as it was looked at, and no IP inside: ARP, spanning tree, PPP negotiation …
  kBroken,    // nothing could be said; packet.weird is the reason
};

// Decodes one frame. `wire_length` is its length before any snap length cut it: it stands in where the IP header says 0
// (TCP segmentation offload); pass 0 when it is not known. An unsupported link type is kBroken
// ("unsupported-link-type"). `packet` is overwritten.
Decoded decode_packet(std::uint32_t link_type, Bytes frame, std::uint32_t wire_length, Packet& packet);

// Goes on where fragments ended: `packet` is the description of the first fragment, `ip_payload` the joined payload of
// all of them (`ip_payload_bytes` long on the wire). Afterwards `packet` is the whole packet, or the one inside it if
// that was a tunnel; a fragment again if the tunnel carried one. `ip_payload` must outlive the use of `packet`.
Decoded decode_joined(Bytes ip_payload, std::uint32_t ip_payload_bytes, Packet& packet);

}  // namespace rw
