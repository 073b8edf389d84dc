// Macro strings of SPF: one tokeniser serves the syntax check and the expansion.
#include "mail/spf_macro.h"

#include <algorithm>
#include <vector>

namespace rw {
namespace {

constexpr std::string_view kLetters = "slodiphvcrt";
constexpr std::string_view kExpLetters = "crt";
constexpr std::string_view kDelimiters = ".-+,/_=";
constexpr unsigned kManyParts = 1000;  // more parts than any name has labels: larger digits mean the same

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

struct Token {
  enum class Kind { kLiteral, kPercent, kSpace, kUrlSpace, kMacro, kError } kind = Kind::kLiteral;
  std::size_t length = 1;
  char letter = 0;     // lower case
  bool upper = false;  // URL escaping
  unsigned parts = 0;  // 0: all
  bool reverse = false;
  std::string_view delimiters;  // empty: the dot
  const char* error = nullptr;  // kError: what, and `length` is where, from the token's start
};

Token broken(std::size_t at, const char* what) {
  Token token;
  token.kind = Token::Kind::kError;
  token.length = at;
  token.error = what;
  return token;
}

// "%{" macro-letter transformers *delimiter "}" with `text` at the percent sign.
Token read_braces(std::string_view text) {
  Token token;
  token.kind = Token::Kind::kMacro;
  std::size_t at = 2;
  if (at >= text.size()) return broken(at, "a macro is not closed");
  token.letter = lower(text[at]);
  token.upper = token.letter != text[at];
  if (kLetters.find(token.letter) == std::string_view::npos) return broken(at, "is no macro letter");
  ++at;
  const std::size_t digits = at;
  for (; at < text.size() && is_digit(text[at]); ++at)
    token.parts = std::min(kManyParts, token.parts * 10 + static_cast<unsigned>(text[at] - '0'));
  if (at > digits && token.parts == 0) return broken(digits, "a macro keeps at least one part");
  if (at < text.size() && lower(text[at]) == 'r') {
    token.reverse = true;
    ++at;
  }
  const std::size_t delimiters = at;
  while (at < text.size() && kDelimiters.find(text[at]) != std::string_view::npos) ++at;
  token.delimiters = text.substr(delimiters, at - delimiters);
  if (at >= text.size()) return broken(at, "a macro is not closed");
  if (text[at] != '}') return broken(at, "cannot stand in a macro");
  token.length = at + 1;
  return token;
}

Token next_token(std::string_view text) {
  Token token;
  if (text.front() != '%') return token;
  if (text.size() < 2) return broken(1, "a percent sign stands alone: write %%");
  token.length = 2;
  switch (text[1]) {
    case '%': token.kind = Token::Kind::kPercent; return token;
    case '_': token.kind = Token::Kind::kSpace; return token;
    case '-': token.kind = Token::Kind::kUrlSpace; return token;
    case '{': return read_braces(text);
    default: return broken(1, "cannot follow a percent sign: write %%");
  }
}

std::string nibbles(Ip ip) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const std::uint64_t half : {ip.hi, ip.lo})
    for (int shift = 60; shift >= 0; shift -= 4) {
      if (!out.empty()) out += '.';
      out += kHex[half >> shift & 15];
    }
  return out;
}

std::string value_of(char letter, const SpfMacroValues& values) {
  switch (letter) {
    case 's': return std::string(values.local) + "@" + std::string(values.sender_domain);
    case 'l': return std::string(values.local);
    case 'o': return std::string(values.sender_domain);
    case 'd': return std::string(values.domain);
    case 'i': return values.client.is_v4() ? values.client.to_string() : nibbles(values.client);
    case 'p': return values.validated_name ? values.validated_name() : "unknown";
    case 'h': return std::string(values.helo);
    case 'v': return values.client.is_v4() ? "in-addr" : "ip6";
    case 'c': return values.client.to_string();
    case 'r': return values.receiver.empty() ? "unknown" : std::string(values.receiver);
    default:  // t
      return std::to_string(values.now.us / 1'000'000);
  }
}

