// DNS names and record data between text, canonical text and the wire.
#include "resolver/names.h"

#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace rw {
namespace {

constexpr std::size_t kMaxLabelBytes = 63;  // RFC 1035 2.3.4
constexpr std::size_t kMaxNameBytes = 255;  // the same: on the wire, length bytes and root included

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One byte of a label at `at`, escapes resolved (RFC 1035 5.1).
bool read_byte(std::string_view text, std::size_t& at, unsigned char& byte) {
  if (text[at] != '\\') {
    byte = static_cast<unsigned char>(text[at++]);
    return true;
  }
  if (at + 1 >= text.size()) return false;
  if (!is_digit(text[at + 1])) {
    byte = static_cast<unsigned char>(text[at + 1]);
    at += 2;
    return true;
  }
  if (at + 3 >= text.size() || !is_digit(text[at + 2]) || !is_digit(text[at + 3])) return false;
  const int value = (text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 + (text[at + 3] - '0');
  if (value > 255) return false;
  byte = static_cast<unsigned char>(value);
  at += 4;
  return true;
}

void append_byte(std::string& name, unsigned char byte) {
  if (byte >= 'A' && byte <= 'Z') {
    name += static_cast<char>(byte + 32);
  } else if (byte == '.' || byte == '\\') {
    name += '\\';
    name += static_cast<char>(byte);
  } else if (byte > 0x20 && byte < 0x7F) {
    name += static_cast<char>(byte);
  } else {
    name += '\\';
    name += static_cast<char>('0' + byte / 100);
    name += static_cast<char>('0' + byte / 10 % 10);
    name += static_cast<char>('0' + byte % 10);
  }
}

// IANA's numbers. Types beyond those that the resolver asks for are here since real zone files hold them.
constexpr std::pair<std::string_view, std::uint16_t> kTypes[] = {
    {"A", 1},      {"NS", 2},       {"CNAME", 5},       {"SOA", 6},     {"PTR", 12},    {"HINFO", 13},
    {"MX", 15},    {"TXT", 16},     {"RP", 17},         {"AFSDB", 18},  {"AAAA", 28},   {"LOC", 29},
    {"SRV", 33},   {"NAPTR", 35},   {"KX", 36},         {"CERT", 37},   {"DNAME", 39},  {"APL", 42},
    {"DS", 43},    {"SSHFP", 44},   {"IPSECKEY", 45},   {"RRSIG", 46},  {"NSEC", 47},   {"DNSKEY", 48},
    {"DHCID", 49}, {"NSEC3", 50},   {"NSEC3PARAM", 51}, {"TLSA", 52},   {"SMIMEA", 53}, {"HIP", 55},
    {"CDS", 59},   {"CDNSKEY", 60}, {"OPENPGPKEY", 61}, {"CSYNC", 62},  {"ZONEMD", 63}, {"SVCB", 64},
    {"HTTPS", 65}, {"SPF", 99},     {"EUI48", 108},     {"EUI64", 109}, {"URI", 256},   {"CAA", 257}};

bool same_folded(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char x = a[i] >= 'a' && a[i] <= 'z' ? static_cast<char>(a[i] - 32) : a[i];
    if (x != b[i]) return false;
  }
  return true;
}

std::uint16_t u16(std::string_view data, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(data[at]) << 8 |
                                    static_cast<unsigned char>(data[at + 1]));
}

bool decode_texts(std::string_view data, DnsRecord& record) {  // RFC 1035 3.3.14: one or more character-strings
  std::size_t at = 0;
  while (at < data.size()) {
    const std::size_t length = static_cast<unsigned char>(data[at++]);
    if (length > data.size() - at) return false;
    record.strings.emplace_back(data.substr(at, length));
    record.text += record.strings.back();
    at += length;
  }
  return !record.strings.empty();
}

}  // namespace

