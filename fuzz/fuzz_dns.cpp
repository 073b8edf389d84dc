// DNS messages: none may crash, hang or read what is not there; names and texts come out as safe ASCII of bounded
// length.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "format/dns.h"
#include "format/dns_tracker.h"

namespace {

class Sink : public rw::BatchSink {
 public:
  rw::Result<void> take(rw::Batch&&) override { return {}; }
};

void check(const std::string& text) {
  if (text.size() > 4 * 255 + 255 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; }))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data) + 1,
                                     reinterpret_cast<const std::byte*>(data) + size);
  const std::size_t wire = bytes.size() + (data[0] & 1 ? 100 : 0);
  rw::DnsMessage message;
  if (message.decode(bytes, wire)) {
    check(message.name);
    if (message.name_bytes > 255) std::abort();
    for (const rw::DnsMessageRecord& record : message.answers()) {
      check(record.name);
      check(record.target);
    }
  }
  (void)rw::looks_like_dns_query(bytes);
  // As a query and as its own answer, by every transport.
  Sink sink;
  rw::Emitter emitter(sink, "fuzz", "pcap", rw::Timestamp::from_seconds(1));
  rw::DnsTracker tracker(emitter, "fuzz");
  for (const auto transport : {rw::DnsTransport::kUdp, rw::DnsTransport::kMdns, rw::DnsTransport::kLlmnr}) {
    for (const bool response : {false, true, true}) {
      std::vector<std::byte> turned = bytes;
      if (turned.size() > 2) turned[2] = (turned[2] & std::byte{0x7F}) | (response ? std::byte{0x80} : std::byte{0});
      rw::DnsTracker::Where where{rw::Timestamp::from_seconds(1), rw::Ip::v4(1), rw::Ip::v4(2), 5000, 53, transport};
      if (response) std::swap(where.src, where.dst), std::swap(where.src_port, where.dst_port);
      tracker.message(where, turned, wire);
    }
  }
  tracker.advance(rw::Timestamp::from_seconds(100));
  tracker.flush();
  if (!emitter.finish()) std::abort();
  return 0;
}
