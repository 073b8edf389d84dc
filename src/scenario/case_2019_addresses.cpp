// Case 2019, section 3: two machines carry 30 % of all traffic; new servers and clients explain part of the growth.
#include <algorithm>
#include <array>

#include "scenario/case_2019.h"

namespace rw::scenario::case_2019 {

namespace {

constexpr Timestamp at(int year, unsigned month, unsigned day, int hour = 0) {
  // Days from civil, for constants only: years 2017 to 2019, so no century rule is needed.
  constexpr std::array<int, 12> kBefore{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const int days =
      17'167 + (year - 2017) * 365 + kBefore[month - 1] + static_cast<int>(day) - 1;  // 2017-01-01 is day 17,167
  return Timestamp::from_seconds(days * 86'400LL + hour * 3'600LL);
}

// ---- shapes of conversations

std::uint64_t packets_for(std::uint64_t bytes, std::uint64_t packet_bytes) { return bytes / packet_bytes + 1; }

// A TCP connection of about `bytes`, `down` of them from the server, at 4 to 40 Mbit/s.
void fill_tcp(Rng& rng, Timestamp t, std::uint64_t bytes, double down, Conversation& c) {
  bytes = std::max<std::uint64_t>(bytes, 900);
  c.proto = kTcp;
  c.client_flags = c.server_flags = kSyn | kAck | kPush | kFin;
  c.server_bytes = static_cast<std::uint64_t>(static_cast<double>(bytes) * down);
  c.client_bytes = bytes - c.server_bytes;
  const bool inward = down > 0.5;  // most bytes flow to the client: its packets are acknowledgements
  c.server_packets = packets_for(c.server_bytes, inward ? 1'300 : 90) + 2;
  c.client_packets = packets_for(c.client_bytes, inward ? 90 : 1'300) + 2;
  const std::uint64_t us_per_kilobyte = 200 + rng.below(1'800);
  const std::uint64_t duration = 40'000 + rng.below(800'000) + bytes / 1000 * us_per_kilobyte;
  c.start = t;
  c.end = {t.us + static_cast<std::int64_t>(std::min<std::uint64_t>(duration, 600'000'000))};
}

std::uint16_t ephemeral(Rng& rng) { return static_cast<std::uint16_t>(32'768 + rng.below(28'000)); }

// Half of the conversations go round the list, so that each member is seen at any scale; half prefer its beginning.
std::uint32_t pick(Rng& rng, std::uint64_t made, std::uint32_t count) {
  return made % 2 == 0 ? static_cast<std::uint32_t>(made / 2 % count) : rng.skewed(count);
}

// A browser or proxy of the watched space and a server somewhere.
void browse(Rng& rng, Timestamp t, std::uint64_t bytes, std::uint32_t client, Conversation& c) {
  fill_tcp(rng, t, bytes, 0.86 + 0.10 * rng.unit(), c);
  c.client = client;
  c.server = outside(rng.skewed(40'000));
  c.client_port = ephemeral(rng);
  const bool tls = rng.chance(0.7);
  c.server_port = tls ? 443 : 80;
  c.service = tls ? Service::kHttps : Service::kHttp;
}

// Somebody in the world and a server of the watched space.
void serve(Rng& rng, Timestamp t, std::uint64_t bytes, std::uint32_t server, Service service, double down,
           Conversation& c) {
  fill_tcp(rng, t, bytes, down, c);
  c.client = outside(50'000 + rng.skewed(60'000));
  c.server = server;
  c.client_port = ephemeral(rng);
  c.service = service;
  c.server_port = service == Service::kSmtp    ? 25
                  : service == Service::kFtp   ? 21
                  : service == Service::kHttps ? 443
                                               : 80;
}

// ---- members

constexpr std::uint32_t kMainWeb = v4(175, 45, 176, 67);
constexpr std::array<std::uint32_t, 4> kOtherWeb{v4(175, 45, 176, 68), v4(175, 45, 176, 71), v4(175, 45, 176, 79),
                                                 v4(175, 45, 176, 81)};
constexpr std::uint32_t kMail = v4(175, 45, 176, 20);
constexpr std::uint32_t kFtp = v4(175, 45, 176, 30);
constexpr std::uint32_t kNewMail = v4(175, 45, 178, 21);
constexpr std::uint32_t kNewFtp = v4(175, 45, 176, 90);
constexpr Timestamp kNewMailFrom = at(2019, 2, 11, 1), kNewFtpFrom = at(2019, 3, 20, 2);
constexpr Timestamp kNewNsSmtpFrom = at(2019, 7, 10, 1), kNewNsFtpFrom = at(2019, 8, 1, 1);

// Clients: 256 from the beginning, ten more in 2018, twenty in 2019, each group joining one by one.
std::uint32_t old_client(std::uint32_t n) {
  constexpr std::array<std::uint32_t, 4> kBlocks{v4(175, 45, 176, 128), v4(175, 45, 177, 32), v4(175, 45, 178, 32),
                                                 v4(175, 45, 179, 32)};
  return kBlocks[n / 64 % 4] + n % 64;
}
struct NewClients {
  std::uint32_t first;
  std::uint32_t count;
  Timestamp from;
  int days_apart;
  std::uint32_t joined(Timestamp t) const {
    if (t < from) return 0;
    return static_cast<std::uint32_t>(std::min<std::int64_t>(count, (t - from).us / (days_apart * kDay.us) + 1));
  }
};
constexpr NewClients kClients2018{v4(175, 45, 179, 100), 10, at(2018, 4, 10, 3), 5};
constexpr NewClients kClients2019{v4(175, 45, 178, 100), 20, at(2019, 1, 20, 3), 7};

void make_old_client(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, old_client(pick(rng, made, 256)), c);
}
void make_new_client(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  const std::uint32_t joined_2018 = kClients2018.joined(t), joined_2019 = kClients2019.joined(t);
  const std::uint32_t n = static_cast<std::uint32_t>(made % std::max(1U, joined_2018 + joined_2019));
  browse(rng, t, bytes, n < joined_2018 ? kClients2018.first + n : kClients2019.first + (n - joined_2018), c);
}
void make_scan(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t, Conversation& c) {
  constexpr std::array<std::uint16_t, 6> kPorts{22, 23, 445, 3389, 25, 8080};
  c = {};
  c.start = c.end = t;
  c.client = outside(120'000 + rng.below(2'000));
  c.server = watched_address(static_cast<int>(rng.below(kWatchedAddresses)));
  c.client_port = ephemeral(rng);
  c.server_port = kPorts[rng.below(kPorts.size())];
  c.client_flags = kSyn;
  c.client_bytes = 44;
  c.client_packets = 1;
}
void make_transit(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, v4(203, 0, 113, 0) + rng.below(256), c);  // another customer of the same router
}
void make_mail(Rng& rng, Timestamp t, std::uint64_t bytes, std::uint32_t host, Conversation& c) {
  serve(rng, t, bytes, host, Service::kSmtp, 0.08, c);
  if (!rng.chance(0.4)) return;
  std::swap(c.client, c.server);  // mail that leaves: the watched host is the client of another server
}

template <std::uint32_t kAddress>
void make_hub(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kAddress, c);
}
void make_main_web(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  serve(rng, t, bytes, kMainWeb, rng.chance(0.2) ? Service::kHttps : Service::kHttp, 0.93, c);
}
void make_other_web(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  serve(rng, t, bytes, kOtherWeb[made % kOtherWeb.size()], rng.chance(0.3) ? Service::kHttps : Service::kHttp, 0.93, c);
}
void make_old_mail(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  make_mail(rng, t, bytes, kMail, c);
}
void make_new_mail(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  make_mail(rng, t, bytes, kNewMail, c);
}
void make_old_ftp(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  serve(rng, t, bytes, kFtp, Service::kFtp, 0.8, c);
}
void make_new_ftp(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  serve(rng, t, bytes, kNewFtp, Service::kFtp, 0.8, c);
}
// The moved name servers take mail from July and files from August 2019.
void make_new_ns_server(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  const std::uint32_t host = made / 2 % 2 == 0 ? kNewNs1 : kNewNs2;
  const bool ftp = t >= kNewNsFtpFrom && made % 2 == 1;
  serve(rng, t, bytes, host, ftp ? Service::kFtp : Service::kSmtp, ftp ? 0.8 : 0.08, c);
}
// A client inside that asks a server inside: both ends are watched, and it counts once.
void make_internal(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  serve(rng, t, bytes, kMainWeb, Service::kHttp, 0.93, c);
  c.client = old_client(pick(rng, made, 256));
}
void make_netcom(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kNetcom + 10 + pick(rng, made, 32), c);
}
void make_satellite(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kSatellite + 20 + pick(rng, made, 16), c);
}

