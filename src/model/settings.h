// rangewatch.toml, the file in a lake that says how to treat it and who is defended: read, checked, and written out
// again.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/mail_settings.h"
#include "model/subject.h"
#include "model/threshold.h"

namespace rw {

struct Settings {
  static constexpr std::string_view kFileName = "rangewatch.toml";

  // [lake]
  std::int64_t retention_months = 25;  // two years can be compared, and the month that is running; for `lake drop`
  // [query]; each has a flag that wins
  std::uint64_t memory_bytes = 0;  // 0: half of the machine's, at most 8 GiB
  unsigned threads = 0;            // 0: all cores
  // [ingest]; each has a flag that wins
  Duration active_timeout = Duration::seconds(1800);
  Duration idle_timeout = Duration::seconds(60);
  // [organisation]
  Organisation organisation;
  // [mail]
  MailSettings mail;
  // [detectors.ID]
  ThresholdValues thresholds;
};

// The parts beside [organisation].
inline constexpr std::array<std::string_view, 5> kSettingsParts{"lake", "query", "ingest", "mail", "detectors"};

// kUsage with place, caret and nearest key for everything that is wrong; a file that does not exist gives the defaults.
// `detectors` says what [detectors] may set; where it is empty, that part is left to others.
using ThresholdGroups = std::span<const ThresholdGroup>;
Result<Settings> read_settings(const std::string& path, ThresholdGroups detectors = {});
Result<Settings> parse_settings(std::string toml, const std::string& name, ThresholdGroups detectors = {});
// As TOML that parse_settings reads to the same settings, each with its meaning as a comment.
std::string settings_toml(const Settings& settings, ThresholdGroups detectors = {});

}  // namespace rw
