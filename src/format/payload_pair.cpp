// The rules that need both directions, or several messages: VPNs, SOCKS, Tinc, Stratum v2.
#include "format/payload_pair.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cctype>
#include <functional>

namespace rw {
namespace {

std::uint8_t byte_at(Bytes bytes, std::size_t offset) { return std::to_integer<std::uint8_t>(bytes[offset]); }

// ---- WireGuard and Cloudflare WARP ---------------------------------------------------------------------------------
//
// Type (1 to 4), three reserved bytes, then the indexes that each side chose: an initiation is 148 bytes, its response
// 92, a cookie 64, and data 32 or more in steps of 16. WARP is the same with a client's number in the reserved bytes,
// and in some clients with the upper two bits of the type set and other lengths.

enum WireGuardShape : std::uint8_t { kInitiation, kResponse, kData };

struct WireGuardMessage {
  std::uint8_t type = 0;  // 0: none
  bool warp = false;
  std::uint32_t prefix = 0;                // type and reserved bytes as they are
  std::uint32_t sender = 0, receiver = 0;  // little endian on the wire; compared only
  std::uint64_t counter = 0;
};

WireGuardMessage read_wireguard(Bytes bytes, std::size_t wire_bytes) {
  WireGuardMessage m;
  Cursor cursor(bytes);
  m.prefix = cursor.u32();
  const std::uint8_t first = static_cast<std::uint8_t>(m.prefix >> 24);
  const bool odd = (first & 0xC0) == 0xC0;
  m.warp = odd || (m.prefix & 0xFFFFFF) != 0;
  const std::uint8_t type = odd ? first & 0x3F : first;
  switch (type) {
    case 1:
      m.sender = cursor.u32_little();
      if (!odd && wire_bytes != 148) return m;
      break;
    case 2:
      m.sender = cursor.u32_little();
      m.receiver = cursor.u32_little();
      if (!odd && wire_bytes != 92) return m;
      break;
    case 3:
      m.receiver = cursor.u32_little();
      if (!odd && wire_bytes != 64) return m;
      break;
    case 4:
      m.receiver = cursor.u32_little();
      m.counter = cursor.u64_little();
      if (wire_bytes < 32 || (!m.warp && wire_bytes % 16 != 0) || m.counter >> 40 != 0) return m;
      break;
    default: return m;
  }
  if (cursor.ok()) m.type = type;
  return m;
}

Suspicion suspect_wireguard(const PayloadQuestion& q, std::size_t wire_bytes) {
  const WireGuardMessage m = read_wireguard(q.payload, wire_bytes);
  if (m.type == 0 || m.type == 3) return {};
  if ((m.prefix >> 24) >= 0xC0 && m.type != 4) return {};  // that variant hides its indexes: its data are told
  Suspicion s{m.warp ? App::kWarp : App::kWireGuard, q.to_server};
  s.shape = m.type == 1 ? kInitiation : m.type == 2 ? kResponse : kData;
  s.token = m.type == 1 ? m.sender : m.type == 2 ? m.sender : m.receiver;
  s.counter = m.type == 4 ? m.counter : m.prefix;
  return s;
}

Weighed weigh_wireguard(Suspicion& s, const PayloadQuestion& q, std::size_t wire_bytes) {
  const WireGuardMessage m = read_wireguard(q.payload, wire_bytes);
  if (m.type == 0) return Weighed::kWait;  // Tailscale and others share the port
  const bool same_way = q.to_server == s.from_initiator;
  switch (s.shape) {
    case kInitiation:
      if (!same_way) return (m.type == 2 || m.type == 3) && m.receiver == s.token ? Weighed::kYes : Weighed::kWait;
      // Nobody answers: it is tried again every five seconds, the same but for indexes and secrets.
      if (m.type == 1 && m.prefix == s.counter && m.sender != s.token && ++s.agreeing >= 2) return Weighed::kYes;
      return Weighed::kWait;
    case kResponse:  // what answers it is addressed to the index that it names
      return !same_way && m.type == 4 && m.receiver == s.token ? Weighed::kYes : Weighed::kWait;
    default: break;
  }
  // In the middle of a session: counters go on by ones, under one index a direction.
  if (m.type != 4 || (m.warp ? App::kWarp : App::kWireGuard) != s.app) return Weighed::kNo;
  if (!same_way) return Weighed::kWait;
  if (m.receiver != s.token) return Weighed::kNo;
  if (m.counter <= s.counter || m.counter - s.counter > 16) return Weighed::kWait;
  s.counter = m.counter;
  return ++s.agreeing >= 3 ? Weighed::kYes : Weighed::kWait;
}

// ---- OpenVPN -------------------------------------------------------------------------------------------------------
//
// Opcode (5 bits) and key (3 bits), the sender's session id; over TCP with the packet's length before. Without
// encryption of the control channel (--tls-crypt) an answer repeats the other side's session id in its list of
// acknowledgements; with it, both carry packet number 1 and the time.

constexpr std::uint8_t kResetClient1 = 1 << 3, kResetServer1 = 2 << 3, kResetClient2 = 7 << 3, kResetServer2 = 8 << 3,
                       kResetClient3 = 10 << 3, kData2 = 9 << 3;
constexpr std::size_t kSessionId = 8;
enum OpenVpnShape : std::uint8_t { kReset, kSealedReset, kVpnData };

// The packet, without the length that stands before it over TCP. Empty where the length does not fit.
Bytes openvpn_packet(Bytes bytes, std::size_t wire_bytes, bool tcp) {
  if (!tcp) return bytes;
  Cursor cursor(bytes);
  const std::size_t length = cursor.u16();
  if (!cursor.ok() || length + 2 > wire_bytes || length < 1 + kSessionId) return {};
  return bytes.subspan(2, std::min(length, bytes.size() - 2));
}

Suspicion suspect_openvpn(const PayloadQuestion& q, std::size_t wire_bytes, bool tcp) {
  const Bytes packet = openvpn_packet(q.payload, wire_bytes, tcp);
  Cursor cursor(packet);
  const std::uint8_t opcode = cursor.u8();
  Suspicion s{App::kOpenVpn, q.to_server};
  s.tcp = tcp;
  if (opcode == kData2) {  // a peer's number, which is small, and the packet's
    const std::uint32_t peer = cursor.u24();
    s.counter = cursor.u32();
    s.token = peer;
    s.shape = kVpnData;
    const bool fits = cursor.ok() && peer < (1U << 16) && packet.size() >= 24 && s.counter < (1U << 30);
    return fits && !tcp ? s : Suspicion{};
  }
  const bool first =
      opcode == kResetClient1 || opcode == kResetClient2 || opcode == kResetClient3 || opcode == kResetServer2;
  s.token = cursor.u64();
  if (!cursor.ok() || !first || s.token == 0 || packet.size() < 14) return {};
  s.shape = kReset;
  // tls-crypt: a number of 4 bytes, which is 1, and the time.
  if (packet.size() >= 54 && cursor.u32() == 1) {
    s.counter = cursor.u32();
    if (s.counter > 1'000'000'000) s.shape = kSealedReset;
  }
  return s;
}

Weighed weigh_openvpn(Suspicion& s, const PayloadQuestion& q, std::size_t wire_bytes) {
  const Bytes packet = openvpn_packet(q.payload, wire_bytes, s.tcp);
  if (packet.empty()) return Weighed::kNo;
  Cursor cursor(packet);
  const std::uint8_t opcode = cursor.u8();
  const bool same_way = q.to_server == s.from_initiator;
  if (s.shape == kVpnData) {
    if (!same_way) return Weighed::kWait;
    if (opcode != kData2 || cursor.u24() != s.token) return Weighed::kNo;
    const std::uint32_t counter = cursor.u32();
    if (!cursor.ok() || counter <= s.counter || counter - s.counter > 16) return Weighed::kNo;
    s.counter = counter;
    return ++s.agreeing >= 2 ? Weighed::kYes : Weighed::kWait;
  }
  const unsigned kind = opcode >> 3;
  if (same_way) return kind >= 1 && kind <= 11 ? Weighed::kWait : Weighed::kNo;
  if (kind < 1 || kind > 11) return Weighed::kNo;
  const std::uint64_t own = cursor.u64();
  if (!cursor.ok()) return Weighed::kWait;
  // The other's session id stands behind the list of acknowledgements: with HMAC (20 to 64 bytes), number, time and up
  // to eight acknowledgements before it.
  constexpr std::size_t kFarthest = 1 + kSessionId + 64 + 8 + 1 + 8 * 4;
  for (std::size_t at = 1 + kSessionId + 1; at + kSessionId <= packet.size() && at <= kFarthest; ++at)
    if (Cursor(packet.subspan(at)).u64() == s.token) return Weighed::kYes;
  if (s.shape == kSealedReset && own != s.token && cursor.u32() == 1) {
    const std::int64_t time = cursor.u32();
    const std::int64_t apart = time - static_cast<std::int64_t>(s.counter);
    if (cursor.ok() && apart > -86'400 && apart < 86'400) return Weighed::kYes;
  }
  return Weighed::kWait;
}

// ---- IPsec ---------------------------------------------------------------------------------------------------------

enum IkeShape : std::uint8_t { kIkeHeader, kEspInUdp };

struct IkeHeader {
  std::uint64_t initiator = 0;  // its chosen index
  bool answers = false;         // what only the responder sends: an index of its own, or the response flag
};

// An IKE header (RFC 2408 3.1, RFC 7296 3.1) that fits the datagram's length. On port 4500 a marker of four zero bytes
// stands before it, which tells it from ESP (RFC 3948 2.2).
bool read_ike(Bytes bytes, std::size_t wire_bytes, IkeHeader& header) {
  if (bytes.size() >= 32 && Cursor(bytes).u32() == 0) {
    bytes = bytes.subspan(4);
    wire_bytes -= 4;
  }
  Cursor cursor(bytes);
  header.initiator = cursor.u64();
  const std::uint64_t responder = cursor.u64();
  const std::uint8_t next = cursor.u8(), version = cursor.u8(), exchange = cursor.u8(), flags = cursor.u8();
  cursor.u32();
  const std::uint32_t length = cursor.u32();
  if (!cursor.ok() || header.initiator == 0 || length != wire_bytes || length < 28) return false;
  header.answers = version == 0x10 ? responder != 0 : (flags & 0x20) != 0;
  if (version == 0x10)
    return next <= 21 && (flags & 0xF8) == 0 &&
           (exchange == 2 || exchange == 4 || exchange == 5 || exchange == 6 || exchange == 32 || exchange == 33);
  return version == 0x20 && next >= 33 && next <= 54 && (flags & 0xC7) == 0 && exchange >= 34 && exchange <= 44;
}

bool is_ike_port(const PayloadQuestion& q) {
  return q.client_port == 500 || q.server_port == 500 || q.client_port == 4500 || q.server_port == 4500;
}

Suspicion suspect_ike(const PayloadQuestion& q, std::size_t wire_bytes) {
  Suspicion s{App::kIke, q.to_server};
  if (IkeHeader header; read_ike(q.payload, wire_bytes, header)) {
    s.token = header.initiator;
    return s;
  }
  if (q.client_port != 4500 && q.server_port != 4500) return {};
  Cursor cursor(q.payload);  // RFC 3948 2.1
  s.app = App::kEsp;
  s.shape = kEspInUdp;
  s.token = cursor.u32();
  s.counter = cursor.u32();
  return cursor.ok() && s.token > 255 && wire_bytes >= 28 ? s : Suspicion{};
}

Weighed weigh_ike(Suspicion& s, const PayloadQuestion& q, std::size_t wire_bytes) {
  IkeHeader header;
  const bool ike = read_ike(q.payload, wire_bytes, header);
  if (s.shape == kIkeHeader) {
    if (!ike || header.initiator != s.token) return is_ike_port(q) ? Weighed::kWait : Weighed::kNo;
    if (q.to_server != s.from_initiator) return header.answers || s.agreeing > 0 ? Weighed::kYes : Weighed::kWait;
    return is_ike_port(q) && ++s.agreeing >= 2 ? Weighed::kYes : Weighed::kWait;  // sent again: nobody answers
  }
  if (ike) {
    s = {App::kIke, q.to_server};
    s.token = header.initiator;
    return Weighed::kWait;
  }
  if (q.to_server != s.from_initiator || q.payload.size() < 8) return Weighed::kWait;
  Cursor cursor(q.payload);
  if (cursor.u32() != s.token) return Weighed::kNo;
  const std::uint32_t counter = cursor.u32();
  if (counter <= s.counter || counter - s.counter > 64) return Weighed::kNo;
  s.counter = counter;
  return ++s.agreeing >= 3 ? Weighed::kYes : Weighed::kWait;
}

// ---- SOCKS ---------------------------------------------------------------------------------------------------------

enum SocksShape : std::uint8_t { kSocks4, kSocks5 };

bool is_text(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte b) { return std::isprint(std::to_integer<unsigned char>(b)) != 0; });
}

// A version 4 request: command, port, address, a name that ends in a zero byte; in 4a, after 0.0.0.x, a host name too.
bool is_socks4_request(Bytes bytes) {
  Cursor cursor(bytes);
  const std::uint8_t version = cursor.u8(), command = cursor.u8();
  const std::uint16_t port = cursor.u16();
  const std::uint32_t to = cursor.u32();
  if (!cursor.ok() || version != 4 || (command != 1 && command != 2) || port == 0 || to == 0 || bytes.size() > 600)
    return false;
  const Bytes rest = cursor.rest();
  const auto zero = std::find(rest.begin(), rest.end(), std::byte{0});
  if (zero == rest.end()) return false;
  const auto user = static_cast<std::size_t>(zero - rest.begin());
  if (!is_text(rest.first(user))) return false;
  const Bytes host = rest.subspan(user + 1);
  if ((to >> 8) != 0) return host.empty();
  return host.size() >= 2 && byte_at(host, host.size() - 1) == 0 && is_text(host.first(host.size() - 1));
}

Suspicion suspect_socks(const PayloadQuestion& q, std::size_t wire_bytes) {
  const Bytes bytes = q.payload;
  if (!q.to_server || bytes.size() != wire_bytes || bytes.size() < 3) return {};
  Suspicion s{App::kSocks, true};
  if (is_socks4_request(bytes)) {
    s.shape = kSocks4;
    return s;
  }
  // RFC 1928 3: how many methods, then each once; 0 none, 1 GSSAPI, 2 password, 3 to 127 assigned, 128 to 254 private.
  const std::size_t count = byte_at(bytes, 1);
  if (byte_at(bytes, 0) != 5 || count == 0 || count > 16 || bytes.size() != 2 + count) return {};
  for (std::size_t i = 2; i < bytes.size(); ++i) {
    const std::uint8_t method = byte_at(bytes, i);
    if (method > 9 && method < 128) return {};
    if (method < 64)
      s.token |= std::uint64_t{1} << method;
    else if (method < 255)
      s.counter = 1;  // a private one
    else
      return {};
  }
  s.shape = kSocks5;
  return s;
}

Weighed weigh_socks(Suspicion& s, const PayloadQuestion& q, std::size_t wire_bytes) {
  const Bytes bytes = q.payload;
  if (q.to_server == s.from_initiator) return Weighed::kWait;
  if (s.shape == kSocks4)
    return wire_bytes == 8 && bytes.size() == 8 && byte_at(bytes, 0) == 0 && byte_at(bytes, 1) >= 0x5A &&
                   byte_at(bytes, 1) <= 0x5D
               ? Weighed::kYes
               : Weighed::kNo;
  if (wire_bytes != 2 || bytes.size() != 2 || byte_at(bytes, 0) != 5) return Weighed::kNo;
  const std::uint8_t method = byte_at(bytes, 1);
  const bool offered = method == 0xFF || (method < 64 ? (s.token >> method & 1) != 0 : s.counter != 0);
  return offered ? Weighed::kYes : Weighed::kNo;
}

// ---- Tinc ----------------------------------------------------------------------------------------------------------

// "0 NAME 17", "0 NAME 17.7": the request ID that both sides open with, each with its own name. `name` is a hash of it.
bool is_tinc_id(Bytes bytes, std::uint64_t& name) {
  std::string_view line = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 128)));
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos || !line.starts_with("0 ")) return false;
  line = line.substr(2, end - 2);
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return false;
  for (const char c : line.substr(0, space))
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '^' && c != '.') return false;
  name = std::hash<std::string_view>{}(line.substr(0, space));
  const std::string_view version = line.substr(space + 1);
  return version == "17" || (version.starts_with("17.") && version.size() <= 5);
}

