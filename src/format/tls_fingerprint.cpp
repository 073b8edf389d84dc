// The fingerprints' texts and their hashes, by nettle.
#include "format/tls_fingerprint.h"

#include <nettle/md5.h>
#include <nettle/sha2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

namespace rw {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

template <std::size_t size>
std::string hex_text(const std::array<std::uint8_t, size>& bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

const std::uint8_t* raw(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

std::string md5(std::string_view text) {
  md5_ctx context;
  md5_init(&context);
  md5_update(&context, text.size(), raw(text));
  std::array<std::uint8_t, MD5_DIGEST_SIZE> digest;
  md5_digest(&context, digest.size(), digest.data());
  return hex_text(digest);
}

// The first twelve digits, as JA4 has it; zeros for nothing at all.
std::string sha256_start(std::string_view text) {
  constexpr std::size_t kLength = 12;
  if (text.empty()) return std::string(kLength, '0');
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, text.size(), raw(text));
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest;
  sha256_digest(&context, digest.size(), digest.data());
  return hex_text(digest).substr(0, kLength);
}

template <typename Numbers>
void append_decimal(std::string& out, const Numbers& numbers) {
  bool first = true;
  for (const unsigned n : numbers) {
    if (!first) out += '-';
    out += std::to_string(n);
    first = false;
  }
}

std::string hex_list(const std::vector<std::uint16_t>& numbers) {
  std::string out;
  for (const std::uint16_t n : numbers) {
    if (!out.empty()) out += ',';
    for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[n >> shift & 15];
  }
  return out;
}

std::string_view ja4_version(std::uint16_t version) {
  switch (version) {
    case 0x0304: return "13";
    case 0x0303: return "12";
    case 0x0302: return "11";
    case 0x0301: return "10";
    case 0x0300: return "s3";
    default: return "00";
  }
}

void append_count(std::string& out, std::size_t count) {
  count = std::min<std::size_t>(count, 99);
  out += static_cast<char>('0' + count / 10);
  out += static_cast<char>('0' + count % 10);
}

// First and last character of the first protocol; of its hexadecimal digits where those are no letters or digits.
std::string ja4_protocol(std::string_view alpn) {
  if (alpn.empty()) return "00";
  const auto first = static_cast<unsigned char>(alpn.front()), last = static_cast<unsigned char>(alpn.back());
  if (std::isalnum(first) != 0 && std::isalnum(last) != 0) return {alpn.front(), alpn.back()};
  return {kDigits[first >> 4], kDigits[last & 15]};
}

}  // namespace

std::string ja3(const ClientHello& hello) {
  std::string text = std::to_string(hello.legacy_version) + ',';
  append_decimal(text, hello.ciphers);
  text += ',';
  append_decimal(text, hello.extensions);
  text += ',';
  append_decimal(text, hello.groups);
  text += ',';
  append_decimal(text, hello.point_formats);
  return md5(text);
}

std::string ja3s(std::uint16_t version, std::uint16_t cipher, std::span<const std::uint16_t> extensions) {
  std::string text = std::to_string(version) + ',' + std::to_string(cipher) + ',';
  append_decimal(text, extensions);
  return md5(text);
}

std::string ja4(const ClientHello& hello, char transport) {
  std::string out(1, transport);
  out += ja4_version(hello.version);
  out += hello.has_server_name ? 'd' : 'i';
  append_count(out, hello.ciphers.size());
  append_count(out, hello.extensions.size());
  out += ja4_protocol(hello.first_alpn);
  std::vector<std::uint16_t> ciphers = hello.ciphers, extensions = hello.extensions;
  std::sort(ciphers.begin(), ciphers.end());
  constexpr std::uint16_t kServerName = 0, kAlpn = 16;  // they differ from one connection to the next
  std::erase_if(extensions, [](std::uint16_t type) { return type == kServerName || type == kAlpn; });
  std::sort(extensions.begin(), extensions.end());
  std::string last = hex_list(extensions);
  if (!hello.signature_algorithms.empty()) last += '_' + hex_list(hello.signature_algorithms);
  return out + '_' + sha256_start(hex_list(ciphers)) + '_' + sha256_start(last);
}

}  // namespace rw
