// DNS names and record data: text as RFC 1035 5.1 writes them, and bytes as 3.1 and 3.3 do. No compression here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "resolver/resolver.h"

namespace rw {

// `text` in the one form that all names here have: lower case, a dot or backslash inside a label with a backslash
// before it, bytes that are not printable as \DDD, no final dot; the root is "". False where it cannot be a name: an
// empty label, one over 63 bytes, over 255 bytes on the wire, a broken escape.
bool canonical_name(std::string_view text, std::string& name);

// The functions below take canonical names.
std::string_view parent_name(std::string_view name);  // "" for a top-level name and for the root
bool is_at_or_below(std::string_view name, std::string_view ancestor);
std::size_t label_count(std::string_view name);
void append_wire_name(std::string_view name, std::string& wire);
// Reads a name at `at` and moves `at` behind it. False where there is none, or where it is compressed.
bool read_wire_name(std::string_view wire, std::size_t& at, std::string& name);

// What a record of `type` holds, from its data on the wire. False where the data cannot be of that type.
bool decode_record(std::uint16_t type, std::string_view data, DnsRecord& record);

// "TXT", "TYPE65280", any case; 0 where it is neither.
std::uint16_t record_type_by_name(std::string_view text);
std::string record_type_name(std::uint16_t type);

}  // namespace rw
