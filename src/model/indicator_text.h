// Canonical text of indicators, so that what a list says and what a sensor saw are compared as equals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace rw {

inline constexpr std::size_t kMaxIndicatorBytes = 2048;  // longer URLs are of no use as indicators

// A domain name in lower case without final dot, escaped as the tables hold names (RFC 1035 5.1); "" where `text` is
// not one: no dot, labels that are empty or over 63 bytes, bytes that no host name has, or an address. A leading "*."
// or "." is dropped (matching covers names below anyway), and "[.]" is read as ".".
std::string canonical_domain(std::string_view text);

// An URL without scheme's and host's capitals, user part, default port and fragment; a path of at least "/". "" where
// `text` is not an absolute http, https or ftp URL. "hxxp" is read as "http", "[.]" as ".".
std::string canonical_url(std::string_view text);

// What a web server was asked for, in the same form: `host` as the Host header has it, `uri` the request target.
std::string requested_url(std::string_view host, std::string_view uri, std::uint16_t port);

// Hexadecimal digits in lower case when `text` is an MD5, SHA-1 or SHA-256; else "".
std::string canonical_hash(std::string_view text);

// First and last address of an address, a prefix ("10.0.0.0/8", host bits cleared), or "A-B". Kind is "address" for
// one, else "prefix"; the text is canonical: address, prefix where it is one, else "A-B". False where it is none.
struct AddressSpan {
  Ip first;
  Ip last;
  bool single = false;
  std::string text;
};
bool read_address_span(std::string_view text, AddressSpan& out);

}  // namespace rw
