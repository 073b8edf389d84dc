// Zone files: none may crash or hang, and whatever was read can be asked for in bounded steps.
// seeds: fuzz/seeds/zone/*.zone tests/golden/mail-audit/*/in.*.zone
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "resolver/names.h"
#include "resolver/resolver.h"
#include "resolver/zone_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  rw::ZoneResolver zone;
  if (!zone.parse(text, "fuzz")) return 0;
  const auto file = rw::parse_zone_file(text, "fuzz");
  if (!file) std::abort();
  std::size_t asked = 0;
  for (const rw::ZoneRecord& record : file->records) {
    if (++asked > 200) break;
    std::string again;
    if (!rw::canonical_name(record.name, again) || again != record.name) std::abort();
    for (const rw::DnsType type : {rw::DnsType::kA, rw::DnsType::kTxt, rw::DnsType::kMx, rw::DnsType::kDs}) {
      const rw::DnsReply reply = zone.lookup(record.name, type);
      if ((reply.state == rw::DnsState::kPresent) == reply.records.empty()) std::abort();
      if ((reply.state == rw::DnsState::kFailed) == reply.failure.empty()) std::abort();
    }
  }
  return 0;
}
