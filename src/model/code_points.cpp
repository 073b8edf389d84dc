// The tables, small enough to search from the start.
#include "model/code_points.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace rw {
namespace {

struct CodePoint {
  std::uint16_t number;
  std::string_view name;
};

// A number's first line is its name; later lines are other spellings that filters take.
constexpr CodePoint kProtocols[] = {
    {1, "icmp"},       {2, "igmp"},     {4, "ipip"},        {6, "tcp"},        {8, "egp"},    {9, "igp"},
    {17, "udp"},       {27, "rdp"},     {33, "dccp"},       {41, "ipv6"},      {41, "6in4"},  {43, "ipv6-route"},
    {44, "ipv6-frag"}, {46, "rsvp"},    {47, "gre"},        {50, "esp"},       {51, "ah"},    {58, "icmp6"},
    {58, "ipv6-icmp"}, {58, "icmpv6"},  {59, "ipv6-nonxt"}, {60, "ipv6-opts"}, {88, "eigrp"}, {89, "ospf"},
    {94, "ipip-old"},  {97, "etherip"}, {103, "pim"},       {108, "ipcomp"},   {112, "vrrp"}, {115, "l2tp"},
    {124, "isis"},     {132, "sctp"},   {136, "udplite"},   {137, "mpls"},
};

constexpr CodePoint kTypes[] = {
    {1, "A"},       {2, "NS"},      {5, "CNAME"},    {6, "SOA"},         {10, "NULL"},   {11, "WKS"},
    {12, "PTR"},    {13, "HINFO"},  {14, "MINFO"},   {15, "MX"},         {16, "TXT"},    {17, "RP"},
    {18, "AFSDB"},  {24, "SIG"},    {25, "KEY"},     {28, "AAAA"},       {29, "LOC"},    {33, "SRV"},
    {35, "NAPTR"},  {36, "KX"},     {37, "CERT"},    {38, "A6"},         {39, "DNAME"},  {41, "OPT"},
    {42, "APL"},    {43, "DS"},     {44, "SSHFP"},   {45, "IPSECKEY"},   {46, "RRSIG"},  {47, "NSEC"},
    {48, "DNSKEY"}, {49, "DHCID"},  {50, "NSEC3"},   {51, "NSEC3PARAM"}, {52, "TLSA"},   {53, "SMIMEA"},
    {55, "HIP"},    {59, "CDS"},    {60, "CDNSKEY"}, {61, "OPENPGPKEY"}, {62, "CSYNC"},  {63, "ZONEMD"},
    {64, "SVCB"},   {65, "HTTPS"},  {99, "SPF"},     {108, "EUI48"},     {109, "EUI64"}, {249, "TKEY"},
    {250, "TSIG"},  {251, "IXFR"},  {252, "AXFR"},   {255, "ANY"},       {255, "*"},     {256, "URI"},
    {257, "CAA"},   {32769, "DLV"},
};

constexpr CodePoint kRcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"},  {2, "SERVFAIL"},  {3, "NXDOMAIN"},   {4, "NOTIMP"},
    {5, "REFUSED"},  {6, "YXDOMAIN"}, {7, "YXRRSET"},   {8, "NXRRSET"},    {9, "NOTAUTH"},
    {10, "NOTZONE"}, {16, "BADVERS"}, {17, "BADKEY"},   {18, "BADTIME"},   {19, "BADMODE"},
    {20, "BADNAME"}, {21, "BADALG"},  {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};

constexpr std::string_view kFlagLetters = "FSRPAUEC";  // from the least significant bit

bool same_folded(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return fold(x) == fold(y);
  });
}

std::string_view find_name(std::span<const CodePoint> table, unsigned number) {
  for (const CodePoint& point : table)
    if (point.number == number) return point.name;
  return {};
}

template <typename T>
std::optional<T> read_number(std::string_view text) {
  T number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// `prefix` is how a number without a name is written: "TYPE" as in TYPE65280.
template <typename T>
std::optional<T> find_number(std::span<const CodePoint> table, std::string_view name, std::string_view prefix) {
  for (const CodePoint& point : table)
    if (same_folded(point.name, name)) return static_cast<T>(point.number);
  if (name.size() > prefix.size() && same_folded(name.substr(0, prefix.size()), prefix))
    name.remove_prefix(prefix.size());
  return read_number<T>(name);
}

std::vector<std::string_view> names_of(std::span<const CodePoint> table) {
  std::vector<std::string_view> out;
  for (const CodePoint& point : table) out.push_back(point.name);
  return out;
}

std::string name_or(std::string_view name, std::string_view prefix, unsigned number) {
  return name.empty() ? std::string(prefix) + std::to_string(number) : std::string(name);
}

}  // namespace

std::string protocol_name(std::uint8_t number) { return name_or(find_name(kProtocols, number), "", number); }
std::string dns_type_name(std::uint16_t number) { return name_or(find_name(kTypes, number), "TYPE", number); }
std::string dns_rcode_name(std::uint16_t number) { return name_or(find_name(kRcodes, number), "RCODE", number); }

std::optional<std::uint8_t> protocol_number(std::string_view name) {
  return find_number<std::uint8_t>(kProtocols, name, "");
}
std::optional<std::uint16_t> dns_type_number(std::string_view name) {
  return find_number<std::uint16_t>(kTypes, name, "TYPE");
}
std::optional<std::uint16_t> dns_rcode_number(std::string_view name) {
  return find_number<std::uint16_t>(kRcodes, name, "RCODE");
}

std::string tcp_flags_text(std::uint8_t flags) {
  std::string out;
  for (int bit = 7; bit >= 0; --bit)
    if ((flags >> bit & 1) != 0) out += kFlagLetters[static_cast<std::size_t>(bit)];
  return out;
}

std::optional<std::uint8_t> tcp_flags_number(std::string_view letters) {
  unsigned flags = 0;
  for (const char c : letters) {
    const std::size_t bit = kFlagLetters.find(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    if (bit == std::string_view::npos) return std::nullopt;
    flags |= 1U << bit;
  }
  if (flags == 0) return std::nullopt;
  return static_cast<std::uint8_t>(flags);
}

const std::vector<std::string_view>& protocol_names() {
  static const auto* const kNames = new std::vector<std::string_view>(names_of(kProtocols));
  return *kNames;
}
const std::vector<std::string_view>& dns_type_names() {
  static const auto* const kNames = new std::vector<std::string_view>(names_of(kTypes));
  return *kNames;
}
const std::vector<std::string_view>& dns_rcode_names() {
  static const auto* const kNames = new std::vector<std::string_view>(names_of(kRcodes));
  return *kNames;
}

}  // namespace rw
