// Makes one month of flows as NetFlow v5 and as NetFlow v9, the same flows in both:  make_flows COUNT V5.pcap V9.pcap
//
// 60,000 hosts of 10.1.0.0/16 talk with 400,000 addresses outside; a flow belongs to one of 800,000 conversations, the
// busy ones far more often. Records come in the order of their ends, as a router exports them.
#include <algorithm>
#include <array>
#include <string>

#include "scenario/rng.h"
#include "wire.h"

namespace {

using rw::bench::Big;
using rw::bench::v4;
using rw::scenario::Rng;

constexpr std::int64_t kMonth = 1'551'398'400;  // 2019-03-01T00:00:00Z
constexpr std::int64_t kMilliseconds = 31LL * 86'400 * 1'000;
constexpr std::int64_t kBoot = kMonth - 3'600;
constexpr std::uint32_t kRouter = v4(192, 0, 2, 1), kCollector = v4(192, 0, 2, 100);

struct Record {
  std::uint32_t src, dst;
  std::uint16_t src_port, dst_port;
  std::uint8_t proto, flags;
  std::uint32_t packets, bytes;
  std::int64_t start_ms, end_ms;  // since kBoot
};

// A conversation's ends are a function of its number, so that it needs no table.
Record make_record(Rng& rng, std::int64_t end_ms) {
  const std::uint32_t conversation = rng.skewed(800'000);
  Rng fixed(conversation);
  const std::uint32_t inside = v4(10, 1, 0, 0) + fixed.skewed(60'000);
  const std::uint32_t outside = v4(100, 64, 0, 0) + fixed.skewed(400'000) * 7;
  constexpr std::array<std::uint16_t, 10> kPorts{443, 443, 443, 443, 80, 80, 53, 123, 22, 993};
  const std::uint16_t service = kPorts[fixed.below(kPorts.size())];
  Record r{};
  r.proto = service == 53 || service == 123 ? 17 : service == 443 && fixed.chance(0.3) ? 17 : 6;
  const auto client_port = static_cast<std::uint16_t>(32'768 + rng.below(28'000));
  const bool reply = rng.chance(0.5);
  r.src = reply ? outside : inside;
  r.dst = reply ? inside : outside;
  r.src_port = reply ? service : client_port;
  r.dst_port = reply ? client_port : service;
  r.flags = r.proto == 6 ? 0x1B : 0;
  const bool small = service == 53 || service == 123;
  r.packets = small ? 1 : static_cast<std::uint32_t>(3 + rng.heavy() * 6);
  r.bytes = small ? 60 + rng.below(200) : r.packets * (reply ? 300 + rng.below(1'100) : 52 + rng.below(120));
  r.end_ms = end_ms;
  r.start_ms = end_ms - (small ? rng.below(40) : static_cast<std::int64_t>(rng.heavy() * 2'000));
  return r;
}

class Datagrams {
 public:
  Datagrams(const std::string& path, int version) : file_(path), version_(version) {}

  void add(const Record& r) {
    if (version_ == 5) {  // the record of NetFlow v5, 48 bytes
      Big(body_)
          .u32(r.src)
          .u32(r.dst)
          .u32(0)
          .u16(1)
          .u16(2)
          .u32(r.packets)
          .u32(r.bytes)
          .u32(ms(r.start_ms))
          .u32(ms(r.end_ms))
          .u16(r.src_port)
          .u16(r.dst_port)
          .u8(0)
          .u8(r.flags)
          .u8(r.proto)
          .u8(0)
          .u16(0)
          .u16(0)
          .u8(16)
          .u8(16)
          .u16(0);
    } else {
      Big(body_)
          .u32(r.src)
          .u32(r.dst)
          .u16(r.src_port)
          .u16(r.dst_port)
          .u8(r.proto)
          .u8(r.flags)
          .u8(0)
          .u16(1)
          .u16(2)
          .u32(r.bytes)
          .u32(r.packets)
          .u32(ms(r.start_ms))
          .u32(ms(r.end_ms));
    }
    last_ms_ = r.end_ms;
    if (++count_ == (version_ == 5 ? 30U : 36U)) flush();
  }
  void finish() {
    if (count_) flush();
    file_.close();
  }

 private:
  static std::uint32_t ms(std::int64_t value) { return static_cast<std::uint32_t>(value); }

  void flush() {
    const std::int64_t seconds = kBoot + last_ms_ / 1'000 + 1;
    const std::uint32_t uptime = ms((seconds - kBoot) * 1'000);
    std::string payload;
    Big out(payload);
    if (version_ == 5) {
      out.u16(5)
          .u16(count_)
          .u32(uptime)
          .u32(static_cast<std::uint32_t>(seconds))
          .u32(0)
          .u32(sequence_)
          .u8(0)
          .u8(0)
          .u16(0);
      sequence_ += count_;
    } else {  // RFC 3954
      if (sequence_ % 256 == 0) templates(seconds, uptime);
      out.u16(9).u16(count_).u32(uptime).u32(static_cast<std::uint32_t>(seconds)).u32(sequence_++).u32(0);
      const std::size_t padding = (4 - body_.size() % 4) % 4;
      out.u16(256).u16(static_cast<unsigned>(4 + body_.size() + padding));
      body_.append(padding, '\0');
    }
    payload += body_;
    file_.udp(seconds * 1'000'000, kRouter, kCollector, 50'000, 2'055, payload);
    body_.clear();
    count_ = 0;
  }
  void templates(std::int64_t seconds, std::uint32_t uptime) {
    constexpr std::array<std::array<unsigned, 2>, 13> kFields{
        {{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {6, 1}, {5, 1}, {10, 2}, {14, 2}, {1, 4}, {2, 4}, {22, 4}, {21, 4}}};
    std::string payload;
    Big out(payload);
    out.u16(9).u16(1).u32(uptime).u32(static_cast<std::uint32_t>(seconds)).u32(sequence_++).u32(0);
    out.u16(0).u16(static_cast<unsigned>(8 + 4 * kFields.size())).u16(256).u16(static_cast<unsigned>(kFields.size()));
    for (const auto& field : kFields) out.u16(field[0]).u16(field[1]);
    file_.udp(seconds * 1'000'000, kRouter, kCollector, 50'000, 2'055, payload);
  }

  rw::bench::PcapFile file_;
  int version_;
  std::string body_;
  unsigned count_ = 0;
  std::uint32_t sequence_ = 0;
  std::int64_t last_ms_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: make_flows COUNT V5.pcap V9.pcap\n"), 2;
  const auto count = std::strtoull(argv[1], nullptr, 10);
  Datagrams v5(argv[2], 5), v9(argv[3], 9);
  Rng rng(42);
  for (unsigned long long i = 0; i < count; ++i) {
    const auto end_ms =
        3'600'000 + static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(count) * kMilliseconds);
    const Record record = make_record(rng, end_ms);
    v5.add(record);
    v9.add(record);
  }
  v5.finish();
  v9.finish();
  return 0;
}
