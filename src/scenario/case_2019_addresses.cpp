// Case 2019, section 3: two machines carry 30 % of all traffic; new servers and clients explain part of the growth.
#include <algorithm>
#include <array>

#include "scenario/case_2019.h"
#include "scenario/case_2019_shapes.h"

namespace rw::scenario::case_2019 {

namespace {

// ---- members

constexpr std::uint32_t kMail = v4(175, 45, 176, 20);
constexpr std::uint32_t kFtp = v4(175, 45, 176, 30);
constexpr std::uint32_t kNewMail = v4(175, 45, 178, 21);
constexpr std::uint32_t kNewFtp = v4(175, 45, 176, 90);
constexpr Timestamp kNewMailFrom = at(2019, 2, 11, 1), kNewFtpFrom = at(2019, 3, 20, 2);
constexpr Timestamp kNewNsSmtpFrom = at(2019, 7, 10, 1), kNewNsFtpFrom = at(2019, 8, 1, 1);

// Clients that come later: ten in 2018, twenty in 2019, each group joining one by one.
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
  browse(rng, t, bytes, old_client(pick(rng, made, kOldClients)), c);
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
  serve(rng, t, bytes, kMainWeb, Service::kHttp, 0.93, c);
}
void make_other_web(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  serve(rng, t, bytes, kOtherWeb[made % kOtherWeb.size()], Service::kHttp, 0.93, c);
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
  c.client = old_client(pick(rng, made, kOldClients));
}
void make_netcom(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kNetcom + 10 + pick(rng, made, 32), c);
}
void make_satellite(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kSatellite + 20 + pick(rng, made, 16), c);
}

// ---- shares

// The two name servers of old carry 30 % together, all the time: as name servers first, as proxies throughout. What is
// HTTPS of a share is a stream of its own (case_2019_opsec.cpp).
double share_hub1(const Slot& slot) { return 0.17 * (1 - browsing_https(slot.start)); }
double share_hub2(const Slot& slot) { return 0.13 * (1 - browsing_https(slot.start)); }
double share_netcom(const Slot& slot) { return 0.06 * (1 - browsing_https(slot.start)); }
double share_satellite(const Slot& slot) { return 0.04 * (1 - browsing_https(slot.start)); }
template <int kMillionths>
double share_of(const Slot&) {
  return kMillionths * 1e-6;
}
double share_new_mail(const Slot& slot) { return slot.start < kNewMailFrom ? 0 : 0.02; }
double share_new_ftp(const Slot& slot) { return slot.start < kNewFtpFrom ? 0 : 0.025; }
double share_new_ns(const Slot& slot) { return slot.start < kNewNsSmtpFrom ? 0 : 0.03; }
double share_new_clients(const Slot& slot) {
  return 0.002 * (kClients2018.joined(slot.start) + kClients2019.joined(slot.start));
}

constexpr std::array<Stream, 16> kStreams{{
    {"clients", 200'000, nullptr, false, make_old_client},
    {"hub 1", 250'000, share_hub1, false, make_hub<kOldNs1>},
    {"hub 2", 250'000, share_hub2, false, make_hub<kOldNs2>},
    {"main web", 90'000, share_of<88'000>, false, make_main_web},
    {"other web", 90'000, share_of<58'000>, false, make_other_web},
    {"mail", 40'000, share_of<30'000>, false, make_old_mail},
    {"ftp", 800'000, share_of<20'000>, false, make_old_ftp},
    {"netcom clients", 200'000, share_netcom, false, make_netcom},
    {"satellite clients", 200'000, share_satellite, false, make_satellite},
    {"internal", 30'000, share_of<2'000>, false, make_internal},
    {"scans", 44, share_of<15>, false, make_scan},
    {"new mail", 40'000, share_new_mail, false, make_new_mail},
    {"new ftp", 400'000, share_new_ftp, false, make_new_ftp},
    {"new name servers' mail and files", 120'000, share_new_ns, false, make_new_ns_server},
    {"new clients", 200'000, share_new_clients, false, make_new_client},
    {"transit", 200'000, share_of<100'000>, true, make_transit},
}};

}  // namespace

std::span<const Stream> address_streams() { return kStreams; }

}  // namespace rw::scenario::case_2019
