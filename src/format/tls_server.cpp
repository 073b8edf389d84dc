// Reading a server's first flight, and the names in certificates (RFC 5280 4.1).
#include "format/tls_server.h"

#include <algorithm>
#include <array>
#include <vector>

#include "format/tls_fingerprint.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::uint8_t kRecordAlert = 21, kRecordHandshake = 22, kServerHello = 2, kCertificate = 11;
constexpr std::uint16_t kExtensionSupportedVersions = 43;
constexpr std::size_t kMaxNameText = 512, kMaxNameParts = 16;

// The handshake messages in `stream`, their records taken off. `more` is false when something else follows them.
std::vector<std::byte> handshake_bytes(Bytes stream, bool& more) {
  std::vector<std::byte> out;
  Cursor cursor(stream);
  more = true;
  while (cursor.left() >= 5) {
    const std::uint8_t type = cursor.u8();
    const std::uint16_t version = cursor.u16();
    const std::size_t length = cursor.u16();
    if (type == kRecordAlert && length == 2 && out.empty()) {  // a warning comes first: an unknown server name
      cursor.skip(length);
      continue;
    }
    if (type != kRecordHandshake || (version >> 8) != 3 || length == 0) {
      more = false;
      break;
    }
    const Bytes fragment = cursor.bytes(std::min(length, cursor.left()));
    out.insert(out.end(), fragment.begin(), fragment.end());
  }
  return out;
}

bool read_hello(Bytes body, ServerFlight& flight) {
  Cursor cursor(body);
  const std::uint16_t legacy = cursor.u16();
  cursor.skip(32);
  cursor.skip(cursor.u8());  // session id
  flight.cipher = cursor.u16();
  cursor.u8();  // compression
  if (!cursor.ok()) return false;
  flight.version = legacy;
  std::vector<std::uint16_t> extensions;
  const std::size_t extension_bytes = cursor.left() >= 2 ? cursor.u16() : 0;
  Cursor list(cursor.bytes(std::min(extension_bytes, cursor.left())));
  while (list.left() >= 4) {
    const std::uint16_t type = list.u16();
    const Bytes data = list.bytes(list.u16());
    if (!list.ok()) return false;
    extensions.push_back(type);
    if (type == kExtensionSupportedVersions && data.size() == 2) flight.version = Cursor(data).u16();
  }
  flight.ja3s = ja3s(legacy, flight.cipher, extensions);
  flight.has_hello = true;
  return true;
}

// ---- DER (X.690) ---------------------------------------------------------------------------------------------------

// Takes the next element off `at`. False where it does not fit.
bool take(Bytes& at, std::uint8_t& tag, Bytes& value) {
  Cursor cursor(at);
  tag = cursor.u8();
  std::size_t length = cursor.u8();
  if (length >= 0x80) {
    const std::size_t width = length & 0x7F;
    if (width == 0 || width > 3) return false;
    length = 0;
    for (std::size_t i = 0; i < width; ++i) length = length << 8 | cursor.u8();
  }
  if (!cursor.ok() || length > cursor.left()) return false;
  value = cursor.bytes(length);
  at = cursor.rest();
  return true;
}

bool take_only(Bytes& at, std::uint8_t wanted, Bytes& value) {
  std::uint8_t tag = 0;
  return take(at, tag, value) && tag == wanted;
}

std::string_view attribute_name(Bytes oid) {
  const std::string_view id = as_text(oid);
  if (id.size() == 3 && id.starts_with("\x55\x04")) {
    switch (id[2]) {
      case 3: return "CN";
      case 5: return "serialNumber";
      case 6: return "C";
      case 7: return "L";
      case 8: return "ST";
      case 10: return "O";
      case 11: return "OU";
      default: return {};
    }
  }
  return id == "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x01" ? "emailAddress" : std::string_view{};
}

// A Name, its last part first as RFC 4514 2.1 writes it.
std::string name_text(Bytes name) {
  constexpr std::uint8_t kSequence = 0x30, kSet = 0x31, kOid = 0x06;
  std::vector<std::string> parts;
  for (Bytes set; !name.empty() && parts.size() < kMaxNameParts && take_only(name, kSet, set);) {
    Bytes pair, oid, value;
    std::uint8_t tag = 0;
    if (!take_only(set, kSequence, pair) || !take_only(pair, kOid, oid) || !take(pair, tag, value)) break;
    const std::string_view key = attribute_name(oid);
    parts.push_back((key.empty() ? "OID" : std::string(key)) + "=" + escape_text(as_text(value), 128));
  }
  std::string out;
  for (auto it = parts.rbegin(); it != parts.rend(); ++it) out += (out.empty() ? "" : ",") + *it;
  return out.substr(0, kMaxNameText);
}

