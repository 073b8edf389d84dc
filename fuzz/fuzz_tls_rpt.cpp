// SMTP TLS reports: no document may crash, hang or bring in bytes that are not printable.
// seeds: tests/golden/smtp-tls/*/in.*
#include "log_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return rw::fuzz::run("smtp-tls", data, size);
}
