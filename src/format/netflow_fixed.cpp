// NetFlow versions 1, 5 and 7: records of one fixed layout.
#include <algorithm>
#include <cstring>

#include "format/netflow.h"
#include "format/netflow_record.h"
#include "format/packet.h"

namespace rw::flow_export {
namespace {

// Offsets into a record, from Cisco's "NetFlow Export Datagram Format". The first 36 bytes are the same in all
// versions.
struct Layout {
  Protocol protocol;
  std::uint16_t version;
  std::uint16_t max_records;  // per datagram, as the format says
  std::uint16_t header_bytes;
  std::uint16_t record_bytes;
  std::uint16_t proto, tos, flags;
  std::uint16_t as_numbers;  // source, then destination, two bytes each; 0 where the version has none
  bool sequence;
};

constexpr Layout kLayouts[] = {
    {Protocol::kNetflow1, 1, 24, 16, 52, 38, 39, 40, 0, false},
    {Protocol::kNetflow5, 5, 30, 24, 48, 38, 39, 37, 40, true},
    {Protocol::kNetflow7, 7, 27, 24, 52, 38, 39, 37, 40, true},
};

constexpr std::uint16_t kIntervalMask = 0x3FFF;  // v5 sampling: two bits of mode, the interval

const Layout* find_layout(std::uint16_t version) {
  for (const Layout& layout : kLayouts)
    if (layout.version == version) return &layout;
  return nullptr;
}

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (sizeof value == 2)
    return __builtin_bswap16(value);
  else
    return __builtin_bswap32(value);
}

std::uint8_t byte_at(const std::byte* at) { return std::to_integer<std::uint8_t>(*at); }

template <typename T>
std::optional<T> non_zero(T value) {
  return value == 0 ? std::nullopt : std::optional<T>(value);
}

void read_record(const Layout& layout, const std::byte* at, const ExportClock& clock, Flow& flow) {
  flow.src = Ip::v4(load<std::uint32_t>(at));
  flow.dst = Ip::v4(load<std::uint32_t>(at + 4));
  flow.input_interface = non_zero<std::uint32_t>(load<std::uint16_t>(at + 12));
  flow.output_interface = non_zero<std::uint32_t>(load<std::uint16_t>(at + 14));
  flow.packets = load<std::uint32_t>(at + 16);
  flow.bytes = load<std::uint32_t>(at + 20);
  flow.start_time = uptime_to_us(load<std::uint32_t>(at + 24), clock);
  flow.end_time = uptime_to_us(load<std::uint32_t>(at + 28), clock);
  flow.src_port = load<std::uint16_t>(at + 32);
  flow.dst_port = load<std::uint16_t>(at + 34);
  flow.proto = byte_at(at + layout.proto);
  flow.tos = byte_at(at + layout.tos);
  flow.tcp_flags = byte_at(at + layout.flags);
  if (flow.proto == ip_proto::kIcmp) flow.src_port = 0;  // type and code are in the destination port
  if (layout.as_numbers == 0) return;
  flow.src_asn = non_zero<std::uint32_t>(load<std::uint16_t>(at + layout.as_numbers));
  flow.dst_asn = non_zero<std::uint32_t>(load<std::uint16_t>(at + layout.as_numbers + 2));
}

}  // namespace

bool netflow_fixed_shape(Bytes payload) {
  if (payload.size() < 4) return false;
  Cursor cursor(payload);
  const Layout* layout = find_layout(cursor.u16());
  const std::uint16_t count = cursor.u16();
  return layout != nullptr && count > 0 && count <= layout->max_records &&
         payload.size() == layout->header_bytes + std::size_t{count} * layout->record_bytes;
}

bool decode_netflow_fixed(const Datagram& datagram) {
  Cursor cursor(datagram.payload);
  const Layout* layout = find_layout(cursor.u16());
  if (layout == nullptr || datagram.payload.size() < layout->header_bytes) return false;
  const bool whole = netflow_fixed_shape(datagram.payload);
  if (!whole && !datagram.state.knows(datagram.key(), layout->protocol)) return false;
  const std::uint16_t count = cursor.u16();
  ExportClock clock;
  clock.has_uptime = true;
  clock.uptime_ms = cursor.u32();
  clock.export_us = static_cast<std::int64_t>(cursor.u32()) * 1'000'000;
  clock.export_us += cursor.u32() / 1000;
  const std::uint32_t sequence = layout->sequence ? cursor.u32() : 0;
  const bool five = layout->version == 5;
  const std::uint16_t engine = five ? cursor.u16() : std::uint16_t{0};  // engine type and id
  const std::uint16_t sampling = five ? cursor.u16() & kIntervalMask : 0;
  Domain* domain = datagram.state.domain(datagram.key(), layout->protocol, engine);
  if (domain == nullptr) {
    datagram.emitter.weird("exporter-limit", datagram.source.exporter.to_string());
    return true;
  }
  Emitter& emitter = datagram.emitter;
  emitter.reference_time({clock.export_us});
  if (!whole) emitter.weird("truncated-export", domain->sensor);

  const Bytes records = datagram.payload.subspan(layout->header_bytes);
  const std::size_t present = std::min<std::size_t>(count, records.size() / layout->record_bytes);
  FlowBuffer& flows = datagram.state.flows;
  Flow fresh;
  fresh.sensor = domain->sensor;
  fresh.sampling = std::max<std::uint32_t>(sampling, 1);
  for (std::size_t i = 0; i < present; ++i) {
    Flow& flow = flows.next();
    flow = fresh;
    read_record(*layout, records.data() + i * layout->record_bytes, clock, flow);
    if (flow.end_time < flow.start_time) {
      emitter.weird("end-before-start", domain->sensor);
      flow.end_time = flow.start_time;
    }
    flows.push(emitter);
  }
  flows.flush(emitter);
  if (layout->sequence) {
    if (const auto gap = domain->sequence.see(sequence, count, 1)) tell_gap(*domain, *gap, emitter);
  }
  return true;
}

}  // namespace rw::flow_export
