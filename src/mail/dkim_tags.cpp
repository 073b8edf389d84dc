// Tag lists of signatures and key records.
#include "mail/dkim_tags.h"

#include <algorithm>
#include <array>
#include <limits>

#include "message/address.h"

namespace rw {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_tag_name(std::string_view name) {
  return !name.empty() && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

// VALCHAR and white space; bytes above 127 as RFC 8616 3 lets them in.
bool is_tag_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return is_space(c) || (static_cast<unsigned char>(c) > 0x20 && c != 0x7f); });
}

}  // namespace

const std::string_view* DkimTagList::find(std::string_view name) const {
  for (const DkimTag& tag : tags)
    if (tag.name == name) return &tag.value;
  return nullptr;
}

DkimTagList parse_dkim_tags(std::string_view text) {
  DkimTagList list;
  while (list.error.empty()) {
    const std::size_t end = text.find(';');
    const std::string_view spec = text.substr(0, end);
    const std::size_t equals = spec.find('=');
    const bool last = end == std::string_view::npos;
    if (last && trimmed(spec).empty() && !list.tags.empty()) break;  // one semicolon at the end is allowed
    const std::string_view name = trimmed(spec.substr(0, equals));
    const std::string_view value = equals == std::string_view::npos ? "" : trimmed(spec.substr(equals + 1));
    if (equals == std::string_view::npos)
      list.error = trimmed(spec).empty() ? "an empty place where a tag should be" : "a tag without '='";
    else if (!is_tag_name(name))
      list.error = "a tag whose name is none";
    else if (!is_tag_value(value))
      list.error = "control characters in tag " + std::string(name) + "=";
    else if (list.find(name) != nullptr)
      list.error = "tag " + std::string(name) + "= more than once";
    else if (list.tags.size() == kMaxDkimTags)
      list.error = "too many tags";
    else
      list.tags.push_back({name, value});
    if (last) break;
    text.remove_prefix(end + 1);
  }
  return list;
}

std::optional<std::string> decode_base64_tag(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  static constexpr auto kValues = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
      values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    return values;
  }();
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0, padding = 0;
  for (const char c : text) {
    if (is_space(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int value = kValues[static_cast<unsigned char>(c)];
    if (value < 0 || padding > 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++digits % 4 != 0) continue;
    out += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8), static_cast<char>(bits)};
    bits = 0;
  }
  const std::size_t over = digits % 4;
  if (digits == 0 || over == 1 || padding > (4 - over) % 4) return std::nullopt;
  if (over == 2) out += static_cast<char>(bits >> 4);
  if (over == 3) out += {static_cast<char>(bits >> 10), static_cast<char>(bits >> 2)};
  return out;
}

std::string without_white_space(std::string_view text) {
  std::string out(text);
  out.erase(std::remove_if(out.begin(), out.end(), is_space), out.end());
  return out;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

std::vector<std::string> split_colons(std::string_view value) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t end = value.find(':');
    words.push_back(lower_ascii(trimmed(value.substr(0, end))));
    if (end == std::string_view::npos) return words;
    value.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> parse_decimal_tag(std::string_view text, std::size_t max_digits) {
  if (text.empty() || text.size() > max_digits) return std::nullopt;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t n = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    n = n > (kMost - digit) / 10 ? kMost : n * 10 + digit;
  }
  return n;
}

std::string dkim_domain(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) return normalised_domain(text);
  if (text.empty() || text.size() > 253) return "";  // RFC 1035 2.3.4
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.' ? label == 0 : !(is_letter(c) || is_digit(c) || c == '-' || c == '_') || label == 63) return "";
    label = c == '.' ? 0 : label + 1;
  }
  return label == 0 ? "" : lower_ascii(text);
}

}  // namespace rw
