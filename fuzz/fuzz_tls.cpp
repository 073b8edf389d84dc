// ClientHellos, HTTP heads and the other payload rules: none may crash, hang or read what is not there.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "format/http.h"
#include "format/payload_app.h"
#include "format/tls.h"

namespace {

void check(const std::string& text) {
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; })) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  rw::ClientHello hello;
  const rw::HelloStatus status = rw::read_client_hello(bytes, hello);
  check(hello.server_name);
  check(hello.alpn);
  // A hello that is whole stays whole, whatever follows it.
  if (status == rw::HelloStatus::kDone) {
    std::vector<std::byte> more = bytes;
    more.resize(more.size() + 20, std::byte{0xFF});
    rw::ClientHello again;
    if (rw::read_client_hello(more, again) != status || again.server_name != hello.server_name) std::abort();
  }
  rw::parse_client_hello(bytes, hello);
  rw::HttpRequest request;
  if (rw::parse_http_request(bytes, request))
    check(request.host), check(request.target), check(request.user_agent), check(request.referrer);
  rw::HttpResponse response;
  if (rw::parse_http_response(bytes, response)) check(response.mime_type);
  for (const std::uint16_t port : {21, 53, 67, 110, 123, 137, 161, 389, 443, 514, 1900, 9999}) {
    for (const bool to_server : {false, true}) {
      (void)rw::app_name(rw::classify_tcp({bytes, 40000, port, to_server}));
      (void)rw::app_name(rw::classify_udp({bytes, 40000, port, to_server}));
    }
  }
  return 0;
}
