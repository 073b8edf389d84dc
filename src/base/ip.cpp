// Text forms and arithmetic of addresses and prefixes.
#include "base/ip.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace rw {
namespace {

constexpr std::size_t kMaxText = 64;  // the longest IPv6 text with a length is 49 characters

// Masks of the upper and lower half for a prefix length of 0..128.
constexpr std::uint64_t high_mask(int length) {
  if (length <= 0) return 0;
  return length >= 64 ? ~0ULL : ~0ULL << (64 - length);
}

}  // namespace

Result<Ip> Ip::parse(std::string_view text) {
  std::array<char, kMaxText> buffer{};
  // inet_pton stops at a NUL: what comes after one must not pass unseen.
  if (text.empty() || text.size() >= buffer.size() || text.find('\0') != std::string_view::npos)
    return Failure(ErrorCode::kUsage, "'" + std::string(text.substr(0, kMaxText)) + "' is not an IP address");
  std::memcpy(buffer.data(), text.data(), text.size());
  in_addr four{};
  if (inet_pton(AF_INET, buffer.data(), &four) == 1) return Ip::v4(ntohl(four.s_addr));
  in6_addr six{};
  if (inet_pton(AF_INET6, buffer.data(), &six) == 1) return Ip::v6(reinterpret_cast<const std::byte*>(&six));
  return Failure(ErrorCode::kUsage, "'" + std::string(text) + "' is not an IP address");
}

bool Ip::is_multicast() const {
  if (is_v4()) return (v4_bits() >> 28) == 0xE;
  return (hi >> 56) == 0xFF;
}

std::string Ip::to_string() const {
  std::string out;
  append_to(out);
  return out;
}

void Ip::append_to(std::string& out) const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    // By hand: listings write millions of these, and inet_ntop goes through printf.
    char* end = text.data();
    for (int shift = 24; shift >= 0; shift -= 8) {
      const unsigned byte = v4_bits() >> shift & 255;
      if (byte >= 100) *end++ = static_cast<char>('0' + byte / 100);
      if (byte >= 10) *end++ = static_cast<char>('0' + byte / 10 % 10);
      *end++ = static_cast<char>('0' + byte % 10);
      if (shift > 0) *end++ = '.';
    }
    out.append(text.data(), end);
    return;
  }
  in6_addr six{};
  for (int i = 0; i < 8; ++i) {
    six.s6_addr[i] = static_cast<std::uint8_t>(hi >> (56 - 8 * i));
    six.s6_addr[8 + i] = static_cast<std::uint8_t>(lo >> (56 - 8 * i));
  }
  inet_ntop(AF_INET6, &six, text.data(), text.size());
  out += text.data();
}

Prefix Prefix::of(Ip address, std::uint8_t length) {
  return {{address.hi & high_mask(length), address.lo & high_mask(length - 64)}, length};
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  RW_ASSIGN(const Ip ip, Ip::parse(text.substr(0, slash)));
  const int width = ip.is_v4() && text.find(':') == std::string_view::npos ? 32 : 128;
  int length = width;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (ec != std::errc{} || end != digits.data() + digits.size() || digits.empty() || length < 0 || length > width)
      return Failure(ErrorCode::kUsage, "'" + std::string(text) + "': the prefix length must be a number from 0 to " +
                                            std::to_string(width));
  }
  const Prefix prefix = Prefix::of(ip, static_cast<std::uint8_t>(128 - width + length));
  if (prefix.base != ip)
    return Failure(ErrorCode::kUsage,
                   "'" + std::string(text) + "' has host bits set; did you mean " + prefix.to_string() + "?");
  return prefix;
}

Ip Prefix::last() const { return {base.hi | ~high_mask(length), base.lo | ~high_mask(length - 64)}; }

bool Prefix::contains(Ip ip) const { return Prefix::of(ip, length).base == base; }

bool Prefix::overlaps(const Prefix& other) const {
  return length <= other.length ? contains(other.base) : other.contains(base);
}

std::string Prefix::to_string() const {
  return base.to_string() + "/" + std::to_string(is_v4() ? length - 96 : length);
}

}  // namespace rw
