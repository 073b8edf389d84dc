// IP addresses and prefixes as two 64-bit halves; IPv4 is held as an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw {

struct Ip {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;

  static constexpr std::uint64_t kV4Marker = 0x0000FFFF00000000ULL;  // lo of ::ffff:0.0.0.0

  static constexpr Ip v4(std::uint32_t host_order) { return {0, kV4Marker | host_order}; }
  // `bytes` holds 16 bytes in network order.
  static Ip v6(const std::byte* bytes) {
    Ip ip;
    for (int i = 0; i < 8; ++i) ip.hi = ip.hi << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    for (int i = 8; i < 16; ++i) ip.lo = ip.lo << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    return ip;
  }
  // Dotted quad, or RFC 4291 text without zone; nullopt-like failure says what is wrong with the text.
  static Result<Ip> parse(std::string_view text);

  constexpr bool is_v4() const { return hi == 0 && (lo >> 32) == 0xFFFF; }
  constexpr std::uint32_t v4_bits() const { return static_cast<std::uint32_t>(lo); }
  constexpr bool is_unspecified() const { return hi == 0 && (lo == 0 || lo == kV4Marker); }
  bool is_multicast() const;      // 224.0.0.0/4 or ff00::/8
  std::string to_string() const;  // RFC 5952; IPv4 as a dotted quad
  void append_to(std::string& out) const;

  friend constexpr auto operator<=>(const Ip&, const Ip&) = default;
};

// `length` counts in the 128-bit space: an IPv4 /22 has length 118.
struct Prefix {
  Ip base;
  std::uint8_t length = 0;

  // "175.45.176.0/22", "2001:db8::/32", or a bare address. Host bits that are set are an error that names the right
  // base.
  static Result<Prefix> parse(std::string_view text);
  static Prefix of(Ip address, std::uint8_t length);  // clears the host bits

  Ip first() const { return base; }
  Ip last() const;
  bool contains(Ip ip) const;
  bool overlaps(const Prefix& other) const;
  bool is_v4() const { return length >= 96 && base.is_v4(); }
  std::string to_string() const;  // the length as people write it: /22, not /118

  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

struct IpHash {
  std::size_t operator()(const Ip& ip) const noexcept {
    std::uint64_t h = (ip.hi ^ 0x9E3779B97F4A7C15ULL) * 0xFF51AFD7ED558CCDULL;
    h = (h ^ (h >> 32) ^ ip.lo) * 0xC4CEB9FE1A85EC53ULL;
    return h ^ (h >> 29);
  }
};

}  // namespace rw
