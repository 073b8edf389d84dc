// For tests and fuzzing of QUIC: protects Initial packets as a client does, with another part of OpenSSL than the
// decoder uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "format/capture_builder.h"

namespace rw::testing::quic {

inline constexpr std::uint32_t kV1 = 1, kV2 = 0x6B3343CF, kDraft29 = 0xFF00001D;
inline const std::string kConnection = testing::hex("8394c8f03e515708");  // of RFC 9001, Appendix A

struct Keys {
  std::string key, iv, header;
};
// Of the client's Initial packets for a connection id.
Keys keys_of(std::uint32_t version, const std::string& connection);

struct Initial {
  std::uint32_t version = kV1;
  std::string connection = kConnection;
  std::string key_connection;  // empty: `connection`
  std::string token;
  std::uint32_t number = 2;
};
// A number of two bytes at most.
std::string varint(std::uint64_t value);
// A protected packet with these frames, padded to `pad_to` bytes.
std::string initial_packet(const Initial& how, std::string frames, std::size_t pad_to = 1100);
std::string crypto(std::size_t offset, std::string_view bytes);

}  // namespace rw::testing::quic