// Splits, reverses, keeps the right-most parts, and joins with dots (7.3).
std::string transformed(const std::string& value, const Token& token) {
  if (token.parts == 0 && !token.reverse && token.delimiters.empty()) return value;
  const std::string_view delimiters = token.delimiters.empty() ? "." : token.delimiters;
  std::vector<std::string_view> parts;
  std::string_view rest = value;
  for (;;) {
    const std::size_t end = rest.find_first_of(delimiters);
    parts.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (token.reverse) std::reverse(parts.begin(), parts.end());
  const std::size_t first = token.parts > 0 && token.parts < parts.size() ? parts.size() - token.parts : 0;
  std::string out;
  for (std::size_t i = first; i < parts.size(); ++i) {
    if (i > first) out += '.';
    out += parts[i];
  }
  return out;
}

// RFC 3986 2.3: everything but the unreserved characters.
std::string url_escaped(const std::string& text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

// toplabel (7.1): letters, digits and hyphens, not digits alone, no hyphen at either end.
bool is_top_label(std::string_view label) {
  if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; }) &&
         !std::all_of(label.begin(), label.end(), is_digit);
}

}  // namespace

std::optional<SpfSyntaxError> check_spf_macros(std::string_view text, bool spaces, bool exp_letters) {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c < (spaces ? 0x20 : 0x21) || c > 0x7E) return SpfSyntaxError{at, "a byte that is no printable ASCII"};
    const Token token = next_token(text.substr(at));
    if (token.kind == Token::Kind::kError) {
      const std::size_t where = at + token.length;
      const std::string subject = where < text.size() ? "'" + std::string(1, text[where]) + "' " : "";
      return SpfSyntaxError{where, (token.error[0] == 'a' && token.error[1] == ' ' ? "" : subject) + token.error};
    }
    if (token.kind == Token::Kind::kMacro && !exp_letters && kExpLetters.find(token.letter) != std::string_view::npos)
      return SpfSyntaxError{at + 2,
                            "the macro letter '" + std::string(1, token.letter) + "' is for explanations only (7.2)"};
    at += token.length;
  }
  return std::nullopt;
}

std::optional<SpfSyntaxError> check_spf_domain(std::string_view text) {
  if (text.empty()) return SpfSyntaxError{0, "a domain is missing"};
  if (auto error = check_spf_macros(text, false, false)) return error;
  std::size_t tail = 0;  // behind the last macro
  for (std::size_t at = 0; at < text.size();) {
    const Token token = next_token(text.substr(at));
    at += token.length;
    if (token.kind != Token::Kind::kLiteral) tail = at;
  }
  if (tail == text.size()) return std::nullopt;
  std::string_view end = text.substr(tail);
  if (end.back() == '.') end.remove_suffix(1);
  const std::size_t dot = end.rfind('.');
  if (dot == std::string_view::npos)
    return SpfSyntaxError{tail, "'" + std::string(text) + "' is no domain name: it has no dot before its last label"};
  const std::string_view label = end.substr(dot + 1);
  if (is_top_label(label)) return std::nullopt;
  std::string what = "'" + std::string(label) + "' cannot be the last label of a domain name";
  if (Ip::parse(text)) what += "; for an address write ip4: or ip6:";
  return SpfSyntaxError{tail + dot + 1, what};
}

std::optional<std::string> expand_spf_macros(std::string_view text, const SpfMacroValues& values) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Token token = next_token(text.substr(at));
    switch (token.kind) {
      case Token::Kind::kLiteral: out += text[at]; break;
      case Token::Kind::kPercent: out += '%'; break;
      case Token::Kind::kSpace: out += ' '; break;
      case Token::Kind::kUrlSpace: out += "%20"; break;
      case Token::Kind::kMacro: {
        const std::string value = transformed(value_of(token.letter, values), token);
        out += token.upper ? url_escaped(value) : value;
        break;
      }
      case Token::Kind::kError: return std::nullopt;
    }
    if (out.size() > kMaxSpfExpansion) return std::nullopt;
    at += token.length;
  }
  return out;
}

bool uses_spf_macro(std::string_view text, char letter) {
  for (std::size_t at = 0; at < text.size();) {
    const Token token = next_token(text.substr(at));
    if (token.kind == Token::Kind::kError) return false;
    if (token.kind == Token::Kind::kMacro && token.letter == letter) return true;
    at += token.length;
  }
  return false;
}

}  // namespace rw
