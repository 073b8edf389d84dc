// The way of a packet from its record to rows.
#include "format/traffic.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "model/escape.h"

namespace rw {
namespace {

// Fragments inside tunnels whose outer packets were fragments, and so on.
constexpr unsigned kMaxJoins = 4;

// Packet times are checked to be times at all; there is no other clock to check them against.
constexpr Timestamp kNoReference{INT64_MIN};

Duration between(Timestamp a, Timestamp b) { return {std::llabs(a.us - b.us)}; }

}  // namespace

void CaptureClock::observe(Timestamp time) {
  if (!started_ || between(time, now_) <= kJump) {
    now_ = started_ ? std::max(now_, time) : time;
    started_ = true;
    candidate_.reset();
  } else if (candidate_ && between(time, *candidate_) <= kJump) {
    now_ = std::max(*candidate_, time);
    candidate_.reset();
  } else {
    candidate_ = time;
  }
}

Traffic::Traffic(const DecodeOptions& options, Emitter& emitter, SharedState& shared, const std::string& sensor)
    : emitter_(emitter),
      exports_(shared.get<FlowExport>("flow-export")),
      flows_(options, sensor, emitter),
      dns_(emitter, sensor),
      inspector_(flows_, dns_, emitter, sensor),
      fragments_(emitter),
      resumed_(emitter.resume_offset() == 0) {
  emitter_.reference_time(kNoReference);
  if (options.dpi) inspector_.set_dpi(&dpi_.emplace(flows_, emitter));
}

void Traffic::add(std::span<const CaptureRecord> records) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    Slot& slot = slots_[i];
    slot.verdict = decode_packet(records[i].link_type, records[i].frame, records[i].wire_length, slot.packet);
    if (slot.verdict != Decoded::kPacket) continue;
    slot.key = flows_.key(slot.packet);
    flows_.prefetch_slot(slot.key);
  }
  // Flows are asked for a few packets ahead, not all at once: a core waits for only a dozen cache lines at a time.
  constexpr std::size_t kAhead = 8;
  const auto prefetch = [this](std::size_t i) {
    if (slots_[i].verdict == Decoded::kPacket) flows_.prefetch_flow(slots_[i].key);
  };
  for (std::size_t i = 0; i < std::min(kAhead, records.size()); ++i) prefetch(i);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i + kAhead < records.size()) prefetch(i + kAhead);
    one(records[i], slots_[i]);
  }
}

void Traffic::one(const CaptureRecord& record, Slot& slot) {
  if (!resumed_ && record.end > emitter_.resume_offset()) {
    emitter_.at(
        last_offset_);  // before the resume offset: these rows were told when the input ended there, and are dropped
    flush();
    resumed_ = true;
    last_offset_ = std::max(record.offset, emitter_.resume_offset());  // it was cut short then, and not counted
  } else {
    last_offset_ = record.offset;
  }
  emitter_.at(last_offset_);
  ++totals_.packets;
  turn_clock(record.time);
  const Packet& packet = slot.packet;
  if (packet.weird != nullptr) emitter_.weird(packet.weird);
  switch (slot.verdict) {
    case Decoded::kPacket:
      if (packet.proto == ip_proto::kUdp && exported(packet, record.time)) return;
      return deliver(packet, slot.key, {record.time, record.time, 1, packet.ip_bytes});
    case Decoded::kFragment: return fragment(record.time, packet);
    case Decoded::kBroken:
      if (!link_type_supported(record.link_type)) ++totals_.unsupported;
      return;
    case Decoded::kOther: return;
  }
}

void Traffic::turn_clock(Timestamp time) {
  // Kept all the same: a packet's own time is the only one there is, and merged captures lie years apart.
  if (clock_.started() && between(time, clock_.now()) > kYear) emitter_.weird("time-jump", time.to_string());
  clock_.observe(time);
  const Timestamp now = clock_.now();
  flows_.advance(now);
  dns_.advance(now);
  inspector_.advance(now);
  while (!fragments_.empty()) {
    auto late = fragments_.expired(now);
    if (!late) break;
    joined(*late);
  }
}

void Traffic::fragment(Timestamp time, const Packet& packet) {
  if (auto whole = fragments_.add(time, packet)) joined(*whole);
  while (auto late = fragments_.evicted()) joined(*late);
}

void Traffic::joined(FragmentJoiner::Joined& whole) {
  FlowAssembler::Counted counted{whole.first, whole.last, static_cast<std::uint32_t>(whole.packets), whole.bytes};
  Packet& packet = whole.packet;
  if (whole.payload.empty()) return deliver(packet, flows_.key(packet), counted);  // the first fragment never came
  const unsigned tunnels = packet.tunnels;
  const Decoded verdict = decode_joined(whole.payload, whole.payload_bytes, packet);
  if (packet.weird != nullptr) emitter_.weird(packet.weird);
  if (packet.tunnels > tunnels)
    counted = {whole.first, whole.last, 1, packet.ip_bytes};  // fragments of a carrier are one packet inside
  if (verdict == Decoded::kFragment && depth_ < kMaxJoins) {
    ++depth_;
    const std::vector<std::byte> keep(packet.ip_payload.begin(),
                                      packet.ip_payload.end());  // the joiner reuses its memory
    packet.ip_payload = packet.payload = keep;
    fragment(whole.last, packet);
    --depth_;
    return;
  }
  if (packet.proto == ip_proto::kUdp && exported(packet, whole.last)) return;
  deliver(packet, flows_.key(packet), counted);
}

// A datagram that carries flow records of another sensor: those are told, the datagram itself is not traffic.
bool Traffic::exported(const Packet& packet, Timestamp time) {
  if (packet.payload.size() < packet.payload_bytes || !looks_like_flow_export(packet.dst_port, packet.payload))
    return false;
  const bool confirmed = exports_.datagram({packet.src, packet.src_port, time}, packet.payload, emitter_);
  emitter_.reference_time(kNoReference);
  totals_.exports += confirmed ? 1 : 0;
  return confirmed;
}

void Traffic::deliver(const Packet& packet, const FlowKey& key, const FlowAssembler::Counted& counted) {
  totals_.counted += counted.packets;
  totals_.bytes += counted.bytes;
  const auto [flow, forward] = flows_.add(key, packet, counted, clock_.now());
  inspector_.packet(flow, forward, counted.last, packet);
  if (dpi_) dpi_->packet(flow, counted.last, packet);
}

void Traffic::flush() {
  while (auto late = fragments_.expired(clock_.now(), true)) joined(*late);
  flows_.flush();
  inspector_.flush();
  dns_.flush();
}

void Traffic::finish() {
  emitter_.at(last_offset_);
  flush();
  exports_.end_of_input(emitter_);
}

std::string capture_sensor(const DecodeOptions& options, std::string_view source) {
  if (!options.sensor.empty()) return options.sensor;
  if (source == "-") return "stdin";
  std::string_view name = source.substr(source.find_last_of("/!") + 1);
  constexpr std::array<std::string_view, 8> kEndings = {".gz",  ".bz2",  ".xz",     ".zst",
                                                        ".lz4", ".pcap", ".pcapng", ".cap"};
  for (const std::string_view ending : kEndings)
    if (name.size() > ending.size() && name.ends_with(ending)) name.remove_suffix(ending.size());
  return escape_text(name.empty() ? source : name);
}

}  // namespace rw
