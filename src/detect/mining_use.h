// Mining as detectors tell it: sessions that payload rules saw (table mining) joined with the flows that carried them,
// by any key, in episodes, with a trend by month.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "detect/detector.h"
#include "detect/episodes.h"

namespace rw {

// One key's use of one protocol of miners or nodes, between two pauses.
struct MiningUse {
  std::vector<std::string> key;
  Timestamp first;
  Timestamp last;
  std::int64_t sessions = 0;           // rows of table mining
  std::int64_t answered_sessions = 0;  // to which the server said something
  std::int64_t messages = 0;
  std::int64_t flows = 0;
  std::int64_t bytes = 0;                         // of flows; 0 where no sensor of flows knows the protocol
  std::int64_t workers = 0;                       // most distinct names in one day
  std::int64_t peers = 0;                         // most in one day
  std::map<std::string, std::int64_t> coins;      // sessions by coin, where the payload says it
  std::map<std::string, std::int64_t> protocols;  // sessions by protocol
  std::map<std::string, std::int64_t> months;     // "2019-05" -> bytes, or messages where there are no flows
};

// The question about sessions of `kind` where `where` holds.
Query mining_query(const DetectContext& context, std::string_view kind, ExprPtr where, std::vector<Named> keys,
                   ExprPtr peer);
// The question about flows whose payload was known as one of `apps`.
Query mining_flow_query(const DetectContext& context, const std::vector<std::string_view>& apps, ExprPtr where,
                        std::vector<Named> keys, ExprPtr peer);

// Both answers, with `keys` key columns each. `turned` gives the keys that are the same conversation seen from its
// other end (client and server swapped): flows that a sensor saw that way join the sessions.
using TurnKey = std::vector<std::vector<std::string>> (*)(const std::vector<std::string>&);
std::vector<MiningUse> mining_uses(const Answer& sessions, const Answer& flows, std::size_t keys, Duration quiet_gap,
                                   TurnKey turned = nullptr);

// The name that most sessions give, or "".
std::string most_common(const std::map<std::string, std::int64_t>& counts);
// Window, figures and observations; entities, words and grades are the detector's.
Finding mining_finding(const MiningUse& use, std::vector<Entity> entities, std::string_view filter);

}  // namespace rw
