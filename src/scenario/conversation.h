// What happens in a synthetic world: conversations between two addresses, and DNS transactions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace rw::scenario {

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

enum class Service : std::uint8_t { kNone, kDns, kSmtp, kFtp, kHttp, kHttps };
inline constexpr std::size_t kServiceCount = 6;
// As Zeek and the dossier's roles name it; empty for kNone.
std::string_view service_name(Service service);

// What a conversation was made for, where a section of the dossier asks; truth only, no sensor tells it.
enum class Purpose : std::uint8_t { kNone, kTor, kVpn, kHttps, kVps, kBitcoin, kMonero, kDnsTunnel };
inline constexpr std::size_t kPurposeCount = 8;

inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kPush = 0x08, kAck = 0x10;

// One exchange, the side that began it first. Counters are of the IP layer.
struct Conversation {
  Timestamp start;
  Timestamp end;
  std::uint32_t client = 0;
  std::uint32_t server = 0;
  std::uint16_t client_port = 0;
  std::uint16_t server_port = 0;
  std::uint8_t proto = kTcp;
  std::uint8_t client_flags = 0;
  std::uint8_t server_flags = 0;
  Service service = Service::kNone;
  Purpose purpose = Purpose::kNone;
  std::uint64_t client_bytes = 0;
  std::uint64_t client_packets = 0;
  std::uint64_t server_bytes = 0;  // 0 packets: nothing answered
  std::uint64_t server_packets = 0;
  std::uint64_t bytes() const { return client_bytes + server_bytes; }
};

struct DnsExchange {
  Timestamp time;
  Duration round_trip;
  std::uint32_t client = 0;
  std::uint32_t server = 0;
  std::uint16_t client_port = 0;
  std::uint16_t id = 0;
  std::string name;        // lower case, no final dot
  std::uint16_t type = 1;  // A
  std::uint16_t rcode = 0;
  std::uint32_t address = 0;  // of the A record that answers; 0 without answer
  std::string target;         // of the MX, CNAME, TXT or NULL record that answers: a name, or data
  bool recursive = false;     // asked of a resolver, not of who knows
  bool logged = true;         // a Zeek sensor stands where it passes
};

}  // namespace rw::scenario
