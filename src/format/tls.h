// The TLS ClientHello (RFC 8446 4.1.2): the server name, versions and application protocols that a client asks for.
//
//   ClientHello hello;
//   switch (read_client_hello(first_bytes_of_client, hello)) { case HelloStatus::kDone: use(hello.server_name); … }
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"

namespace rw {

// A ClientHello with post-quantum key shares is under 2 KiB; beyond this nobody's server would accept it.
inline constexpr std::size_t kMaxClientHelloBytes = 16 * 1024;

struct ClientHello {
  bool has_server_name = false;
  std::string server_name;    // RFC 6066 3, escaped, lower case; with encrypted ClientHello the outer name
  std::uint16_t version = 0;  // the highest that is offered, GREASE (RFC 8701) left out
  std::string alpn;           // the first application protocol (RFC 7301), GREASE left out; empty: none offered

  // What fingerprints are made of (tls_fingerprint.h), in the order of the hello, GREASE left out; at most kMaxListed.
  static constexpr std::size_t kMaxListed = 512;
  std::uint16_t legacy_version = 0;
  std::vector<std::uint16_t> ciphers, extensions, groups, signature_algorithms;
  std::vector<std::uint8_t> point_formats;
  std::string first_alpn;  // as it is on the wire
  std::size_t memory_bytes() const {
    return 2 * (ciphers.capacity() + extensions.capacity() + groups.capacity() + signature_algorithms.capacity()) +
           point_formats.capacity() + server_name.capacity() + alpn.capacity();
  }
};

enum class HelloStatus : std::uint8_t {
  kDone,
  kNeedMore,  // so far it is one, but it goes on
  kNot,       // this is no ClientHello, or a broken one
};

// Whether a TCP payload begins with a TLS handshake record that holds a ClientHello or ServerHello.
bool looks_like_tls(Bytes payload);

// From the client's first bytes: records (RFC 8446 5.1), of which the handshake message may need several.
HelloStatus read_client_hello(Bytes stream, ClientHello& hello);

// From the handshake message itself (as in QUIC's CRYPTO frames).
HelloStatus parse_client_hello(Bytes handshake, ClientHello& hello);

// "TLSv13"; null for a number that names no version.
std::string_view tls_version_name(std::uint16_t version);

}  // namespace rw
