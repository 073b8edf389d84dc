// NetFlow v5 and v9: no run of datagrams may crash, hang or read what is not there.
#include "flow_export_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  using rw::Bytes;
  if (data[0] & 1) {
    static constexpr std::byte kVersion[] = {std::byte{0}, std::byte{5}};
    std::vector<std::byte> first(24 + 48);
    first[1] = std::byte{5}, first[3] = std::byte{1};
    rw::fuzz::run(first, Bytes(kVersion), data + 1, size - 1);
  } else {
    static constexpr std::byte kVersion[] = {std::byte{0}, std::byte{9}};
    std::vector<std::byte> first(20 + 8);
    first[1] = std::byte{9}, first[3] = std::byte{1}, first[20] = std::byte{1}, first[23] = std::byte{8};
    rw::fuzz::run(first, Bytes(kVersion), data + 1, size - 1);
  }
  return 0;
}
