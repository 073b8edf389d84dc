// The table of well-known services and its expansion into one byte per port.
#include "enrich/services.h"

#include <array>

namespace rw {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint16_t kFirstUserPort = 1024;  // RFC 6335 6: ports below are assigned by IANA under review

// IANA's registry where people follow it, otherwise what runs there in practice (6667, 8333, 3333 …).
constexpr PortService kServices[] = {
    {7, 7, true, true, "echo"},
    {9, 9, true, true, "discard"},
    {13, 13, true, true, "daytime"},
    {17, 17, true, true, "qotd"},
    {19, 19, true, true, "chargen"},
    {20, 20, true, false, "ftp-data"},
    {21, 21, true, false, "ftp"},
    {22, 22, true, false, "ssh"},
    {23, 23, true, false, "telnet"},
    {25, 25, true, false, "smtp"},
    {37, 37, true, true, "time"},
    {43, 43, true, false, "whois"},
    {49, 49, true, false, "tacacs"},
    {53, 53, true, true, "dns"},
    {67, 68, false, true, "dhcp"},
    {69, 69, false, true, "tftp"},
    {70, 70, true, false, "gopher"},
    {79, 79, true, false, "finger"},
    {80, 80, true, false, "http"},
    {88, 88, true, true, "kerberos"},
    {102, 102, true, false, "s7comm"},
    {104, 104, true, false, "dicom"},
    {110, 110, true, false, "pop3"},
    {111, 111, true, true, "portmap"},
    {113, 113, true, false, "ident"},
    {119, 119, true, false, "nntp"},
    {123, 123, false, true, "ntp"},
    {135, 135, true, true, "dce_rpc"},
    {137, 137, false, true, "netbios-ns"},
    {138, 138, false, true, "netbios-dgm"},
    {139, 139, true, false, "netbios-ssn"},
    {143, 143, true, false, "imap"},
    {161, 161, true, true, "snmp"},
    {162, 162, true, true, "snmp-trap"},
    {177, 177, false, true, "xdmcp"},
    {179, 179, true, false, "bgp"},
    {194, 194, true, false, "irc"},
    {389, 389, true, false, "ldap"},
    {389, 389, false, true, "cldap"},
    {427, 427, true, true, "slp"},
    {443, 443, true, false, "https"},
    {443, 443, false, true, "quic"},
    {445, 445, true, false, "smb"},
    {464, 464, true, true, "kpasswd"},
    {465, 465, true, false, "smtps"},
    {500, 500, false, true, "ike"},
    {502, 502, true, false, "modbus"},
    {512, 512, true, false, "rexec"},
    {513, 513, true, false, "rlogin"},
    {514, 514, true, false, "rsh"},
    {514, 514, false, true, "syslog"},
    {515, 515, true, false, "lpd"},
    {520, 520, false, true, "rip"},
    {521, 521, false, true, "ripng"},
    {546, 547, false, true, "dhcpv6"},
    {548, 548, true, false, "afp"},
    {554, 554, true, true, "rtsp"},
    {563, 563, true, false, "nntps"},
    {587, 587, true, false, "submission"},
    {623, 623, false, true, "ipmi"},
    {631, 631, true, true, "ipp"},
    {636, 636, true, false, "ldaps"},
    {646, 646, true, true, "ldp"},
    {853, 853, true, false, "dot"},
    {853, 853, false, true, "doq"},
    {860, 860, true, false, "iscsi"},
    {873, 873, true, false, "rsync"},
    {989, 990, true, false, "ftps"},
    {992, 992, true, false, "telnets"},
    {993, 993, true, false, "imaps"},
    {994, 994, true, false, "ircs"},
    {995, 995, true, false, "pop3s"},
    {1080, 1080, true, false, "socks"},
    {1194, 1194, true, true, "openvpn"},
    {1433, 1433, true, false, "mssql"},
    {1434, 1434, false, true, "mssql-browser"},
    {1521, 1521, true, false, "oracle"},
    {1645, 1646, false, true, "radius"},
    {1701, 1701, false, true, "l2tp"},
    {1723, 1723, true, false, "pptp"},
    {1812, 1813, false, true, "radius"},
    {1883, 1883, true, false, "mqtt"},
    {1900, 1900, false, true, "ssdp"},
    {1935, 1935, true, false, "rtmp"},
    {2049, 2049, true, true, "nfs"},
    {2055, 2055, false, true, "netflow"},
    {2123, 2123, false, true, "gtp"},
    {2152, 2152, false, true, "gtp"},
    {2181, 2181, true, false, "zookeeper"},
    {2375, 2376, true, false, "docker"},
    {2379, 2380, true, false, "etcd"},
    {2404, 2404, true, false, "iec-104"},
    {3128, 3128, true, false, "http-proxy"},
    {3260, 3260, true, false, "iscsi"},
    {3268, 3268, true, false, "ldap"},
    {3269, 3269, true, false, "ldaps"},
    {3283, 3283, false, true, "ard"},
    {3306, 3306, true, false, "mysql"},
    {3333, 3333, true, false, "stratum"},
    {3389, 3389, true, true, "rdp"},
    {3478, 3478, true, true, "stun"},
    {3544, 3544, false, true, "teredo"},
    {3690, 3690, true, false, "svn"},
    {3702, 3702, false, true, "ws-discovery"},
    {3868, 3868, true, false, "diameter"},
    {4369, 4369, true, false, "epmd"},
    {4500, 4500, false, true, "ipsec-nat-t"},
    {4739, 4739, true, true, "ipfix"},
    {4786, 4786, true, false, "smart-install"},
    {4789, 4789, false, true, "vxlan"},
    {4840, 4840, true, false, "opcua"},
    {5004, 5005, false, true, "rtp"},
    {5060, 5060, true, true, "sip"},
    {5061, 5061, true, true, "sips"},
    {5201, 5201, true, true, "iperf"},
    {5222, 5222, true, false, "xmpp"},
    {5269, 5269, true, false, "xmpp"},
    {5349, 5349, true, true, "stuns"},
    {5353, 5353, false, true, "mdns"},
    {5355, 5355, true, true, "llmnr"},
    {5432, 5432, true, false, "postgresql"},
    {5555, 5555, true, false, "adb"},
    {5666, 5666, true, false, "nrpe"},
    {5671, 5671, true, false, "amqps"},
    {5672, 5672, true, false, "amqp"},
    {5683, 5683, true, true, "coap"},
    {5684, 5684, true, true, "coaps"},
    {5900, 5903, true, false, "vnc"},
    {5938, 5938, true, true, "teamviewer"},
    {5984, 5984, true, false, "couchdb"},
    {5985, 5986, true, false, "winrm"},
    {6000, 6000, true, false, "x11"},
    {6081, 6081, false, true, "geneve"},
    {6343, 6343, false, true, "sflow"},
    {6379, 6379, true, false, "redis"},
    {6443, 6443, true, false, "kubernetes"},
    {6660, 6669, true, false, "irc"},
    {6697, 6697, true, false, "ircs"},
    {6881, 6889, true, true, "bittorrent"},
    {7547, 7547, true, false, "cwmp"},
    {8000, 8000, true, false, "http"},
    {8008, 8008, true, false, "http"},
    {8080, 8080, true, false, "http"},
    {8088, 8088, true, false, "http"},
    {8291, 8291, true, false, "winbox"},
    {8332, 8333, true, false, "bitcoin"},
    {8443, 8443, true, false, "https"},
    {8883, 8883, true, false, "mqtts"},
    {9001, 9001, true, false, "tor"},
    {9030, 9030, true, false, "tor"},
    {9050, 9050, true, false, "socks"},
    {9092, 9092, true, false, "kafka"},
    {9100, 9100, true, false, "jetdirect"},
    {9200, 9200, true, false, "elasticsearch"},
    {9300, 9300, true, false, "elasticsearch"},
    {9333, 9333, true, false, "litecoin"},
    {9418, 9418, true, false, "git"},
    {9993, 9993, false, true, "zerotier"},
    {9995, 9996, false, true, "netflow"},
    {10001, 10001, false, true, "ubiquiti"},
    {10050, 10051, true, false, "zabbix"},
    {11211, 11211, true, true, "memcached"},
    {18080, 18081, true, false, "monero"},
    {18333, 18333, true, false, "bitcoin"},
    {20000, 20000, true, true, "dnp3"},
    {22000, 22000, true, true, "syncthing"},
    {25565, 25565, true, false, "minecraft"},
    {27015, 27015, false, true, "source-engine"},
    {27017, 27017, true, false, "mongodb"},
    {30303, 30303, true, true, "ethereum"},
    {37810, 37810, false, true, "dhcpdiscover"},
    {41641, 41641, false, true, "tailscale"},
    {44818, 44818, true, true, "ethernet-ip"},
    {47808, 47808, false, true, "bacnet"},
    {51413, 51413, true, true, "bittorrent"},
    {51820, 51820, false, true, "wireguard"},
    {64738, 64738, true, true, "mumble"},
};
static_assert(std::size(kServices) < 255);

using PortIndex = std::array<std::uint8_t, 65536>;  // line of kServices plus one; 0 is none

PortIndex expand(bool PortService::*transport) {
  PortIndex index{};
  for (std::size_t line = 0; line < std::size(kServices); ++line) {
    const PortService& service = kServices[line];
    if (!(service.*transport)) continue;
    for (std::uint32_t port = service.first; port <= service.last; ++port)
      index[port] = static_cast<std::uint8_t>(line + 1);
  }
  return index;
}

std::string_view by_ports(const PortIndex& index, std::uint16_t src_port, std::uint16_t dst_port) {
  const std::uint8_t dst = index[dst_port];
  const std::uint8_t src = index[src_port];
  if (dst == 0 && src == 0) return {};
  const bool src_wins = dst == 0 || (src != 0 && src_port < kFirstUserPort && dst_port >= kFirstUserPort);
  return kServices[(src_wins ? src : dst) - 1].name;
}

// IANA protocol numbers of what has no ports, or ports that say nothing.
std::string_view by_protocol(std::uint8_t proto) {
  switch (proto) {
    case 1: return "icmp";
    case 2: return "igmp";
    case 4: return "ipip";
    case 41: return "6in4";
    case 46: return "rsvp";
    case 47: return "gre";
    case 50: return "esp";
    case 51: return "ah";
    case 58: return "icmp6";
    case 88: return "eigrp";
    case 89: return "ospf";
    case 97: return "etherip";
    case 103: return "pim";
    case 112: return "vrrp";
    case 115: return "l2tpv3";
    case 132: return "sctp";
    case 137: return "mpls";
    default: return {};
  }
}

}  // namespace

std::span<const PortService> port_services() { return kServices; }

std::string_view port_service(std::uint8_t proto, std::uint16_t src_port, std::uint16_t dst_port) {
  static const PortIndex tcp = expand(&PortService::tcp);
  static const PortIndex udp = expand(&PortService::udp);
  if (proto == kTcp) return by_ports(tcp, src_port, dst_port);
  if (proto == kUdp) return by_ports(udp, src_port, dst_port);
  return by_protocol(proto);
}

}  // namespace rw
