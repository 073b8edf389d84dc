// For tests of mail: where the shared samples and suites are, and resolvers that hold a few records.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "resolver/resolver.h"

namespace rw::mail_testing {

// The folder mail/ of the shared samples (RW_SHARED_DATA, else ../shared/data); empty where it is not there.
inline std::filesystem::path shared_mail() {
  const char* given = std::getenv("RW_SHARED_DATA");
  const std::filesystem::path folder =
      std::filesystem::path(given != nullptr ? given : RW_SOURCE_DIR "/../shared/data") / "mail";
  return std::filesystem::is_directory(folder) ? folder : std::filesystem::path();
}

inline void add_txt(ZoneResolver& zone, std::string_view name, std::string_view text) {
  DnsRecord record;
  record.text = text;
  zone.add(name, DnsType::kTxt, record);
}
inline void add_address(ZoneResolver& zone, std::string_view name, std::string_view address) {
  DnsRecord record;
  record.address = Ip::parse(address).value_or(Ip{});
  zone.add(name, address.find(':') == std::string_view::npos ? DnsType::kA : DnsType::kAaaa, record);
}
inline void add_name(ZoneResolver& zone, std::string_view name, DnsType type, std::string_view target,
                     std::uint16_t preference = 0) {
  DnsRecord record;
  record.name = target;
  record.preference = preference;
  zone.add(name, type, record);
}

}  // namespace rw::mail_testing
