// NetFlow v9 (RFC 3954) datagrams in Ethernet, IPv4 and UDP, in the classic pcap format.
#include "scenario/netflow_writer.h"

#include <algorithm>
#include <array>

#include "scenario/wire.h"

namespace rw::scenario {

namespace {

constexpr std::uint16_t kFlowTemplate = 256;
constexpr std::uint16_t kSamplingTemplate = 257;
constexpr std::uint16_t kRecordBytes = 37;
constexpr std::uint16_t kRecordBytesAbsolute = 45;
constexpr std::size_t kPayloadBytes = 1400;           // below what any link carries
constexpr std::uint32_t kDatagramsPerTemplates = 64;  // RFC 3954 section 9: templates are sent again now and then
constexpr std::uint32_t kCollector = v4(192, 0, 2, 100);
constexpr std::uint16_t kCollectorPort = 2055;

struct Field {
  std::uint16_t type;
  std::uint16_t length;
};
// RFC 3954 section 8; 152 and 153 are from the IPFIX registry, which NetFlow v9 exporters share.
constexpr std::array<Field, 14> kRelativeFields{{{8, 4},
                                                 {12, 4},
                                                 {7, 2},
                                                 {11, 2},
                                                 {4, 1},
                                                 {6, 1},
                                                 {5, 1},
                                                 {61, 1},
                                                 {10, 2},
                                                 {14, 2},
                                                 {1, 4},
                                                 {2, 4},
                                                 {22, 4},
                                                 {21, 4}}};
constexpr std::array<Field, 14> kAbsoluteFields{{{8, 4},
                                                 {12, 4},
                                                 {7, 2},
                                                 {11, 2},
                                                 {4, 1},
                                                 {6, 1},
                                                 {5, 1},
                                                 {61, 1},
                                                 {10, 2},
                                                 {14, 2},
                                                 {1, 4},
                                                 {2, 4},
                                                 {152, 8},
                                                 {153, 8}}};

std::uint32_t scaled(std::uint64_t count, std::uint32_t sampling) {
  const std::uint64_t counted = std::max<std::uint64_t>(1, (count + sampling / 2) / sampling);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(counted, UINT32_MAX));
}

}  // namespace

std::string_view service_name(Service service) {
  switch (service) {
    case Service::kDns: return "dns";
    case Service::kSmtp: return "smtp";
    case Service::kFtp: return "ftp";
    case Service::kHttp: return "http";
    case Service::kHttps: return "https";
    case Service::kNone: break;
  }
  return {};
}

int split_conversation(const Conversation& c, std::uint32_t sampling, FlowRecord (&records)[2]) {
  records[0] = {c.start,
                c.end,
                c.client,
                c.server,
                c.client_port,
                c.server_port,
                c.proto,
                c.client_flags,
                false,
                scaled(c.client_bytes, sampling),
                scaled(c.client_packets, sampling)};
  if (c.server_packets == 0) return 1;
  records[1] = {c.start,
                c.end,
                c.server,
                c.client,
                c.server_port,
                c.client_port,
                c.proto,
                c.server_flags,
                true,
                scaled(c.server_bytes, sampling),
                scaled(c.server_packets, sampling)};
  return 2;
}

Result<void> NetflowWriter::open(const std::string& path, Timestamp boot) {
  RW_TRY(close());
  path_ = path;
  boot_ = boot;
  clock_ = boot;
  until_templates_ = 0;
  return {};
}

void NetflowWriter::begin_file() {
  (void)file_.open(path_);  // a failure stays in file_.status()
  file_.write(pcap_file_header());
}

