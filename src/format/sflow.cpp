// sFlow version 5: sampled packets become flows of one packet, interface counters become rows of their own.
#include "format/sflow.h"

#include <algorithm>
#include <optional>

#include "format/packet.h"

namespace rw::flow_export {
namespace {

// Structure numbers: enterprise << 12 | format; enterprise 0 is sflow.org.
constexpr std::uint32_t kFlowSample = 1, kCounterSample = 2, kExpandedFlowSample = 3, kExpandedCounterSample = 4;
constexpr std::uint32_t kRawHeader = 1, kSampledIp4 = 3, kSampledIp6 = 4, kExtendedSwitch = 1001,
                        kExtendedGateway = 1003;
constexpr std::uint32_t kGenericInterface = 1;

constexpr std::size_t kMinHeaderBytes = 28;  // with an IPv4 agent
constexpr std::uint32_t kMaxSamples =
    1'024;  // of one datagram: at 8 bytes of envelope each even 64 KiB hold no more that matter
constexpr std::uint32_t kMaxAsPath = 4'096;  // numbers in one AS path: no datagram holds more usefully
constexpr std::uint32_t kInternalInterface = 0x3FFFFFFF;
constexpr std::uint32_t kUnknownCounter = 0xFFFFFFFF;

struct Header {
  Ip agent;
  std::uint32_t sub_agent = 0;
  std::uint32_t sequence = 0;
  std::uint32_t samples = 0;
};

bool read_address(Cursor& cursor, Ip& address) {
  switch (cursor.u32()) {
    case 0: address = {}; return cursor.ok();  // unknown: a next hop may be, an agent is not asked further
    case 1: address = Ip::v4(cursor.u32()); return cursor.ok();
    case 2: {
      const Bytes bytes = cursor.bytes(16);
      if (!cursor.ok()) return false;
      address = Ip::v6(bytes.data());
      return true;
    }
    default: return false;
  }
}

bool read_header(Cursor& cursor, Header& header) {
  if (cursor.u32() != 5 || !read_address(cursor, header.agent)) return false;
  header.sub_agent = cursor.u32();
  header.sequence = cursor.u32();
  cursor.skip(4);  // uptime
  header.samples = cursor.u32();
  return cursor.ok();
}

// An interface as "format and value": only format 0 is one interface; the others tell why there is none, or how many.
std::optional<std::uint32_t> interface_of(std::uint32_t format, std::uint32_t value) {
  if (format != 0 || value == 0 || value == kInternalInterface || value == 0xFFFFFFFF) return std::nullopt;
  return value;
}
std::optional<std::uint32_t> interface_of(std::uint32_t packed) {
  return interface_of(packed >> 30, packed & kInternalInterface);
}

std::optional<std::uint32_t> non_zero(std::uint32_t value) { return value == 0 ? std::nullopt : std::optional(value); }

class SampleDecoder {
 public:
  SampleDecoder(const Datagram& datagram, Domain& domain) : datagram_(datagram), domain_(domain) {}

  void sample(std::uint32_t format, Bytes body) {
    Cursor cursor(body);
    switch (format) {
      case kFlowSample: return flow_sample(cursor, false);
      case kExpandedFlowSample: return flow_sample(cursor, true);
      case kCounterSample: return counter_sample(cursor, false);
      case kExpandedCounterSample: return counter_sample(cursor, true);
      default: return;  // vendors' own, and those of later drafts: nothing here needs them
    }
  }

 private:
  // What the records of one flow sample say together.
  struct Sample {
    Flow flow;
    bool has_packet = false;  // from a packet header or a sampled IP record
    bool saw_header = false;  // there was one, whether or not it held IP
  };

  void weird(std::string_view code, std::string_view detail = {}) {
    std::string text = domain_.sensor;
    if (!detail.empty()) text.append(" ").append(detail);
    datagram_.emitter.weird(code, text);
  }

  void flow_sample(Cursor& cursor, bool expanded) {
    cursor.skip(4);  // the sample's own sequence
    std::uint64_t source = cursor.u32();
    if (expanded) source = source << 32 | cursor.u32();
    Sample sample;
    sample.flow.sampling = std::max(cursor.u32(), 1u);
    cursor.skip(4);  // sample pool
    const std::uint32_t drops = cursor.u32();
    if (expanded) {
      const std::uint32_t in_format = cursor.u32();
      sample.flow.input_interface = interface_of(in_format, cursor.u32());
      const std::uint32_t out_format = cursor.u32();
      sample.flow.output_interface = interface_of(out_format, cursor.u32());
    } else {
      sample.flow.input_interface = interface_of(cursor.u32());
      sample.flow.output_interface = interface_of(cursor.u32());
    }
    const std::uint32_t records = cursor.u32();
    if (!cursor.ok()) return weird("truncated-sample");
    note_drops(source, drops);
    if (!each_record(cursor, records, [&](std::uint32_t format, Bytes body) { flow_record(format, body, sample); }))
      weird("truncated-sample");
    if (!sample.has_packet) {
      if (sample.saw_header) weird("sample-not-ip");
      return;
    }
    sample.flow.start_time = sample.flow.end_time = datagram_.source.time.us;
    sample.flow.packets = 1;
    sample.flow.sensor = domain_.sensor;
    datagram_.emitter.add(sample.flow);
  }

