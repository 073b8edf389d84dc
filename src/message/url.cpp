// Addresses of the web: found in text, and the host a browser would go to (WHATWG URL).
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "message/address.h"
#include "message/html.h"
#include "message/utf8.h"

namespace rw {
namespace {

// Space and controls around a URL and tabs and line ends inside of it are nothing to a browser.
std::string cleaned(std::string_view url) {
  const auto outer = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!url.empty() && outer(url.front())) url.remove_prefix(1);
  while (!url.empty() && outer(url.back())) url.remove_suffix(1);
  std::string out;
  for (const char c : url.substr(0, kMaxUrl))
    if (c != '\t' && c != '\r' && c != '\n') out += c;
  return out;
}

// Length of "scheme", 0 without one.
std::size_t scheme_length(std::string_view url) {
  if (url.empty() || !is_alpha(url[0])) return 0;
  for (std::size_t i = 1; i < url.size(); ++i) {
    if (url[i] == ':') return i;
    if (!is_alnum(url[i]) && url[i] != '+' && url[i] != '-' && url[i] != '.') return 0;
  }
  return 0;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// One number of an IPv4 address: decimal, 0x hexadecimal or 0 octal.
std::optional<std::uint64_t> ipv4_number(std::string_view text) {
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const bool hex = lower(text[1]) == 'x';
    base = hex ? 16 : 8;
    text.remove_prefix(hex ? 2 : 1);
    if (text.empty()) return 0;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// WHATWG "IPv4 parser": one to four numbers, the last of which fills what is left. "" where it is no IPv4 address.
std::string ipv4_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::array<std::uint64_t, 4> parts{};
  std::size_t count = 0;
  for (std::size_t begin = 0; begin <= host.size(); ++count) {
    const std::size_t dot = std::min(host.find('.', begin), host.size());
    const auto number = ipv4_number(host.substr(begin, dot - begin));
    if (!number || count == 4) return {};
    parts[count] = *number;
    begin = dot + 1;
  }
  std::uint64_t address = 0;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (parts[i] > 255) return {};
    address |= parts[i] << (24 - 8 * i);
  }
  const std::uint64_t last = parts[count - 1];
  if (last >= std::uint64_t{1} << (8 * (5 - count))) return {};
  address |= last;
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += std::to_string(address >> shift & 0xFF) + (shift > 0 ? "." : "");
  return out;
}

std::string host_of_authority(std::string_view authority) {
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    return close == std::string_view::npos ? std::string() : lowered(authority.substr(0, close + 1));
  }
  const std::string host = percent_decoded(authority.substr(0, authority.find(':')));
  if (host.empty()) return {};
  if (std::string address = ipv4_host(host); !address.empty()) return address;
  std::string domain = normalised_domain(host);
  // Browsers map before they look at numbers too: wide digits are digits.
  if (domain.empty() && !has_high(host)) {
    std::string_view text = host;
    if (text.ends_with('.')) text.remove_suffix(1);
    const bool number = !text.empty() && is_digit(text[text.rfind('.') + 1]);  // "256.1.1.1.1": an error to browsers
    const bool plain = !text.empty() && !number && std::ranges::all_of(text, [](char c) {
      return is_alnum(c) || c == '-' || c == '_' || c == '.';
    });
    if (plain) domain = lowered(text);
  }
  return domain;
}

// Characters that nobody sees, put into shown addresses against comparing.
bool is_invisible(std::uint32_t c) {
  return c == 0xAD || c == 0x34F || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x2064) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}
bool is_space(std::uint32_t c) {
  return c <= 0x20 || c == 0x7F || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
// Quotation marks and brackets that text puts around an address, of ASCII and of East Asia.
bool ends_url(std::uint32_t c) {
  return is_space(c) || c == '<' || c == '>' || c == '"' || c == '`' || c == '{' || c == '}' || c == '|' || c == '^' ||
         c == '\\' || c == 0xAB || c == 0xBB || (c >= 0x2018 && c <= 0x201F) || (c >= 0x3008 && c <= 0x3011) ||
         c == 0x3001 || c == 0xFF08 || c == 0xFF09 || c == 0xFF0C;
}

// Length of the address that begins the text.
std::size_t url_extent(std::string_view text) {
  std::size_t end = 0;
  int open = 0;  // round brackets: "(see https://x.example/a_(b))"
  while (end < text.size() && end < kMaxUrl) {
    const CodePoint c = code_point_at(text.substr(end, 4));
    if (ends_url(c.value)) break;
    if (c.value == '(') ++open;
    if (c.value == ')' && open-- == 0) break;
    end += c.bytes;
  }
  while (end > 0 && std::string_view(".,;:!?'*_~").find(text[end - 1]) != std::string_view::npos) --end;
  constexpr std::string_view kIdeographicStop = "\xE3\x80\x82";
  while (text.substr(0, end).ends_with(kIdeographicStop)) end -= kIdeographicStop.size();
  return end;
}

bool is_word_byte(char c) { return is_alnum(c) || is_high(c) || c == '_' || c == '-' || c == '.'; }

// Where an address starts that has "://" at `at`; npos where none does.
std::size_t scheme_start(std::string_view text, std::size_t at) {
  for (const std::string_view scheme : {"https", "http", "ftp"}) {
    if (at < scheme.size() || !same_folded(text.substr(at - scheme.size(), scheme.size()), scheme)) continue;
    const std::size_t start = at - scheme.size();
    if (start == 0 || !is_alnum(text[start - 1])) return start;
  }
  return std::string_view::npos;
}

// A host by its looks: labels and a last one of letters that is no common ending of a file's name.
bool reads_as_host(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string last = lowered(text.substr(dot + 1));
  static constexpr std::string_view kFiles[] = {"pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx",
                                                "txt", "csv", "rtf",  "png",  "jpg", "jpeg", "gif",  "htm", "html",
                                                "php", "asp", "aspx", "exe",  "js",  "eml",  "msg",  "xml", "json",
                                                "rar", "gz",  "tar",  "iso",  "img", "ics",  "vcf"};
  if (std::ranges::find(kFiles, last) != std::end(kFiles)) return false;
  const bool letters = last.size() >= 2 && std::ranges::all_of(last, [](char c) { return is_alpha(c) || is_high(c); });
  return (letters || last.starts_with("xn--")) && !normalised_domain(text).empty();
}

}  // namespace

