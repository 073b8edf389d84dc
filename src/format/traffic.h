// Captured packets on their way to rows: decoding, fragments, flows, payloads, exports that travel inside.
//
//   Traffic traffic(options, emitter, shared, sensor);
//   while (…) traffic.add(records);   // batches keep the caches warm: up to kBatch records at a time
//   traffic.finish();
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/time.h"
#include "format/dns_tracker.h"
#include "format/dpi.h"
#include "format/flow_assembler.h"
#include "format/flow_export.h"
#include "format/format.h"
#include "format/fragments.h"
#include "format/inspector.h"
#include "format/packet.h"
#include "model/emitter.h"

namespace rw {

// One packet of a capture. `frame` needs to live only during Traffic::add.
struct CaptureRecord {
  Timestamp time;
  std::uint32_t link_type = 0;
  std::uint32_t wire_length = 0;
  Bytes frame;
  std::uint64_t offset = 0;  // of its record in the input
  std::uint64_t end = 0;     // and of what follows the record
};

// The time of a capture as it goes on: the latest packet time that can be believed. Packets out of order do not turn it
// back, and one wild timestamp does not move it: a jump of more than kJump counts only when the next packet agrees.
class CaptureClock {
 public:
  static constexpr Duration kJump = kHour;

  void observe(Timestamp time);
  Timestamp now() const { return now_; }
  bool started() const { return started_; }

 private:
  bool started_ = false;
  Timestamp now_;
  std::optional<Timestamp> candidate_;
};

class Traffic {
 public:
  static constexpr std::size_t kBatch = 64;

  Traffic(const DecodeOptions& options, Emitter& emitter, SharedState& shared, const std::string& sensor);

  // At most kBatch records, in the order of the input. Crossing the emitter's resume offset tells all that is open
  // first.
  void add(std::span<const CaptureRecord> records);
  // It is `now` though no packet came: tells what has been silent for long enough.
  void advance(Timestamp now) {
    turn_clock(now);
    flows_.tell_held();
  }
  // Tells all that is open. Call once, at the end.
  void finish();

  struct Totals {
    std::uint64_t packets = 0;      // records
    std::uint64_t counted = 0;      // IP packets (fragments each) that are in flows
    std::int64_t bytes = 0;         // IP-layer bytes of those
    std::uint64_t exports = 0;      // datagrams that were flow exports: not in flows
    std::uint64_t unsupported = 0;  // records of a link type that is not read
  };
  const Totals& totals() const { return totals_; }

 private:
  struct Slot {
    Packet packet;
    FlowKey key;
    Decoded verdict = Decoded::kOther;
  };
  void one(const CaptureRecord& record, Slot& slot);
  void fragment(Timestamp time, const Packet& packet);
  void joined(FragmentJoiner::Joined& whole);
  void deliver(const Packet& packet, const FlowKey& key, const FlowAssembler::Counted& counted);
  bool exported(const Packet& packet, Timestamp time);
  void turn_clock(Timestamp time);
  void flush();

  Emitter& emitter_;
  FlowExport& exports_;
  FlowAssembler flows_;
  DnsTracker dns_;
  Inspector inspector_;
  std::optional<Dpi> dpi_;  // after flows_, which it gives its labels to
  FragmentJoiner fragments_;
  CaptureClock clock_;
  std::array<Slot, kBatch> slots_;
  Totals totals_;
  bool resumed_ = false;
  std::uint64_t last_offset_ = 0;
  unsigned depth_ = 0;
};

// The name for what a capture saw: `options.sensor`, else the input's file name without folder and endings; "stdin" for
// "-".
std::string capture_sensor(const DecodeOptions& options, std::string_view source);

}  // namespace rw
