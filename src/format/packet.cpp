// Link, tunnel, network and transport headers: from a captured frame to its innermost IP packet.
#include "format/packet.h"

#include <algorithm>

namespace rw {
namespace {

// Tunnels in tunnels: real networks stack three or four; beyond this somebody is playing with us.
constexpr unsigned kMaxTunnels = 8;
// VLAN tags, MPLS labels and IPv6 extension headers in a row.
constexpr unsigned kMaxTags = 16;

namespace ether_type {
constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kVlan = 0x8100;          // 802.1Q
constexpr std::uint16_t kVlanOuter = 0x88A8;     // 802.1ad
constexpr std::uint16_t kVlanOuterOld = 0x9100;  // QinQ before 802.1ad
constexpr std::uint16_t kIpv6 = 0x86DD;
constexpr std::uint16_t kMpls = 0x8847;
constexpr std::uint16_t kMplsMulticast = 0x8848;
constexpr std::uint16_t kPppoeSession = 0x8864;
constexpr std::uint16_t kBridge = 0x6558;  // transparent Ethernet bridging (RFC 1701)
constexpr std::uint16_t kErspan2 = 0x88BE;
constexpr std::uint16_t kErspan3 = 0x22EB;
constexpr std::uint16_t kFirst = 0x0600;      // smaller values are 802.3 lengths
constexpr std::uint16_t kCookedLlc = 0x0004;  // in Linux cooked headers: an 802.2 header follows
}  // namespace ether_type

constexpr std::uint8_t kProtoIpip = 4;
constexpr std::uint8_t kProtoIpv6 = 41;
constexpr std::uint8_t kProtoGre = 47;
constexpr std::uint8_t kProtoDccp = 33;
constexpr std::uint8_t kProtoEtherIp = 97;  // RFC 3378
constexpr std::uint8_t kProtoUdpLite = 136;
constexpr std::uint8_t kProtoMpls = 137;    // RFC 4023
constexpr std::uint8_t kNextFragment = 44;  // RFC 8200 4.5
constexpr std::uint8_t kNextNone = 59;

constexpr std::uint16_t kPortVxlan = 4789;  // RFC 7348
constexpr std::uint16_t kPortVxlanLinux = 8472;
constexpr std::uint16_t kPortGeneve = 6081;  // RFC 8926

// What is left of a frame: `have` bytes were captured of `wire` that travelled. have ≤ wire.
struct View {
  const std::byte* at;
  std::uint32_t have;
  std::uint32_t wire;

