// pcapng: no file may crash, hang or read what is not there, and how it is handed out changes nothing.
// seeds: tests/golden/pcapng/*/in.*
#include "capture_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rw::fuzz::run_twice("pcapng", data, size);
  return 0;
}
