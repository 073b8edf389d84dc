// Tag lists (RFC 6376 3.2) and what their values are made of; strict, since two readers must see the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rw {

struct DkimTag {
  std::string_view name, value;  // value without white space around it, else as written; views into the text
};

// "a=b; c=d": `error` says what is wrong (a name that is none, no "=", a tag twice, an empty place between semicolons).
struct DkimTagList {
  std::vector<DkimTag> tags;
  std::string error;

  const std::string_view* find(std::string_view name) const;  // null where it is absent; names are case-sensitive
};
inline constexpr std::size_t kMaxDkimTags = 64;  // RFC 6376 names 14
DkimTagList parse_dkim_tags(std::string_view text);

// Base64 (RFC 6376 2.10): white space inside is folding and left out; padding may be missing. Null where it is none.
std::optional<std::string> decode_base64_tag(std::string_view text);
// "a : b:c" to its words without white space, lower case. Empty places stay.
std::vector<std::string> split_colons(std::string_view value);
std::string without_white_space(std::string_view text);
std::string lower_ascii(std::string_view text);
// Digits only, at most `max_digits`; above 2^64 - 1 it is that.
std::optional<std::uint64_t> parse_decimal_tag(std::string_view text, std::size_t max_digits);
// A domain name as d= and s= carry it, to lower case and A-labels; "" where it is none. Underscores stand in selectors.
std::string dkim_domain(std::string_view text);

}  // namespace rw
