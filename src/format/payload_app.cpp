// The payload rules.
#include "format/payload_app.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "format/http.h"
#include "format/mining.h"
#include "format/quic.h"
#include "format/tls.h"

namespace rw {
namespace {

std::uint8_t byte_at(Bytes bytes, std::size_t offset) { return std::to_integer<std::uint8_t>(bytes[offset]); }

bool begins_with(Bytes bytes, std::string_view text) { return as_text(bytes).starts_with(text); }

// `needle` in upper case, somewhere in the first line.
bool first_line_mentions(Bytes bytes, std::string_view needle) {
  std::string_view line = as_text(bytes);
  line = line.substr(0, std::min<std::size_t>(line.find('\n'), 512));
  return std::search(line.begin(), line.end(), needle.begin(), needle.end(),
                     [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; }) != line.end();
}

// A BER sequence that holds an LDAP message (RFC 4511 4.1.1): a message id, then one of the operations.
bool is_ldap(Bytes bytes) {
  Cursor cursor(bytes);
  if (cursor.u8() != 0x30) return false;
  const std::uint8_t length = cursor.u8();
  if (length >= 0x80) {
    if (length == 0x80 || length > 0x84) return false;
    cursor.skip(length & 0x7F);
  }
  if (cursor.u8() != 0x02) return false;
  const std::uint8_t id_bytes = cursor.u8();
  if (id_bytes == 0 || id_bytes > 4) return false;
  cursor.skip(id_bytes);
  const std::uint8_t operation = cursor.u8();
  if (!cursor.ok()) return false;
  return operation == 0x42 || operation == 0x4A || operation == 0x50 || (operation >= 0x60 && operation <= 0x79);
}

bool is_mysql_greeting(Bytes bytes) {
  if (bytes.size() < 20 || byte_at(bytes, 3) != 0 || byte_at(bytes, 4) != 10) return false;
  const std::size_t length = byte_at(bytes, 0) | byte_at(bytes, 1) << 8 | byte_at(bytes, 2) << 16;
  return length + 4 == bytes.size() && std::isdigit(byte_at(bytes, 5)) != 0 &&
         std::memchr(bytes.data() + 5, 0, 60 < bytes.size() - 5 ? 60 : bytes.size() - 5) != nullptr;
}

bool is_postgresql_start(Bytes bytes) {
  Cursor cursor(bytes);
  const std::uint32_t length = cursor.u32(), code = cursor.u32();
  return length == bytes.size() && (code == 0x00030000 || (code == 80877103 && length == 8));
}

// TPKT (RFC 1006) with an X.224 connection request that carries RDP's cookie or negotiation request.
bool is_rdp(Bytes bytes) {
  Cursor cursor(bytes);
  const std::uint16_t version = cursor.u16();
  const std::uint16_t length = cursor.u16();
  cursor.u8();
  const std::uint8_t code = cursor.u8();
  if (!cursor.ok() || version != 0x0300 || length != bytes.size() || code != 0xE0 || length < 19) return false;
  const std::string_view text = as_text(bytes);
  return text.find("Cookie: mstshash=") == 11 ||
         text.substr(text.size() - 8).starts_with(std::string_view("\x01\x00\x08\x00", 4));
}

bool is_smb(Bytes bytes) {
  return bytes.size() >= 8 && byte_at(bytes, 0) == 0 && (byte_at(bytes, 4) == 0xFF || byte_at(bytes, 4) == 0xFE) &&
         as_text(bytes.subspan(5, 3)) == "SMB";
}

bool is_mqtt(Bytes bytes) {
  if (bytes.size() < 12 || byte_at(bytes, 0) != 0x10) return false;
  const std::size_t at = byte_at(bytes, 1) < 0x80 ? 2 : 3;
  const std::string_view rest = as_text(bytes.subspan(at));
  return rest.starts_with(std::string_view("\0\4MQTT", 6)) || rest.starts_with(std::string_view("\0\6MQIsdp", 8));
}

bool is_bgp(Bytes bytes) {
  if (bytes.size() < 19 || byte_at(bytes, 18) == 0 || byte_at(bytes, 18) > 5) return false;
  return std::all_of(bytes.begin(), bytes.begin() + 16, [](std::byte b) { return b == std::byte{0xFF}; });
}

bool is_telnet(Bytes bytes) {  // RFC 854: option negotiation
  const auto command = [&bytes](std::size_t at) {
    return byte_at(bytes, at) == 0xFF && byte_at(bytes, at + 1) >= 0xFA && byte_at(bytes, at + 1) <= 0xFE;
  };
  if (bytes.size() < 3 || !command(0) || byte_at(bytes, 2) > 50) return false;
  return bytes.size() == 3 || byte_at(bytes, 1) == 0xFA || (bytes.size() >= 6 && command(3));
}

// RFC 2637 2.1: the length of the whole, a control message (1), the magic cookie, and a start request or its reply.
bool is_pptp(Bytes bytes) {
  Cursor cursor(bytes);
  const std::uint16_t length = cursor.u16(), type = cursor.u16();
  const std::uint32_t cookie = cursor.u32();
  const std::uint16_t message = cursor.u16();
  return cursor.ok() && cookie == 0x1A2B3C4D && type == 1 && length >= 12 && length <= bytes.size() && message >= 1 &&
         message <= 15;
}

// What SoftEther's client posts where it may speak without TLS: its own path, or its own body.
bool is_softether(Bytes bytes) {
  return begins_with(bytes, "POST /vpnsvc/") ||
         (begins_with(bytes, "POST ") && as_text(bytes).find("\r\n\r\nVPNCONNECT") != std::string_view::npos);
}

bool is_upper_word(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// RFC 1459: ":prefix COMMAND …" or "COMMAND …" with the commands of registration and talk.
bool is_irc(Bytes bytes) {
  std::string_view line = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 512)));
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos) return false;  // every message ends its line, and it is short
  line = line.substr(0, end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.starts_with(':')) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || space < 2) return false;
    const std::string_view rest = line.substr(space + 1);
    const std::string_view command = rest.substr(0, rest.find(' '));
    const bool numeric =
        command.size() == 3 && std::all_of(command.begin(), command.end(), [](char c) { return c >= '0' && c <= '9'; });
    return numeric || command == "NOTICE" || command == "PRIVMSG" || command == "JOIN" || command == "MODE" ||
           command == "CAP";
  }
  if (line.starts_with("NICK ")) return line.find(' ', 5) == std::string_view::npos;
  if (line.starts_with("CAP ")) return line.starts_with("CAP LS") || line.starts_with("CAP REQ :");
  if (line.starts_with("USER "))
    return std::count(line.begin(), line.end(), ' ') >= 4 && line.find(" :") != std::string_view::npos;
  if (line.starts_with("NOTICE AUTH :")) return true;
  if (line.starts_with("PRIVMSG ")) return line.find(" :") != std::string_view::npos;
  if (line.starts_with("JOIN #")) return true;
  if (line.starts_with("PASS ")) return as_text(bytes).find("\nNICK ") != std::string_view::npos;
  return false;
}

