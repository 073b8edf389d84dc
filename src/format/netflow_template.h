// NetFlow v9 and IPFIX templates, compiled into flat lists of reads, and the values that a record yields.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "base/cursor.h"

namespace rw::flow_export {

// Where the value of an information element goes. Elements without a slot are stepped over.
// clang-format off
enum class Slot : std::uint8_t {
  kNone,
  // Counters: what was seen (delta and total), what left a middlebox, layer 2, and the two directions of a biflow.
  kBytes, kPackets, kTotalBytes, kTotalPackets, kPostBytes, kPostPackets, kPostTotalBytes, kPostTotalPackets, kLayer2Bytes,
  kInitiatorBytes, kResponderBytes, kInitiatorPackets, kResponderPackets,
  kReverseBytes, kReversePackets, kReverseTotalBytes, kReverseTotalPackets, kReverseFlags,
  // The key.
  kSource4, kDestination4, kSource6, kSource6Low, kDestination6, kDestination6Low, kIpVersion, kProtocol, kSourcePort,
  kDestinationPort, kFlags, kTos, kDscp, kIcmp4, kIcmp6, kIcmpType4, kIcmpCode4, kIcmpType6, kIcmpCode6,
  // The key of a packet inside the packet: elements that a template names twice, outer first (RFC 7011 8).
  kInnerSource4, kInnerDestination4, kInnerSource6, kInnerSource6Low, kInnerDestination6, kInnerDestination6Low,
  kInnerProtocol, kInnerSourcePort, kInnerDestinationPort, kInnerFlags, kInnerTos,
  // Where it was seen.
  kInput, kOutput, kInputPhysical, kOutputPhysical, kVlan, kVlanDot1q, kVlanPost, kSourceAs, kDestinationAs, kDirection,
  // Times.
  kStartUptime, kEndUptime, kStartSeconds, kEndSeconds, kStartMilliseconds, kEndMilliseconds, kStartMicroseconds,
  kEndMicroseconds, kStartNanoseconds, kEndNanoseconds, kStartDelta, kEndDelta, kInitTime, kDurationMilliseconds,
  kDurationMicroseconds, kObservedSeconds, kObservedMilliseconds, kObservedMicroseconds, kObservedNanoseconds,
  // Sampling.
  kSamplingInterval, kRandomInterval, kPacketInterval, kPacketSpace, kSamplingSize, kSamplingPopulation, kProbability,
  kSamplerId, kSelectorId, kScopeInterface,
  // Packet sections: slot holds the length, Values::section the bytes.
  kIpSection, kFrameSection, kFrameSize, kFrameType,
  // Application: id, and in options its name (Values::name).
  kApplication, kApplicationName,
  kCount,
};
// clang-format on
inline constexpr std::size_t kSlotCount = static_cast<std::size_t>(Slot::kCount);

// The values of one record. Slots that the template does not have stay zero.
struct Values {
  std::array<std::uint64_t, kSlotCount> slots{};
  Bytes section;
  Bytes name;
  std::uint64_t operator[](Slot slot) const { return slots[static_cast<std::size_t>(slot)]; }
  std::uint64_t& operator[](Slot slot) { return slots[static_cast<std::size_t>(slot)]; }
};

// One step of reading a record.
struct ReadOp {
  enum class Kind : std::uint8_t {
    kOne,       // a number of one byte
    kTwo,       // … two
    kFour,      // … four
    kEight,     // … eight
    kNumber,    // … any width up to eight
    kIp6,       // 16 bytes into two slots
    kFloat,     // a 4- or 8-byte float, kept as the bits of a double
    kBytes,     // a view of the bytes
    kVariable,  // RFC 7011 7: a length, then the value; later offsets count from its end
  };
  std::uint16_t offset = 0;  // from the record's start, or from the end of the last variable-length field
  std::uint16_t width = 0;
  Slot slot = Slot::kNone;
  Kind kind = Kind::kOne;
  Kind inner = Kind::kOne;  // kVariable: what the value is
  std::uint16_t tail = 0;   // kVariable: bytes of fixed fields that follow it before the next one
};

// A field specifier as it stands in a template (RFC 3954 5.2, RFC 7011 3.2).
struct FieldSpecifier {
  std::uint16_t element = 0;
  std::uint16_t width = 0;
  std::uint32_t enterprise = 0;  // 0: IANA
  bool scope = false;
  friend bool operator==(const FieldSpecifier&, const FieldSpecifier&) = default;
};

inline constexpr std::uint16_t kVariableWidth = 65'535;     // RFC 7011 3.2
inline constexpr std::uint32_t kReverseEnterprise = 29305;  // RFC 5103 6.1

enum class TimeKind : std::uint8_t { kUnknown, kUptime, kSeconds, kMilliseconds, kNtp, kDelta, kDurationOnly };

struct Template {
  std::vector<FieldSpecifier> fields;  // as announced, to notice a redefinition
  bool options = false;
  std::vector<ReadOp> ops;
  std::uint32_t record_bytes = 0;   // of a record; the least where a field is of variable length
  std::uint32_t first_segment = 0;  // bytes before the first variable-length field
  bool variable = false;
  std::bitset<kSlotCount> present;

  // What to make of the values, decided once.
  Slot bytes = Slot::kNone, bytes_else = Slot::kNone;
  Slot packets = Slot::kNone, packets_else = Slot::kNone;
  Slot reverse_bytes = Slot::kNone, reverse_packets = Slot::kNone;
  Slot start = Slot::kNone, end = Slot::kNone;
  TimeKind start_kind = TimeKind::kUnknown, end_kind = TimeKind::kUnknown;
  Slot sampler = Slot::kNone;
  bool own_sampling = false;
  bool has_icmp = false;
  bool six_is_inner = false;  // where records have addresses of both families, IPv6 is the one that was carried

  bool has(Slot slot) const { return present[static_cast<std::size_t>(slot)]; }
};

// Fills everything but `fields` and `options` of a template from its fields. False where no record of it can exist: all
// its fields are empty, or a record would not fit a datagram.
bool compile(Template& layout, bool netflow9);

// Reads one record of a fixed-length template; `record` has at least record_bytes.
void read_fixed(const Template& layout, const std::byte* record, Values& values);
// Reads one record with variable-length fields and returns its length; 0 where it does not fit.
std::size_t read_variable(const Template& layout, Bytes record, Values& values);

}  // namespace rw::flow_export
