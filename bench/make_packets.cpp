// Makes a packet capture of many interleaved sessions with DNS, TLS and HTTP in them:  make_packets COUNT OUT.pcap
#include <array>
#include <string>
#include <vector>

#include "scenario/rng.h"
#include "wire.h"

namespace {

using rw::bench::Big;
using rw::bench::PcapFile;
using rw::bench::v4;
using rw::scenario::Rng;

constexpr unsigned kSyn = 2, kAck = 16, kPushAck = 24, kFinAck = 17;
constexpr std::size_t kOpenSessions = 4'000;

enum class Kind { kDns, kTls, kHttp, kDatagrams };
struct Session {
  Kind kind;
  std::uint32_t client, server;
  std::uint16_t client_port, server_port;
  std::uint32_t site;  // whose name is asked for
  unsigned step = 0, steps = 0;
  std::uint32_t client_sequence = 1'000, server_sequence = 5'000;
};

std::string host_name(std::uint32_t site) {
  return "www" + std::to_string(site % 7) + ".site" + std::to_string(site) + ".example";
}

std::string dns_name(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    wire += static_cast<char>(label.size());
    wire += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return wire += '\0';
}

std::string dns_message(std::uint16_t id, std::uint32_t site, bool response) {
  std::string message;
  Big out(message);  // RFC 1035 section 4.1.1
  out.u16(id)
      .u16(response ? 0x8180 : 0x0100)
      .u16(1)
      .u16(response ? 2 : 0)
      .u16(0)
      .u16(0)
      .bytes(dns_name(host_name(site)))
      .u16(1)
      .u16(1);
  for (unsigned i = 0; response && i < 2; ++i)
    out.u16(0xC00C).u16(1).u16(1).u32(300).u16(4).u32(v4(100, 64, 0, 0) + site * 8 + i);
  return message;
}

std::string client_hello(Rng& rng, std::uint32_t site) {
  const std::string name = host_name(site);
  std::string extensions;
  Big(extensions)
      .u16(0)
      .u16(static_cast<unsigned>(name.size() + 5))
      .u16(static_cast<unsigned>(name.size() + 3))
      .u8(0)
      .u16(static_cast<unsigned>(name.size()))
      .bytes(name);
  Big(extensions).u16(16).u16(14).u16(12).u8(2).bytes("h2").u8(8).bytes("http/1.1");
  Big(extensions).u16(43).u16(5).u8(4).u16(0x0304).u16(0x0303);
  std::string body;  // RFC 8446 section 4.1.2
  Big out(body);
  out.u16(0x0303);
  for (int i = 0; i < 8; ++i) out.u32(static_cast<std::uint32_t>(rng.next()));
  out.u8(32);
  for (int i = 0; i < 8; ++i) out.u32(static_cast<std::uint32_t>(rng.next()));
  out.u16(6)
      .u16(0x1301)
      .u16(0x1302)
      .u16(0xC02F)
      .u8(1)
      .u8(0)
      .u16(static_cast<unsigned>(extensions.size()))
      .bytes(extensions);
  std::string record;
  Big(record)
      .u8(22)
      .u16(0x0301)
      .u16(static_cast<unsigned>(body.size() + 4))
      .u8(1)
      .u24(static_cast<unsigned>(body.size()))
      .bytes(body);
  return record;
}

Session open_session(Rng& rng) {
  Session s{};
  s.client = v4(10, 1, 0, 0) + rng.skewed(20'000);
  s.site = rng.skewed(50'000);
  s.server = v4(100, 64, 0, 0) + s.site * 8;
  s.client_port = static_cast<std::uint16_t>(32'768 + rng.below(28'000));
  const std::uint32_t dice = rng.below(100);
  if (dice < 45) {
    s.kind = Kind::kDns, s.server = v4(10, 1, 255, 53), s.server_port = 53, s.steps = 2;
  } else if (dice < 80) {
    s.kind = Kind::kTls, s.server_port = 443, s.steps = 8 + static_cast<unsigned>(rng.heavy() * 10);
  } else if (dice < 90) {
    s.kind = Kind::kHttp, s.server_port = 80, s.steps = 7 + static_cast<unsigned>(rng.heavy() * 6);
  } else {
    s.kind = Kind::kDatagrams, s.server_port = static_cast<std::uint16_t>(1'024 + rng.below(40'000)),
    s.steps = 2 + rng.below(20);
  }
  return s;
}

class Capture {
 public:
  explicit Capture(const std::string& path) : file_(path), filler_(1'400, 'z') {}

  void next_packet(Session& s) {
    now_us_ += 1 + rng_.below(80);
    switch (s.kind) {
      case Kind::kDns: {
        const auto id = s.client_port;
        if (s.step == 0)
          file_.udp(now_us_, s.client, s.server, s.client_port, 53, dns_message(id, s.site, false));
        else
          file_.udp(now_us_, s.server, s.client, 53, s.client_port, dns_message(id, s.site, true));
        break;
      }
      case Kind::kDatagrams: {
        const std::string_view payload = std::string_view(filler_).substr(0, 40 + rng_.below(1'000));
        if (s.step % 2 == 0)
          file_.udp(now_us_, s.client, s.server, s.client_port, s.server_port, payload);
        else
          file_.udp(now_us_, s.server, s.client, s.server_port, s.client_port, payload);
        break;
      }
      case Kind::kTls:
      case Kind::kHttp: tcp_step(s); break;
    }
    ++s.step;
  }
  void close() { file_.close(); }
  Rng& rng() { return rng_; }

 private:
  void tcp_step(Session& s) {
    if (s.step == 0) return tcp(s, true, kSyn, {});
    if (s.step == 1) return tcp(s, false, kSyn | kAck, {});
    if (s.step == 2) return tcp(s, true, kAck, {});
    if (s.step == 3)
      return tcp(s, true, kPushAck,
                 s.kind == Kind::kTls
                     ? client_hello(rng_, s.site)
                     : "GET /page HTTP/1.1\r\nHost: " + host_name(s.site) + "\r\nUser-Agent: bench\r\n\r\n");
    if (s.step + 2 == s.steps) return tcp(s, true, kFinAck, {});
    if (s.step + 1 == s.steps) return tcp(s, false, kFinAck, {});
    if (s.step % 3 == 0) return tcp(s, true, kAck, {});
    tcp(s, false, kAck, std::string_view(filler_).substr(0, s.step == 4 ? 600 : 1'400));
  }
  void tcp(Session& s, bool from_client, unsigned flags, std::string_view payload) {
    std::string segment;  // RFC 9293 section 3.1
    const std::uint32_t sequence = from_client ? s.client_sequence : s.server_sequence;
    const std::uint32_t acknowledged = from_client ? s.server_sequence : s.client_sequence;
    Big(segment)
        .u16(from_client ? s.client_port : s.server_port)
        .u16(from_client ? s.server_port : s.client_port)
        .u32(sequence)
        .u32(flags & kAck ? acknowledged : 0)
        .u8(0x50)
        .u8(flags)
        .u16(64'000)
        .u16(0)
        .u16(0)
        .bytes(payload);
    (from_client ? s.client_sequence : s.server_sequence) +=
        static_cast<std::uint32_t>(payload.size()) + (flags & 3 ? 1 : 0);
    file_.packet(now_us_, from_client ? s.client : s.server, from_client ? s.server : s.client, 6, segment);
  }

  PcapFile file_;
  std::string filler_;
  Rng rng_{11};
  std::int64_t now_us_ = 1'551'398'400'000'000;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: make_packets COUNT OUT.pcap\n"), 2;
  const auto count = std::strtoull(argv[1], nullptr, 10);
  Capture capture(argv[2]);
  std::vector<Session> sessions;
  for (std::size_t i = 0; i < kOpenSessions; ++i) sessions.push_back(open_session(capture.rng()));
  for (unsigned long long i = 0; i < count; ++i) {
    Session& session = sessions[capture.rng().below(kOpenSessions)];
    capture.next_packet(session);
    if (session.step >= session.steps) session = open_session(capture.rng());
  }
  capture.close();
  return 0;
}