// "220" greets in SMTP and FTP alike: the line, or what the client says next, decides.
App classify_text(const PayloadQuestion& q) {
  const Bytes bytes = q.payload;
  if (begins_with(bytes, "SSH-2.0-") || begins_with(bytes, "SSH-1.")) return App::kSsh;
  if (begins_with(bytes, "220 ") || begins_with(bytes, "220-")) {
    if (q.to_server) return App::kNone;
    if (first_line_mentions(bytes, "SMTP")) return App::kSmtp;
    if (first_line_mentions(bytes, "FTP") || q.server_port == 21) return App::kFtp;
    return App::kNone;
  }
  if (begins_with(bytes, "EHLO ") || begins_with(bytes, "HELO ")) return App::kSmtp;
  if (begins_with(bytes, "+OK"))
    return q.server_port == 110 || first_line_mentions(bytes, "POP") ? App::kPop3 : App::kNone;
  if (begins_with(bytes, "* OK"))
    return q.server_port == 143 || first_line_mentions(bytes, "IMAP") ? App::kImap : App::kNone;
  if (q.to_server && q.server_port == 110 &&
      (begins_with(bytes, "USER ") || begins_with(bytes, "CAPA\r") || begins_with(bytes, "APOP ")))
    return App::kPop3;
  if (q.to_server && q.server_port == 21 && (begins_with(bytes, "USER ") || begins_with(bytes, "AUTH ")))
    return App::kFtp;
  if (is_softether(bytes)) return App::kSoftEther;
  if (looks_like_http_request(bytes) || looks_like_http_response(bytes) || begins_with(bytes, "PRI * HTTP/2.0\r\n"))
    return App::kHttp;
  const std::string_view text = as_text(bytes);
  const std::string_view first_line = text.substr(0, std::min<std::size_t>(text.find('\n'), 512));
  if (first_line.starts_with("RTSP/1.0 ") || first_line.find(" RTSP/1.0") != std::string_view::npos) return App::kRtsp;
  if (first_line.starts_with("SIP/2.0 ") || first_line.find(" SIP/2.0") != std::string_view::npos) return App::kSip;
  if (begins_with(bytes, "RFB 00")) return App::kVnc;
  if (text.substr(0, 300).find("<stream:stream") != std::string_view::npos) return App::kXmpp;
  if (const App app = classify_mining(bytes); app != App::kNone) return app;
  return is_irc(bytes) ? App::kIrc : App::kNone;
}

