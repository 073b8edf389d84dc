// Canonical forms of names, URLs, hashes and address ranges.
#include "model/indicator_text.h"

#include <charconv>
#include <cstdint>

#include "model/escape.h"

namespace rw {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\r')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// "[.]", as people write indicators so that nobody follows them, becomes ".".
std::string refanged(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "[.]") {
      out += '.';
      i += 2;
    } else if (text.substr(i, 3) == "[:]") {
      out += ':';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || static_cast<signed char>(c) < 0;
}

bool all_digits(std::string_view text) {
  for (const char c : text)
    if (c < '0' || c > '9') return false;
  return !text.empty();
}

// Host and the rest of an URL behind its scheme, in canonical form.
std::string host_and_path(std::string_view authority, std::string_view rest, std::string_view scheme) {
  if (const std::size_t user = authority.rfind('@'); user != std::string_view::npos) authority.remove_prefix(user + 1);
  std::string host = lowered(authority);
  const std::size_t colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
    const std::string_view port = std::string_view(host).substr(colon + 1);
    if (port.empty() || (scheme == "http" && port == "80") || (scheme == "https" && port == "443") ||
        (scheme == "ftp" && port == "21"))
      host.resize(colon);
    else if (!all_digits(port))
      return "";
  }
  if (!host.empty() && host.back() == '.') host.pop_back();
  if (host.empty()) return "";
  for (const char c : host)
    if (!name_byte(c) && c != '.' && c != ':' && c != '[' && c != ']' && c != '%') return "";
  if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) rest = rest.substr(0, hash);
  std::string path(rest);
  if (path.empty() || path.front() == '?') path.insert(path.begin(), '/');
  return escape_text(host + path, kMaxIndicatorBytes);
}

}  // namespace

std::string canonical_domain(std::string_view text) {
  constexpr std::size_t kMaxName = 253, kMaxLabel = 63;  // RFC 1035 2.3.4
  std::string name = lowered(refanged(trimmed(text)));
  if (name.rfind("*.", 0) == 0) name.erase(0, 2);
  if (!name.empty() && name.front() == '.') name.erase(0, 1);
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (name.empty() || name.size() > kMaxName || name.find('.') == std::string::npos) return "";
  std::string out;
  std::size_t begin = 0;
  std::string_view last;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && name[i] != '.') {
      if (!name_byte(name[i])) return "";
      continue;
    }
    const std::string_view label = std::string_view(name).substr(begin, i - begin);
    if (label.empty() || label.size() > kMaxLabel) return "";
    if (!out.empty()) out += '.';
    append_escaped_label(out, label);
    last = label;
    begin = i + 1;
  }
  return all_digits(last) ? std::string() : out;  // no top-level domain is a number: a broken address
}

std::string canonical_url(std::string_view text) {
  text = trimmed(text);
  if (text.size() > kMaxIndicatorBytes) return "";
  const std::string whole = refanged(text);
  const std::size_t colon = whole.find("://");
  if (colon == std::string::npos) return "";
  std::string scheme = lowered(std::string_view(whole).substr(0, colon));
  if (scheme == "hxxp") scheme = "http";
  if (scheme == "hxxps") scheme = "https";
  if (scheme != "http" && scheme != "https" && scheme != "ftp") return "";
  const std::string_view rest = std::string_view(whole).substr(colon + 3);
  const std::size_t end = rest.find_first_of("/?#");
  const std::string tail =
      host_and_path(rest.substr(0, end), end == std::string_view::npos ? "" : rest.substr(end), scheme);
  return tail.empty() ? std::string() : scheme + "://" + tail;
}

std::string requested_url(std::string_view host, std::string_view uri, std::uint16_t port) {
  if (uri.find("://") != std::string_view::npos && uri.front() != '/') return canonical_url(uri);  // asked of a proxy
  std::string authority(host);
  const bool has_port = authority.rfind(':') != std::string::npos && authority.back() != ']';
  if (!has_port && port != 80 && port != 443) authority += ":" + std::to_string(port);
  const std::string tail = host_and_path(authority, uri, port == 443 ? "https" : "http");
  return tail.empty() ? std::string() : (port == 443 ? "https://" : "http://") + tail;
}

std::string canonical_hash(std::string_view text) {
  text = trimmed(text);
  if (text.size() != 32 && text.size() != 40 && text.size() != 64) return "";
  std::string out = lowered(text);
  for (const char c : out)
    if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return "";
  return out;
}

bool read_address_span(std::string_view text, AddressSpan& out) {
  constexpr std::size_t kMaxSpan = 100;
  text = trimmed(text);
  if (text.empty() || text.size() > kMaxSpan) return false;
  const std::string plain = refanged(text);
  text = plain;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto base = Ip::parse(text.substr(0, slash));
    unsigned length = 0;
    const std::string_view digits = text.substr(slash + 1);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (!base || error != std::errc{} || stop != digits.data() + digits.size()) return false;
    if (length > (base->is_v4() ? 32U : 128U)) return false;
    const Prefix prefix = Prefix::of(*base, static_cast<std::uint8_t>(base->is_v4() ? length + 96 : length));
    out.first = prefix.first();
    out.last = prefix.last();
    out.single = out.first == out.last;
    out.text = out.single ? out.first.to_string() : prefix.to_string();
    return true;
  }
  if (const auto one = Ip::parse(text)) {
    out = {*one, *one, true, one->to_string()};
    return true;
  }
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return false;
  const auto first = Ip::parse(trimmed(text.substr(0, dash)));
  const auto last = Ip::parse(trimmed(text.substr(dash + 1)));
  if (!first || !last || first->is_v4() != last->is_v4() || *last < *first) return false;
  out = {*first, *last, *first == *last, first->to_string()};
  if (!out.single) out.text += "-" + last->to_string();
  return true;
}

}  // namespace rw