  // Visits records until their announced number, or the sample's end. False where a record did not fit.
  template <typename Visit>
  bool each_record(Cursor& cursor, std::uint32_t count, Visit&& visit) {
    for (; count > 0 && cursor.left() >= 8; --count) {
      const std::uint32_t format = cursor.u32();
      const std::uint32_t length = cursor.u32();
      const Bytes body = cursor.bytes(length);
      if (!cursor.ok()) return false;
      visit(format, body);
      cursor.skip(std::min<std::size_t>((4 - length % 4) % 4, cursor.left()));  // XDR pads to four bytes
    }
    return count == 0;
  }

  // The agent's count of samples that it had to drop: where it grows, volumes are too low.
  void note_drops(std::uint64_t source, std::uint32_t drops) {
    const auto it = domain_.drops.find(source);
    if (it == domain_.drops.end()) {
      if (datagram_.state.drop_counters >= kMaxDropCounters) return;
      ++datagram_.state.drop_counters;
      domain_.drops.emplace(source, drops);
      return;
    }
    const std::uint32_t more = drops - it->second;
    if (more != 0 && more < 1u << 31) weird("sampler-drops", std::to_string(more) + " samples dropped by the agent");
    it->second = drops;
  }

  void flow_record(std::uint32_t format, Bytes body, Sample& sample) {
    Cursor cursor(body);
    switch (format) {
      case kRawHeader: return raw_header(cursor, sample);
      case kSampledIp4: return sampled_ip(cursor, 4, sample);
      case kSampledIp6: return sampled_ip(cursor, 6, sample);
      case kExtendedSwitch: {
        const std::uint32_t vlan = cursor.u32();
        if (cursor.ok() && vlan > 0 && vlan < 4095 && !sample.flow.vlan)
          sample.flow.vlan = static_cast<std::uint16_t>(vlan);
        return;
      }
      case kExtendedGateway: return gateway(cursor, sample.flow);
      default: return;
    }
  }

  static std::uint32_t link_of(std::uint32_t protocol) {  // "header_protocol" of the sFlow specification
    switch (protocol) {
      case 1: return link_type::kEthernet;
      case 7: return link_type::kPpp;
      case 11: return link_type::kRaw;
      case 12: return link_type::kRaw;
      default: return UINT32_MAX;
    }
  }

  void raw_header(Cursor& cursor, Sample& sample) {
    const std::uint32_t protocol = cursor.u32();
    const std::uint32_t frame_bytes = cursor.u32();
    const std::uint32_t stripped = cursor.u32();
    const Bytes header = cursor.bytes(cursor.u32());
    if (!cursor.ok()) return weird("truncated-sample");
    sample.saw_header = true;
    Packet packet;
    const std::uint32_t link = link_of(protocol);
    if (link == UINT32_MAX) return weird("unsupported-link-type", "sFlow header protocol " + std::to_string(protocol));
    const std::uint32_t wire = frame_bytes > stripped ? frame_bytes - stripped : frame_bytes;
    const Decoded decoded = decode_packet(link, header, wire, packet);
    if (decoded != Decoded::kPacket && decoded != Decoded::kFragment) return;
    Flow& flow = sample.flow;
    flow.src = packet.src;
    flow.dst = packet.dst;
    flow.src_port = packet.src_port;
    flow.dst_port = packet.dst_port;
    flow.proto = packet.proto;
    flow.tcp_flags = packet.tcp_flags;
    flow.tos = packet.tos;
    if (packet.vlan != Packet::kNoVlan) flow.vlan = packet.vlan;
    flow.bytes = packet.ip_bytes;
    sample.has_packet = true;
  }

  void sampled_ip(Cursor& cursor, int version, Sample& sample) {
    const std::uint32_t bytes = cursor.u32();
    const auto proto = static_cast<std::uint8_t>(cursor.u32());
    const Bytes addresses = cursor.bytes(version == 4 ? 8 : 32);
    const std::uint32_t src_port = cursor.u32();
    const std::uint32_t dst_port = cursor.u32();
    const std::uint32_t flags = cursor.u32();
    const std::uint32_t tos = cursor.u32();
    if (!cursor.ok()) return weird("truncated-sample");
    if (sample.has_packet) return;  // the header itself says more
    Flow& flow = sample.flow;
    Cursor both(addresses);
    if (version == 4) {
      flow.src = Ip::v4(both.u32());
      flow.dst = Ip::v4(both.u32());
    } else {
      flow.src = Ip::v6(addresses.data());
      flow.dst = Ip::v6(addresses.data() + 16);
    }
    flow.bytes = bytes;
    flow.proto = proto;
    const bool icmp = proto == ip_proto::kIcmp || proto == ip_proto::kIcmp6;
    flow.src_port = icmp ? std::uint16_t{0} : static_cast<std::uint16_t>(src_port);
    flow.dst_port = static_cast<std::uint16_t>(dst_port);
    flow.tcp_flags = static_cast<std::uint8_t>(flags);
    flow.tos = static_cast<std::uint8_t>(tos);
    sample.has_packet = true;
  }

