// Which application a payload's first bytes belong to: a small set of rules that rest on what a protocol must send,
// never on a port alone (where a port is asked for, it only narrows a rule that looks at the bytes too).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/cursor.h"

namespace rw {

// Values of the `app` column that a capture can tell. Add one: a line here, a line in app_name, a rule in
// payload_app.cpp.
enum class App : std::uint8_t {
  kNone,
  kTls,
  kQuic,
  kDtls,
  kDns,
  kMdns,
  kLlmnr,
  kHttp,
  kSsh,
  kSmtp,
  kPop3,
  kImap,
  kFtp,
  kIrc,
  kNtp,
  kDhcp,
  kSnmp,
  kSsdp,
  kStun,
  kSip,
  kRtsp,
  kBitTorrent,
  kWireGuard,
  kLdap,
  kCldap,
  kNetbiosNs,
  kSmb,
  kRdp,
  kVnc,
  kMysql,
  kPostgresql,
  kMqtt,
  kTelnet,
  kXmpp,
  kBgp,
  kBitcoin,
  kStratum,
  kSyslog,
  kStratum2,
  kLevin,
  kOpenVpn,
  kIke,
  kEsp,
  kAh,
  kL2tp,
  kPptp,
  kGre,
  kSoftEther,
  kTinc,
  kTailscale,
  kWarp,
  kTor,
  kSocks,
  kHttpProxy,
  kDot,
  kDoh,
  kDoq,
  kDnscrypt,
};
std::string_view app_name(App app);

// What is asked: one payload and where it goes. `to_server`: from the flow's initiator.
struct PayloadQuestion {
  Bytes payload;
  std::uint16_t client_port = 0;  // of the flow's initiator
  std::uint16_t server_port = 0;
  bool to_server = true;
};

// What one payload proves. Protocols whose first message proves too little are in payload_pair.h.
App classify_tcp(const PayloadQuestion& question);
App classify_udp(const PayloadQuestion& question);
// Protocols directly over IP (IANA numbers): ESP, AH, GRE, L2TPv3. `payload` is what IP carries.
App classify_ip(std::uint8_t proto, Bytes payload);

// Encrypted DNS by what a ClientHello asks for: RFC 7858 (port 853 or ALPN "dot"), RFC 9250 (ALPN "doq"), and DoH by
// the server names that serve nothing else. `otherwise` where it is none of them.
App dns_over_tls(std::string_view alpn, std::string_view server_name, std::uint16_t server_port, App otherwise);

}  // namespace rw