// ---- Stratum v2 ----------------------------------------------------------------------------------------------------
//
// Its handshake is Noise NX: an ephemeral key of 64 bytes that looks like noise, and an answer of exactly 234 bytes
// (key, sealed key, sealed certificate). Nothing in it is a magic number: the lengths, on both sides, and what they
// hold.

bool looks_random(Bytes bytes) {
  std::bitset<256> distinct;
  unsigned printable = 0;
  for (const std::byte b : bytes) {
    distinct.set(std::to_integer<unsigned char>(b));
    printable += std::isprint(std::to_integer<unsigned char>(b)) != 0 ? 1U : 0U;
  }
  // 64 random bytes have 56 ± 2 different ones, of which 37 % are printable.
  return distinct.count() * 4 >= bytes.size() * 3 && printable * 2 < bytes.size() * 1U + bytes.size() / 4;
}

Suspicion suspect_stratum2(const PayloadQuestion& q, std::size_t wire_bytes) {
  const bool fits = q.to_server && wire_bytes == 64 && q.payload.size() == 64 && looks_random(q.payload);
  return fits ? Suspicion{App::kStratum2, true} : Suspicion{};
}

Weighed weigh_stratum2(Suspicion& s, const PayloadQuestion& q, std::size_t wire_bytes) {
  if (q.to_server == s.from_initiator) {
    // SetupConnection: a sealed header of 22 bytes and its sealed payload (27 bytes and more, 16 of them the tag).
    return s.agreeing == 1 && wire_bytes >= 22 + 27 + 16 &&
                   looks_random(q.payload.first(std::min<std::size_t>(q.payload.size(), 64)))
               ? Weighed::kYes
               : Weighed::kNo;
  }
  if (s.agreeing == 1) return Weighed::kNo;
  if (wire_bytes != 234 || q.payload.size() < 64 || !looks_random(q.payload.first(64))) return Weighed::kNo;
  s.agreeing = 1;
  return Weighed::kWait;
}

}  // namespace

