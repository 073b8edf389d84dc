// Reading ClientHello messages.
#include "format/tls.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "model/escape.h"

namespace rw {
namespace {

constexpr std::uint8_t kRecordHandshake = 22;
constexpr std::uint8_t kClientHello = 1, kServerHello = 2;
constexpr std::size_t kRecordHeader = 5, kHandshakeHeader = 4;
constexpr std::size_t kMaxRecord = (1 << 14) + 256;  // RFC 8446 5.2
constexpr std::size_t kMaxServerName = 255;          // longer is no host name

constexpr std::uint16_t kExtensionServerName = 0, kExtensionGroups = 10, kExtensionPointFormats = 11,
                        kExtensionSignatures = 13, kExtensionAlpn = 16, kExtensionSupportedVersions = 43;

bool is_grease(std::uint16_t value) { return (value & 0x0F0F) == 0x0A0A && (value >> 8) == (value & 0xFF); }

// Drafts of TLS 1.3 were numbered 0x7F00 plus the draft.
std::uint16_t known_version(std::uint16_t version) {
  if ((version >> 8) == 0x7F) return 0x0304;
  return version >= 0x0300 && version <= 0x0304 ? version : 0;
}

void read_server_name(Cursor list, ClientHello& hello) {
  list.u16();
  while (list.left() >= 3) {
    const std::uint8_t type = list.u8();
    const Bytes name = list.bytes(list.u16());
    if (type != 0 || name.empty() || name.size() > kMaxServerName) continue;
    hello.server_name = escape_text(as_text(name));
    for (char& c : hello.server_name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    hello.has_server_name = true;
    return;
  }
}

void read_alpn(Cursor list, ClientHello& hello) {
  list.u16();
  while (list.left() > 1) {
    const Bytes name = list.bytes(list.u8());
    if (name.empty()) continue;
    if (name.size() == 2 && is_grease(Cursor(name).u16())) continue;
    hello.alpn = escape_text(as_text(name));
    hello.first_alpn = as_text(name);
    return;
  }
}

void read_versions(Cursor list, ClientHello& hello) {
  list.u8();
  while (list.left() >= 2) hello.version = std::max(hello.version, known_version(list.u16()));
}

// Numbers of two bytes, GREASE left out.
void read_numbers(Cursor list, std::vector<std::uint16_t>& out) {
  while (list.left() >= 2 && out.size() < ClientHello::kMaxListed)
    if (const std::uint16_t number = list.u16(); !is_grease(number)) out.push_back(number);
}

}  // namespace

bool looks_like_tls(Bytes payload) {
  Cursor cursor(payload);
  const std::uint8_t type = cursor.u8();
  const std::uint16_t version = cursor.u16();
  const std::uint16_t length = cursor.u16();
  const std::uint8_t message = cursor.u8();
  const std::uint8_t high_length = cursor.u8();  // of the message: 0 for anything under 64 KiB
  return cursor.ok() && type == kRecordHandshake && version >= 0x0300 && version <= 0x0304 &&
         length >= kHandshakeHeader && length <= kMaxRecord && (message == kClientHello || message == kServerHello) &&
         high_length == 0;
}

HelloStatus read_client_hello(Bytes stream, ClientHello& hello) {
  std::vector<std::byte> joined;  // only where the message spans records
  const auto whole = [&joined] {
    Cursor header(joined);
    header.u8();
    const std::uint32_t length = header.u24();
    return header.ok() && header.left() >= length;
  };
  Cursor cursor(stream);
  for (bool first = true; cursor.left() >= kRecordHeader && !whole(); first = false) {
    const std::uint8_t type = cursor.u8();
    const std::uint16_t version = cursor.u16();
    const std::uint16_t length = cursor.u16();
    if (type != kRecordHandshake || (version >> 8) != 3 || length == 0 || length > kMaxRecord) return HelloStatus::kNot;
    const Bytes fragment = cursor.bytes(std::min<std::size_t>(length, cursor.left()));
    if (first) {
      const HelloStatus status = parse_client_hello(fragment, hello);
      if (status != HelloStatus::kNeedMore || fragment.size() < length) return status;
    }
    joined.insert(joined.end(), fragment.begin(), fragment.end());
  }
  const HelloStatus status = parse_client_hello(joined, hello);
  return status == HelloStatus::kNeedMore && stream.size() >= kMaxClientHelloBytes ? HelloStatus::kNot : status;
}

HelloStatus parse_client_hello(Bytes handshake, ClientHello& hello) {
  if (!handshake.empty() && std::to_integer<std::uint8_t>(handshake[0]) != kClientHello) return HelloStatus::kNot;
  if (handshake.size() < kHandshakeHeader) return HelloStatus::kNeedMore;
  Cursor header(handshake);
  header.u8();
  const std::uint32_t length = header.u24();
  if (length > kMaxClientHelloBytes) return HelloStatus::kNot;
  const bool whole = header.left() >= length;
  Cursor body(header.rest().first(std::min<std::size_t>(length, header.left())));

  hello = ClientHello{};
  hello.legacy_version = body.u16();
  hello.version = known_version(hello.legacy_version);
  body.skip(32);         // random
  body.skip(body.u8());  // session id
  const std::size_t cipher_bytes = body.u16();
  read_numbers(Cursor(body.bytes(std::min(cipher_bytes, body.left()))), hello.ciphers);
  body.skip(body.u8());  // compression methods
  if (!body.ok()) return whole ? HelloStatus::kNot : HelloStatus::kNeedMore;
  const std::size_t extension_bytes = body.left() >= 2 ? body.u16() : 0;
  Cursor extensions(body.bytes(std::min(extension_bytes, body.left())));
  while (extensions.left() >= 4) {
    const std::uint16_t type = extensions.u16();
    const Bytes data = extensions.bytes(extensions.u16());
    if (!extensions.ok()) break;
    if (!is_grease(type) && hello.extensions.size() < ClientHello::kMaxListed) hello.extensions.push_back(type);
    if (type == kExtensionServerName)
      read_server_name(Cursor(data), hello);
    else if (type == kExtensionAlpn)
      read_alpn(Cursor(data), hello);
    else if (type == kExtensionSupportedVersions)
      read_versions(Cursor(data), hello);
    else if (type == kExtensionGroups && data.size() > 2)
      read_numbers(Cursor(data.subspan(2)), hello.groups);
    else if (type == kExtensionSignatures && data.size() > 2)
      read_numbers(Cursor(data.subspan(2)), hello.signature_algorithms);
    else if (type == kExtensionPointFormats)
      for (const std::byte format : data.subspan(std::min<std::size_t>(1, data.size())))
        hello.point_formats.push_back(std::to_integer<std::uint8_t>(format));
  }
  if (!whole) return HelloStatus::kNeedMore;
  return extensions.ok() ? HelloStatus::kDone : HelloStatus::kNot;
}

std::string_view tls_version_name(std::uint16_t version) {
  switch (version) {
    case 0x0300: return "SSLv3";
    case 0x0301: return "TLSv10";
    case 0x0302: return "TLSv11";
    case 0x0303: return "TLSv12";
    case 0x0304: return "TLSv13";
    default: return {};
  }
}

}  // namespace rw
