// Request and status lines and the few headers that rows need.
#include "format/http.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>

#include "model/escape.h"

namespace rw {
namespace {

constexpr std::size_t kMaxHost = 255;
constexpr std::size_t kMaxValue = 2048;  // of a header value or target, escaped

constexpr std::array<std::string_view, 15> kMethods = {"GET",     "POST",    "HEAD",  "PUT",   "DELETE",
                                                       "OPTIONS", "CONNECT", "PATCH", "TRACE", "PROPFIND",
                                                       "REPORT",  "MKCOL",   "MOVE",  "COPY",  "PROPPATCH"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// The next line without its end, taken off `text`. `whole` is false when the end was not there.
std::string_view take_line(std::string_view& text, bool& whole) {
  const std::size_t end = text.find('\n');
  whole = end != std::string_view::npos;
  std::string_view line = text.substr(0, end);
  text.remove_prefix(whole ? end + 1 : text.size());
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::optional<std::int64_t> parse_length(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// Calls use(name, value) for each whole header line.
template <typename Use>
void each_header(std::string_view text, Use use) {
  bool whole = true;
  while (!text.empty()) {
    const std::string_view line = take_line(text, whole);
    if (line.empty() || !whole) return;
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && colon > 0) use(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
}

std::string host_of(std::string_view value) {
  if (value.size() > kMaxHost) return {};
  const std::size_t end = value.starts_with('[') ? value.find(']') : value.find(':');
  if (value.starts_with('[') && end != std::string_view::npos)
    value = value.substr(1, end - 1);
  else
    value = value.substr(0, end);
  return lower(escape_text(value));
}

// The method that `text` begins with, followed by a space; empty if none.
std::string_view method_of(std::string_view text) {
  for (const std::string_view method : kMethods)
    if (text.size() > method.size() && text[method.size()] == ' ' && text.starts_with(method)) return method;
  return {};
}

bool is_proxy_header(std::string_view name) {
  constexpr std::string_view kPrefix = "proxy-";
  return name.size() > kPrefix.size() && equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix);
}

}  // namespace

bool is_proxy_exchange(const HttpRequest& request, const HttpResponse& response) {
  const bool opened = response.status >= 200 && response.status < 300;
  if (request.method == "CONNECT") return opened || response.status == 407;
  const std::string_view target = request.target;
  const bool whole_url = equals_ignoring_case(target.substr(0, std::min<std::size_t>(target.size(), 7)), "http://");
  if (!whole_url) return false;
  if (response.status == 407) return true;
  return response.status < 500 && (request.to_proxy || response.from_proxy);
}

bool looks_like_http_request(Bytes payload) {
  const std::string_view text = as_text(payload);
  const std::string_view method = method_of(text);
  if (method.empty()) return false;
  std::string_view rest = text.substr(method.size() + 1);
  bool whole = false;
  const std::string_view line = take_line(rest, whole);
  if (whole) return line.find(" HTTP/1.") != std::string_view::npos;
  // A request line longer than the segment.
  return line.size() > 512 && std::all_of(line.begin(), line.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

bool looks_like_http_response(Bytes payload) {
  const std::string_view text = as_text(payload.first(std::min<std::size_t>(payload.size(), 12)));
  return text.size() == 12 && text.starts_with("HTTP/1.") && text[8] == ' ' && text[9] >= '1' && text[9] <= '5';
}

bool http_head_complete(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  return text.find("\r\n\r\n") != std::string_view::npos || text.find("\n\n") != std::string_view::npos;
}

bool parse_http_request(Bytes head, HttpRequest& request) {
  request = HttpRequest{};
  std::string_view text = as_text(head);
  const std::string_view method = method_of(text);
  if (method.empty()) return false;
  request.method = method;
  bool whole = false;
  std::string_view line = take_line(text, whole).substr(method.size() + 1);
  const std::size_t version = line.rfind(" HTTP/1.");
  request.target = escape_text(line.substr(0, version), kMaxValue);
  each_header(text, [&request](std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "host"))
      request.host = host_of(value);
    else if (equals_ignoring_case(name, "referer"))
      request.referrer = escape_text(value, kMaxValue);
    else if (equals_ignoring_case(name, "user-agent"))
      request.user_agent = escape_text(value, kMaxValue);
    else if (equals_ignoring_case(name, "content-length"))
      request.body_bytes = parse_length(value);
    else if (is_proxy_header(name))
      request.to_proxy = true;
  });
  if (request.host.empty() && method == "CONNECT") request.host = host_of(line.substr(0, version));
  return true;
}

bool parse_http_response(Bytes head, HttpResponse& response) {
  response = HttpResponse{};
  if (!looks_like_http_response(head)) return false;
  std::string_view text = as_text(head);
  const std::string_view digits = text.substr(9, 3);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), response.status).ptr != digits.data() + 3)
    return false;
  bool whole = false;
  take_line(text, whole);
  each_header(text, [&response](std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "content-length"))
      response.body_bytes = parse_length(value);
    else if (equals_ignoring_case(name, "content-type"))
      response.mime_type = lower(escape_text(trim(value.substr(0, value.find(';'))), kMaxHost));
    else if (equals_ignoring_case(name, "via") || is_proxy_header(name))
      response.from_proxy = true;
  });
  return true;
}

}  // namespace rw
