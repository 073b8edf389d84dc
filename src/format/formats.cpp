// The list of input formats: one line each.
#include <array>

#include "format/format.h"

namespace rw {

// (one extern line and one list line a format)
extern constinit const Format kPcapFormat;
extern constinit const Format kPcapngFormat;
extern constinit const Format kZeekTsvFormat;
extern constinit const Format kZeekJsonFormat;
extern constinit const Format kSuricataEveFormat;
extern constinit const Format kShodanFormat;
extern constinit const Format kCensysFormat;
extern constinit const Format kNmapXmlFormat;
extern constinit const Format kMasscanFormat;
extern constinit const Format kDmarcAggregateFormat;
extern constinit const Format kSmtpTlsFormat;
extern constinit const Format kMailMessageFormat;
extern constinit const Format kMboxFormat;
extern constinit const Format kStixFormat;
extern constinit const Format kMispFormat;
extern constinit const Format kTorConsensusFormat;
extern constinit const Format kTorExitListFormat;
extern constinit const Format kProviderRangesFormat;
extern constinit const Format kGeofeedFormat;
extern constinit const Format kIndicatorCsvFormat;
extern constinit const Format kPlainListFormat;

namespace {
constexpr auto kFormats = std::to_array<const Format*>({
    &kPcapFormat,
    &kPcapngFormat,
    &kZeekTsvFormat,
    &kZeekJsonFormat,
    &kSuricataEveFormat,
    &kShodanFormat,
    &kCensysFormat,
    &kNmapXmlFormat,
    &kMasscanFormat,
    &kDmarcAggregateFormat,
    &kSmtpTlsFormat,
    &kMailMessageFormat,
    &kMboxFormat,
    &kStixFormat,
    &kMispFormat,
    &kTorConsensusFormat,
    &kTorExitListFormat,
    &kProviderRangesFormat,
    &kGeofeedFormat,
    &kIndicatorCsvFormat,
    &kPlainListFormat,
});
}  // namespace

std::span<const Format* const> formats() { return kFormats; }

const Format* find_format(std::string_view name) {
  for (const Format* format : formats())
    if (format->name == name) return format;
  return nullptr;
}

const Format* detect_format(Bytes head, std::string_view name) {
  const Format* best = nullptr;
  int best_score = 0;
  for (const Format* format : formats()) {
    const int score = format->detect(head, name);
    if (score > best_score) best = format, best_score = score;
  }
  return best;
}

}  // namespace rw
