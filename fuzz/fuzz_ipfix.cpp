// IPFIX: no run of datagrams may crash, hang or read what is not there.
#include "flow_export_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::byte kVersion[] = {std::byte{0}, std::byte{10}};
  std::vector<std::byte> first(16 + 8);
  first[1] = std::byte{10}, first[3] = std::byte{24}, first[16] = std::byte{1}, first[19] = std::byte{8};
  rw::fuzz::run(first, rw::Bytes(kVersion), data, size);
  return 0;
}
