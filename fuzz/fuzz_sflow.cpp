// sFlow v5: no run of datagrams may crash, hang or read what is not there.
#include "flow_export_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The agent's address belongs to the exporter's identity: it is replaced too.
  static constexpr std::byte kStart[] = {std::byte{0},  std::byte{0}, std::byte{0}, std::byte{5},
                                         std::byte{0},  std::byte{0}, std::byte{0}, std::byte{1},
                                         std::byte{10}, std::byte{0}, std::byte{0}, std::byte{1}};
  std::vector<std::byte> first(28);
  std::copy(std::begin(kStart), std::end(kStart), first.begin());
  rw::fuzz::run(first, rw::Bytes(kStart), data, size);
  return 0;
}