  // The destination's AS is the last of the path; without a path, and for a source of 0, it is the router's own.
  void gateway(Cursor& cursor, Flow& flow) {
    Ip next_hop;
    if (!read_address(cursor, next_hop)) return;
    const std::uint32_t own_asn = cursor.u32();
    const std::uint32_t src_asn = cursor.u32();
    cursor.skip(4);  // the peer that the source is behind
    if (!cursor.ok()) return weird("truncated-sample");
    flow.src_asn = non_zero(src_asn != 0 ? src_asn : own_asn);
    std::uint32_t last = own_asn;
    std::uint32_t total = 0;
    for (std::uint32_t segments = cursor.u32(); segments > 0 && cursor.ok(); --segments) {
      cursor.skip(4);  // set or sequence
      const std::uint32_t count = cursor.u32();
      total += std::min(count, kMaxAsPath);
      if (!cursor.ok() || total > kMaxAsPath || cursor.left() / 4 < count) return weird("truncated-sample");
      if (count == 0) continue;
      cursor.skip((count - 1) * std::size_t{4});
      last = cursor.u32();
    }
    flow.dst_asn = non_zero(last);
  }

  void counter_sample(Cursor& cursor, bool expanded) {
    cursor.skip(expanded ? 12 : 8);  // sequence, data source
    const std::uint32_t records = cursor.u32();
    if (!cursor.ok()) return weird("truncated-sample");
    const auto visit = [&](std::uint32_t format, Bytes body) {
      if (format == kGenericInterface) generic_interface(body);
    };
    if (!each_record(cursor, records, visit)) weird("truncated-sample");
  }

  // Sums counters of which the agent may say that it does not have them.
  static std::optional<std::uint64_t> sum(std::initializer_list<std::uint32_t> counters) {
    std::optional<std::uint64_t> total;
    for (const std::uint32_t counter : counters)
      if (counter != kUnknownCounter) total = total.value_or(0) + counter;
    return total;
  }

  void generic_interface(Bytes body) {
    Cursor cursor(body);
    InterfaceCounters row;
    row.time = datagram_.source.time.us;
    row.sensor = domain_.sensor;
    row.interface_index = cursor.u32();
    cursor.skip(4);  // ifType
    const std::uint64_t speed = cursor.u64();
    cursor.skip(8);  // direction, status
    const auto read = [&](std::optional<std::uint64_t>& bytes, std::optional<std::uint64_t>& packets,
                          std::optional<std::uint64_t>& errors, bool input) {
      const std::uint64_t octets = cursor.u64();
      const std::uint32_t unicast = cursor.u32(), multicast = cursor.u32(), broadcast = cursor.u32();
      const std::uint32_t discards = cursor.u32(), bad = cursor.u32();
      if (input) cursor.skip(4);  // unknown protocols
      if (octets != UINT64_MAX) bytes = octets;
      packets = sum({unicast, multicast, broadcast});
      errors = sum({discards, bad});
    };
    read(row.input_bytes, row.input_packets, row.input_errors, true);
    read(row.output_bytes, row.output_packets, row.output_errors, false);
    if (!cursor.ok()) return weird("truncated-sample");
    if (speed != 0) row.speed_bps = speed;
    datagram_.emitter.add(row);
  }

  const Datagram& datagram_;
  Domain& domain_;
};

}  // namespace

bool sflow_shape(Bytes payload) {
  Cursor cursor(payload);
  Header header;
  if (payload.size() < kMinHeaderBytes || !read_header(cursor, header)) return false;
  if (header.samples == 0 || header.samples > kMaxSamples) return header.samples == 0 && cursor.left() == 0;
  for (std::uint32_t i = 0; i < header.samples; ++i) {
    cursor.skip(4);
    cursor.skip(cursor.u32());
    if (!cursor.ok()) return false;
  }
  return cursor.left() < 4;
}

bool decode_sflow(const Datagram& datagram) {
  Cursor cursor(datagram.payload);
  Header header;
  if (!read_header(cursor, header)) return false;
  const ExporterKey key{header.agent, datagram.source.exporter_port};
  if (!sflow_shape(datagram.payload) && !datagram.state.knows(key, Protocol::kSflow)) return false;
  Domain* domain = datagram.state.domain(key, Protocol::kSflow, header.sub_agent);
  if (domain == nullptr) {
    datagram.emitter.weird("exporter-limit", header.agent.to_string());
    return true;
  }
  datagram.emitter.reference_time(datagram.source.time);
  SampleDecoder decoder(datagram, *domain);
  for (std::uint32_t i = 0; i < header.samples; ++i) {
    const std::uint32_t format = cursor.u32();
    const Bytes body = cursor.bytes(cursor.u32());
    if (!cursor.ok()) {
      datagram.emitter.weird("truncated-export", domain->sensor);
      break;
    }
    decoder.sample(format, body);
  }
  if (const auto gap = domain->sequence.see(header.sequence, 1, 1)) tell_gap(*domain, *gap, datagram.emitter);
  return true;
}

}  // namespace rw::flow_export
