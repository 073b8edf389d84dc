// The thresholds of all detectors, with units, defaults, bounds and reasons: one place to tune them, and to freeze them
// before they are judged.
//
// A detector has a namespace named after its id, one constant for each threshold, and the list kAll of them, which it
// names in its Detector. Whatever it compares with is here and nowhere else, so that a user can set it:
//
//   [detectors.coin-port]
//   min_flows = 5
//   quiet_gap = "3d"
#pragma once

#include "model/threshold.h"

namespace rw::thresholds {

inline constexpr double kManyRows = 1e9;  // flows, packets, messages: a detector that waits for more is switched off
inline constexpr double kDaySeconds = 86'400;
inline constexpr double kMaxGapSeconds = 366 * kDaySeconds;

// What several detectors have in common; each has a threshold of its own all the same.
constexpr Threshold min_flows_of_episode() {
  return {.name = "min_flows",
          .value = 1,
          .unit = "flows",
          .doc = "an episode with fewer is no finding",
          .least = 1,
          .most = kManyRows};
}
constexpr Threshold quiet_gap_of_a_week(std::string_view doc) {
  return {.name = "quiet_gap",
          .value = 7 * kDaySeconds,
          .unit = kDurationUnit,
          .doc = doc,
          .least = 1,
          .most = kMaxGapSeconds};
}
constexpr Threshold min_packets_of_connection() {
  return {.name = "min_packets",
          .value = 3,
          .unit = "packets",
          .doc = "a flow with fewer is a probe, not a connection: a handshake takes three",
          .least = 1,
          .most = kManyRows};
}
constexpr Threshold min_source_port_of_client() {
  return {.name = "min_source_port",
          .value = 1024,
          .unit = "port",
          .doc = "lower source ports are servers that answer a client whose own port is one of these",
          .least = 0,
          .most = 65'535};
}

namespace watched_contact {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_a_week("contact that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kQuietGap};
}  // namespace watched_contact

namespace coin_port {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kMinPackets = min_packets_of_connection();
inline constexpr Threshold kMinSourcePort = min_source_port_of_client();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_a_week("use that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kMinPackets, &kMinSourcePort, &kQuietGap};
}  // namespace coin_port

namespace irc_port {
inline constexpr Threshold kMinFlows = min_flows_of_episode();
inline constexpr Threshold kMinPackets = min_packets_of_connection();
inline constexpr Threshold kMinSourcePort = min_source_port_of_client();
inline constexpr Threshold kQuietGap =
    quiet_gap_of_a_week("use that rests for longer and comes again is another finding");
inline constexpr const Threshold* kAll[] = {&kMinFlows, &kMinPackets, &kMinSourcePort, &kQuietGap};
}  // namespace irc_port

}  // namespace rw::thresholds
