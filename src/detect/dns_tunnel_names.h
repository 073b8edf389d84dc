// What names say about who carries data in them: alphabets, the marks of known tools, and exchanges that are no tunnel.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rw::dns_tunnel {

// A question that was asked: its name as the records hold it (lower case, escaped as RFC 1035 5.1), its type where
// known (0: not), and how often.
struct Sample {
  std::string name;
  std::uint16_t type = 0;
};

// Names under one domain, looked at together.
struct NameTraits {
  std::size_t names = 0;
  double data_share = 0;      // of names whose part before the domain reads as encoded data
  std::string alphabet;       // "bytes", "hexadecimal", "base32" or "base64" where most names are of one; else ""
  std::string base;           // the longest run of final labels that all names share; "" where they share none
  std::string tool;           // iodine, dnscat2, dns2tcp, dnstt, ozymandns; "" where the evidence does not allow one
  std::string tool_evidence;  // what in the names says so
  bool tool_proven = false;   // a mark that nothing else leaves: handshakes, packet headers that agree
  friend bool operator==(const NameTraits&, const NameTraits&) = default;
};

// `domain`: the part that the names share and that carries no data; "" where there is none.
NameTraits examine(std::span<const Sample> samples, std::string_view domain);

// Data over DNS that is nobody's tunnel, as a class of its own.
enum class Exchange : std::uint8_t {
  kNone,
  kBlockList,   // an address or name looked up in somebody's list: by registered domain and type, or by its form
  kReputation,  // antivirus products that ask about files, addresses and sites: by registered domain and type
  kSearchList,  // whole names of others with the site's own suffix behind: what a resolver's search list makes
};
std::string_view to_string(Exchange exchange);
Exchange benign_exchange(std::span<const Sample> samples, std::string_view registered_domain);

// Question types that carry what a client pleases (RFC 1035 3.2.2 and later; 65,280 and up are private use).
inline constexpr std::uint16_t kTypeA = 1, kTypeCname = 5, kTypeNull = 10, kTypeMx = 15, kTypeTxt = 16, kTypeKey = 25,
                               kTypeAaaa = 28, kTypeSrv = 33;
inline constexpr std::uint16_t kFirstPrivateType = 65'280;
bool is_data_type(std::uint16_t type);

// The bytes of a label or name as they were on the wire, dots between labels included.
std::string unescaped(std::string_view name);
// Length of a name on the wire without the root's octet: what a name adds to another that it stands before.
std::int64_t wire_bytes(std::string_view name);
// The last label; the whole name where it has one only.
std::string_view last_label(std::string_view name);

}  // namespace rw::dns_tunnel
