// Case 2019 as a plan: the watched space, when how much happens, and the streams of conversations that make it up.
//
// Each group of facts is one file (case_2019_activity.cpp, …_rhythm.cpp, …_addresses.cpp, …_names.cpp) that answers the
// functions below; case_2019.cpp goes through time, asks them, and hands what happens to the sensors and to the truth.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "scenario/calendar.h"
#include "scenario/conversation.h"
#include "scenario/rng.h"

namespace rw::scenario::case_2019 {

// ---- the watched space
inline constexpr std::uint32_t kNational = v4(175, 45, 176, 0);  // /22
inline constexpr std::uint32_t kNetcom = v4(210, 52, 109, 0);    // /24
inline constexpr std::uint32_t kSatellite = v4(77, 94, 35, 0);   // /24
inline constexpr int kWatchedAddresses = 1024 + 256 + 256;
constexpr int watched_index(std::uint32_t address) {  // 0 .. kWatchedAddresses-1, or -1 outside
  if ((address & 0xFFFFFC00) == kNational) return static_cast<int>(address - kNational);
  if ((address & 0xFFFFFF00) == kNetcom) return static_cast<int>(1024 + address - kNetcom);
  if ((address & 0xFFFFFF00) == kSatellite) return static_cast<int>(1280 + address - kSatellite);
  return -1;
}
constexpr std::uint32_t watched_address(int index) {
  const auto n = static_cast<std::uint32_t>(index);
  return n < 1024 ? kNational + n : n < 1280 ? kNetcom + n - 1024 : kSatellite + n - 1280;
}

// ---- activity: how much (case_2019_activity.cpp)
// From a local date on, the mean bytes of a day are `level` times those of 2017.
struct Level {
  CivilDate from;
  double level;
};
std::span<const Level> levels();  // the last one only ends the world
// A day's deviation from its level: 0.85 to 1.15, the same for a seed.
double day_noise(std::uint64_t seed, std::int64_t local_day);

// ---- rhythm: when (case_2019_rhythm.cpp)
// Relative weight of a local hour.
double hour_weight(LocalTime local);

// ---- addresses: who and what (case_2019_addresses.cpp)
struct Slot {
  Timestamp start;
  LocalTime local;
  double bytes = 0;  // what the whole watched space should exchange in this half hour, at scale 1
};

// Conversations of one kind. The planner keeps each stream at its share of bytes; the stream says what one looks like.
struct Stream {
  std::string_view name;
  double mean_bytes;                  // of one conversation
  double (*share)(const Slot& slot);  // of the subject's bytes; null: all that the others leave
  bool transit;                       // neither end is watched: a sensor sees it, the subject's figures must not
  // Fills the ends, ports, flags and counters of the `made`-th conversation, of about `bytes`.
  void (*make)(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& conversation);
  std::uint32_t (*most)(Timestamp t) = nullptr;  // conversations in a slot; null: any number
  double least_per_day = 0;                      // conversations: smaller ones where the scale makes them few
};
std::span<const Stream> streams();  // all of them
std::span<const Stream> address_streams();

// ---- operational security: how much of it is hidden, and how (case_2019_opsec.cpp)
std::span<const Stream> secure_streams();
// The part of what browsers and proxies exchange that is HTTPS.
double browsing_https(Timestamp t);
// Reference data that goes with it. Tor: one consensus at the beginning of each of kMonths months in UTC.
inline constexpr int kMonths = 31;  // 2017-04 to 2019-10
CivilDate month_date(int month);
std::string tor_consensus(int month);
struct ListFile {
  std::string_view name;  // with its folder, which is named after its purpose
  std::string (*text)();
};
std::span<const ListFile> list_files();

// ---- mining (case_2019_mining.cpp)
std::span<const Stream> mining_streams();
inline constexpr std::uint32_t kBitcoinNode = v4(175, 45, 176, 140);
inline constexpr std::uint32_t kMoneroProxy = v4(175, 45, 176, 150);
inline constexpr std::uint32_t kMoneroMachines = 6;  // behind the proxy from kMoneroGrowth on; one before
inline constexpr Timestamp kMoneroBegin = Timestamp::from_seconds(1'538'319'600);   // 2018-10-01, local midnight
inline constexpr Timestamp kMoneroGrowth = Timestamp::from_seconds(1'556'636'400);  // 2019-05-01, local midnight
inline constexpr double kBitcoinBytesPerDay = 600e3, kMoneroBytesPerDay = 600e3, kMoneroGrowthRatio = 12;  // at scale 1
// Half hours in which a tap records the payloads of the mining machines.
bool is_mining_window(Timestamp slot);
// One session with its payloads, for a packet writer.
struct TcpMessage {
  Timestamp time;
  bool from_client;
  std::string payload;
};
struct MiningSession {
  Conversation conversation;  // ends and ports; the packet writer fills counters and times
  std::string_view coin, kind, worker;
  std::vector<TcpMessage> messages;
};
std::vector<MiningSession> make_mining_sessions(Rng& rng, const Slot& slot);

// ---- DNS tunnels (case_2019_tunnels.cpp)
struct Tunnel {
  std::uint32_t client;
  std::uint32_t server;
  std::string_view domain;  // empty: names have no domain in common
  std::uint16_t type;       // of the questions
  bool logged;              // messages are seen; else flows only
  Timestamp from, to;
  std::string_view far_end;  // what scan data show there: mikrotik, vpn, mikrotik+vpn, or nothing
};
std::span<const Tunnel> tunnels();
// Of each tunnel, at scale 1. A small world has fewer and shorter sessions, but one every twenty hours: a tunnel that
// is in use does not rest for a day.
inline constexpr double kTunnelQuestionsPerDay = 1200;
struct TunnelPace {
  double sessions_per_slot;
  int questions;  // of a session, one a second
};
TunnelPace tunnel_pace(double scale);
// One session in this slot: its exchanges, and the flow that they are.
struct TunnelSession {
  std::vector<DnsExchange> exchanges;
  Conversation conversation;
};
TunnelSession make_tunnel_session(Rng& rng, const Slot& slot, std::size_t tunnel, int questions);
// Shodan's JSON lines about the far ends, and about hosts that have nothing to do with it.
std::string scan_lines();
// An ordinary look-up by a client of the watched space; `forced` is the number of the client to ask, or -1 for any.
inline constexpr double kLookupsPerDay = 600;  // at scale 1 and the level of 2017
inline constexpr int kLookupClients = 15;
DnsExchange make_lookup(Rng& rng, const Slot& slot, int forced);

// ---- names: what resolved to what (case_2019_names.cpp)
inline constexpr Timestamp kNameServerMove =
    Timestamp::from_seconds(1'559'617'200);  // 2019-06-04T03:00:00Z, noon there
inline constexpr std::uint32_t kOldNs1 = v4(175, 45, 176, 15), kOldNs2 = v4(175, 45, 176, 16);
inline constexpr std::uint32_t kNewNs1 = v4(175, 45, 177, 15), kNewNs2 = v4(175, 45, 177, 16);
inline constexpr std::uint32_t kThirdNs = v4(175, 45, 179, 12);  // a new server of 2019
struct HostName {
  std::string_view name;
  std::uint32_t address;
  Timestamp from;  // resolves to it from here …
  Timestamp to;    // … until here
};
std::span<const HostName> host_names();
inline constexpr double kQueriesPerDay = 1800;  // at scale 1 and the level of 2017
// The `made`-th query in this slot; `forced` is the index of the name to ask for, or -1 for any.
DnsExchange make_query(Rng& rng, const Slot& slot, int forced);
// The packets of that exchange.
Conversation conversation_of(const DnsExchange& exchange);
// The stream whose share an exchange with this server is taken from.
std::string_view charged_stream(std::uint32_t server);

// Somewhere in the world that is not watched: benchmark addresses (RFC 2544), so that nobody's real address is in the
// data.
constexpr std::uint32_t outside(std::uint32_t number) { return v4(198, 18, 0, 0) + (number & 0x1FFFF); }

}  // namespace rw::scenario::case_2019
