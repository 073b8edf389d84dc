// The meaning of record values: times, counters, keys, sampling.
#include "format/netflow_record.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "format/packet.h"

namespace rw::flow_export {
namespace {

constexpr std::int64_t kUptimeWrapMs = 1LL << 32;
constexpr std::uint32_t kMaxAheadMs = 86'400'000;          // a day: more is an uptime from before the last wrap
constexpr std::int64_t kNtpToUnixSeconds = 2'208'988'800;  // 1900 to 1970, RFC 5905
constexpr std::uint32_t kMaxRate = 1u << 31;

// RFC 7011 6.1.9 and 6.1.10: 32 bits of seconds since 1900, 32 bits of fraction. The second NTP era begins in 2036.
std::int64_t ntp_to_us(std::uint64_t value) {
  std::int64_t seconds = static_cast<std::int64_t>(value >> 32) - kNtpToUnixSeconds;
  if (seconds < 0) seconds += 1LL << 32;
  return seconds * 1'000'000 + static_cast<std::int64_t>(((value & 0xFFFFFFFF) * 1'000'000) >> 32);
}

// Absolute time in microseconds, 0 where the exporter left it unset. Times out of range stay so: the emitter tells.
std::int64_t to_us(TimeKind kind, std::uint64_t value, const ExportClock& clock) {
  constexpr std::uint64_t kLatestMs = 1ULL << 52;
  switch (kind) {
    case TimeKind::kUptime: return uptime_to_us(static_cast<std::uint32_t>(value), clock);
    case TimeKind::kSeconds:
      return static_cast<std::int64_t>(std::min<std::uint64_t>(value, kLatestMs / 1000)) * 1'000'000;
    case TimeKind::kMilliseconds: return static_cast<std::int64_t>(std::min(value, kLatestMs)) * 1000;
    case TimeKind::kNtp: return value == 0 ? 0 : ntp_to_us(value);
    case TimeKind::kDelta: return clock.export_us - static_cast<std::int64_t>(std::min(value, kLatestMs));
    case TimeKind::kDurationOnly:
    case TimeKind::kUnknown: break;
  }
  return 0;
}

std::int64_t duration_us(Slot slot, std::uint64_t value) {
  constexpr std::uint64_t kLongest = 1ULL << 52;
  return static_cast<std::int64_t>(std::min(value, kLongest)) * (slot == Slot::kDurationMilliseconds ? 1000 : 1);
}

// Uptimes without anything that anchors them (IPFIX without systemInitTimeMilliseconds): only their distance is known,
// and the flow is taken to have ended when it was exported.
void fill_unanchored(const Values& values, const ExportClock& clock, Flow& flow) {
  const auto distance =
      static_cast<std::uint32_t>(values[Slot::kEndUptime]) - static_cast<std::uint32_t>(values[Slot::kStartUptime]);
  flow.end_time = clock.export_us;
  flow.start_time = clock.export_us - (distance < 1u << 31 ? static_cast<std::int64_t>(distance) * 1000 : 0);
}

void fill_times(const Template& t, const Values& values, ExportClock clock, Flow& flow) {
  if (t.has(Slot::kInitTime) && values[Slot::kInitTime] != 0)
    clock.init_ms = static_cast<std::int64_t>(values[Slot::kInitTime] & ((1ULL << 52) - 1));
  const bool anchored = clock.has_uptime || clock.init_ms != 0;
  if (!anchored && t.start_kind == TimeKind::kUptime && t.end_kind == TimeKind::kUptime)
    return fill_unanchored(values, clock, flow);
  const auto read = [&](TimeKind kind, Slot slot) {
    return kind == TimeKind::kUptime && !anchored ? 0 : to_us(kind, values[slot], clock);
  };
  std::int64_t start = read(t.start_kind, t.start);
  std::int64_t end = read(t.end_kind, t.end);
  if (t.start_kind == TimeKind::kDurationOnly) start = end - duration_us(t.start, values[t.start]);
  if (t.end_kind == TimeKind::kDurationOnly) end = start + duration_us(t.end, values[t.end]);
  if (end == 0) end = start != 0 ? start : clock.export_us;
  if (start == 0) start = end;
  flow.start_time = start;
  flow.end_time = end;
}

std::int64_t counter(const Values& values, Slot slot, Slot otherwise) {
  const std::uint64_t value = values[slot];
  return static_cast<std::int64_t>(value != 0 || otherwise == Slot::kNone ? value : values[otherwise]);
}

bool has_either(const Template& t, Slot a, Slot b) { return t.has(a) || t.has(b); }

// Templates for both families leave the other one's addresses zero, or describe a packet of one inside a packet of the
// other.
void fill_addresses(const Template& t, const Values& v, Flow& flow) {
  bool use6 = has_either(t, Slot::kSource6, Slot::kDestination6);
  if (use6 && has_either(t, Slot::kSource4, Slot::kDestination4)) {
    const bool four = (v[Slot::kSource4] | v[Slot::kDestination4]) != 0;
    const bool six =
        (v[Slot::kSource6] | v[Slot::kSource6Low] | v[Slot::kDestination6] | v[Slot::kDestination6Low]) != 0;
    use6 = four && six ? t.six_is_inner : six || (!four && v[Slot::kIpVersion] == 6);
  }
  if (use6) {
    flow.src = {v[Slot::kSource6], v[Slot::kSource6Low]};
    flow.dst = {v[Slot::kDestination6], v[Slot::kDestination6Low]};
  } else {
    flow.src = Ip::v4(static_cast<std::uint32_t>(v[Slot::kSource4]));
    flow.dst = Ip::v4(static_cast<std::uint32_t>(v[Slot::kDestination4]));
  }
}

// The packet inside is the flow, as everywhere here.
void fill_inner(const Values& v, Flow& flow) {
  if ((v[Slot::kInnerSource4] | v[Slot::kInnerDestination4]) != 0) {
    flow.src = Ip::v4(static_cast<std::uint32_t>(v[Slot::kInnerSource4]));
    flow.dst = Ip::v4(static_cast<std::uint32_t>(v[Slot::kInnerDestination4]));
  } else if ((v[Slot::kInnerSource6] | v[Slot::kInnerSource6Low]) != 0) {
    flow.src = {v[Slot::kInnerSource6], v[Slot::kInnerSource6Low]};
    flow.dst = {v[Slot::kInnerDestination6], v[Slot::kInnerDestination6Low]};
  }
  flow.proto = static_cast<std::uint8_t>(v[Slot::kInnerProtocol]);
  flow.tcp_flags = static_cast<std::uint8_t>(v[Slot::kInnerFlags]);
}

std::uint16_t icmp_type_code(const Template& t, const Values& v, std::uint8_t proto) {
  const bool six = proto == ip_proto::kIcmp6;
  const Slot combined = six ? Slot::kIcmp6 : Slot::kIcmp4;
  const Slot type = six ? Slot::kIcmpType6 : Slot::kIcmpType4;
  const Slot code = six ? Slot::kIcmpCode6 : Slot::kIcmpCode4;
  if (t.has(type)) return static_cast<std::uint16_t>((v[type] & 0xFF) << 8 | (v[code] & 0xFF));
  return static_cast<std::uint16_t>(v[combined]);
}

void fill_ports(const Template& t, const Values& v, Flow& flow) {
  const bool inner = v[Slot::kInnerProtocol] != 0;
  flow.src_port = static_cast<std::uint16_t>(v[inner ? Slot::kInnerSourcePort : Slot::kSourcePort]);
  flow.dst_port = static_cast<std::uint16_t>(v[inner ? Slot::kInnerDestinationPort : Slot::kDestinationPort]);
  if (flow.proto != ip_proto::kIcmp && flow.proto != ip_proto::kIcmp6) return;
  flow.src_port = 0;
  if (!t.has_icmp) return;
  const std::uint16_t told = icmp_type_code(t, v, flow.proto);
  if (told != 0) flow.dst_port = told;
}

template <typename T>
std::optional<T> present(const Values& values, Slot slot) {
  return slot == Slot::kNone ? std::nullopt : std::optional<T>(static_cast<T>(values[slot]));
}

template <typename T>
std::optional<T> non_zero(std::uint64_t value) {
  return value == 0 ? std::nullopt : std::optional<T>(static_cast<T>(value));
}

// 0 (RFC 7607) and the last number (RFC 7300) are no networks: exporters say them where they do not know.
std::optional<std::uint32_t> known_asn(std::uint64_t value) {
  return value == 0 || value >= UINT32_MAX ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
}

std::uint64_t first_non_zero(std::uint64_t a, std::uint64_t b) { return a != 0 ? a : b; }

void fill_place(const Template& t, const Values& v, Flow& flow) {
  flow.vlan = non_zero<std::uint16_t>(
      first_non_zero(first_non_zero(v[Slot::kVlan], v[Slot::kVlanDot1q]), v[Slot::kVlanPost]) & 0xFFF);
  flow.input_interface = non_zero<std::uint32_t>(first_non_zero(v[Slot::kInput], v[Slot::kInputPhysical]));
  flow.output_interface = non_zero<std::uint32_t>(first_non_zero(v[Slot::kOutput], v[Slot::kOutputPhysical]));
  flow.src_asn = known_asn(v[Slot::kSourceAs]);
  flow.dst_asn = known_asn(v[Slot::kDestinationAs]);
  flow.direction.reset();
  if (t.has(Slot::kDirection) && v[Slot::kDirection] <= 1)
    flow.direction = static_cast<std::uint8_t>(v[Slot::kDirection]);
  flow.tos.reset();
  if (v[Slot::kInnerProtocol] != 0 && t.has(Slot::kInnerTos))
    flow.tos = static_cast<std::uint8_t>(v[Slot::kInnerTos]);
  else if (t.has(Slot::kTos))
    flow.tos = static_cast<std::uint8_t>(v[Slot::kTos]);
  else if (t.has(Slot::kDscp))
    flow.tos = static_cast<std::uint8_t>(v[Slot::kDscp] << 2);
}

std::uint32_t to_rate(double rate) {
  if (!(rate >= 1)) return 0;
  return rate >= kMaxRate ? kMaxRate : static_cast<std::uint32_t>(std::llround(rate));
}

// Link types of dataLinkFrameType (IANA): 1 is Ethernet. Everything else that was met is Ethernet too.
constexpr std::uint64_t kFrameTypeEthernet = 1;

}  // namespace

std::int64_t uptime_to_us(std::uint32_t ms, const ExportClock& clock) {
  if (clock.init_ms != 0) {
    std::int64_t time_ms = clock.init_ms + ms;
    const std::int64_t latest = clock.export_us / 1000 + kMaxAheadMs;
    if (time_ms + kUptimeWrapMs <= latest) time_ms += (latest - time_ms) / kUptimeWrapMs * kUptimeWrapMs;
    return time_ms * 1000;
  }
  const std::uint32_t ago = clock.uptime_ms - ms;  // modulo 2^32, as the counter itself
  const std::uint32_t ahead = ms - clock.uptime_ms;
  if (ahead != 0 && ahead <= kMaxAheadMs) return clock.export_us + static_cast<std::int64_t>(ahead) * 1000;
  return clock.export_us - static_cast<std::int64_t>(ago) * 1000;
}

void fill_flow(const Template& t, const Values& v, const ExportClock& clock, Flow& flow) {
  fill_times(t, v, clock, flow);
  fill_addresses(t, v, flow);
  flow.proto = static_cast<std::uint8_t>(v[Slot::kProtocol]);
  flow.tcp_flags = static_cast<std::uint8_t>(v[Slot::kFlags]);
  if (v[Slot::kInnerProtocol] != 0) fill_inner(v, flow);
  fill_ports(t, v, flow);
  flow.bytes = counter(v, t.bytes, t.bytes_else);
  flow.packets = counter(v, t.packets, t.packets_else);
  flow.rev_bytes = present<std::int64_t>(v, t.reverse_bytes);
  flow.rev_packets = present<std::int64_t>(v, t.reverse_packets);
  flow.rev_tcp_flags = present<std::uint8_t>(v, t.has(Slot::kReverseFlags) ? Slot::kReverseFlags : Slot::kNone);
  fill_place(t, v, flow);
}

bool fill_from_section(const Template& t, const Values& v, Flow& flow) {
  const bool frame = t.has(Slot::kFrameSection);
  if (frame && t.has(Slot::kFrameType) && v[Slot::kFrameType] > kFrameTypeEthernet) return false;
  Packet packet;
  const Decoded decoded = decode_packet(frame ? link_type::kEthernet : link_type::kRaw, v.section,
                                        static_cast<std::uint32_t>(v[Slot::kFrameSize]), packet);
  if (decoded != Decoded::kPacket && decoded != Decoded::kFragment) return false;
  flow.src = packet.src;
  flow.dst = packet.dst;
  flow.src_port = packet.src_port;
  flow.dst_port = packet.dst_port;
  flow.proto = packet.proto;
  flow.tcp_flags = packet.tcp_flags;
  flow.tos = packet.tos;
  if (packet.vlan != Packet::kNoVlan) flow.vlan = packet.vlan;
  if (t.packets == Slot::kNone) flow.packets = 1;
  if (t.bytes == Slot::kNone) flow.bytes = packet.ip_bytes;
  return true;
}

bool has_addresses(const Template& t) {
  return (t.has(Slot::kSource4) && t.has(Slot::kDestination4)) || (t.has(Slot::kSource6) && t.has(Slot::kDestination6));
}

// RFC 5477 8.2: systematic sampling takes `interval` packets, then leaves `space`; random sampling takes n out of N.
std::uint32_t sampling_rate(const Template& t, const Values& v) {
  if (t.has(Slot::kSamplingSize) && t.has(Slot::kSamplingPopulation) && v[Slot::kSamplingSize] != 0)
    return to_rate(static_cast<double>(v[Slot::kSamplingPopulation]) / static_cast<double>(v[Slot::kSamplingSize]));
  if (t.has(Slot::kPacketInterval) && t.has(Slot::kPacketSpace) && v[Slot::kPacketInterval] != 0)
    return to_rate(1 + static_cast<double>(v[Slot::kPacketSpace]) / static_cast<double>(v[Slot::kPacketInterval]));
  if (v[Slot::kRandomInterval] != 0) return to_rate(static_cast<double>(v[Slot::kRandomInterval]));
  if (v[Slot::kSamplingInterval] != 0) return to_rate(static_cast<double>(v[Slot::kSamplingInterval]));
  if (t.has(Slot::kProbability)) {
    const double probability = std::bit_cast<double>(v[Slot::kProbability]);
    return probability > 0 ? to_rate(1 / probability) : 0;
  }
  return 0;
}

}  // namespace rw::flow_export