Suspicion suspect_tcp(const PayloadQuestion& q, std::size_t wire_bytes) {
  if (q.payload.empty()) return {};
  Suspicion tinc{App::kTinc, q.to_server};
  if (is_tinc_id(q.payload, tinc.token)) return tinc;
  if (Suspicion s = suspect_socks(q, wire_bytes); s.app != App::kNone) return s;
  if (Suspicion s = suspect_openvpn(q, wire_bytes, true); s.app != App::kNone) return s;
  return suspect_stratum2(q, wire_bytes);
}

Suspicion suspect_udp(const PayloadQuestion& q, std::size_t wire_bytes) {
  if (q.payload.empty()) return {};
  if (Suspicion s = suspect_wireguard(q, wire_bytes); s.app != App::kNone) return s;
  if (Suspicion s = suspect_openvpn(q, wire_bytes, false); s.app != App::kNone) return s;
  return suspect_ike(q, wire_bytes);
}

Weighed weigh(Suspicion& s, const PayloadQuestion& q, std::size_t wire_bytes) {
  if (++s.seen > kMaxWeighed) return Weighed::kNo;
  switch (s.app) {
    case App::kWireGuard:
    case App::kWarp: return weigh_wireguard(s, q, wire_bytes);
    case App::kIke:
    case App::kEsp: return weigh_ike(s, q, wire_bytes);
    case App::kOpenVpn: return weigh_openvpn(s, q, wire_bytes);
    case App::kSocks: return weigh_socks(s, q, wire_bytes);
    case App::kStratum2: return weigh_stratum2(s, q, wire_bytes);
    case App::kTinc: {
      if (q.to_server == s.from_initiator) return Weighed::kWait;
      std::uint64_t name = 0;
      return is_tinc_id(q.payload, name) && name != s.token ? Weighed::kYes : Weighed::kNo;
    }
    default: return Weighed::kNo;
  }
}

}  // namespace rw
