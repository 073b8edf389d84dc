// Reading of text fields.
#include "format/text_fields.h"

#include <algorithm>
#include <cmath>

#include "base/time.h"
#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxWholeDigits = 13;            // of milliseconds until year 2286
constexpr std::int64_t kMaxWhole = 9'000'000'000'000;  // times a million still fits
constexpr std::int64_t kMaxSeconds = 100'000'000'000;  // year 5138; a larger epoch is in milliseconds

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool dotted_quad(std::string_view text, std::uint32_t& bits) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bits = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return false;
    if (at == end || !is_digit(*at)) return false;
    unsigned number = static_cast<unsigned>(*at++ - '0');
    for (int more = 0; more < 2 && at != end && is_digit(*at); ++more)
      number = number * 10 + static_cast<unsigned>(*at++ - '0');
    if (number > 255) return false;
    bits = bits << 8 | number;
  }
  return at == end;
}

// Two digits at `at`, or a number over 99 that no range check accepts.
unsigned two_digits(const char* at) {
  return is_digit(at[0]) && is_digit(at[1]) ? static_cast<unsigned>((at[0] - '0') * 10 + (at[1] - '0')) : 1'000;
}

// "2024-05-01T12:00:00.123456+0200", as Suricata writes it; the colon of RFC 3339 may be in the offset, or Z instead.
bool read_calendar_time(std::string_view text, std::int64_t& us) {
  constexpr std::size_t kSeconds = 19;  // up to here every time has the same shape
  if (text.size() < kSeconds || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    const auto time = Timestamp::parse(text);
    if (time) us = time->us;
    return time.has_value();
  }
  const char* const at = text.data();
  const unsigned century = two_digits(at), years = two_digits(at + 2), month = two_digits(at + 5),
                 day = two_digits(at + 8);
  const unsigned hour = two_digits(at + 11), minute = two_digits(at + 14), second = two_digits(at + 17);
  constexpr unsigned kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (century > 99 || years > 99 || month - 1 > 11 || day - 1 >= kDays[month - 1] || hour > 23 || minute > 59 ||
      second > 60)
    return false;
  const std::int64_t days = days_from_civil({static_cast<int>(century * 100 + years), month, day});
  us = days * kDay.us + (hour * 3600LL + minute * 60LL + second) * 1'000'000;
  std::string_view rest = text.substr(kSeconds);
  if (rest.starts_with('.')) {
    std::int64_t scale = 100'000;
    std::size_t i = 1;
    for (; i < rest.size() && is_digit(rest[i]); ++i, scale /= 10) us += (rest[i] - '0') * scale;
    rest.remove_prefix(i);
  }
  if (rest.empty() || rest == "Z") return true;
  if ((rest[0] != '+' && rest[0] != '-') || (rest.size() != 5 && !(rest.size() == 6 && rest[3] == ':'))) return false;
  const unsigned zone_hour = two_digits(rest.data() + 1), zone_minute = two_digits(rest.data() + rest.size() - 2);
  if (zone_hour > 23 || zone_minute > 59) return false;
  const std::int64_t offset = (zone_hour * 60LL + zone_minute) * kMinute.us;
  us += rest[0] == '+' ? -offset : offset;
  return true;
}

struct Alias {
  std::string_view from;
  std::string_view to;
};
constexpr Alias kAliases[] = {
    {"ssl", "tls"},
    {"krb", "kerberos"},
    {"krb_tcp", "kerberos"},
    {"krb5", "kerberos"},
    {"dcerpc", "dce_rpc"},
    {"rfb", "vnc"},
    {"bittorrent-dht", "bittorrent"},
    {"smb2", "smb"},
    {"ldap_tcp", "ldap"},
    {"ldap_udp", "cldap"},
    {"failed", {}},
    {"unknown", {}},
    {"-", {}},
    {"", {}},
};

}  // namespace

bool read_seconds(std::string_view text, std::int64_t& us) {
  const char* at = text.data();
  const char* const end = at + text.size();
  std::int64_t whole = 0;
  const char* const start = at;
  while (at != end && is_digit(*at) && at - start < static_cast<std::ptrdiff_t>(kMaxWholeDigits))
    whole = whole * 10 + (*at++ - '0');
  if (at == start) {
    if (at == end || *at != '-') return false;
  } else if (whole <= kMaxWhole) {
    std::int64_t fraction = 0;
    if (at != end && *at == '.') {
      ++at;
      int count = 0;
      for (; count < 6 && at != end && is_digit(*at); ++count) fraction = fraction * 10 + (*at++ - '0');
      for (; count < 6; ++count) fraction *= 10;
      while (at != end && is_digit(*at)) ++at;
    }
    if (at == end) {
      us = whole * 1'000'000 + fraction;
      return true;
    }
  }
  double seconds = 0;  // an exponent, a sign, or no number
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc{} || stop != end || !(std::fabs(seconds) < 9e12)) return false;
  us = static_cast<std::int64_t>(seconds * 1e6);
  return true;
}

bool read_time(std::string_view text, std::int64_t& us) {
  if (text.size() > 4 && text[4] == '-') return read_calendar_time(text, us);
  if (!read_seconds(text, us)) return false;
  if (us >= kMaxSeconds * 1'000'000) us /= 1'000;
  return true;
}

bool read_address(std::string_view text, Ip& out) {
  std::uint32_t bits = 0;
  if (dotted_quad(text, bits)) {
    out = Ip::v4(bits);
    return true;
  }
  if (text.find(':') == std::string_view::npos) return false;
  const auto parsed = Ip::parse(text);
  if (!parsed) return false;
  out = *parsed;
  return true;
}

std::string_view application_name(std::string_view name, std::string& scratch) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (std::any_of(name.begin(), name.end(), upper) || !is_plain_ascii(name)) {
    scratch = escape_text(name, 64);
    for (char& c : scratch)
      if (upper(c)) c = static_cast<char>(c + 32);
    name = scratch;
  }
  for (const Alias& alias : kAliases)
    if (alias.from == name) return alias.to;
  return name;
}

std::string_view TextSlots::escaped(std::string_view text) {
  if (text.data() == nullptr || (text.size() <= kMaxText && is_plain_ascii(text))) return text;
  std::string& out = slot();
  out = escape_text(text, kMaxText);
  return out;
}

std::string_view TextSlots::domain(std::string_view text, std::uint16_t& wire_bytes) {
  if (text.ends_with('.')) text.remove_suffix(1);
  constexpr std::size_t kMaxWire = 65'535;
  wire_bytes = static_cast<std::uint16_t>(text.empty() ? 1 : std::min(text.size() + 2, kMaxWire));
  const bool plain = text.size() <= kMaxText && std::all_of(text.begin(), text.end(), [](char c) {
                       return c > ' ' && c < 0x7F && c != '\\' && !(c >= 'A' && c <= 'Z');
                     });
  if (plain && text.data() != nullptr) return text;
  std::string& out = slot();
  for (std::size_t begin = 0; begin <= text.size() && out.size() < kMaxText;) {
    const std::size_t dot = std::min(text.find('.', begin), text.size());
    if (begin > 0) out += '.';
    append_escaped_label(out, text.substr(begin, std::min(dot - begin, kMaxText)));
    begin = dot + 1;
  }
  return out;
}

}  // namespace rw
