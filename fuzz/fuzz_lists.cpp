// Scans and reference lists: no text may crash, hang or bring in bytes that are not printable. Every format that takes
// the input for its own reads it, and one that its last byte picks.
// seeds: tests/golden/shodan/*/in.* tests/golden/censys/*/in.* tests/golden/nmap-xml/*/in.* tests/golden/masscan/*/in.*
// seeds: tests/golden/stix/*/in.* tests/golden/misp/*/in.* tests/golden/indicator-csv/*/in.*
// tests/golden/plain-list/*/in.* seeds: tests/golden/tor-consensus/*/in.* tests/golden/tor-exit-list/*/in.*
// tests/golden/provider-ranges/*/in.* seeds: tests/golden/geofeed/*/in.*
#include "log_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr const char* kFormats[] = {
      "shodan",        "censys",        "nmap-xml",        "masscan", "stix",          "misp",
      "tor-consensus", "tor-exit-list", "provider-ranges", "geofeed", "indicator-csv", "plain-list"};
  if (size == 0) return 0;
  const rw::Bytes head{reinterpret_cast<const std::byte*>(data), std::min<std::size_t>(size, 4096)};
  const char* picked = kFormats[data[size - 1] % std::size(kFormats)];
  for (const char* name : kFormats)
    if (name == picked || rw::find_format(name)->detect(head, "fuzz") > 0) rw::fuzz::run(name, data, size);
  return 0;
}
