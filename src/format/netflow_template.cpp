// Compiling templates and reading records with them.
#include "format/netflow_template.h"

#include <bit>
#include <cstring>

namespace rw::flow_export {
namespace {

using Kind = ReadOp::Kind;

enum class Shape : std::uint8_t { kNumber, kIp4, kIp6, kFloat, kBytes };

struct Element {
  std::uint16_t id;
  Slot slot;
  Shape shape = Shape::kNumber;
};

// IANA "IPFIX Information Elements"; NetFlow v9 (RFC 3954 8) has the same numbers for those that matter here.
constexpr Element kElements[] = {
    {1, Slot::kBytes},
    {2, Slot::kPackets},
    {4, Slot::kProtocol},
    {5, Slot::kTos},
    {6, Slot::kFlags},
    {7, Slot::kSourcePort},
    {8, Slot::kSource4, Shape::kIp4},
    {10, Slot::kInput},
    {11, Slot::kDestinationPort},
    {12, Slot::kDestination4, Shape::kIp4},
    {14, Slot::kOutput},
    {16, Slot::kSourceAs},
    {17, Slot::kDestinationAs},
    {21, Slot::kEndUptime},
    {22, Slot::kStartUptime},
    {23, Slot::kPostBytes},
    {24, Slot::kPostPackets},
    {27, Slot::kSource6, Shape::kIp6},
    {28, Slot::kDestination6, Shape::kIp6},
    {32, Slot::kIcmp4},
    {34, Slot::kSamplingInterval},
    {48, Slot::kSamplerId},
    {50, Slot::kRandomInterval},
    {58, Slot::kVlan},
    {59, Slot::kVlanPost},
    {60, Slot::kIpVersion},
    {61, Slot::kDirection},
    {85, Slot::kTotalBytes},
    {86, Slot::kTotalPackets},
    {95, Slot::kApplication},
    {96, Slot::kApplicationName, Shape::kBytes},
    {104, Slot::kFrameSection, Shape::kBytes},
    {139, Slot::kIcmp6},
    {150, Slot::kStartSeconds},
    {151, Slot::kEndSeconds},
    {152, Slot::kStartMilliseconds},
    {153, Slot::kEndMilliseconds},
    {154, Slot::kStartMicroseconds},
    {155, Slot::kEndMicroseconds},
    {156, Slot::kStartNanoseconds},
    {157, Slot::kEndNanoseconds},
    {158, Slot::kStartDelta},
    {159, Slot::kEndDelta},
    {160, Slot::kInitTime},
    {161, Slot::kDurationMilliseconds},
    {162, Slot::kDurationMicroseconds},
    {171, Slot::kPostTotalBytes},
    {172, Slot::kPostTotalPackets},
    {176, Slot::kIcmpType4},
    {177, Slot::kIcmpCode4},
    {178, Slot::kIcmpType6},
    {179, Slot::kIcmpCode6},
    {180, Slot::kSourcePort},
    {181, Slot::kDestinationPort},
    {182, Slot::kSourcePort},
    {183, Slot::kDestinationPort},
    {195, Slot::kDscp},
    {231, Slot::kInitiatorBytes},
    {232, Slot::kResponderBytes},
    {243, Slot::kVlanDot1q},
    {252, Slot::kInputPhysical},
    {253, Slot::kOutputPhysical},
    {298, Slot::kInitiatorPackets},
    {299, Slot::kResponderPackets},
    {302, Slot::kSelectorId},
    {305, Slot::kPacketInterval},
    {306, Slot::kPacketSpace},
    {309, Slot::kSamplingSize},
    {310, Slot::kSamplingPopulation},
    {311, Slot::kProbability, Shape::kFloat},
    {312, Slot::kFrameSize},
    {313, Slot::kIpSection, Shape::kBytes},
    {315, Slot::kFrameSection, Shape::kBytes},
    {322, Slot::kObservedSeconds},
    {323, Slot::kObservedMilliseconds},
    {324, Slot::kObservedMicroseconds},
    {325, Slot::kObservedNanoseconds},
    {352, Slot::kLayer2Bytes},
    {408, Slot::kFrameType},
};

// RFC 5103: the same element, seen in the other direction.
constexpr Element kReverseElements[] = {
    {1, Slot::kReverseBytes},       {2, Slot::kReversePackets},       {6, Slot::kReverseFlags},
    {85, Slot::kReverseTotalBytes}, {86, Slot::kReverseTotalPackets},
};

constexpr std::uint16_t kElementLimit = 512;

constexpr auto kBySmallId = [] {
  std::array<Element, kElementLimit> table{};
  for (const Element& element : kElements) table[element.id] = element;
  return table;
}();

constexpr std::uint16_t kNetflow9ScopeInterface = 2;  // RFC 3954 6.1

Element find_element(const FieldSpecifier& field, bool netflow9) {
  if (field.scope && netflow9)
    return {field.element, field.element == kNetflow9ScopeInterface ? Slot::kScopeInterface : Slot::kNone};
  if (field.enterprise == kReverseEnterprise) {
    for (const Element& element : kReverseElements)
      if (element.id == field.element) return element;
    return {field.element, Slot::kNone};
  }
  if (field.enterprise != 0 || field.element >= kElementLimit) return {field.element, Slot::kNone};
  Element element = kBySmallId[field.element];
  const bool is_interface = element.slot == Slot::kInput || element.slot == Slot::kOutput ||
                            element.slot == Slot::kInputPhysical || element.slot == Slot::kOutputPhysical;
  if (field.scope && is_interface) element.slot = Slot::kScopeInterface;
  return element;
}

// Where the second value of an element goes that describes the packet inside the packet; nowhere for other elements, of
// which the first is the one before translation.
Slot inner_slot(Slot slot) {
  switch (slot) {
    case Slot::kSource4: return Slot::kInnerSource4;
    case Slot::kDestination4: return Slot::kInnerDestination4;
    case Slot::kSource6: return Slot::kInnerSource6;
    case Slot::kDestination6: return Slot::kInnerDestination6;
    case Slot::kProtocol: return Slot::kInnerProtocol;
    case Slot::kSourcePort: return Slot::kInnerSourcePort;
    case Slot::kDestinationPort: return Slot::kInnerDestinationPort;
    case Slot::kFlags: return Slot::kInnerFlags;
    case Slot::kTos: return Slot::kInnerTos;
    default: return Slot::kNone;
  }
}

// How a value of `width` bytes is read, if at all: a field of a width that its type cannot have is stepped over.
bool choose_kind(Shape shape, std::size_t width, Kind& kind) {
  switch (shape) {
    case Shape::kIp4: kind = Kind::kFour; return width == 4;
    case Shape::kIp6: kind = Kind::kIp6; return width == 16;
    case Shape::kFloat: kind = Kind::kFloat; return width == 4 || width == 8;
    case Shape::kBytes: kind = Kind::kBytes; return width > 0;
    case Shape::kNumber: break;
  }
  switch (width) {
    case 1: kind = Kind::kOne; return true;
    case 2: kind = Kind::kTwo; return true;
    case 4: kind = Kind::kFour; return true;
    case 8: kind = Kind::kEight; return true;
    default: kind = Kind::kNumber; return width > 0 && width < 8;
  }
}

Kind variable_kind(Shape shape) {
  switch (shape) {
    case Shape::kIp4: return Kind::kFour;
    case Shape::kIp6: return Kind::kIp6;
    case Shape::kFloat: return Kind::kFloat;
    case Shape::kBytes: return Kind::kBytes;
    case Shape::kNumber: break;
  }
  return Kind::kNumber;
}

template <std::size_t N>
Slot first_present(const Template& layout, const Slot (&candidates)[N]) {
  for (const Slot slot : candidates)
    if (layout.has(slot)) return slot;
  return Slot::kNone;
}

void choose_counters(Template& t) {
  static constexpr Slot kByteSlots[] = {Slot::kBytes,     Slot::kTotalBytes,     Slot::kInitiatorBytes,
                                        Slot::kPostBytes, Slot::kPostTotalBytes, Slot::kLayer2Bytes};
  static constexpr Slot kPacketSlots[] = {Slot::kPackets, Slot::kTotalPackets, Slot::kInitiatorPackets,
                                          Slot::kPostPackets, Slot::kPostTotalPackets};
  static constexpr Slot kPostByteSlots[] = {Slot::kPostBytes, Slot::kPostTotalBytes};
  static constexpr Slot kPostPacketSlots[] = {Slot::kPostPackets, Slot::kPostTotalPackets};
  static constexpr Slot kReverseByteSlots[] = {Slot::kReverseBytes, Slot::kReverseTotalBytes};
  static constexpr Slot kReversePacketSlots[] = {Slot::kReversePackets, Slot::kReverseTotalPackets};

  t.bytes = first_present(t, kByteSlots);
  t.bytes_else = first_present(t, kPostByteSlots);
  t.packets = first_present(t, kPacketSlots);
  t.packets_else = first_present(t, kPostPacketSlots);
  t.reverse_bytes = first_present(t, kReverseByteSlots);
  t.reverse_packets = first_present(t, kReversePacketSlots);
  // The pair of initiator and responder is a biflow; where a plain counter stands beside it, that one is their sum.
  if (t.reverse_bytes == Slot::kNone && t.has(Slot::kInitiatorBytes) && t.has(Slot::kResponderBytes)) {
    t.bytes = Slot::kInitiatorBytes, t.reverse_bytes = Slot::kResponderBytes;
    t.bytes_else = Slot::kNone;
  }
  if (t.reverse_packets == Slot::kNone && t.has(Slot::kInitiatorPackets) && t.has(Slot::kResponderPackets)) {
    t.packets = Slot::kInitiatorPackets, t.reverse_packets = Slot::kResponderPackets;
    t.packets_else = Slot::kNone;
  }
}

struct TimeChoice {
  Slot slot;
  TimeKind kind;
};

template <std::size_t N>
void choose_time(const Template& layout, const TimeChoice (&choices)[N], Slot& slot, TimeKind& kind) {
  for (const TimeChoice& choice : choices) {
    if (!layout.has(choice.slot)) continue;
    slot = choice.slot, kind = choice.kind;
    return;
  }
}

// The finest absolute time first; times relative to the export next; whole seconds; when it was observed.
void choose_times(Template& t) {
  static constexpr TimeChoice kStarts[] = {
      {Slot::kStartMilliseconds, TimeKind::kMilliseconds},
      {Slot::kStartMicroseconds, TimeKind::kNtp},
      {Slot::kStartNanoseconds, TimeKind::kNtp},
      {Slot::kStartDelta, TimeKind::kDelta},
      {Slot::kStartUptime, TimeKind::kUptime},
      {Slot::kStartSeconds, TimeKind::kSeconds},
  };
  static constexpr TimeChoice kEnds[] = {
      {Slot::kEndMilliseconds, TimeKind::kMilliseconds},
      {Slot::kEndMicroseconds, TimeKind::kNtp},
      {Slot::kEndNanoseconds, TimeKind::kNtp},
      {Slot::kEndDelta, TimeKind::kDelta},
      {Slot::kEndUptime, TimeKind::kUptime},
      {Slot::kEndSeconds, TimeKind::kSeconds},
  };
  static constexpr TimeChoice kDurations[] = {{Slot::kDurationMilliseconds, TimeKind::kDurationOnly},
                                              {Slot::kDurationMicroseconds, TimeKind::kDurationOnly}};
  static constexpr TimeChoice kObserved[] = {{Slot::kObservedMilliseconds, TimeKind::kMilliseconds},
                                             {Slot::kObservedMicroseconds, TimeKind::kNtp},
                                             {Slot::kObservedNanoseconds, TimeKind::kNtp},
                                             {Slot::kObservedSeconds, TimeKind::kSeconds}};
  choose_time(t, kStarts, t.start, t.start_kind);
  choose_time(t, kEnds, t.end, t.end_kind);
  if (t.start_kind == TimeKind::kUnknown && t.end_kind != TimeKind::kUnknown) {
    choose_time(t, kDurations, t.start, t.start_kind);
  } else if (t.end_kind == TimeKind::kUnknown) {
    if (t.start_kind != TimeKind::kUnknown) choose_time(t, kDurations, t.end, t.end_kind);
    if (t.end_kind == TimeKind::kUnknown) choose_time(t, kObserved, t.end, t.end_kind);
  }
}

void store_number(const ReadOp& op, const std::byte* at, std::size_t width, Values& values) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | std::to_integer<std::uint64_t>(at[i]);
  values[op.slot] = value;
}

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (sizeof value == 2) return __builtin_bswap16(value);
  if constexpr (sizeof value == 4) return __builtin_bswap32(value);
  if constexpr (sizeof value == 8) return __builtin_bswap64(value);
  return value;
}