bool is_dtls(Bytes bytes) {  // RFC 6347 4.1
  if (bytes.size() < 25 || byte_at(bytes, 0) != 22 || byte_at(bytes, 1) != 0xFE) return false;
  const std::uint8_t minor = byte_at(bytes, 2);
  return (minor == 0xFF || minor == 0xFD) && byte_at(bytes, 3) == 0 && byte_at(bytes, 4) == 0;  // epoch 0
}

bool is_stun(Bytes bytes) {  // RFC 8489 5
  if (bytes.size() < 20 || (byte_at(bytes, 0) & 0xC0) != 0) return false;
  Cursor cursor(bytes);
  cursor.u16();
  const std::uint16_t length = cursor.u16();
  return cursor.u32() == 0x2112A442 && length % 4 == 0 && length + 20U <= bytes.size();
}

// An answer of DNSCrypt (draft-denis-dprive-dnscrypt 3): the resolver's magic, then nonces and what is sealed.
bool is_dnscrypt_answer(Bytes bytes) { return bytes.size() >= 48 && begins_with(bytes, "r6fnvWj8"); }

// Tailscale's discovery messages: a magic of six bytes, a public key, a nonce, and what is sealed.
bool is_tailscale_disco(Bytes bytes) {
  return bytes.size() >= 6 + 32 + 24 + 16 && begins_with(bytes, "TS\xF0\x9F\x92\xAC");
}

// L2TP control messages (RFC 2661 3.1): type, length and sequence bits with version 2 (or L2TPv3's 3, RFC 3931 3.2.1),
// a length that is that of the datagram, and first of all a message type attribute.
bool is_l2tp(Bytes bytes) {
  Cursor cursor(bytes);
  const std::uint16_t flags = cursor.u16(), length = cursor.u16();
  if ((flags & 0xFBF0) != 0xC800 || ((flags & 0x0F) != 2 && (flags & 0x0F) != 3) || length != bytes.size())
    return false;
  cursor.skip(8);
  if (cursor.left() == 0) return false;  // a bare acknowledgement proves little
  const std::uint16_t attribute = cursor.u16(), vendor = cursor.u16(), type = cursor.u16(), message = cursor.u16();
  return cursor.ok() && (attribute & 0x7FFF) == 8 && vendor == 0 && type == 0 && message >= 1 && message <= 24;
}

bool is_ntp(
    Bytes bytes) {  // RFC 5905 7.3, control messages of RFC 9327, ntpd's private mode 7 (as "monlist" attacks use it)
  if (bytes.size() < 8) return false;
  const unsigned version = (byte_at(bytes, 0) >> 3) & 7, mode = byte_at(bytes, 0) & 7;
  if (mode == 7) return version == 2 || version == 3;
  if (mode == 6) return version >= 2 && version <= 4 && bytes.size() >= 12;
  return version >= 1 && version <= 4 && mode >= 1 && bytes.size() >= 48;
}

bool is_dhcp(Bytes bytes) {  // RFC 2131 3
  if (bytes.size() < 240 || (byte_at(bytes, 0) != 1 && byte_at(bytes, 0) != 2)) return false;
  Cursor cursor(bytes.subspan(236));
  return cursor.u32() == 0x63825363;
}

bool is_snmp(Bytes bytes) {
  Cursor cursor(bytes);
  if (cursor.u8() != 0x30) return false;
  const std::uint8_t length = cursor.u8();
  if (length > 0x82 || length == 0x80) return false;
  if (length > 0x80) cursor.skip(length & 0x7F);
  const bool integer = cursor.u8() == 2 && cursor.u8() == 1;
  const std::uint8_t version = cursor.u8();
  return integer && cursor.ok() && (version <= 1 || version == 3);
}

bool is_netbios_name(Bytes bytes) {  // RFC 1002 4.2: DNS-like, names of 32 letters A to P
  if (bytes.size() < 50 || byte_at(bytes, 12) != 0x20) return false;
  return std::all_of(bytes.begin() + 13, bytes.begin() + 45,
                     [](std::byte b) { return b >= std::byte{'A'} && b <= std::byte{'P'}; });
}

}  // namespace

