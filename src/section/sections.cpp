// The list of sections: one line for each file.
#include "section/section.h"

namespace rw {

extern const Section kActivitySection;
extern const Section kRhythmSection;
extern const Section kAddressesSection;
extern const Section kMiningSection;
extern const Section kOpsecSection;
extern const Section kDnsTunnelsSection;
extern const Section kContentSection;
extern const Section kContactsSection;

std::span<const Section* const> sections() {
  // clang-format off
  static constexpr const Section* kSections[] = {
      &kActivitySection,
      &kRhythmSection,
      &kAddressesSection,
      &kMiningSection,
      &kOpsecSection,
      &kDnsTunnelsSection,
      &kContentSection,
      &kContactsSection,
  };
  // clang-format on
  return kSections;
}

std::span<const std::string_view> section_keys() {
  static constexpr std::string_view kKeys[] = {"activity", "rhythm",  "routing",  "addresses",   "names",
                                               "visitors", "mining",  "opsec",    "dns_tunnels", "ddos",
                                               "presence", "content", "holidays", "hosting",     "contacts"};
  return kKeys;
}

}  // namespace rw
