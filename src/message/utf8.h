// UTF-8 as RFC 3629 has it, and ASCII case: small helpers that every part of a message needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rw {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool is_wsp(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
constexpr bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
// -1 where it is none.
constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}
std::string lowered(std::string_view text);
bool same_folded(std::string_view a, std::string_view b);  // ASCII without regard to case
std::string_view trimmed(std::string_view text);           // without outer space, tabs and line ends

bool has_high(std::string_view text);  // any byte above 127
// Length of the well-formed sequence that begins the text, 0 where none does. RFC 3629 4: no surrogates, no overlong.
std::size_t utf8_length(std::string_view text);
bool valid_utf8(std::string_view text);
// Appends, each byte that belongs to no sequence as U+FFFD.
void append_scrubbed(std::string& out, std::string_view text);
// Appends; U+FFFD for what is no scalar value.
void append_code_point(std::string& out, std::uint32_t code_point);
// The code point that begins the text and its length; {U+FFFD, 1} where none does.
struct CodePoint {
  std::uint32_t value = 0xFFFD;
  std::size_t bytes = 1;
};
CodePoint code_point_at(std::string_view text);
// Cuts valid UTF-8 to at most `limit` bytes, between characters.
void cut_utf8(std::string& text, std::size_t limit);

}  // namespace rw
