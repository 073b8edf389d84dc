// NetFlow version 9 messages (RFC 3954).
#include "format/netflow.h"

namespace rw::flow_export {
namespace {

constexpr std::size_t kHeaderBytes = 20;  // RFC 3954 5.1
constexpr std::uint16_t kTemplateSet = 0;
constexpr std::uint16_t kOptionsTemplateSet = 1;

// RFC 3954 5.2: template records one after another.
void template_set(Message& message, Bytes body) {
  Cursor cursor(body);
  while (cursor.left() >= 4) {
    const std::uint16_t id = cursor.u16();
    const std::uint16_t count = cursor.u16();
    if (id == 0 && count == 0) return;  // padding
    if (cursor.left() < count * std::size_t{4}) return message.weird("bad-template", "cut off");
    Template layout;
    layout.fields.reserve(count);
    for (std::uint16_t i = 0; i < count; ++i) {
      const std::uint16_t element = cursor.u16();
      layout.fields.push_back({element, cursor.u16(), 0, false});
    }
    message.add_template(id, std::move(layout));
  }
}

// RFC 3954 6.1: lengths in bytes of the scope fields and of the option fields.
void options_template_set(Message& message, Bytes body) {
  Cursor cursor(body);
  while (cursor.left() >= 6) {
    const std::uint16_t id = cursor.u16();
    const std::size_t scope_bytes = cursor.u16();
    const std::size_t option_bytes = cursor.u16();
    if (id == 0 && scope_bytes == 0) return;  // padding
    const std::size_t total = scope_bytes + option_bytes;
    if (scope_bytes % 4 != 0 || option_bytes % 4 != 0 || cursor.left() < total)
      return message.weird("bad-template", "options template cut off");
    Template layout;
    layout.options = true;
    layout.fields.reserve(total / 4);
    for (std::size_t at = 0; at < total; at += 4) {
      const std::uint16_t element = cursor.u16();
      layout.fields.push_back({element, cursor.u16(), 0, at < scope_bytes});
    }
    message.add_template(id, std::move(layout));
  }
}

}  // namespace

bool netflow9_shape(Bytes payload) {
  if (payload.size() < kHeaderBytes + 4) return false;
  Cursor cursor(payload);
  const std::uint16_t version = cursor.u16();
  const std::uint16_t count = cursor.u16();  // records, or sets with some exporters: never more than there are bytes
  return version == 9 && count > 0 && count <= payload.size() &&
         sets_shape(payload.subspan(kHeaderBytes), kTemplateSet);
}

bool decode_netflow9(const Datagram& datagram) {
  if (datagram.payload.size() < kHeaderBytes) return false;
  if (!netflow9_shape(datagram.payload) && !datagram.state.knows(datagram.key(), Protocol::kNetflow9)) return false;
  Cursor cursor(datagram.payload);
  cursor.skip(4);
  ExportClock clock;
  clock.has_uptime = true;
  clock.uptime_ms = cursor.u32();
  clock.export_us = static_cast<std::int64_t>(cursor.u32()) * 1'000'000;
  const std::uint32_t sequence = cursor.u32();
  const std::uint32_t source_id = cursor.u32();
  Domain* domain = datagram.state.domain(datagram.key(), Protocol::kNetflow9, source_id);
  if (domain == nullptr) {
    datagram.emitter.weird("exporter-limit", datagram.source.exporter.to_string());
    return true;
  }
  Message message(datagram.state, *domain, datagram.emitter, clock, true);
  bool cut = false;
  const bool whole = each_set(cursor.rest(), cut, [&](std::uint16_t id, Bytes body) {
    if (id == kTemplateSet)
      template_set(message, body);
    else if (id == kOptionsTemplateSet)
      options_template_set(message, body);
    else if (id >= 256)
      message.data_set(id, body);
    else
      message.weird("unknown-set", "id " + std::to_string(id));
  });
  if (!whole) message.weird("bad-set-length");
  if (cut) message.weird("truncated-export");
  message.finish();
  // Counts export packets (RFC 3954 5.1); some exporters count records.
  if (const auto gap = domain->sequence.see(sequence, 1, message.records())) tell_gap(*domain, *gap, datagram.emitter);
  return true;
}

}  // namespace rw::flow_export
