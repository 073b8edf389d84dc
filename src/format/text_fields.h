// Numbers, times, addresses and names in the fields of text logs, read fast and strictly.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace rw {

// The whole of `text` as a decimal number that fits T. False leaves `out` unspecified, here and below.
template <typename T>
bool read_integer(std::string_view text, T& out) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc{} && stop == end && !text.empty();
}

// Seconds as a decimal number ("1517336042.279652", "9.5e-06") in microseconds, digits beyond them cut off.
bool read_seconds(std::string_view text, std::int64_t& us);
// Seconds since 1970 as above; whole milliseconds where the number is too large to be seconds; or RFC 3339 and its
// variants without a colon in the offset, as Suricata and Zeek write them.
bool read_time(std::string_view text, std::int64_t& us);
bool read_address(std::string_view text, Ip& out);

// One name for what sensors call differently: Zeek's "ssl" and Suricata's "tls" are "tls", "krb_tcp" and "krb5" are
// "kerberos"; lower case. Null data() for words that mean "not known" ("failed", "unknown"). The result lives as long
// as `name` or `scratch`.
std::string_view application_name(std::string_view name, std::string& scratch);

// Escaped forms of the texts of one row, which must live until the row was added. Plain ASCII, which is the rule, is
// not copied.
class TextSlots {
 public:
  static constexpr std::size_t kMaxText = 4096;  // characters of any text field that are kept
  void clear() { used_ = 0; }
  std::string_view escaped(std::string_view text);
  // A domain name with labels between dots: lower case, each label escaped, no final dot. `wire_bytes` is its length as
  // RFC 1035 3.1 encodes it.
  std::string_view domain(std::string_view text, std::uint16_t& wire_bytes);
  // A slot to build text in.
  std::string& slot() {
    std::string& text = slots_[used_++ % slots_.size()];
    text.clear();
    return text;
  }

 private:
  std::array<std::string, 32> slots_;  // twice what any record has of text fields: some need two
  std::size_t used_ = 0;
};

}  // namespace rw
