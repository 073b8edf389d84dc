// QUIC Initials: neither datagrams nor, behind valid encryption, frames may crash, hang or read what is not there.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "format/quic.h"
#include "format/quic_testing.h"

// The first byte says what the rest is: a run of datagrams as they are, or of frames that are protected first; each
// after its length in two bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  rw::QuicInitial quic;
  rw::Cursor cursor(rw::Bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1));
  for (std::uint32_t number = 0; cursor.left() > 2 && number < 20; ++number) {
    const std::size_t length = cursor.u16();
    const rw::Bytes bytes = cursor.bytes(std::min(length, cursor.left()));
    std::vector<std::byte> datagram(bytes.begin(), bytes.end());
    if ((data[0] & 1) != 0 && bytes.size() < 8000) {
      const std::uint32_t versions[] = {rw::testing::quic::kV1, rw::testing::quic::kV2, rw::testing::quic::kDraft29};
      const std::string packet = rw::testing::quic::initial_packet(
          {.version = versions[data[0] / 2 % 3], .number = number}, std::string(rw::as_text(bytes)), 64);
      datagram.assign(rw::as_bytes(packet).begin(), rw::as_bytes(packet).end());
    }
    (void)rw::looks_like_quic_initial(datagram);
    quic.datagram(datagram);
    if (quic.memory_bytes() > 4 * rw::kMaxClientHelloBytes) std::abort();
    (void)quic.version_name();
  }
  return 0;
}
