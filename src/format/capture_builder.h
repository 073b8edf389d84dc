// For tests and fuzzing of captures: packets and capture files built byte by byte.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"

namespace rw::testing {

// ---- Fields -------------------------------------------------------------------------------------------------------

inline std::string be(std::uint64_t value, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
inline std::string le(std::uint64_t value, int width) {
  const std::string big = be(value, width);
  return {big.rbegin(), big.rend()};
}
inline std::string hex(std::string_view digits) {
  std::string out;
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    if (digits[i] == ' ')
      --i;
    else
      out += static_cast<char>(nibble(digits[i]) << 4 | nibble(digits[i + 1]));
  }
  return out;
}

// ---- Packets ------------------------------------------------------------------------------------------------------

inline constexpr std::string_view kClient = "10.0.0.1", kServer = "192.0.2.80";

inline std::string address(std::string_view text) {
  const Ip ip = Ip::parse(text).value();
  return ip.is_v4() ? be(ip.v4_bits(), 4) : be(ip.hi, 8) + be(ip.lo, 8);
}

struct Ip4 {
  std::string_view src = kClient, dst = kServer;
  std::uint8_t proto = 17;
  std::uint16_t id = 1;
  std::uint16_t fragment = 0;  // flags and offset as on the wire
  int total_length = -1;       // -1: the right one
  std::uint8_t tos = 0;
  std::string options;  // a multiple of 4 bytes
};
inline std::string ipv4(const Ip4& h, std::string_view payload) {
  const std::size_t header = 20 + h.options.size();
  const std::size_t total = h.total_length < 0 ? header + payload.size() : static_cast<std::size_t>(h.total_length);
  return be(0x40 | header / 4, 1) + be(h.tos, 1) + be(total, 2) + be(h.id, 2) + be(h.fragment, 2) + be(64, 1) +
         be(h.proto, 1) + be(0, 2) + address(h.src) + address(h.dst) + h.options + std::string(payload);
}
struct Ip6 {
  std::string_view src = "2001:db8::1", dst = "2001:db8::80";
  std::uint8_t next = 17;
  int length = -1;
};
inline std::string ipv6(const Ip6& h, std::string_view payload) {
  return be(0x60000000, 4) + be(h.length < 0 ? payload.size() : static_cast<std::size_t>(h.length), 2) + be(h.next, 1) +
         be(64, 1) + address(h.src) + address(h.dst) + std::string(payload);
}
inline std::string udp(std::uint16_t src, std::uint16_t dst, std::string_view payload) {
  return be(src, 2) + be(dst, 2) + be(8 + payload.size(), 2) + be(0, 2) + std::string(payload);
}
struct Tcp {
  std::uint16_t src = 40000, dst = 443;
  std::uint32_t seq = 1000, ack = 0;
  std::uint8_t flags = 0x10;
};
inline std::string tcp(const Tcp& h, std::string_view payload = {}) {
  return be(h.src, 2) + be(h.dst, 2) + be(h.seq, 4) + be(h.ack, 4) + be(0x50, 1) + be(h.flags, 1) + be(8192, 2) +
         be(0, 4) + std::string(payload);
}
inline std::string icmp(std::uint8_t type, std::uint8_t code, std::string_view payload = "abcdefgh") {
  return be(type, 1) + be(code, 1) + be(0, 2) + std::string(payload);
}
inline std::string ethernet(std::uint16_t type, std::string_view payload) {
  return std::string("\x02\0\0\0\0\1\x02\0\0\0\0\2", 12) + be(type, 2) + std::string(payload);
}
inline std::string eth4(const Ip4& h, std::string_view payload) { return ethernet(0x0800, ipv4(h, payload)); }
// A UDP datagram over IPv4 in Ethernet, from client to server or back.
inline std::string datagram(std::uint16_t src, std::uint16_t dst, std::string_view payload, bool back = false) {
  return eth4(back ? Ip4{.src = kServer, .dst = kClient} : Ip4{}, udp(src, dst, payload));
}
inline std::string segment(const Tcp& h, std::string_view payload = {}, bool back = false) {
  return eth4({.src = back ? kServer : kClient, .dst = back ? kClient : kServer, .proto = 6}, tcp(h, payload));
}

// ---- DNS ----------------------------------------------------------------------------------------------------------

inline std::string dns_name(std::string_view dotted) {
  std::string out;
  while (!dotted.empty()) {
    const std::size_t dot = std::min(dotted.find('.'), dotted.size());
    out += be(dot, 1) + std::string(dotted.substr(0, dot));
    dotted.remove_prefix(std::min(dot + 1, dotted.size()));
  }
  return out + '\0';
}
inline std::string dns_header(std::uint16_t id, std::uint16_t flags, std::uint16_t questions, std::uint16_t answers = 0,
                              std::uint16_t authorities = 0, std::uint16_t additionals = 0) {
  return be(id, 2) + be(flags, 2) + be(questions, 2) + be(answers, 2) + be(authorities, 2) + be(additionals, 2);
}
inline std::string dns_question(std::string_view name, std::uint16_t type = 1) {
  return dns_name(name) + be(type, 2) + be(1, 2);
}
inline std::string dns_record(std::string_view owner, std::uint16_t type, std::uint32_t ttl, std::string_view data) {
  return std::string(owner) + be(type, 2) + be(1, 2) + be(ttl, 4) + be(data.size(), 2) + std::string(data);
}
inline std::string dns_query(std::uint16_t id, std::string_view name, std::uint16_t type = 1) {
  return dns_header(id, 0x0100, 1) + dns_question(name, type);
}
// One A record.
inline std::string dns_response(std::uint16_t id, std::string_view name, std::string_view ip = "198.51.100.7") {
  return dns_header(id, 0x8180, 1, 1) + dns_question(name) + dns_record("\xC0\x0C", 1, 60, address(ip));
}

// ---- TLS ----------------------------------------------------------------------------------------------------------

inline std::string vector8(std::string_view v) { return be(v.size(), 1) + std::string(v); }
inline std::string vector16(std::string_view v) { return be(v.size(), 2) + std::string(v); }
inline std::string tls_extension(std::uint16_t type, std::string_view data) { return be(type, 2) + vector16(data); }

struct Hello {
  std::string server_name = "www.example.org";
  std::vector<std::uint16_t> versions = {0x0A0A, 0x0304, 0x0303};
  std::vector<std::string> protocols = {"\x0A\x0A", "h2", "http/1.1"};
  std::size_t padding = 0;
};
// The handshake message.
inline std::string client_hello(const Hello& h = {}) {
  std::string extensions = tls_extension(0x1A1A, "");
  if (!h.server_name.empty()) extensions += tls_extension(0, vector16(be(0, 1) + vector16(h.server_name)));
  std::string versions, protocols;
  for (const std::uint16_t v : h.versions) versions += be(v, 2);
  for (const std::string& p : h.protocols) protocols += vector8(p);
  if (!protocols.empty()) extensions += tls_extension(16, vector16(protocols));
  if (h.padding > 0) extensions += tls_extension(21, std::string(h.padding, '\0'));
  if (!versions.empty()) extensions += tls_extension(43, vector8(versions));
  const std::string body = be(0x0303, 2) + std::string(32, 'r') + vector8(std::string(32, 's')) +
                           vector16(be(0x1A1A, 2) + be(0x1301, 2)) + vector8(std::string(1, '\0')) +
                           vector16(extensions);
  return be(1, 1) + be(body.size(), 3) + body;
}
inline std::string tls_record(std::string_view handshake) { return be(22, 1) + be(0x0301, 2) + vector16(handshake); }

// ---- Capture files ------------------------------------------------------------------------------------------------

inline constexpr std::int64_t kStart = 1'556'000'000'000'000;  // 2019-04-23

struct Frame {
  double at = 0;  // seconds after kStart
  std::string bytes;
  int wire = -1;  // -1: as long as it is
  std::uint32_t interface = 0;
  std::int64_t microseconds() const { return kStart + static_cast<std::int64_t>(at * 1e6 + (at < 0 ? -0.5 : 0.5)); }
  std::uint32_t wire_length() const {
    return wire < 0 ? static_cast<std::uint32_t>(bytes.size()) : static_cast<std::uint32_t>(wire);
  }
};

struct PcapStyle {
  bool big_endian = false;
  bool nanoseconds = false;
  bool modified = false;
  std::uint32_t link_type = 1;
  std::uint32_t snap_length = 262144;
};
inline std::string pcap_record(const Frame& frame, const PcapStyle& style = {}) {
  const auto n = [&style](std::uint64_t v, int width) { return style.big_endian ? be(v, width) : le(v, width); };
  const std::int64_t us = frame.microseconds();
  return n(static_cast<std::uint64_t>(us / 1'000'000), 4) +
         n(static_cast<std::uint64_t>(us % 1'000'000) * (style.nanoseconds ? 1000 : 1), 4) + n(frame.bytes.size(), 4) +
         n(frame.wire_length(), 4) + (style.modified ? std::string(8, '\0') : std::string()) + frame.bytes;
}
inline std::string pcap_header(const PcapStyle& style = {}) {
  const auto n = [&style](std::uint64_t v, int width) { return style.big_endian ? be(v, width) : le(v, width); };
  const std::uint32_t magic = style.modified ? 0xA1B2CD34 : style.nanoseconds ? 0xA1B23C4D : 0xA1B2C3D4;
  return n(magic, 4) + n(2, 2) + n(4, 2) + n(0, 4) + n(0, 4) + n(style.snap_length, 4) + n(style.link_type, 4);
}
inline std::string pcap(const std::vector<Frame>& frames, const PcapStyle& style = {}) {
  std::string out = pcap_header(style);
  for (const Frame& frame : frames) out += pcap_record(frame, style);
  return out;
}

// pcapng blocks of one byte order.
struct Pcapng {
  bool big_endian = false;
  std::string n(std::uint64_t v, int width) const { return big_endian ? be(v, width) : le(v, width); }
  std::string block(std::uint32_t type, std::string body) const {
    body.resize((body.size() + 3) / 4 * 4);
    return n(type, 4) + n(body.size() + 12, 4) + body + n(body.size() + 12, 4);
  }
  std::string section() const { return block(0x0A0D0D0A, n(0x1A2B3C4D, 4) + n(1, 2) + n(0, 2) + n(UINT64_MAX, 8)); }
  std::string option(std::uint16_t code, const std::string& value) const {
    std::string out = n(code, 2) + n(value.size(), 2) + value;
    out.resize((out.size() + 3) / 4 * 4);
    return out;
  }
  std::string interface(std::uint16_t link_type = 1, const std::string& options = {}, std::uint32_t snap = 0) const {
    return block(1, n(link_type, 2) + n(0, 2) + n(snap, 4) + options);
  }
  // `ticks` in the interface's own unit.
  std::string enhanced(std::uint32_t interface, std::uint64_t ticks, const Frame& frame) const {
    return block(6, n(interface, 4) + n(ticks >> 32, 4) + n(ticks & 0xFFFFFFFF, 4) + n(frame.bytes.size(), 4) +
                        n(frame.wire_length(), 4) + frame.bytes);
  }
  std::string enhanced(const Frame& frame) const {
    return enhanced(frame.interface, static_cast<std::uint64_t>(frame.microseconds()), frame);
  }
  std::string simple(const Frame& frame) const { return block(3, n(frame.wire_length(), 4) + frame.bytes); }
  std::string old(const Frame& frame) const {
    const auto ticks = static_cast<std::uint64_t>(frame.microseconds());
    return block(2, n(frame.interface, 2) + n(0, 2) + n(ticks >> 32, 4) + n(ticks & 0xFFFFFFFF, 4) +
                        n(frame.bytes.size(), 4) + n(frame.wire_length(), 4) + frame.bytes);
  }
};

}  // namespace rw::testing
