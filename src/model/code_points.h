// Numbers that IANA assigns, and the names that people use for them: protocols, DNS types and response codes, TCP
// flags.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rw {

// Names are what listings print and filters take; a number without a name prints as the number. Reading folds case and
// takes numbers too; nothing for a word that is neither.
std::string protocol_name(std::uint8_t number);  // "tcp", "icmp6"
std::optional<std::uint8_t> protocol_number(std::string_view name);
std::string dns_type_name(std::uint16_t number);  // "AAAA"; "TYPE65280" (RFC 3597) without a name
std::optional<std::uint16_t> dns_type_number(std::string_view name);
std::string dns_rcode_name(std::uint16_t number);  // "NXDOMAIN"; "RCODE42"
std::optional<std::uint16_t> dns_rcode_number(std::string_view name);
// TCP flags by letter, most significant first as on the wire: C E U A P R S F (RFC 9293 3.1). "AS" for SYN and ACK.
std::string tcp_flags_text(std::uint8_t flags);
std::optional<std::uint8_t> tcp_flags_number(std::string_view letters);  // letters in any order, at least one

// All names, for tips in error messages. They live forever.
const std::vector<std::string_view>& protocol_names();
const std::vector<std::string_view>& dns_type_names();
const std::vector<std::string_view>& dns_rcode_names();

}  // namespace rw
