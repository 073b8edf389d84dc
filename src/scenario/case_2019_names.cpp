// Case 2019, section 3: names under .kp, and the name servers that moved in early June 2019.
#include <array>

#include "scenario/case_2019.h"

namespace rw::scenario::case_2019 {

namespace {

constexpr std::uint32_t kWeb = v4(175, 45, 176, 67);
constexpr Timestamp kAlways = kAllTime.from, kForever = kAllTime.to;
constexpr Timestamp kNewMailName = Timestamp::from_seconds(1'549'846'800);  // 2019-02-11T01:00Z
constexpr Timestamp kNewFtpName = Timestamp::from_seconds(1'553'047'200);   // 2019-03-20T02:00Z
constexpr Timestamp kThirdNsFrom = Timestamp::from_seconds(1'554'771'600);  // 2019-04-09T01:00Z

// kptc.kp is the study's; the other names are made up.
constexpr std::array<HostName, 27> kNames{{
    {"ns1.kptc.kp", kOldNs1, kAlways, kNameServerMove},
    {"ns2.kptc.kp", kOldNs2, kAlways, kNameServerMove},
    {"ns1.kptc.kp", kNewNs1, kNameServerMove, kForever},
    {"ns2.kptc.kp", kNewNs2, kNameServerMove, kForever},
    {"ns3.kptc.kp", kThirdNs, kThirdNsFrom, kForever},
    {"mail.kptc.kp", v4(175, 45, 176, 20), kAlways, kForever},
    {"mail2.kptc.kp", v4(175, 45, 178, 21), kNewMailName, kForever},
    {"ftp.kptc.kp", v4(175, 45, 176, 30), kAlways, kForever},
    {"ftp2.kptc.kp", v4(175, 45, 176, 90), kNewFtpName, kForever},
    {"www.kptc.kp", kWeb, kAlways, kForever},
    {"www.portal.com.kp", kWeb, kAlways, kForever},
    {"en.portal.com.kp", kWeb, kAlways, kForever},
    {"www.press.com.kp", kWeb, kAlways, kForever},
    {"img.press.com.kp", kWeb, kAlways, kForever},
    {"www.tour.com.kp", v4(175, 45, 176, 68), kAlways, kForever},
    {"www.trade.com.kp", v4(175, 45, 176, 68), kAlways, kForever},
    {"www.airline.com.kp", v4(175, 45, 176, 71), kAlways, kForever},
    {"book.airline.com.kp", v4(175, 45, 176, 71), kAlways, kForever},
    {"www.university.edu.kp", v4(175, 45, 176, 79), kAlways, kForever},
    {"library.university.edu.kp", v4(175, 45, 176, 79), kAlways, kForever},
    {"www.ministry.gov.kp", v4(175, 45, 176, 81), kAlways, kForever},
    {"docs.ministry.gov.kp", v4(175, 45, 176, 81), kAlways, kForever},
    {"www.insurer-a.com.kp", kWeb, Timestamp::from_seconds(1'541'030'400), kForever},  // 2018-11-01
    {"www.insurer-b.com.kp", kWeb, Timestamp::from_seconds(1'545'264'000), kForever},  // 2018-12-20
    {"www.insurer-c.com.kp", kWeb, Timestamp::from_seconds(1'549'324'800), kForever},  // 2019-02-05
    {"www.cook.org.kp", v4(175, 45, 176, 81), kAlways, kForever},
    {"www.sport.org.kp", v4(175, 45, 176, 68), kAlways, kForever},
}};

std::uint32_t name_server(Rng& rng, Timestamp t) {
  if (t >= kThirdNsFrom && rng.chance(0.15)) return kThirdNs;
  const bool first = rng.chance(0.5);
  if (t < kNameServerMove) return first ? kOldNs1 : kOldNs2;
  return first ? kNewNs1 : kNewNs2;
}

}  // namespace

std::span<const HostName> host_names() { return kNames; }

DnsExchange make_query(Rng& rng, const Slot& slot, int forced) {
  DnsExchange dns;
  dns.time = {slot.start.us + static_cast<std::int64_t>(rng.below(static_cast<std::uint32_t>(kSlot.us - 2'000'000)))};
  dns.client = outside(110'000 + rng.skewed(8'000));
  dns.client_port = static_cast<std::uint16_t>(1'024 + rng.below(64'000));
  dns.id = static_cast<std::uint16_t>(rng.below(65'536));
  dns.server = name_server(rng, dns.time);
  dns.round_trip = {600 + rng.below(4'000)};
  const HostName& host =
      kNames[static_cast<std::size_t>(forced >= 0 ? forced : static_cast<int>(rng.skewed(kNames.size())))];
  dns.name = host.name;
  if (forced < 0 && rng.chance(0.03)) {
    dns.name = rng.chance(0.5) ? "wpad.kptc.kp" : "autodiscover.portal.com.kp";
    dns.rcode = 3;
  } else if (forced < 0 && rng.chance(0.04)) {
    dns.name = "kptc.kp";
    dns.type = 15;
    dns.target = "mail.kptc.kp";
  } else if (dns.time < host.from || dns.time >= host.to) {
    // Asked for while it stood elsewhere, or before it existed: the line of the same name that holds now answers.
    dns.rcode = 3;
    for (const HostName& other : kNames) {
      if (other.name != host.name || dns.time < other.from || dns.time >= other.to) continue;
      dns.address = other.address;
      dns.rcode = 0;
    }
  } else {
    dns.address = host.address;
  }
  return dns;
}

Conversation conversation_of(const DnsExchange& dns) {
  Conversation c;
  c.start = dns.time;
  c.end = dns.time + dns.round_trip;
  c.client = dns.client;
  c.server = dns.server;
  c.client_port = dns.client_port;
  c.server_port = 53;
  c.proto = kUdp;
  c.service = Service::kDns;
  // IPv4 and UDP headers, DNS header, question and an EDNS record; the answer adds one record (RFC 1035 section 4.1.3).
  c.client_bytes = 28 + 12 + dns.name.size() + 2 + 4 + 11;
  c.server_bytes = c.client_bytes + (dns.address ? 16 : dns.target.empty() ? 0 : 14 + dns.target.size() + 2);
  c.client_packets = c.server_packets = 1;
  return c;
}

std::string_view charged_stream(std::uint32_t server) {
  return server == kOldNs1 ? "hub 1" : server == kOldNs2 ? "hub 2" : "clients";
}

}  // namespace rw::scenario::case_2019