void read_certificate(Bytes der, ServerFlight& flight) {
  constexpr std::uint8_t kSequence = 0x30, kInteger = 0x02, kVersion = 0xA0;
  Bytes certificate, body, skipped, issuer, subject;
  if (!take_only(der, kSequence, certificate) || !take_only(certificate, kSequence, body)) return;
  Bytes rest = body;
  if (std::uint8_t tag = 0; take(rest, tag, skipped) && tag == kVersion) body = rest;
  if (!take_only(body, kInteger, skipped) || !take_only(body, kSequence, skipped)) return;  // number, algorithm
  if (!take_only(body, kSequence, issuer) || !take_only(body, kSequence, skipped)) return;  // and validity
  if (!take_only(body, kSequence, subject)) return;
  flight.issuer = name_text(issuer);
  flight.subject = name_text(subject);
}

// ---- Tor -----------------------------------------------------------------------------------------------------------

// "www.", letters and digits of base 32, the ending.
bool is_made_up(std::string_view name, std::string_view ending, std::size_t least, std::size_t most) {
  if (!name.starts_with("www.") || !name.ends_with(ending) || name.size() <= 4 + ending.size()) return false;
  name = name.substr(4, name.size() - 4 - ending.size());
  return name.size() >= least && name.size() <= most &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); });
}

}  // namespace

HelloStatus read_server_flight(Bytes stream, ServerFlight& flight) {
  flight = ServerFlight{};
  bool more = true;
  const std::vector<std::byte> bytes = handshake_bytes(stream, more);
  Cursor cursor(bytes);
  while (cursor.left() >= 4) {
    const std::uint8_t type = cursor.u8();
    const std::size_t length = cursor.u24();
    const bool whole = length <= cursor.left();
    const Bytes body = cursor.bytes(std::min(length, cursor.left()));
    if (!flight.has_hello) {
      if (type != kServerHello || length > kMaxServerFlightBytes) return HelloStatus::kNot;
      if (!whole) break;
      if (!read_hello(body, flight)) return HelloStatus::kNot;
      if (flight.version >= 0x0304) return HelloStatus::kDone;  // what follows is encrypted
      continue;
    }
    if (type == kCertificate) {
      Cursor list(body);
      list.u24();
      const std::size_t first = list.u24();
      if (list.ok() && first == 0) return HelloStatus::kDone;
      if (!list.ok() || first > list.left()) return whole ? HelloStatus::kDone : HelloStatus::kNeedMore;
      read_certificate(list.bytes(first), flight);
      return HelloStatus::kDone;
    }
    return HelloStatus::kDone;  // a session that is resumed has none
  }
  if (more) return HelloStatus::kNeedMore;
  return flight.has_hello ? HelloStatus::kDone : HelloStatus::kNot;
}

bool looks_like_tor(std::string_view server_name, const ServerFlight& flight) {
  constexpr std::string_view kName = "CN=";
  return is_made_up(server_name, ".com", 4, 25) && flight.subject.starts_with(kName) &&
         flight.issuer.starts_with(kName) && is_made_up(std::string_view(flight.subject).substr(3), ".net", 8, 20) &&
         is_made_up(std::string_view(flight.issuer).substr(3), ".com", 8, 20);
}

std::string_view cipher_name(std::uint16_t suite) {
  struct Entry {
    std::uint16_t suite;
    std::string_view name;
  };
  constexpr std::array<Entry, 34> kNames = {{{0x0004, "TLS_RSA_WITH_RC4_128_MD5"},
                                             {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
                                             {0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
                                             {0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"},
                                             {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
                                             {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
                                             {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
                                             {0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
                                             {0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
                                             {0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
                                             {0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
                                             {0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
                                             {0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
                                             {0x1301, "TLS_AES_128_GCM_SHA256"},
                                             {0x1302, "TLS_AES_256_GCM_SHA384"},
                                             {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
                                             {0xC007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"},
                                             {0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
                                             {0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
                                             {0xC011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"},
                                             {0xC012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
                                             {0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
                                             {0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
                                             {0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
                                             {0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
                                             {0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
                                             {0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
                                             {0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
                                             {0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
                                             {0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                                             {0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
                                             {0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
                                             {0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
                                             {0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}}};
  const auto* found = std::lower_bound(kNames.begin(), kNames.end(), suite,
                                       [](const Entry& entry, std::uint16_t wanted) { return entry.suite < wanted; });
  return found != kNames.end() && found->suite == suite ? found->name : std::string_view{};
}

}  // namespace rw