App classify_tcp(const PayloadQuestion& q) {
  const Bytes bytes = q.payload;
  if (bytes.empty()) return App::kNone;
  const std::uint8_t first = byte_at(bytes, 0);
  if (first >= 0x20 && first < 0x7F) {
    if (first == 0x30 && (q.server_port == 389 || q.server_port == 3268) && is_ldap(bytes)) return App::kLdap;
    if (is_mysql_greeting(bytes) && !q.to_server) return App::kMysql;
    return classify_text(q);
  }
  if (looks_like_tls(bytes)) return App::kTls;
  if (begins_with(bytes,
                  "\x13"
                  "BitTorrent protocol"))
    return App::kBitTorrent;
  if (is_smb(bytes)) return App::kSmb;
  if (is_rdp(bytes)) return App::kRdp;
  if (is_bgp(bytes)) return App::kBgp;
  if (is_mqtt(bytes)) return App::kMqtt;
  if (is_pptp(bytes)) return App::kPptp;
  if (const App app = classify_mining(bytes); app != App::kNone) return app;
  if (!q.to_server && bytes.size() > 10 && is_dnscrypt_answer(bytes.subspan(2))) return App::kDnscrypt;
  if (!q.to_server && is_mysql_greeting(bytes)) return App::kMysql;
  if (q.to_server && is_postgresql_start(bytes)) return App::kPostgresql;
  if (is_telnet(bytes)) return App::kTelnet;
  return App::kNone;
}

App classify_udp(const PayloadQuestion& q) {
  const Bytes bytes = q.payload;
  if (bytes.empty()) return App::kNone;
  const auto port = [&q](std::uint16_t p) { return q.client_port == p || q.server_port == p; };
  if (port(123) && is_ntp(bytes)) return App::kNtp;
  if ((port(67) || port(68)) && is_dhcp(bytes)) return App::kDhcp;
  if ((port(161) || port(162)) && is_snmp(bytes)) return App::kSnmp;
  if (port(389) && is_ldap(bytes)) return App::kCldap;
  if (port(137) && is_netbios_name(bytes)) return App::kNetbiosNs;
  if (port(514) && byte_at(bytes, 0) == '<' && bytes.size() > 4 && std::isdigit(byte_at(bytes, 1)) != 0)
    return App::kSyslog;
  if (begins_with(bytes, "M-SEARCH * HTTP/1.1") || begins_with(bytes, "NOTIFY * HTTP/1.1")) return App::kSsdp;
  if (port(1900) && begins_with(bytes, "HTTP/1.1 200")) return App::kSsdp;
  if (is_stun(bytes)) return App::kStun;
  if (is_dtls(bytes)) return App::kDtls;
  if (is_tailscale_disco(bytes)) return App::kTailscale;
  if (is_dnscrypt_answer(bytes)) return App::kDnscrypt;
  if (is_l2tp(bytes)) return App::kL2tp;
  if (begins_with(bytes, "d1:ad2:id20:") || begins_with(bytes, "d1:rd2:id20:")) return App::kBitTorrent;
  const std::string_view text = as_text(bytes);
  const std::string_view line = text.substr(0, std::min<std::size_t>(text.find('\n'), 256));
  if (line.starts_with("SIP/2.0 ") ||
      (line.find(" SIP/2.0") != std::string_view::npos && is_upper_word(line.substr(0, line.find(' ')))))
    return App::kSip;
  return App::kNone;
}

App classify_ip(std::uint8_t proto, Bytes payload) {
  Cursor cursor(payload);
  switch (proto) {
    case 47: {  // RFC 2784, and version 1 of RFC 2637 4.1; tunnels that can be opened are not seen here
      const std::uint16_t flags = cursor.u16();
      return cursor.ok() && (flags & 7) <= 1 ? App::kGre : App::kNone;
    }
    case 50: {  // RFC 4303 2.1: indexes up to 255 are reserved
      const std::uint32_t index = cursor.u32();
      return cursor.ok() && cursor.left() >= 4 && index > 255 ? App::kEsp : App::kNone;
    }
    case 51: {  // RFC 4302 2: the reserved field is zero
      cursor.u16();
      const std::uint16_t reserved = cursor.u16();
      const std::uint32_t index = cursor.u32();
      return cursor.ok() && reserved == 0 && index > 255 ? App::kAh : App::kNone;
    }
    case 115: return payload.size() >= 4 ? App::kL2tp : App::kNone;  // RFC 3931 4.1.1
    default: return App::kNone;
  }
}

