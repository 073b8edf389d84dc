// DMARC aggregate reports: no document may crash, hang, grow without bound or bring in bytes that are not printable.
// seeds: tests/golden/dmarc-aggregate/*/in.*
#include "log_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return rw::fuzz::run("dmarc-aggregate", data, size);
}
