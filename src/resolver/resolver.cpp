// Names of what the resolver says, and reverse names.
#include "resolver/resolver.h"

namespace rw {

std::string_view to_string(DnsType type) {
  switch (type) {
    case DnsType::kA: return "A";
    case DnsType::kNs: return "NS";
    case DnsType::kCname: return "CNAME";
    case DnsType::kSoa: return "SOA";
    case DnsType::kPtr: return "PTR";
    case DnsType::kMx: return "MX";
    case DnsType::kTxt: return "TXT";
    case DnsType::kAaaa: return "AAAA";
    case DnsType::kDs: return "DS";
    case DnsType::kDnskey: return "DNSKEY";
    case DnsType::kTlsa: return "TLSA";
  }
  return "?";
}

std::string_view to_string(DnsState state) {
  switch (state) {
    case DnsState::kPresent: return "present";
    case DnsState::kAbsent: return "absent";
    case DnsState::kFailed: return "failed";
  }
  return "?";
}

std::string_view to_string(DnsSecurity security) {
  switch (security) {
    case DnsSecurity::kUnknown: return "unknown";
    case DnsSecurity::kInsecure: return "insecure";
    case DnsSecurity::kSecure: return "secure";
    case DnsSecurity::kBogus: return "bogus";
  }
  return "?";
}

std::string reverse_name(Ip address) {
  std::string name;
  if (address.is_v4()) {  // RFC 1035 3.5
    const std::uint32_t bits = address.v4_bits();
    for (int shift = 0; shift < 32; shift += 8) name += std::to_string(bits >> shift & 0xFF) + ".";
    return name + "in-addr.arpa";
  }
  constexpr std::string_view kHex = "0123456789abcdef";  // RFC 3596 2.5
  for (const std::uint64_t half : {address.lo, address.hi})
    for (int shift = 0; shift < 64; shift += 4) {
      name += kHex[half >> shift & 0xF];
      name += '.';
    }
  return name + "ip6.arpa";
}

}  // namespace rw
