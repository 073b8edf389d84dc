// Big-endian fields and pcap frames for the makers of benchmark inputs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "scenario/file_writer.h"

namespace rw::bench {

class Big {
 public:
  explicit Big(std::string& out) : out_(out) {}
  Big& u8(unsigned v) { return field<1>(v); }
  Big& u16(unsigned v) { return field<2>(v); }
  Big& u24(unsigned v) { return field<3>(v); }
  Big& u32(std::uint32_t v) { return field<4>(v); }
  Big& bytes(std::string_view v) {
    out_ += v;
    return *this;
  }

 private:
  template <int kWidth>
  Big& field(std::uint32_t v) {
    char bytes[kWidth];
    for (int i = 0; i < kWidth; ++i) bytes[i] = static_cast<char>(v >> (8 * (kWidth - 1 - i)));
    out_.append(bytes, kWidth);
    return *this;
  }
  std::string& out_;
};

// These programs have one use and one reader: a failure ends them with a word.
inline void check(const Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

// A pcap file of Ethernet frames with microsecond times.
class PcapFile {
 public:
  explicit PcapFile(const std::string& path) {
    check(file_.open(path));
    const std::uint32_t header[6] = {0xA1B2C3D4, 4 << 16 | 2, 0, 0, 65535, 1};
    file_.write(header, sizeof header);
  }
  // One IPv4 packet: `transport` begins with its TCP or UDP header.
  void packet(std::int64_t us, std::uint32_t src, std::uint32_t dst, unsigned proto, std::string_view transport) {
    const std::size_t length = 14 + 20 + transport.size();
    const std::uint32_t head[4] = {static_cast<std::uint32_t>(us / 1'000'000),
                                   static_cast<std::uint32_t>(us % 1'000'000), static_cast<std::uint32_t>(length),
                                   static_cast<std::uint32_t>(length)};
    frame_.assign(reinterpret_cast<const char*>(head), sizeof head);
    Big out(frame_);
    out.u16(0x0200).u32(dst).u16(0x0200).u32(src).u16(0x0800);
    const std::size_t ip = frame_.size();
    out.u8(0x45)
        .u8(0)
        .u16(static_cast<unsigned>(20 + transport.size()))
        .u16(++id_ & 0xFFFF)
        .u16(0x4000)
        .u8(60)
        .u8(proto)
        .u16(0)
        .u32(src)
        .u32(dst);
    std::uint32_t sum = 0;
    for (std::size_t i = ip; i < frame_.size(); i += 2)
      sum += static_cast<std::uint32_t>(static_cast<unsigned char>(frame_[i])) << 8 |
             static_cast<unsigned char>(frame_[i + 1]);
    while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
    frame_[ip + 10] = static_cast<char>(~sum >> 8);
    frame_[ip + 11] = static_cast<char>(~sum);
    frame_ += transport;
    file_.write(frame_);
  }
  void udp(std::int64_t us, std::uint32_t src, std::uint32_t dst, unsigned src_port, unsigned dst_port,
           std::string_view payload) {
    std::string transport;
    Big(transport).u16(src_port).u16(dst_port).u16(static_cast<unsigned>(8 + payload.size())).u16(0).bytes(payload);
    packet(us, src, dst, 17, transport);
  }
  void close() { check(file_.close()); }

 private:
  scenario::FileWriter file_;
  std::string frame_;
  unsigned id_ = 0;
};

constexpr std::uint32_t v4(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

}  // namespace rw::bench