bool canonical_name(std::string_view text, std::string& name) {
  name.clear();
  if (text.empty() || text == ".") return true;
  std::size_t wire = 1, label = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      if (label == 0) return false;
      label = 0;
      ++at;
      if (at < text.size()) name += '.';
      continue;
    }
    unsigned char byte = 0;
    if (!read_byte(text, at, byte)) return false;
    wire += label == 0 ? 2 : 1;
    if (++label > kMaxLabelBytes || wire > kMaxNameBytes) return false;
    append_byte(name, byte);
  }
  return true;
}

std::string_view parent_name(std::string_view name) {
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] == '\\')
      ++at;  // \DDD holds no dot either
    else if (name[at] == '.')
      return name.substr(at + 1);
  }
  return {};
}

bool is_at_or_below(std::string_view name, std::string_view ancestor) {
  if (ancestor.empty()) return true;
  if (!name.ends_with(ancestor)) return false;
  if (name.size() == ancestor.size()) return true;
  // The dot before it must separate labels, so walk label by label.
  while (name.size() > ancestor.size()) name = parent_name(name);
  return name == ancestor;
}

std::size_t label_count(std::string_view name) {
  std::size_t count = 0;
  for (; !name.empty(); name = parent_name(name)) ++count;
  return count;
}

void append_wire_name(std::string_view name, std::string& wire) {
  std::size_t length_at = wire.size();
  if (!name.empty()) wire += '\0';
  for (std::size_t at = 0; at < name.size();) {
    if (name[at] == '.') {
      length_at = wire.size();
      wire += '\0';
      ++at;
      continue;
    }
    unsigned char byte = 0;
    if (!read_byte(name, at, byte)) break;
    wire += static_cast<char>(byte);
    ++wire[length_at];
  }
  wire += '\0';
}

bool read_wire_name(std::string_view wire, std::size_t& at, std::string& name) {
  name.clear();
  std::size_t total = 1;
  while (at < wire.size()) {
    const std::size_t length = static_cast<unsigned char>(wire[at++]);
    if (length == 0) return true;
    total += length + 1;
    if (length > kMaxLabelBytes || total > kMaxNameBytes || length > wire.size() - at) return false;
    if (!name.empty()) name += '.';
    for (std::size_t i = 0; i < length; ++i) append_byte(name, static_cast<unsigned char>(wire[at + i]));
    at += length;
  }
  return false;
}

bool decode_record(std::uint16_t type, std::string_view data, DnsRecord& record) {
  record = {};
  std::size_t at = 0;
  switch (type) {
    case static_cast<std::uint16_t>(DnsType::kA):
      if (data.size() != 4) return false;
      record.address = Ip::v4(static_cast<std::uint32_t>(u16(data, 0)) << 16 | u16(data, 2));
      return true;
    case static_cast<std::uint16_t>(DnsType::kAaaa):
      if (data.size() != 16) return false;
      record.address = Ip::v6(reinterpret_cast<const std::byte*>(data.data()));
      return true;
    case static_cast<std::uint16_t>(DnsType::kMx):
      if (data.size() < 3) return false;
      record.preference = u16(data, 0);
      at = 2;
      return read_wire_name(data, at, record.name) && at == data.size();
    case static_cast<std::uint16_t>(DnsType::kNs):
    case static_cast<std::uint16_t>(DnsType::kCname):
    case static_cast<std::uint16_t>(DnsType::kPtr): return read_wire_name(data, at, record.name) && at == data.size();
    case static_cast<std::uint16_t>(DnsType::kTxt): return decode_texts(data, record);
    default: record.data = std::string(data); return true;
  }
}

std::uint16_t record_type_by_name(std::string_view text) {
  for (const auto& [name, type] : kTypes)
    if (same_folded(text, name)) return type;
  if (text.size() <= 4 || !same_folded(text.substr(0, 4), "TYPE")) return 0;  // RFC 3597 5
  std::uint16_t type = 0;
  const auto [end, error] = std::from_chars(text.data() + 4, text.data() + text.size(), type);
  return error == std::errc{} && end == text.data() + text.size() ? type : 0;
}

std::string record_type_name(std::uint16_t type) {
  for (const auto& [name, number] : kTypes)
    if (number == type) return std::string(name);
  return "TYPE" + std::to_string(type);
}

}  // namespace rw
