// Labelled synthetic worlds: what they are called, what they plant, and how one is written to a folder.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw {

// A folder with this file in it holds synthetic data: ingest marks the lake, for good.
inline constexpr std::string_view kScenarioMarker = "rangewatch-scenario.json";

struct ScenarioOptions {
  static constexpr double kMinScale = 0.001;
  static constexpr double kMaxScale = 10;

  std::string directory;   // made when missing; must be empty, or hold an earlier scenario, which is replaced
  double scale = 1;        // number of flows; shares and ratios stay
  std::uint64_t seed = 1;  // the same seed and scale give the same bytes, on any machine
  std::function<void(double done)> progress;  // 0 to 1, a few hundred times; may be empty
};

struct ScenarioReport {
  std::uint64_t flow_records = 0;  // NetFlow records, all exporters
  std::uint64_t conn_records = 0;  // Zeek conn.log lines
  std::uint64_t dns_records = 0;   // Zeek dns.log lines
  std::uint64_t bytes = 0;         // on disk
  std::string observations;        // folder to give to ingest
  std::string reference;           // dated lists and scan data, to be ingested too
  std::string subject;             // subject file that fits
  std::string truth;               // what was planted; for tests only
};

struct Scenario {
  std::string_view name;
  std::string_view title;
  std::string_view doc;
  Result<ScenarioReport> (*write)(const ScenarioOptions& options);
};

std::span<const Scenario* const> scenarios();
const Scenario* find_scenario(std::string_view name);

}  // namespace rw