  std::uint8_t u8(std::uint32_t offset) const { return std::to_integer<std::uint8_t>(at[offset]); }
  std::uint16_t u16(std::uint32_t offset) const {
    std::uint16_t value;
    std::memcpy(&value, at + offset, sizeof value);
    return __builtin_bswap16(value);
  }
  std::uint32_t u32(std::uint32_t offset) const {
    std::uint32_t value;
    std::memcpy(&value, at + offset, sizeof value);
    return __builtin_bswap32(value);
  }
  Bytes bytes() const { return {at, have}; }
  // Without the first `count` bytes; empty where fewer were captured.
  View after(std::uint32_t count) const {
    const std::uint32_t cut = std::min(count, have);
    return {at + cut, have - cut, wire - std::min(count, wire)};
  }
  // Only the first `count` bytes of the wire; a claim beyond the frame is believed for `wire`.
  View limited(std::uint32_t count) const { return {at, std::min(have, count), count}; }
};

Decoded decode_network(std::uint16_t type, View v, Packet& p);
Decoded decode_ethernet(View v, Packet& p);
Decoded decode_ip(View v, Packet& p);
Decoded decode_upper(View v, Packet& p);

Decoded broken(Packet& p, const char* code) {
  p.weird = code;
  return Decoded::kBroken;
}

// Keeps the first complaint of a packet: later ones follow from it.
void note(Packet& p, const char* code) {
  if (p.weird == nullptr) p.weird = code;
}

// ---- Tunnels ------------------------------------------------------------------------------------------------------

// Describes the packet inside `v` in place of `p`; leaves `p` as it is when there is none that can be read. `certain`:
// a header said that this is a tunnel (and did not just use its port), so a broken inside is worth telling.
template <typename Decode>
Decoded open_tunnel(View v, Packet& p, bool certain, Decode decode) {
  if (p.tunnels >= kMaxTunnels) {
    note(p, "tunnel-depth");
    return Decoded::kPacket;
  }
  Packet inner;
  inner.vlan = p.vlan;
  inner.tunnels = static_cast<std::uint8_t>(p.tunnels + 1);
  const Decoded verdict = decode(v, inner);
  if (verdict == Decoded::kPacket || verdict == Decoded::kFragment) {
    p = inner;
    return verdict;
  }
  if (verdict == Decoded::kBroken && certain) note(p, inner.weird);
  return Decoded::kPacket;
}

// RFC 2784, with the key and sequence number of RFC 2890. Version 1 is PPTP's: left closed, it is a VPN to be seen as
// such.
Decoded decode_gre(View v, Packet& p) {
  if (v.have < 4) {
    note(p, "truncated-gre");
    return Decoded::kPacket;
  }
  const std::uint16_t flags = v.u16(0);
  constexpr std::uint16_t kChecksum = 0x8000, kRouting = 0x4000, kKey = 0x2000, kSequence = 0x1000, kVersion = 0x0007;
  if ((flags & (kRouting | kVersion)) != 0) return Decoded::kPacket;
  const std::uint16_t type = v.u16(2);
  std::uint32_t header = 4;
  for (const std::uint16_t field : {kChecksum, kKey, kSequence}) header += (flags & field) != 0 ? 4 : 0;
  View inside = v.after(header);
  if (type == ether_type::kErspan2) {
    if ((flags & kSequence) != 0) inside = inside.after(8);  // type I has no header of its own
    return open_tunnel(inside, p, true, decode_ethernet);
  }
  if (type == ether_type::kErspan3) {
    const bool optional_part = inside.have >= 12 && (inside.u8(11) & 1) != 0;
    return open_tunnel(inside.after(optional_part ? 20 : 12), p, true, decode_ethernet);
  }
  return open_tunnel(inside, p, true, [type](View i, Packet& inner) { return decode_network(type, i, inner); });
}

// RFC 7348 section 5. The last byte and all flags but a few are reserved: a check that it is no other use of the port.
Decoded decode_vxlan(View v, Packet& p) {
  if (v.have < 8 || (v.u8(0) & 0x08) == 0 || v.u8(7) != 0) return Decoded::kPacket;
  return open_tunnel(v.after(8), p, false, decode_ethernet);
}

// RFC 8926 section 3.4.
Decoded decode_geneve(View v, Packet& p) {
  if (v.have < 8 || (v.u8(0) >> 6) != 0 || (v.u8(1) & 0x3F) != 0 || v.u8(7) != 0) return Decoded::kPacket;
  const std::uint16_t type = v.u16(2);
  const View inside = v.after(8 + 4U * (v.u8(0) & 0x3F));
  return open_tunnel(inside, p, false, [type](View i, Packet& inner) { return decode_network(type, i, inner); });
}

// ---- Transport ----------------------------------------------------------------------------------------------------

void set_payload(Packet& p, View v) {
  p.payload = v.bytes();
  p.payload_bytes = v.wire;
}

// Too few bytes for a transport header: cut by the capture, or sent like that.
Decoded short_header(View v, std::uint32_t needed, Packet& p) {
  note(p, v.wire >= needed ? "truncated-packet" : "short-transport-header");
  set_payload(p, v.after(v.have));
  return Decoded::kPacket;
}

void read_ports(View v, Packet& p) {
  p.src_port = v.u16(0);
  p.dst_port = v.u16(2);
}

Decoded decode_tcp(View v, Packet& p) {
  constexpr std::uint32_t kHeader = 20;
  if (v.have >= 4) read_ports(v, p);
  if (v.have >= 14) p.tcp_flags = v.u8(13);
  if (v.have < kHeader) return short_header(v, kHeader, p);
  p.tcp_seq = v.u32(4);
  p.tcp_ack = v.u32(8);
  const std::uint32_t header = 4U * (v.u8(12) >> 4);
  if (header < kHeader || header > v.wire) {
    note(p, "tcp-header-length");
    return Decoded::kPacket;
  }
  set_payload(p, v.after(header));
  return Decoded::kPacket;
}

Decoded decode_udp(View v, Packet& p) {
  constexpr std::uint32_t kHeader = 8;
  if (v.have >= 4) read_ports(v, p);
  if (v.have < kHeader) return short_header(v, kHeader, p);
  std::uint32_t length = v.u16(4);
  if (length == 0) length = v.wire;  // jumbograms (RFC 2675) and segmentation offload
  if (length < kHeader || length > v.wire) {
    note(p, "udp-length");
    length = v.wire;
  }
  const View inside = v.limited(length).after(kHeader);
  set_payload(p, inside);
  switch (p.dst_port) {
    case kPortVxlan:
    case kPortVxlanLinux: return decode_vxlan(inside, p);
    case kPortGeneve: return decode_geneve(inside, p);
    default: return Decoded::kPacket;
  }
}

Decoded decode_icmp(View v, Packet& p) {
  if (v.have < 4) return short_header(v, 4, p);
  p.dst_port = v.u16(0);  // type and code
  set_payload(p, v.after(4));
  return Decoded::kPacket;
}

// SCTP, DCCP and UDP-Lite begin with the two ports.
Decoded decode_ports_only(View v, std::uint32_t header, Packet& p) {
  if (v.have >= 4) read_ports(v, p);
  if (v.have < header) return short_header(v, header, p);
  set_payload(p, v.after(header));
  return Decoded::kPacket;
}

// What IP carries, by p.proto.
Decoded decode_transport(View v, Packet& p) {
  p.ip_payload = v.bytes();
  p.ip_payload_bytes = v.wire;
  set_payload(p, v);
  switch (p.proto) {
    case ip_proto::kTcp: return decode_tcp(v, p);
    case ip_proto::kUdp: return decode_udp(v, p);
    case ip_proto::kIcmp:
    case ip_proto::kIcmp6: return decode_icmp(v, p);
    case ip_proto::kSctp: return decode_ports_only(v, 12, p);
    case kProtoDccp: return decode_ports_only(v, 12, p);
    case kProtoUdpLite: return decode_ports_only(v, 8, p);
    case kProtoIpip:
    case kProtoIpv6: return open_tunnel(v, p, true, decode_ip);
    case kProtoGre: return decode_gre(v, p);
    case kProtoMpls:
      return open_tunnel(v, p, true, [](View i, Packet& q) { return decode_network(ether_type::kMpls, i, q); });
    case kProtoEtherIp: return open_tunnel(v.after(2), p, true, decode_ethernet);
    default: return Decoded::kPacket;
  }
}

// A fragment: its ports if it is the first one. Tunnels stay closed until the fragments are joined.
Decoded decode_fragment(View v, Packet& p) {
  p.ip_payload = v.bytes();
  p.ip_payload_bytes = v.wire;
  set_payload(p, v);
  if (p.fragment_offset != 0 || v.have < 4) return Decoded::kFragment;
  switch (p.proto) {
    case ip_proto::kTcp:
      if (v.have >= 14) p.tcp_flags = v.u8(13);
      [[fallthrough]];
    case ip_proto::kUdp:
    case ip_proto::kSctp:
    case kProtoDccp:
    case kProtoUdpLite: read_ports(v, p); break;
    case ip_proto::kIcmp:
    case ip_proto::kIcmp6: p.dst_port = v.u16(0); break;
    default: break;
  }
  return Decoded::kFragment;
}

// ---- Network ------------------------------------------------------------------------------------------------------

Decoded decode_ipv4(View v, Packet& p) {  // RFC 791 3.1
  constexpr std::uint32_t kHeader = 20;
  if (v.have < kHeader) return broken(p, "truncated-ip-header");
  const std::uint32_t header = 4U * (v.u8(0) & 0x0F);
  if ((v.u8(0) >> 4) != 4) return broken(p, "ip-version");
  if (header < kHeader) return broken(p, "ip-header-length");
  std::uint32_t total = v.u16(2);
  if (total == 0) total = v.wire;  // segmentation offload: the card fills it in later, the frame's length is the truth
  if (total < header) return broken(p, "ip-total-length");
  if (total > v.wire) note(p, "ip-longer-than-frame");
  p.src = Ip::v4(v.u32(12));
  p.dst = Ip::v4(v.u32(16));
  p.proto = v.u8(9);
  p.tos = v.u8(1);
  p.ip_bytes = total;
  const View inside = v.limited(total).after(header);
  const std::uint16_t fragment = v.u16(6);
  constexpr std::uint16_t kMoreFragments = 0x2000, kOffsetMask = 0x1FFF;
  if ((fragment & (kMoreFragments | kOffsetMask)) == 0) return decode_transport(inside, p);
  p.fragment_id = v.u16(4);
  p.fragment_offset = 8U * (fragment & kOffsetMask);
  p.more_fragments = (fragment & kMoreFragments) != 0;
  return decode_fragment(inside, p);
}

bool is_extension(std::uint8_t next) {
  switch (next) {
    case 0:    // hop-by-hop options
    case 43:   // routing
    case 60:   // destination options
    case 135:  // mobility
    case 139:  // host identity
    case 140:  // shim6
      return true;
    default: return false;
  }
}

// IPv6 extension headers (RFC 8200 section 4) up to the transport. AH (51) is none of them here: as with ESP, that it
// is IPsec is what matters.
Decoded decode_upper(View v, Packet& p) {
  for (unsigned i = 0; i < kMaxTags; ++i) {
    const bool fragment = p.proto == kNextFragment;
    if (!fragment && !is_extension(p.proto)) return decode_transport(v, p);
    if (v.have < 8) {
      note(p, v.wire >= 8 ? "truncated-packet" : "ipv6-extension-header");
      set_payload(p, v.after(v.have));
      return Decoded::kPacket;
    }
    const std::uint8_t next = v.u8(0);
    if (!fragment) {
      const std::uint32_t length = 8U * (v.u8(1) + 1U);
      if (length > v.wire) {
        note(p, "ipv6-extension-header");
        set_payload(p, v.after(v.have));
        return Decoded::kPacket;
      }
      p.proto = next;
      v = v.after(length);
      continue;
    }
    const std::uint16_t offset = v.u16(2);
    p.proto = next;
    if ((offset & 0xFFF9) == 0) {  // an atomic fragment is whole (RFC 6946)
      v = v.after(8);
      continue;
    }
    p.fragment_id = v.u32(4);
    p.fragment_offset = offset & 0xFFF8U;
    p.more_fragments = (offset & 1) != 0;
    return decode_fragment(v.after(8), p);
  }
  note(p, "ipv6-extension-header");
  set_payload(p, v.after(v.have));
  return Decoded::kPacket;
}

// The jumbo payload option (RFC 2675) of a hop-by-hop header at the front of `v`, or 0.
std::uint32_t jumbo_length(View v) {
  if (v.have < 8 || v.u8(2) != 0xC2 || v.u8(3) != 4) return 0;
  return v.u32(4);
}

Decoded decode_ipv6(View v, Packet& p) {  // RFC 8200 section 3
  constexpr std::uint32_t kHeader = 40;
  if (v.have < kHeader) return broken(p, "truncated-ip-header");
  if ((v.u8(0) >> 4) != 6) return broken(p, "ip-version");
  std::uint32_t length = v.u16(4);
  p.proto = v.u8(6);
  if (length == 0 && p.proto != kNextNone) {
    const std::uint32_t left = v.wire - kHeader;
    const std::uint32_t jumbo = p.proto == 0 ? jumbo_length(v.after(kHeader)) : 0;
    if (jumbo > left) note(p, "ip-longer-than-frame");
    length = jumbo > 0 && jumbo <= left ? jumbo : left;  // without the option: segmentation offload
  }
  if (length > v.wire - kHeader) note(p, "ip-longer-than-frame");
  p.src = Ip::v6(v.at + 8);
  p.dst = Ip::v6(v.at + 24);
  p.tos = static_cast<std::uint8_t>(v.u16(0) >> 4);
  p.ip_bytes = kHeader + length;
  return decode_upper(v.limited(kHeader + length).after(kHeader), p);
}

// By the version nibble.
Decoded decode_ip(View v, Packet& p) {
  if (v.have == 0) return broken(p, "truncated-ip-header");
  switch (v.u8(0) >> 4) {
    case 4: return decode_ipv4(v, p);
    case 6: return decode_ipv6(v, p);
    default: return broken(p, "ip-version");
  }
}

// ---- Link ---------------------------------------------------------------------------------------------------------

// RFC 3032: labels up to the bottom of the stack; what follows is told by its first nibble (RFC 4928), 0 being a
// control word (RFC 4385) before an Ethernet frame.
Decoded decode_mpls(View v, Packet& p) {
  for (unsigned i = 0; i < kMaxTags; ++i) {
    if (v.have < 5) return broken(p, "truncated-frame");
    const bool bottom = (v.u8(2) & 1) != 0;
    v = v.after(4);
    if (!bottom) continue;
    switch (v.u8(0) >> 4) {
      case 4: return decode_ipv4(v, p);
      case 6: return decode_ipv6(v, p);
      case 0: return decode_ethernet(v.after(4), p);
      default: return Decoded::kOther;
    }
  }
  return broken(p, "mpls-depth");
}

// RFC 1661 and 1662: perhaps address and control, then a protocol of one or two bytes.
Decoded decode_ppp(View v, Packet& p) {
  if (v.have >= 2 && v.u16(0) == 0xFF03) v = v.after(2);
  if (v.have < 2) return broken(p, "truncated-frame");
  const bool compressed = (v.u8(0) & 1) != 0;
  const std::uint16_t protocol = compressed ? v.u8(0) : v.u16(0);
  v = v.after(compressed ? 1 : 2);
  switch (protocol) {
    case 0x0021: return decode_ipv4(v, p);
    case 0x0057: return decode_ipv6(v, p);
    case 0x0281:
    case 0x0283: return decode_mpls(v, p);
    default: return Decoded::kOther;
  }
}

Decoded decode_pppoe(View v, Packet& p) {  // RFC 2516 section 4
  if (v.have < 6) return broken(p, "truncated-frame");
  if (v.u8(0) != 0x11) return broken(p, "pppoe-version");
  if (v.u8(1) != 0) return Decoded::kOther;  // discovery
  return decode_ppp(v.after(6), p);
}

Decoded decode_llc(View v, Packet& p) {  // 802.2; SNAP (RFC 1042) may carry IP
  if (v.have < 8 || v.u16(0) != 0xAAAA || v.u8(2) != 0x03) return Decoded::kOther;
  const std::uint32_t organisation = v.u32(2) & 0xFFFFFF;
  if (organisation != 0 && organisation != 0x0000F8) return Decoded::kOther;
  return decode_network(v.u16(6), v.after(8), p);
}

// What follows an Ethernet type, tags included.
Decoded decode_network(std::uint16_t type, View v, Packet& p) {
  for (unsigned i = 0; i < kMaxTags; ++i) {
    switch (type) {
      case ether_type::kIpv4: return decode_ipv4(v, p);
      case ether_type::kIpv6: return decode_ipv6(v, p);
      case ether_type::kVlan:
      case ether_type::kVlanOuter:
      case ether_type::kVlanOuterOld:
        if (v.have < 4) return broken(p, "truncated-frame");
        if (p.vlan == Packet::kNoVlan) p.vlan = v.u16(0) & 0x0FFF;
        type = v.u16(2);
        v = v.after(4);
        break;
      case ether_type::kMpls:
      case ether_type::kMplsMulticast: return decode_mpls(v, p);
      case ether_type::kPppoeSession: return decode_pppoe(v, p);
      case ether_type::kBridge: return decode_ethernet(v, p);
      default: return type < ether_type::kFirst ? decode_llc(v, p) : Decoded::kOther;
    }
  }
  return broken(p, "vlan-depth");
}

Decoded decode_ethernet(View v, Packet& p) {
  if (v.have < 14) return broken(p, "truncated-frame");
  return decode_network(v.u16(12), v.after(14), p);
}

// BSD loopback: an address family, in either byte order, each BSD with its own number for IPv6.
Decoded decode_loopback(View v, Packet& p) {
  if (v.have < 4) return broken(p, "truncated-frame");
  std::uint32_t family = v.u32(0);
  if (family > 0xFFFF) family = __builtin_bswap32(family);
  switch (family) {
    case 2: return decode_ipv4(v.after(4), p);
    case 10:
    case 24:
    case 28:
    case 30: return decode_ipv6(v.after(4), p);
    default: return Decoded::kOther;
  }
}

Decoded decode_cooked(View v, std::uint32_t header, std::uint32_t type_at, Packet& p) {
  if (v.have < header) return broken(p, "truncated-frame");
  const std::uint16_t type = v.u16(type_at);
  if (type < ether_type::kFirst && type != ether_type::kCookedLlc) return Decoded::kOther;
  return decode_network(type, v.after(header), p);
}

}  // namespace

bool link_type_supported(std::uint32_t type) {
  switch (type) {
    case link_type::kNull:
    case link_type::kEthernet:
    case link_type::kPpp:
    case link_type::kRawBsd:
    case link_type::kRawOpenBsd:
    case link_type::kPppHdlc:
    case link_type::kPppEther:
    case link_type::kRaw:
    case link_type::kCiscoHdlc:
    case link_type::kLoop:
    case link_type::kLinuxCooked:
    case link_type::kIpv4:
    case link_type::kIpv6:
    case link_type::kLinuxCooked2: return true;
    default: return false;
  }
}

Decoded decode_packet(std::uint32_t type, Bytes frame, std::uint32_t wire_length, Packet& packet) {
  packet = Packet{};
  const auto have = static_cast<std::uint32_t>(std::min<std::size_t>(frame.size(), UINT32_MAX));
  const View v{frame.data(), have, std::max(have, wire_length)};
  switch (type) {
    case link_type::kEthernet: return decode_ethernet(v, packet);
    case link_type::kNull:
    case link_type::kLoop: return decode_loopback(v, packet);
    case link_type::kPpp:
    case link_type::kPppHdlc: return decode_ppp(v, packet);
    case link_type::kPppEther: return decode_pppoe(v, packet);
    case link_type::kRawBsd:
    case link_type::kRawOpenBsd:
    case link_type::kRaw: return decode_ip(v, packet);
    case link_type::kIpv4: return decode_ipv4(v, packet);
    case link_type::kIpv6: return decode_ipv6(v, packet);
    case link_type::kCiscoHdlc:
      if (v.have < 4) return broken(packet, "truncated-frame");
      return decode_network(v.u16(2), v.after(4), packet);
    case link_type::kLinuxCooked: return decode_cooked(v, 16, 14, packet);
    case link_type::kLinuxCooked2: return decode_cooked(v, 20, 0, packet);
    default: return broken(packet, "unsupported-link-type");
  }
}

Decoded decode_joined(Bytes ip_payload, std::uint32_t ip_payload_bytes, Packet& packet) {
  const auto have = static_cast<std::uint32_t>(ip_payload.size());
  const View v{ip_payload.data(), have, std::max(have, ip_payload_bytes)};
  packet.fragment_id = packet.fragment_offset = 0;
  packet.more_fragments = false;
  packet.weird = nullptr;
  return packet.src.is_v4() && packet.dst.is_v4() ? decode_transport(v, packet) : decode_upper(v, packet);
}

}  // namespace rw
