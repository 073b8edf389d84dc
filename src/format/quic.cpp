// Initial packets: key derivation, header protection, decryption, CRYPTO frames. The one place of rangewatch that
// decrypts.
#include "format/quic.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>

namespace rw {
namespace {

constexpr std::uint32_t kVersion1 = 1;
constexpr std::uint32_t kVersion2 = 0x6B3343CF;  // RFC 9369 3.1
constexpr std::uint32_t kDraft29 = 0xFF00001D, kDraft32 = 0xFF000020, kDraft34 = 0xFF000022;
constexpr std::size_t kMaxConnectionId = 20;       // RFC 9000 17.2
constexpr std::size_t kMinClientConnectionId = 8;  // RFC 9000 7.2
constexpr std::size_t kTag = 16, kSample = 16;
constexpr std::size_t kHash = 32;

using Salt = std::array<unsigned char, 20>;
constexpr Salt kSaltVersion1 = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                                0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};  // RFC 9001 5.2
constexpr Salt kSaltVersion2 = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                                0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};  // RFC 9369 3.3.1
constexpr Salt kSaltDraft29 = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                               0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};  // draft-29 5.2

bool is_draft29(std::uint32_t version) { return version >= kDraft29 && version <= kDraft32; }
bool known_version(std::uint32_t version) {
  return version == kVersion1 || version == kVersion2 || (version >= kDraft29 && version <= kDraft34);
}

const Salt& salt_of(std::uint32_t version) {
  if (version == kVersion2) return kSaltVersion2;
  return is_draft29(version) ? kSaltDraft29 : kSaltVersion1;
}

// A number of 1, 2, 4 or 8 bytes (RFC 9000 16).
std::uint64_t varint(Cursor& cursor) {
  if (cursor.left() == 0) {
    cursor.skip(1);
    return 0;
  }
  const std::size_t width = std::size_t{1} << (std::to_integer<unsigned>(cursor.rest()[0]) >> 6);
  const std::uint64_t value = cursor.number(width);
  return value & (~std::uint64_t{0} >> (66 - 8 * width));
}

const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

using Hash = std::array<unsigned char, kHash>;

Hash hmac(const unsigned char* key, std::size_t key_bytes, const unsigned char* data, std::size_t data_bytes) {
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key_bytes, key);
  hmac_sha256_update(&context, data_bytes, data);
  Hash out;
  hmac_sha256_digest(&context, out.size(), out.data());
  return out;
}

// HKDF-Expand-Label (RFC 8446 7.1) for outputs of at most one hash.
void expand_label(const Hash& secret, std::string_view label, std::byte* out, std::size_t out_bytes) {
  std::string info;
  info += '\0';
  info += static_cast<char>(out_bytes);
  info += static_cast<char>(6 + label.size());
  (info += "tls13 ") += label;
  info += '\0';    // empty context
  info += '\x01';  // first block of HKDF-Expand (RFC 5869 2.3)
  const Hash block =
      hmac(secret.data(), secret.size(), reinterpret_cast<const unsigned char*>(info.data()), info.size());
  std::memcpy(out, block.data(), out_bytes);
}

// What stands before the packet number of a long header (RFC 9000 17.2).
struct LongHeader {
  std::uint8_t first = 0;
  std::uint32_t version = 0;
  Bytes destination;  // connection id
  bool initial = false;
  std::size_t number_at = 0;  // offset of the packet number; only for Initial packets
  std::size_t packet_bytes = 0;
};

bool read_header(Bytes bytes, LongHeader& header) {
  Cursor cursor(bytes);
  header.first = cursor.u8();
  header.version = cursor.u32();
  const std::size_t destination = cursor.u8();
  if ((header.first & 0xC0) != 0xC0 || !known_version(header.version) || destination > kMaxConnectionId) return false;
  header.destination = cursor.bytes(destination);
  const std::size_t source = cursor.u8();
  if (source > kMaxConnectionId) return false;
  cursor.skip(source);
  const unsigned type = (header.first >> 4) & 3;
  header.initial = type == (header.version == kVersion2 ? 1U : 0U);   // RFC 9369 3.2
  if (type == (header.version == kVersion2 ? 0U : 3U)) return false;  // Retry: from a server, and without a length
  if (header.initial) cursor.skip(std::min<std::uint64_t>(varint(cursor), UINT32_MAX));  // token
  const std::uint64_t length = varint(cursor);
  if (!cursor.ok() || length > cursor.left()) return false;
  header.number_at = cursor.offset();
  header.packet_bytes = cursor.offset() + static_cast<std::size_t>(length);
  return true;
}

}  // namespace

bool looks_like_quic_initial(Bytes payload) {
  if (payload.size() < 64 || (std::to_integer<unsigned>(payload[0]) & 0xC0) != 0xC0) return false;
  LongHeader header;
  return read_header(payload, header) && header.initial && header.destination.size() >= kMinClientConnectionId;
}

std::string_view QuicInitial::version_name() const {
  if (version_ == kVersion2) return "QUICv2";
  if (version_ == kVersion1) return "QUICv1";
  return is_draft29(version_) ? "QUICdraft29" : "QUICdraft34";
}