void NetflowWriter::add(const FlowRecord& record) {
  const std::size_t width = spec_.absolute_times ? kRecordBytesAbsolute : kRecordBytes;
  if (20 + 4 + records_.size() + width + 3 > kPayloadBytes) flush();
  Big out(records_);
  out.u32(record.src)
      .u32(record.dst)
      .u16(record.src_port)
      .u16(record.dst_port)
      .u8(record.proto)
      .u8(record.flags)
      .u8(0)
      .u8(record.egress ? 1 : 0);
  out.u16(record.egress ? 2 : 1).u16(record.egress ? 1 : 2).u32(record.bytes).u32(record.packets);
  if (spec_.absolute_times) {
    out.u64(static_cast<std::uint64_t>(record.start.us / 1000)).u64(static_cast<std::uint64_t>(record.end.us / 1000));
  } else {
    out.u32(static_cast<std::uint32_t>((record.start - boot_).us / 1000))
        .u32(static_cast<std::uint32_t>((record.end - boot_).us / 1000));
  }
  latest_end_ = std::max(latest_end_, record.end);
  ++queued_;
  ++totals_.records;
  totals_.packets += record.packets;
  totals_.bytes += record.bytes;
}

void NetflowWriter::flush() {
  if (queued_ == 0) return;
  if (!file_.is_open()) begin_file();
  // Exports leave on whole seconds, so that the header's seconds and the router's milliseconds agree exactly.
  clock_ = std::max(clock_, Timestamp::from_seconds(latest_end_.us / 1'000'000 + 1));
  if (until_templates_ == 0) {
    send_templates();
    until_templates_ = kDatagramsPerTemplates;
  }
  --until_templates_;
  std::string payload;
  payload.reserve(kPayloadBytes);
  Big out(payload);
  const std::size_t padding = (4 - records_.size() % 4) % 4;
  out.u16(kFlowTemplate).u16(static_cast<std::uint16_t>(4 + records_.size() + padding));
  payload += records_;
  payload.append(padding, '\0');
  send(queued_, payload);
  records_.clear();
  queued_ = 0;
}

void NetflowWriter::send_templates() {
  std::string payload;
  Big out(payload);
  const auto& fields = spec_.absolute_times ? kAbsoluteFields : kRelativeFields;
  // RFC 3954 section 5.2: template FlowSet.
  out.u16(0)
      .u16(static_cast<std::uint16_t>(8 + fields.size() * 4))
      .u16(kFlowTemplate)
      .u16(static_cast<std::uint16_t>(fields.size()));
  for (const Field& field : fields) out.u16(field.type).u16(field.length);
  // Section 6.1: options template with scope System, SAMPLING_INTERVAL (34) and SAMPLING_ALGORITHM (35, 1
  // deterministic).
  out.u16(1).u16(24).u16(kSamplingTemplate).u16(4).u16(8).u16(1).u16(4).u16(34).u16(4).u16(35).u16(1).u16(0);
  // Section 6.2: its data.
  out.u16(kSamplingTemplate).u16(16).u32(spec_.address).u32(spec_.sampling).u8(1).u8(0).u8(0).u8(0);
  send(3, payload);
}

void NetflowWriter::send(std::uint16_t count, std::string_view flowsets) {
  const std::size_t udp_bytes = 8 + 20 + flowsets.size();
  std::string packet = pcap_packet_header(clock_, 14 + 20 + udp_bytes);
  packet.reserve(16 + 42 + 20 + flowsets.size());
  packet += ipv4_frame_header(spec_.address, kCollector, kUdp, ++ip_id_, udp_bytes);
  Big out(packet);
  // UDP (RFC 768, checksum 0: none).
  out.u16(50000).u16(kCollectorPort).u16(static_cast<std::uint16_t>(udp_bytes)).u16(0);
  // RFC 3954 section 5.1.
  out.u16(9)
      .u16(count)
      .u32(static_cast<std::uint32_t>((clock_ - boot_).us / 1000))
      .u32(static_cast<std::uint32_t>(clock_.us / 1'000'000))
      .u32(sequence_++)
      .u32(spec_.source_id);
  packet += flowsets;
  file_.write(packet);
  ++totals_.datagrams;
}

Result<void> NetflowWriter::close() {
  flush();
  if (!file_.is_open()) return file_.status();
  return file_.close();
}

}  // namespace rw::scenario