// ---- shares

// The two name servers of old carry 30 % together, all the time: as name servers first, as proxies throughout.
double share_hub1(Timestamp) { return 0.17; }
double share_hub2(Timestamp) { return 0.13; }
double share_main_web(Timestamp) { return 0.09; }
double share_other_web(Timestamp) { return 0.06; }
double share_old_mail(Timestamp) { return 0.03; }
double share_old_ftp(Timestamp) { return 0.02; }
double share_netcom(Timestamp) { return 0.06; }
double share_satellite(Timestamp) { return 0.04; }
double share_internal(Timestamp) { return 0.002; }
double share_scan(Timestamp) { return 0.000015; }
double share_transit(Timestamp) { return 0.10; }
double share_new_mail(Timestamp t) { return t < kNewMailFrom ? 0 : 0.02; }
double share_new_ftp(Timestamp t) { return t < kNewFtpFrom ? 0 : 0.025; }
double share_new_ns(Timestamp t) { return t < kNewNsSmtpFrom ? 0 : 0.03; }
double share_new_clients(Timestamp t) { return 0.002 * (kClients2018.joined(t) + kClients2019.joined(t)); }

constexpr std::array<Stream, 16> kStreams{{
    {"clients", 200'000, nullptr, false, make_old_client},
    {"hub 1", 250'000, share_hub1, false, make_hub<kOldNs1>},
    {"hub 2", 250'000, share_hub2, false, make_hub<kOldNs2>},
    {"main web", 90'000, share_main_web, false, make_main_web},
    {"other web", 90'000, share_other_web, false, make_other_web},
    {"mail", 40'000, share_old_mail, false, make_old_mail},
    {"ftp", 800'000, share_old_ftp, false, make_old_ftp},
    {"netcom clients", 200'000, share_netcom, false, make_netcom},
    {"satellite clients", 200'000, share_satellite, false, make_satellite},
    {"internal", 30'000, share_internal, false, make_internal},
    {"scans", 44, share_scan, false, make_scan},
    {"new mail", 40'000, share_new_mail, false, make_new_mail},
    {"new ftp", 400'000, share_new_ftp, false, make_new_ftp},
    {"new name servers' mail and files", 120'000, share_new_ns, false, make_new_ns_server},
    {"new clients", 200'000, share_new_clients, false, make_new_client},
    {"transit", 200'000, share_transit, true, make_transit},
}};

}  // namespace

std::span<const Stream> streams() { return kStreams; }

}  // namespace rw::scenario::case_2019
