// Case 2019, section 7: DNS tunnels from mid-2019, most of their far ends known to scanners as VPN servers or MikroTik
// devices; and the ordinary look-ups of the same clients.
#include <algorithm>
#include <array>

#include "base/ip.h"
#include "scenario/case_2019_shapes.h"

namespace rw::scenario::case_2019 {

namespace {

constexpr std::uint16_t kTxt = 16, kNull = 10, kCname = 5;
constexpr Timestamp kEver = kAllTime.to;
// Domains that RFC 2606 reserves: nobody's. The fourth tunnel's names have no domain in common; of the fifth only flows
// are seen.
constexpr std::array<Tunnel, 5> kTunnels{{
    {v4(175, 45, 177, 40), v4(198, 18, 192, 10), "example.com", kTxt, true, at(2019, 6, 18), kEver, "mikrotik"},
    {v4(175, 45, 177, 44), v4(198, 18, 192, 20), "example.net", kNull, true, at(2019, 6, 25), kEver, "vpn"},
    {v4(175, 45, 178, 50), v4(198, 18, 192, 30), "example.org", kCname, true, at(2019, 7, 5), at(2019, 10, 10),
     "mikrotik+vpn"},
    {v4(175, 45, 178, 54), v4(198, 18, 192, 40), "", kTxt, true, at(2019, 7, 20), kEver, "vpn"},
    {v4(175, 45, 179, 40), v4(198, 18, 192, 50), "", kTxt, false, at(2019, 7, 1), kEver, ""},
}};
constexpr std::array<std::uint32_t, 2> kResolvers{v4(198, 18, 193, 53), v4(198, 18, 193, 54)};

constexpr std::uint32_t lookup_client(std::uint32_t n) {
  if (n < kTunnels.size()) return kTunnels[n].client;
  return n % 2 == 0 ? v4(175, 45, 177, 50) + n : v4(175, 45, 178, 60) + n;  // behind the Zeek sensor, among old clients
}

std::string letters(Rng& rng, std::string_view alphabet, std::size_t length) {
  std::string text;
  while (text.size() < length) text += alphabet[rng.below(static_cast<std::uint32_t>(alphabet.size()))];
  return text;
}
constexpr std::string_view kHex = "0123456789abcdef", kBase32 = "abcdefghijklmnopqrstuvwxyz234567";

std::string tunnel_name(Rng& rng, const Tunnel& tunnel) {
  const std::string_view alphabet = tunnel.type == kTxt ? kHex : kBase32;
  std::string name = letters(rng, alphabet, 36 + rng.below(24));
  name += '.' + letters(rng, alphabet, 20 + rng.below(36));
  if (!tunnel.domain.empty()) name.append(".").append(tunnel.domain);
  return name;
}

DnsExchange tunnel_exchange(Rng& rng, const Tunnel& tunnel, Timestamp time, std::uint16_t port) {
  DnsExchange dns;
  dns.time = time;
  dns.client = tunnel.client;
  dns.server = tunnel.server;
  dns.client_port = port;
  dns.id = static_cast<std::uint16_t>(rng.below(65'536));
  dns.round_trip = {40'000 + rng.below(60'000)};
  dns.type = tunnel.type;
  dns.logged = tunnel.logged;
  dns.name = tunnel_name(rng, tunnel);
  dns.target = tunnel.type == kCname ? tunnel_name(rng, tunnel) : letters(rng, kBase32, 120 + rng.below(100));
  return dns;
}

// ---- scan data

struct Banner {
  std::uint32_t address;
  std::uint16_t port;
  std::string_view transport, module, product, data, time;
};
constexpr std::array<Banner, 13> kBanners{{
    {v4(198, 18, 192, 10), 8291, "tcp", "mikrotik-winbox", "MikroTik Winbox", "Winbox", "2019-06-11T04:12:09.100000"},
    {v4(198, 18, 192, 10), 2000, "tcp", "ikettle", "MikroTik bandwidth-test server", "\\u0001\\u0000\\u0000\\u0000",
     "2019-06-11T04:12:41.730000"},
    {v4(198, 18, 192, 20), 1194, "udp", "openvpn", "OpenVPN", "OpenVPN:\\n  Opcode: P_CONTROL_HARD_RESET_SERVER_V2",
     "2019-06-20T11:02:55.000000"},
    {v4(198, 18, 192, 20), 443, "tcp", "https", "nginx", "HTTP/1.1 200 OK\\r\\nServer: nginx\\r\\n",
     "2019-06-20T11:09:13.000000"},
    {v4(198, 18, 192, 30), 1723, "tcp", "pptp", "MikroTik",
     "PPTP:\\n  Firmware: 1\\n  Hostname: MikroTik\\n  Vendor: MikroTik", "2019-06-29T20:40:00.000000"},
    {v4(198, 18, 192, 30), 22, "tcp", "ssh", "MikroTik RouterOS sshd", "SSH-2.0-ROSSSH\\r\\n",
     "2019-06-29T20:41:30.000000"},
    {v4(198, 18, 192, 40), 500, "udp", "ike", "", "VPN (IKE)\\n\\nInitiator SPI: 5d3c\\nNext Payload: Notification",
     "2019-07-15T00:00:01.000000"},
    {v4(198, 18, 192, 40), 1194, "udp", "openvpn", "OpenVPN", "OpenVPN:", "2019-07-15T00:03:20.000000"},
    {v4(198, 18, 160, 12), 1194, "udp", "openvpn", "OpenVPN", "OpenVPN:", "2019-05-02T10:00:00.000000"},
    {v4(198, 18, 161, 7), 22, "tcp", "ssh", "OpenSSH", "SSH-2.0-OpenSSH_7.4\\r\\n", "2019-05-03T10:00:00.000000"},
    {v4(198, 18, 185, 10), 3333, "tcp", "http", "", "", "2019-05-20T07:30:00.000000"},
    {v4(198, 18, 193, 53), 53, "udp", "dns-udp", "Unbound", "Recursion: enabled", "2019-06-01T02:03:04.000000"},
    {v4(198, 18, 0, 80), 80, "tcp", "http", "Apache httpd", "HTTP/1.1 200 OK\\r\\n", "2019-06-01T03:04:05.000000"},
}};

}  // namespace

std::span<const Tunnel> tunnels() { return kTunnels; }

TunnelPace tunnel_pace(double scale) {
  constexpr double kSlotsPerDay = 48, kSlotsOfRest = 40;
  constexpr int kFewest = 32, kMost = 240;
  const double sessions = std::max(1 / kSlotsOfRest, kTunnelQuestionsPerDay * scale / kMost / kSlotsPerDay);
  const double questions = kTunnelQuestionsPerDay * scale / (sessions * kSlotsPerDay);
  return {sessions, std::clamp(static_cast<int>(questions), kFewest, kMost)};
}

TunnelSession make_tunnel_session(Rng& rng, const Slot& slot, std::size_t index, int questions) {
  const Tunnel& tunnel = kTunnels[index];
  constexpr std::int64_t kLongestUs = 330'000'000;
  TunnelSession session;
  const std::uint16_t port = ephemeral(rng);
  Timestamp t = slot.start + Duration{rng.below(static_cast<std::uint32_t>(kSlot.us - kLongestUs))};
  Conversation& c = session.conversation;
  for (int question = 0; question < questions; ++question) {
    const DnsExchange& dns = session.exchanges.emplace_back(tunnel_exchange(rng, tunnel, t, port));
    const Conversation one = conversation_of(dns);
    if (session.exchanges.size() == 1)
      c = one;
    else {
      c.end = std::max(c.end, one.end);
      c.client_bytes += one.client_bytes;
      c.client_packets += one.client_packets;
      c.server_bytes += one.server_bytes;
      c.server_packets += one.server_packets;
    }
    t = t + Duration{700'000 + rng.below(600'000)};
  }
  c.purpose = Purpose::kDnsTunnel;
  return session;
}

DnsExchange make_lookup(Rng& rng, const Slot& slot, int forced) {
  const std::uint32_t client = forced >= 0 ? static_cast<std::uint32_t>(forced) : rng.below(kLookupClients);
  DnsExchange dns;
  dns.time = slot.start + Duration{rng.below(static_cast<std::uint32_t>(kSlot.us - 2'000'000))};
  dns.client = lookup_client(client);
  dns.server = kResolvers[rng.below(kResolvers.size())];
  dns.client_port = ephemeral(rng);
  dns.id = static_cast<std::uint16_t>(rng.below(65'536));
  dns.round_trip = {20'000 + rng.below(90'000)};
  const std::uint32_t site = rng.skewed(60);
  dns.name = (site % 3 == 0 ? "www.site" : site % 3 == 1 ? "img.site" : "site") + std::to_string(site) + ".example";
  dns.address = outside(100 + site);
  dns.recursive = true;
  dns.logged = client >= kTunnels.size() || kTunnels[client].logged;
  return dns;
}

std::string scan_lines() {
  std::string text;
  for (const Banner& b : kBanners) {
    text += "{\"ip_str\":\"" + Ip::v4(b.address).to_string() + "\",\"port\":" + std::to_string(b.port);
    text.append(",\"transport\":\"").append(b.transport).append("\",\"timestamp\":\"").append(b.time).append("\",");
    if (!b.product.empty()) text.append("\"product\":\"").append(b.product).append("\",");
    text.append("\"data\":\"").append(b.data).append("\",\"hostnames\":[],\"_shodan\":{\"module\":\"");
    text.append(b.module).append("\",\"crawler\":\"synthetic\"}}\n");
  }
  return text;
}

}  // namespace rw::scenario::case_2019