void read_value(const ReadOp& op, Kind kind, const std::byte* at, std::size_t width, Values& values) {
  const auto slot = static_cast<std::size_t>(op.slot);
  switch (kind) {
    case Kind::kOne: values.slots[slot] = std::to_integer<std::uint64_t>(*at); break;
    case Kind::kTwo: values.slots[slot] = load<std::uint16_t>(at); break;
    case Kind::kFour: values.slots[slot] = load<std::uint32_t>(at); break;
    case Kind::kEight: values.slots[slot] = load<std::uint64_t>(at); break;
    case Kind::kNumber: store_number(op, at, width, values); break;
    case Kind::kIp6:
      values.slots[slot] = load<std::uint64_t>(at);
      values.slots[slot + 1] = load<std::uint64_t>(at + 8);
      break;
    case Kind::kFloat: {
      const double number = width == 4 ? static_cast<double>(std::bit_cast<float>(load<std::uint32_t>(at)))
                                       : std::bit_cast<double>(load<std::uint64_t>(at));
      values.slots[slot] = std::bit_cast<std::uint64_t>(number);
      break;
    }
    case Kind::kBytes:
      (op.slot == Slot::kApplicationName ? values.name : values.section) = Bytes{at, width};
      values.slots[slot] = width;
      break;
    case Kind::kVariable: break;
  }
}

