// Zeek TSV logs: no text may crash, hang or bring in bytes that are not printable.
// seeds: tests/golden/zeek-tsv/*/in.*
#include "log_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return rw::fuzz::run("zeek-tsv", data, size);
}
