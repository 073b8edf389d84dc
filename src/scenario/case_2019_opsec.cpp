// Case 2019, section 7: 13 % of the traffic is hidden in early 2018, 5 % in late 2018, 9.5 % in 2019, mostly by HTTPS;
// and the dated lists by which Tor, VPN servers and rented machines are known.
#include <algorithm>
#include <array>

#include "base/ip.h"
#include "scenario/case_2019_shapes.h"

namespace rw::scenario::case_2019 {

namespace {

// ---- how much: shares of all bytes of the subject, by kind

struct Hidden {
  Timestamp from;
  double https, vpn, tor, vps;
};
// The study gives 13 %, "a little over 5 %" and 9.5 %; halves of 2018, the kinds and 2017 are ours.
constexpr std::array<Hidden, 4> kHidden{
    {{kAllTime.from, 0.014, 0.003, 0.001, 0.002},
     {Timestamp::from_seconds(1'514'734'200), 0.092, 0.018, 0.008, 0.012},    // 2018-01-01, local midnight (UTC+8:30)
     {Timestamp::from_seconds(1'530'370'800), 0.034, 0.008, 0.003, 0.005},    // 2018-07-01 (UTC+9)
     {Timestamp::from_seconds(1'546'268'400), 0.070, 0.012, 0.004, 0.009}}};  // 2019-01-01

const Hidden& hidden(Timestamp t) {
  std::size_t i = kHidden.size() - 1;
  while (t < kHidden[i].from) --i;
  return kHidden[i];
}

constexpr double kOfServers = 0.1;  // of HTTPS, at the watched web servers; the rest is browsing
constexpr double kOfHub1 = 0.17, kOfHub2 = 0.13, kOfNetcom = 0.06, kOfSatellite = 0.04, kOfClients = 0.26;
constexpr double kBrowsing = kOfHub1 + kOfHub2 + kOfNetcom + kOfSatellite + kOfClients;

double https_hub1(const Slot& slot) { return kOfHub1 * browsing_https(slot.start); }
double https_hub2(const Slot& slot) { return kOfHub2 * browsing_https(slot.start); }
double https_netcom(const Slot& slot) { return kOfNetcom * browsing_https(slot.start); }
double https_satellite(const Slot& slot) { return kOfSatellite * browsing_https(slot.start); }
double https_clients(const Slot& slot) { return kOfClients * browsing_https(slot.start); }
double https_servers(const Slot& slot) { return kOfServers * hidden(slot.start).https; }
double share_vpn(const Slot& slot) { return hidden(slot.start).vpn; }
double share_tor(const Slot& slot) { return hidden(slot.start).tor; }
double share_vps(const Slot& slot) { return hidden(slot.start).vps; }

// ---- far ends

// Rented machines: the upper half came to the provider in October 2018.
constexpr std::uint32_t kHosting = v4(198, 18, 160, 0), kHostingHalf = 2048;
constexpr Timestamp kHostingGrowth = at(2018, 10, 1);
std::uint32_t hosting_address(Rng& rng, Timestamp t) {
  return kHosting + 256 + rng.below((t < kHostingGrowth ? kHostingHalf : 2 * kHostingHalf) - 256);
}
double share_later_hosting(const Slot& slot) { return slot.start < kHostingGrowth ? 0.003 : 0; }

// VPN servers: sixteen of their own, four on rented machines; what VPN they are counts first.
constexpr std::uint32_t kVpnServers = 20;
constexpr std::uint32_t vpn_server(std::uint32_t n) {
  return n < 16 ? v4(198, 18, 180, 1) + n : kHosting + 10 + (n - 16);
}

// Tor relays: forty throughout, the others for some months each; every tenth on a rented machine.
constexpr std::uint32_t kRelays = 160;
constexpr std::uint32_t relay_address(std::uint32_t n) {
  return n % 10 == 9 ? kHosting + 100 + n / 10 : v4(198, 18, 176, 1) + n * 6;
}
constexpr std::uint16_t relay_port(std::uint32_t n) { return n % 3 == 0 ? 443 : 9001; }
constexpr bool relay_is_there(std::uint32_t n, int month) {
  if (n < 40) return true;
  const int from = static_cast<int>(n * 7 % 37) - 6;
  return month >= from && month < from + 6 + static_cast<int>(n % 9);
}
int month_of(Timestamp t) {
  const CivilDate date = civil_from_days(t.day());
  return std::clamp((date.year - 2017) * 12 + static_cast<int>(date.month) - 4, 0, kMonths - 1);
}
std::uint32_t pick_relay(Rng& rng, Timestamp t, bool there) {
  const int month = month_of(t);
  for (;;)
    if (const std::uint32_t n = rng.below(kRelays); relay_is_there(n, month) == there) return n;
}

// ---- conversations

template <std::uint32_t kAddress>
void make_hub(Rng& rng, Timestamp t, std::uint64_t, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kAddress, c);
  secure(c);
}
void make_netcom(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kNetcom + 10 + pick(rng, made, 32), c);
  secure(c);
}
void make_satellite(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, kSatellite + 20 + pick(rng, made, 16), c);
  secure(c);
}
void make_client(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, old_client(pick(rng, made, kOldClients)), c);
  secure(c);
  // Some sites stand where a relay stood or will stand, some on rented machines: they are HTTPS all the same.
  if (made % 50 == 7) c.server = relay_address(pick_relay(rng, t, false));
  if (made % 20 == 11) c.server = hosting_address(rng, t);
}
void make_server(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  serve(rng, t, bytes, made % 3 != 0 ? kMainWeb : kOtherWeb[made / 3 % kOtherWeb.size()], Service::kHttps, 0.93, c);
}
void make_tor(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, old_client(10 + static_cast<std::uint32_t>(made % 6)), c);
  const std::uint32_t relay = pick_relay(rng, t, true);
  c.server = relay_address(relay);
  c.server_port = relay_port(relay);
  c.service = c.server_port == 443 ? Service::kHttps : Service::kNone;
  c.purpose = Purpose::kTor;
}
void make_vpn(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  constexpr std::array<std::uint16_t, 4> kPorts{1194, 1194, 1723, 500};  // OpenVPN mostly, PPTP, IKE
  const std::uint16_t port = kPorts[rng.below(kPorts.size())];
  const double down = 0.60 + 0.25 * rng.unit();
  if (port == 1723)
    fill_tcp(rng, t, bytes, down, c);
  else
    fill_udp(rng, t, bytes, down, c);
  c.client = old_client(30 + static_cast<std::uint32_t>(made % 12));
  c.client_port = port == 500 ? port : ephemeral(rng);
  c.server = vpn_server(rng.below(kVpnServers));
  c.server_port = port;
  c.purpose = Purpose::kVpn;
}
void make_vps(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  constexpr std::array<std::uint16_t, 5> kPorts{22, 22, 80, 8080, 5938};
  browse(rng, t, bytes, old_client(pick(rng, made, kOldClients)), c);
  c.server = hosting_address(rng, t);
  c.server_port = kPorts[rng.below(kPorts.size())];
  c.service = c.server_port == 80 ? Service::kHttp : Service::kNone;
  c.purpose = Purpose::kVps;
}
// Addresses that the hosting provider got later: no rented machines yet.
void make_later_hosting(Rng& rng, Timestamp t, std::uint64_t made, std::uint64_t bytes, Conversation& c) {
  browse(rng, t, bytes, old_client(pick(rng, made, kOldClients)), c);
  c.server = kHosting + kHostingHalf + rng.below(kHostingHalf);
}

constexpr std::array<Stream, 10> kStreams{{
    {"https of hub 1", 250'000, https_hub1, false, make_hub<kOldNs1>},
    {"https of hub 2", 250'000, https_hub2, false, make_hub<kOldNs2>},
    {"https of netcom", 200'000, https_netcom, false, make_netcom},
    {"https of satellite", 200'000, https_satellite, false, make_satellite},
    {"https of clients", 200'000, https_clients, false, make_client},
    {"https of web servers", 90'000, https_servers, false, make_server},
    {"vpn", 300'000, share_vpn, false, make_vpn},
    {"tor", 200'000, share_tor, false, make_tor},
    {"vps", 150'000, share_vps, false, make_vps},
    {"later hosting", 150'000, share_later_hosting, false, make_later_hosting},
}};

// ---- lists

// Letters of base 64 that mean nothing, the same for a number.
std::string made_up(std::uint64_t number, std::size_t length) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Rng rng(number);
  std::string text;
  while (text.size() < length) text += kLetters[rng.below(64)];
  return text;
}

std::string list_head(std::string_view what, std::string_view date) {
  return "# " + std::string(what) +
         " of the scenario case-2019: made up, nobody's addresses.\n# Snapshot: " + std::string(date) + "\n";
}
std::string hosting_before() { return list_head("Ranges of a hosting provider", "2017-01-01") + "198.18.160.0/21\n"; }
std::string hosting_after() {
  return list_head("Ranges of a hosting provider", "2018-10-01") + "198.18.160.0/21\n198.18.168.0/21\n";
}
std::string vpn_list() {
  std::string text = list_head("Known VPN servers", "2017-01-01");
  for (std::uint32_t n = 0; n < kVpnServers; ++n) text += Ip::v4(vpn_server(n)).to_string() + "\n";
  return text;
}
constexpr std::array<ListFile, 3> kLists{{{"hosting/hosting-2017-01-01.txt", hosting_before},
                                          {"hosting/hosting-2018-10-01.txt", hosting_after},
                                          {"vpn/vpn-2017-01-01.txt", vpn_list}}};

}  // namespace

std::span<const Stream> secure_streams() { return kStreams; }

double browsing_https(Timestamp t) { return (1 - kOfServers) * hidden(t).https / kBrowsing; }

CivilDate month_date(int month) {
  const int since = month + 3;  // January 2017
  return {2017 + since / 12, static_cast<unsigned>(since % 12 + 1), 1};
}

// A consensus as CollecTor keeps them (dir-spec 3.4.1), with what tells its relays and its time.
std::string tor_consensus(int month) {
  const std::string day = format_date(days_from_civil(month_date(month)));
  std::string text = "@type network-status-consensus-3 1.0\nnetwork-status-version 3\nvote-status consensus\n";
  text += "valid-after " + day + " 00:00:00\nfresh-until " + day + " 01:00:00\nvalid-until " + day + " 03:00:00\n";
  for (std::uint32_t n = 0; n < kRelays; ++n) {
    if (!relay_is_there(n, month)) continue;
    text += "r synthetic" + std::to_string(n) + " " + made_up(n + 1, 27) + " " +
            made_up(n * 100 + static_cast<unsigned>(month) + 1'000, 27);
    text +=
        " " + day + " 00:00:00 " + Ip::v4(relay_address(n)).to_string() + " " + std::to_string(relay_port(n)) + " 0\n";
    text += n % 4 == 0 ? "s Exit Fast Running Stable Valid\n" : "s Fast Guard Running Stable Valid\n";
  }
  return text + "directory-footer\n";
}

std::span<const ListFile> list_files() { return kLists; }

}  // namespace rw::scenario::case_2019