// Whether a value that says its own length can be of its type.
bool width_fits(Kind kind, std::size_t width) {
  switch (kind) {
    case Kind::kFour: return width == 4;
    case Kind::kIp6: return width == 16;
    case Kind::kFloat: return width == 4 || width == 8;
    case Kind::kNumber: return width >= 1 && width <= 8;
    default: return true;
  }
}

}  // namespace

bool compile(Template& layout, bool netflow9) {
  std::uint32_t offset = 0;  // from the record's start or the end of the last variable-length field
  std::uint32_t total = 0;
  std::ptrdiff_t last_variable = -1;
  layout.first_segment = 0;
  layout.six_is_inner = false;
  const auto end_segment = [&] {
    if (last_variable < 0)
      layout.first_segment = offset;
    else
      layout.ops[static_cast<std::size_t>(last_variable)].tail = static_cast<std::uint16_t>(offset);
  };
  for (const FieldSpecifier& field : layout.fields) {
    const Element element = find_element(field, netflow9);
    ReadOp op;
    op.offset = static_cast<std::uint16_t>(offset);
    op.slot = layout.has(element.slot) ? inner_slot(element.slot) : element.slot;
    if (element.slot == Slot::kSource4 || element.slot == Slot::kSource6)
      layout.six_is_inner = element.slot == Slot::kSource6;
    const bool variable = field.width == kVariableWidth && !netflow9;
    if (variable) {
      end_segment();
      op.kind = Kind::kVariable;
      op.inner = variable_kind(element.shape);
      last_variable = static_cast<std::ptrdiff_t>(layout.ops.size());
      layout.ops.push_back(op);
      layout.variable = true;
      offset = 0;
      total += 1;
    } else {
      op.width = field.width;
      if (op.slot != Slot::kNone && choose_kind(element.shape, field.width, op.kind))
        layout.ops.push_back(op);
      else
        op.slot = Slot::kNone;
      offset += field.width;
      total += field.width;
    }
    if (total > 65'535) return false;
    if (op.slot == Slot::kNone) continue;
    layout.present.set(static_cast<std::size_t>(op.slot));
    if (element.shape == Shape::kIp6) layout.present.set(static_cast<std::size_t>(op.slot) + 1);
  }
  end_segment();
  layout.record_bytes = total;
  layout.present.reset(static_cast<std::size_t>(Slot::kNone));
  choose_counters(layout);
  choose_times(layout);
  layout.sampler = layout.has(Slot::kSelectorId)  ? Slot::kSelectorId
                   : layout.has(Slot::kSamplerId) ? Slot::kSamplerId
                                                  : Slot::kNone;
  layout.own_sampling = layout.has(Slot::kSamplingInterval) || layout.has(Slot::kRandomInterval) ||
                        layout.has(Slot::kPacketInterval) || layout.has(Slot::kSamplingPopulation) ||
                        layout.has(Slot::kProbability);
  layout.has_icmp = layout.has(Slot::kIcmp4) || layout.has(Slot::kIcmp6) || layout.has(Slot::kIcmpType4) ||
                    layout.has(Slot::kIcmpType6);
  return total > 0;
}

void read_fixed(const Template& layout, const std::byte* record, Values& values) {
  for (const ReadOp& op : layout.ops) read_value(op, op.kind, record + op.offset, op.width, values);
}

std::size_t read_variable(const Template& layout, Bytes record, Values& values) {
  if (record.size() < layout.first_segment) return 0;
  const std::byte* base = record.data();
  const std::byte* const end = record.data() + record.size();
  std::size_t tail = layout.first_segment;  // bytes from base that are known to be there
  for (const ReadOp& op : layout.ops) {
    if (op.kind != Kind::kVariable) {
      read_value(op, op.kind, base + op.offset, op.width, values);
      continue;
    }
    const std::byte* at = base + tail;
    if (end - at < 1) return 0;
    std::size_t width = std::to_integer<std::size_t>(*at++);
    if (width == 255) {  // RFC 7011 7: three-byte form
      if (end - at < 2) return 0;
      width = load<std::uint16_t>(at);
      at += 2;
    }
    if (static_cast<std::size_t>(end - at) < width + op.tail) return 0;
    if (op.slot != Slot::kNone) {
      values[op.slot] = 0;
      if (op.inner == Kind::kIp6) values.slots[static_cast<std::size_t>(op.slot) + 1] = 0;
      if (width_fits(op.inner, width)) read_value(op, op.inner, at, width, values);
    }
    base = at + width;
    tail = op.tail;
  }
  return static_cast<std::size_t>(base + tail - record.data());
}

}  // namespace rw::flow_export
