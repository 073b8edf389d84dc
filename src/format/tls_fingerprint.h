// JA3, JA3S and JA4: what a TLS implementation offers, as short text that lists of known clients are keyed by.
//
// JA3 and JA3S are MD5 of numbers in the order of the hello (salesforce/ja3); JA4 is readable in front and hashes
// sorted lists (FoxIO's specification, BSD licensed part). GREASE values (RFC 8701) are left out.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "format/tls.h"

namespace rw {

std::string ja3(const ClientHello& hello);
std::string ja3s(std::uint16_t version, std::uint16_t cipher, std::span<const std::uint16_t> extensions);
// `transport` is 't' for TCP, 'q' for QUIC, 'd' for DTLS.
std::string ja4(const ClientHello& hello, char transport);

}  // namespace rw
