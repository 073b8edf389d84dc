// What a TLS server answers in the clear: its ServerHello (RFC 8446 4.1.3) and, up to TLS 1.2, its certificate's names.
//
//   ServerFlight flight;
//   if (read_server_flight(first_bytes_of_server, flight) == HelloStatus::kDone) use(flight.ja3s, flight.subject);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/cursor.h"
#include "format/tls.h"

namespace rw {

inline constexpr std::size_t kMaxServerFlightBytes = 8 * 1024;  // the first certificate ends within

struct ServerFlight {
  bool has_hello = false;
  std::uint16_t version = 0;  // agreed
  std::uint16_t cipher = 0;
  std::string ja3s;             // hexadecimal MD5
  std::string subject, issuer;  // of the first certificate: "CN=www.example.org,O=Example", the closest first; escaped
};

// kDone when nothing more can be learned; kNeedMore while the certificate is not whole; kNot when it is no ServerHello.
// What was found so far is in `flight` either way.
HelloStatus read_server_flight(Bytes stream, ServerFlight& flight);

// IANA's name of the suite; null for one that is not in the list of those in use.
std::string_view cipher_name(std::uint16_t suite);

// Whether both hellos and the certificate are a Tor relay's: made-up names on all three, and nothing else in them
// (tor-spec 2, as relays have spoken since 0.2.3). A name alone is not enough: some content networks have such names
// too.
bool looks_like_tor(std::string_view server_name, const ServerFlight& flight);

}  // namespace rw
