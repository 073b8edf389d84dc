// Bytes as they go over a wire and into a pcap file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace rw::scenario {

class Big {  // appends big-endian fields
 public:
  explicit Big(std::string& out) : out_(out) {}
  Big& u8(std::uint8_t v) { return bytes<1>(v); }
  Big& u16(std::uint16_t v) { return bytes<2>(v); }
  Big& u32(std::uint32_t v) { return bytes<4>(v); }
  Big& u64(std::uint64_t v) { return bytes<8>(v); }

 private:
  template <int kWidth>
  Big& bytes(std::uint64_t v) {
    char field[kWidth];
    for (int i = 0; i < kWidth; ++i) field[i] = static_cast<char>(v >> (8 * (kWidth - 1 - i)));
    out_.append(field, kWidth);
    return *this;
  }
  std::string& out_;
};

// The internet checksum (RFC 1071) of some bytes, which go on from `sum`.
inline std::uint16_t internet_checksum(std::string_view bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint32_t byte = static_cast<unsigned char>(bytes[i]);
    sum += i % 2 == 0 ? byte << 8 : byte;
  }
  while (sum >> 16) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// The header of a pcap file, little-endian: magic for microseconds, version 2.4, snap length, Ethernet.
inline std::string pcap_file_header() {
  const std::uint32_t header[6] = {0xA1B2C3D4, 4 << 16 | 2, 0, 0, 65535, 1};
  return {reinterpret_cast<const char*>(header), sizeof header};
}
inline std::string pcap_packet_header(Timestamp time, std::size_t frame_bytes) {
  const std::uint32_t head[4] = {static_cast<std::uint32_t>(time.us / 1'000'000),
                                 static_cast<std::uint32_t>(time.us % 1'000'000),
                                 static_cast<std::uint32_t>(frame_bytes), static_cast<std::uint32_t>(frame_bytes)};
  return {reinterpret_cast<const char*>(head), sizeof head};
}

// Ethernet II with locally administered addresses, then an IPv4 header (RFC 791) without options.
inline std::string ipv4_frame_header(std::uint32_t src, std::uint32_t dst, std::uint8_t proto, std::uint16_t id,
                                     std::size_t payload_bytes) {
  std::string frame;
  Big(frame).u16(0x0200).u32(dst).u16(0x0200).u32(src).u16(0x0800);
  std::string ip;
  Big(ip).u8(0x45).u8(0).u16(static_cast<std::uint16_t>(20 + payload_bytes)).u16(id).u16(0x4000).u8(64).u8(proto);
  Big(ip).u16(0).u32(src).u32(dst);
  const std::uint16_t checksum = internet_checksum(ip);
  ip[10] = static_cast<char>(checksum >> 8);
  ip[11] = static_cast<char>(checksum);
  return frame + ip;
}

}  // namespace rw::scenario
