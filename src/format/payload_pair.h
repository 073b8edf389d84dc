// Protocols whose first message proves little by itself: a suspicion, and what the other messages make of it.
//
//   Suspicion s = suspect_udp(question, wire_bytes);          // of a payload that no rule of payload_app.h knows
//   if (s.app != App::kNone) … weigh(s, next_question, wire_bytes) until it says kYes or kNo
//
// A label needs what only that protocol's other side could answer (an identifier that comes back, a choice among what
// was offered), or counters that only go on as they do there. Silence proves nothing: such a flow stays without label.
#pragma once

#include <cstdint>

#include "format/payload_app.h"

namespace rw {

struct Suspicion {
  App app = App::kNone;
  bool from_initiator = true;  // who sent what raised it
  bool tcp = false;
  std::uint8_t shape = 0;     // which of the protocol's messages, for its own rule
  std::uint8_t agreeing = 0;  // messages that fitted since
  std::uint8_t seen = 0;      // messages since
  std::uint64_t token = 0;    // what has to come back, or stay
  std::uint64_t counter = 0;  // what has to go on
};

enum class Weighed : std::uint8_t { kNo, kWait, kYes };

inline constexpr unsigned kMaxWeighed = 12;  // messages until a suspicion is dropped

// `wire_bytes`: the payload's length before a capture cut it.
Suspicion suspect_tcp(const PayloadQuestion& question, std::size_t wire_bytes);
Suspicion suspect_udp(const PayloadQuestion& question, std::size_t wire_bytes);
Weighed weigh(Suspicion& suspicion, const PayloadQuestion& question, std::size_t wire_bytes);

}  // namespace rw
