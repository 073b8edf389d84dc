// pcap: no file may crash, hang or read what is not there, and how it is handed out changes nothing.
// seeds: tests/golden/pcap/*/in.* lab/small-office/capture.pcap
#include "capture_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rw::fuzz::run_twice("pcap", data, size);
  return 0;
}