HelloStatus QuicInitial::datagram(Bytes payload) {
  if (++datagrams_ > kMaxDatagrams) return HelloStatus::kNot;
  // Several packets may share a datagram (RFC 9000 12.2).
  for (LongHeader header; read_header(payload, header); payload = payload.subspan(header.packet_bytes)) {
    if (!header.initial) continue;
    const Bytes packet = payload.first(header.packet_bytes);
    std::vector<std::byte> plain;
    Keys fresh;
    if (has_keys_ && open(keys_, packet, header.number_at, plain)) {
      frames(plain);
      continue;
    }
    derive(header.version, header.destination, fresh);
    if (open(fresh, packet, header.number_at, plain)) {
      // The client's first packet, or the first after a Retry.
      keys_ = fresh;
      has_keys_ = authenticated_ = true;
      version_ = header.version;
      frames(plain);
    }
  }
  if (!authenticated_) return HelloStatus::kNot;
  const HelloStatus status = parse_client_hello(crypto_.prefix(), hello_);
  return status;
}

void QuicInitial::derive(std::uint32_t version, Bytes connection_id, Keys& keys) const {
  const Salt& salt = salt_of(version);
  const bool second = version == kVersion2;
  Hash client;
  expand_label(hmac(salt.data(), salt.size(), raw(connection_id.data()), connection_id.size()), "client in",
               reinterpret_cast<std::byte*>(client.data()), client.size());
  expand_label(client, second ? "quicv2 key" : "quic key", keys.key, sizeof keys.key);
  expand_label(client, second ? "quicv2 iv" : "quic iv", keys.iv, sizeof keys.iv);
  expand_label(client, second ? "quicv2 hp" : "quic hp", keys.header, sizeof keys.header);
}

// Takes header protection off (RFC 9001 5.4) and decrypts (5.3). False when the keys do not fit.
bool QuicInitial::open(const Keys& keys, Bytes packet, std::size_t number_at, std::vector<std::byte>& plain) const {
  if (packet.size() < number_at + 4 + kSample) return false;
  unsigned char mask[kSample];
  aes128_ctx header_cipher;
  aes128_set_encrypt_key(&header_cipher, raw(keys.header));
  aes128_encrypt(&header_cipher, sizeof mask, mask, raw(packet.data() + number_at + 4));
  const std::uint8_t first = std::to_integer<std::uint8_t>(packet[0]) ^ (mask[0] & 0x0F);
  const std::size_t number_bytes = (first & 3) + 1U;
  const std::size_t header_bytes = number_at + number_bytes;
  if (packet.size() < header_bytes + kTag) return false;
  std::vector<unsigned char> header(raw(packet.data()), raw(packet.data()) + header_bytes);
  header[0] = first;
  unsigned char nonce[12];
  std::memcpy(nonce, keys.iv, sizeof nonce);
  for (std::size_t i = 0; i < number_bytes; ++i) {
    header[number_at + i] ^= mask[1 + i];
    nonce[sizeof nonce - number_bytes + i] ^= header[number_at + i];
  }
  const Bytes sealed = packet.subspan(header_bytes);
  const std::size_t text_bytes = sealed.size() - kTag;
  gcm_aes128_ctx cipher;
  gcm_aes128_set_key(&cipher, raw(keys.key));
  gcm_aes128_set_iv(&cipher, sizeof nonce, nonce);
  gcm_aes128_update(&cipher, header.size(), header.data());
  plain.resize(text_bytes);
  gcm_aes128_decrypt(&cipher, text_bytes, raw(plain.data()), raw(sealed.data()));
  unsigned char tag[kTag];
  gcm_aes128_digest(&cipher, sizeof tag, tag);
  const bool good = memeql_sec(tag, sealed.data() + text_bytes, sizeof tag) != 0;
  if (!good) plain.clear();
  return good;
}

// RFC 9000 19: only what may stand in an Initial packet.
void QuicInitial::frames(Bytes plain) {
  Cursor cursor(plain);
  while (cursor.ok() && cursor.left() > 0) {
    const std::uint64_t type = varint(cursor);
    switch (type) {
      case 0x00:  // padding
      case 0x01:  // ping
        break;
      case 0x02:  // acknowledgement, the second with ECN counts
      case 0x03: {
        varint(cursor), varint(cursor);
        const std::uint64_t ranges = varint(cursor);
        varint(cursor);
        for (std::uint64_t i = 0; i < ranges && cursor.ok(); ++i) varint(cursor), varint(cursor);
        if (type == 0x03) varint(cursor), varint(cursor), varint(cursor);
        break;
      }
      case 0x06: {
        const std::uint64_t offset = varint(cursor);
        const std::uint64_t length = varint(cursor);
        if (!cursor.ok() || offset > kMaxClientHelloBytes || length > cursor.left()) return;
        crypto_.add(static_cast<std::size_t>(offset), cursor.bytes(static_cast<std::size_t>(length)),
                    kMaxClientHelloBytes);
        break;
      }
      default: return;
    }
  }
}

}  // namespace rw
