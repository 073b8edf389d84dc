// IPFIX messages (RFC 7011).
#include "format/netflow.h"

namespace rw::flow_export {
namespace {

constexpr std::size_t kHeaderBytes = 16;  // RFC 7011 3.1
constexpr std::uint16_t kTemplateSet = 2;
constexpr std::uint16_t kOptionsTemplateSet = 3;
constexpr std::uint16_t kEnterpriseBit = 0x8000;

// RFC 7011 3.2
bool read_fields(Cursor& cursor, std::uint16_t count, std::uint16_t scopes, Template& layout) {
  if (cursor.left() < count * std::size_t{4}) return false;
  layout.fields.reserve(count);
  for (std::uint16_t i = 0; i < count; ++i) {
    FieldSpecifier field;
    field.element = cursor.u16();
    field.width = cursor.u16();
    field.scope = i < scopes;
    if (field.element & kEnterpriseBit) {
      field.element &= static_cast<std::uint16_t>(~kEnterpriseBit);
      field.enterprise = cursor.u32();
    }
    layout.fields.push_back(field);
  }
  return cursor.ok();
}

void withdraw(Message& message, std::uint16_t id) {  // RFC 7011 8.1
  if (id == kTemplateSet || id == kOptionsTemplateSet)
    message.withdraw_all(id == kOptionsTemplateSet);
  else
    message.withdraw(id);
}

void template_set(Message& message, Bytes body, bool options) {
  Cursor cursor(body);
  while (cursor.left() >= 4) {
    const std::uint16_t id = cursor.u16();
    const std::uint16_t count = cursor.u16();
    if (id == 0) return;  // padding
    if (count == 0) {
      withdraw(message, id);
      continue;
    }
    std::uint16_t scopes = 0;
    if (options) {
      scopes = cursor.u16();
      if (scopes == 0 || scopes > count) return message.weird("bad-template", "scope count " + std::to_string(scopes));
    }
    Template layout;
    layout.options = options;
    if (!read_fields(cursor, count, scopes, layout)) return message.weird("bad-template", "cut off");
    message.add_template(id, std::move(layout));
  }
}

}  // namespace

bool ipfix_shape(Bytes payload) {
  if (payload.size() < kHeaderBytes + 4) return false;
  Cursor cursor(payload);
  const std::uint16_t version = cursor.u16();
  const std::uint16_t length = cursor.u16();
  return version == 10 && length == payload.size() && sets_shape(payload.subspan(kHeaderBytes), kTemplateSet);
}

bool decode_ipfix(const Datagram& datagram) {
  if (datagram.payload.size() < kHeaderBytes) return false;
  if (!ipfix_shape(datagram.payload) && !datagram.state.knows(datagram.key(), Protocol::kIpfix)) return false;
  Cursor cursor(datagram.payload);
  cursor.skip(2);
  const std::size_t length = cursor.u16();
  ExportClock clock;
  clock.export_us = static_cast<std::int64_t>(cursor.u32()) * 1'000'000;
  const std::uint32_t sequence = cursor.u32();
  const std::uint32_t domain_id = cursor.u32();
  Domain* domain = datagram.state.domain(datagram.key(), Protocol::kIpfix, domain_id);
  if (domain == nullptr) {
    datagram.emitter.weird("exporter-limit", datagram.source.exporter.to_string());
    return true;
  }
  Message message(datagram.state, *domain, datagram.emitter, clock, false);
  Bytes sets = cursor.rest();
  if (length >= kHeaderBytes && length < datagram.payload.size()) sets = sets.first(length - kHeaderBytes);
  bool cut = false;
  const bool whole = each_set(sets, cut, [&](std::uint16_t id, Bytes body) {
    if (id == kTemplateSet || id == kOptionsTemplateSet)
      template_set(message, body, id == kOptionsTemplateSet);
    else if (id >= 256)
      message.data_set(id, body);
    else
      message.weird("unknown-set", "id " + std::to_string(id));
  });
  if (!whole) message.weird("bad-set-length");
  if (cut || length > datagram.payload.size()) message.weird("truncated-export");
  const std::uint32_t records = message.records();  // before what waited is decoded: it belongs to earlier messages
  message.finish();
  // Counts data records (RFC 7011 3.1); some exporters count messages.
  if (const auto gap = domain->sequence.see(sequence, records, 1)) tell_gap(*domain, *gap, datagram.emitter);
  if (!message.records_known() || cut) domain->sequence.forget();
  return true;
}

}  // namespace rw::flow_export