App dns_over_tls(std::string_view alpn, std::string_view server_name, std::uint16_t server_port, App otherwise) {
  if (alpn == "dot" || (otherwise == App::kTls && server_port == 853)) return App::kDot;
  if (alpn == "doq" || alpn.starts_with("doq-i")) return App::kDoq;
  // Names under which public resolvers serve DNS over HTTPS and next to nothing else.
  constexpr std::array<std::string_view, 26> kResolvers = {"dns.google",
                                                           "dns64.dns.google",
                                                           "cloudflare-dns.com",
                                                           "one.one.one.one",
                                                           "dns.quad9.net",
                                                           "dns9.quad9.net",
                                                           "dns10.quad9.net",
                                                           "dns11.quad9.net",
                                                           "doh.opendns.com",
                                                           "doh.umbrella.com",
                                                           "doh.familyshield.opendns.com",
                                                           "dns.adguard.com",
                                                           "dns.adguard-dns.com",
                                                           "family.adguard-dns.com",
                                                           "unfiltered.adguard-dns.com",
                                                           "dns.nextdns.io",
                                                           "doh.cleanbrowsing.org",
                                                           "doh.dns.sb",
                                                           "doh.li",
                                                           "doh.xfinity.com",
                                                           "dns.alidns.com",
                                                           "doh.pub",
                                                           "doh.360.cn",
                                                           "dns.mullvad.net",
                                                           "freedns.controld.com",
                                                           "doh.applied-privacy.net"};
  const bool named = std::find(kResolvers.begin(), kResolvers.end(), server_name) != kResolvers.end() ||
                     server_name.ends_with(".cloudflare-dns.com");
  const bool web = alpn.empty() || alpn == "h2" || alpn == "h3" || alpn == "http/1.1";
  return named && web ? App::kDoh : otherwise;
}

std::string_view app_name(App app) {
  switch (app) {
    case App::kTls: return "tls";
    case App::kQuic: return "quic";
    case App::kDtls: return "dtls";
    case App::kDns: return "dns";
    case App::kMdns: return "mdns";
    case App::kLlmnr: return "llmnr";
    case App::kHttp: return "http";
    case App::kSsh: return "ssh";
    case App::kSmtp: return "smtp";
    case App::kPop3: return "pop3";
    case App::kImap: return "imap";
    case App::kFtp: return "ftp";
    case App::kIrc: return "irc";
    case App::kNtp: return "ntp";
    case App::kDhcp: return "dhcp";
    case App::kSnmp: return "snmp";
    case App::kSsdp: return "ssdp";
    case App::kStun: return "stun";
    case App::kSip: return "sip";
    case App::kRtsp: return "rtsp";
    case App::kBitTorrent: return "bittorrent";
    case App::kWireGuard: return "wireguard";
    case App::kLdap: return "ldap";
    case App::kCldap: return "cldap";
    case App::kNetbiosNs: return "netbios-ns";
    case App::kSmb: return "smb";
    case App::kRdp: return "rdp";
    case App::kVnc: return "vnc";
    case App::kMysql: return "mysql";
    case App::kPostgresql: return "postgresql";
    case App::kMqtt: return "mqtt";
    case App::kTelnet: return "telnet";
    case App::kXmpp: return "xmpp";
    case App::kBgp: return "bgp";
    case App::kBitcoin: return "bitcoin";
    case App::kStratum: return "stratum";
    case App::kSyslog: return "syslog";
    case App::kStratum2: return "stratum2";
    case App::kLevin: return "levin";
    case App::kOpenVpn: return "openvpn";
    case App::kIke: return "ike";
    case App::kEsp: return "esp";
    case App::kAh: return "ah";
    case App::kL2tp: return "l2tp";
    case App::kPptp: return "pptp";
    case App::kGre: return "gre";
    case App::kSoftEther: return "softether";
    case App::kTinc: return "tinc";
    case App::kTailscale: return "tailscale";
    case App::kWarp: return "warp";
    case App::kTor: return "tor";
    case App::kSocks: return "socks";
    case App::kHttpProxy: return "http-proxy";
    case App::kDot: return "dot";
    case App::kDoh: return "doh";
    case App::kDoq: return "doq";
    case App::kDnscrypt: return "dnscrypt";
    case App::kNone: break;
  }
  return {};
}

}  // namespace rw