std::string url_host(std::string_view text) {
  const std::string url = cleaned(text);
  std::string_view rest = url;
  const std::size_t length = scheme_length(rest);
  const std::string scheme = lowered(rest.substr(0, length));
  if (length > 0) rest.remove_prefix(length + 1);
  if (scheme == "mailto") {
    std::string_view address = rest.substr(0, rest.find('?'));
    address = address.substr(0, address.find(','));
    const std::string decoded = percent_decoded(address);
    const std::size_t at = decoded.rfind('@');
    return at == std::string::npos ? std::string()
                                   : normalised_domain(trimmed(std::string_view(decoded).substr(at + 1)));
  }
  const bool special = scheme == "http" || scheme == "https" || scheme == "ftp" || scheme == "ws" || scheme == "wss";
  const auto slash = [](char c) { return c == '/' || c == '\\'; };
  if (!special && !(scheme.empty() && rest.size() > 2 && slash(rest[0]) && slash(rest[1]))) return {};
  while (!rest.empty() && slash(rest[0])) rest.remove_prefix(1);
  return host_of_authority(rest.substr(0, rest.find_first_of("/\\?#")));
}

std::vector<TextUrl> find_urls(std::string_view text, std::size_t limit) {
  std::vector<TextUrl> found;
  std::size_t at = 0;
  while (found.size() < limit) {
    // Every form holds one of these bytes; the rest is skipped quickly.
    at = text.find_first_of(":wW", at);
    if (at == std::string_view::npos) break;
    std::size_t start = std::string_view::npos;
    if (text[at] == ':') {
      if (text.substr(at, 3) == "://") start = scheme_start(text, at);
    } else if (same_folded(text.substr(at, 4), "www.") && (at == 0 || !is_word_byte(text[at - 1]))) {
      if (at == 0 || text[at - 1] != '/') start = at;
    }
    ++at;
    if (start == std::string_view::npos) continue;
    const std::string_view url = text.substr(start, url_extent(text.substr(start)));
    at = std::max(at, start + url.size());
    // Disarmed on purpose: what a person wrote so is no link.
    if (url.find("[.]") != std::string_view::npos || url.find("[dot]") != std::string_view::npos) continue;
    const std::size_t host = text[start + 1] == 'w' || text[start + 1] == 'W' ? 4 : url.find("://") + 3;
    if (url.size() > host && url[host] != '/') found.push_back({url, start});
  }
  return found;
}

std::string_view to_string(LinkKind kind) {
  static constexpr std::array<std::string_view, 4> kNames = {"anchor", "form", "refresh", "resource"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string HtmlLink::target_host() const { return url_host(href); }

std::string HtmlLink::shown_host() const {
  std::string seen;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = code_point_at(rest);
    if (!is_invisible(c.value)) seen += is_space(c.value) ? std::string_view(" ") : rest.substr(0, c.bytes);
    rest.remove_prefix(c.bytes);
  }
  const std::string_view shown = trimmed(seen);
  if (const auto urls = find_urls(shown, 1); !urls.empty())
    return url_host(lower(urls[0].url[0]) == 'w' ? "http://" + std::string(urls[0].url) : std::string(urls[0].url));
  if (shown.find(' ') != std::string_view::npos) return {};
  std::string_view host = shown.substr(0, shown.find_first_of("/?#"));
  host.remove_prefix(host.rfind('@') + 1);  // an address of mail shows its domain
  host = host.substr(0, host.find(':'));
  while (host.ends_with('.')) host.remove_suffix(1);
  return reads_as_host(host) ? normalised_domain(host) : std::string();
}

bool HtmlLink::misleads() const {
  if (kind != LinkKind::kAnchor) return false;
  const std::string shown = shown_host(), target = target_host();
  if (shown.empty() || target.empty() || shown == target) return false;
  const auto below = [](std::string_view a, std::string_view b) {
    return a.size() > b.size() && a.ends_with(b) && a[a.size() - b.size() - 1] == '.';
  };
  return !below(shown, target) && !below(target, shown);
}

}  // namespace rw
