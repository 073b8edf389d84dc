// The heads of HTTP/1 messages (RFC 9112), as they pass in a capture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/cursor.h"

namespace rw {

// Heads beyond this are cut: servers refuse them at 8 KiB.
inline constexpr std::size_t kMaxHttpHeadBytes = 8 * 1024;

struct HttpRequest {
  std::string method;
  std::string target;  // escaped, as the next ones; empty: not there
  std::string host;    // lower case, without the port
  std::string referrer;
  std::string user_agent;
  std::optional<std::int64_t> body_bytes;  // Content-Length
  bool to_proxy = false;                   // a header that only a proxy's client sends: Proxy-Connection …
};

struct HttpResponse {
  std::uint16_t status = 0;
  std::string mime_type;  // lower case, without parameters
  std::optional<std::int64_t> body_bytes;
  bool from_proxy = false;  // a header that proxies add: Via, Proxy-Authenticate …
};

// Whether a request and its answer are those of a proxy (RFC 9110 9.3.6, RFC 9112 3.2.2): a tunnel that was opened or
// wants a password; or a whole URL asked for where a header of either side speaks of a proxy.
bool is_proxy_exchange(const HttpRequest& request, const HttpResponse& response);

// Whether a TCP payload begins an HTTP request or response.
bool looks_like_http_request(Bytes payload);
bool looks_like_http_response(Bytes payload);

// Whether the blank line that ends a head is there.
bool http_head_complete(Bytes bytes);

// Reads what is there of a head, whole or not. False when it does not begin as one.
bool parse_http_request(Bytes head, HttpRequest& request);
bool parse_http_response(Bytes head, HttpResponse& response);

}  // namespace rw
