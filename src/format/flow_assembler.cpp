// The flow table.
#include "format/flow_assembler.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace rw {
namespace {

constexpr std::uint32_t kNone = OpenFlow::kNone;
// Flows looked at for expiry per packet: more than one, so that the queue shrinks faster than packets can fill it.
constexpr unsigned kMaxPerAdvance = 4;
// Flows that get a second chance when the table is full and the oldest has to go.
constexpr unsigned kSecondChances = 16;
// A piece's packet counter is near its end (2^32) long before its bytes are.
constexpr std::uint32_t kMaxPackets = 0xF0000000;

// ICMP types of requests and their replies (RFC 792, RFC 4443): the request's type, or the type itself.
std::uint16_t request_code(const Packet& packet) {
  const unsigned type = packet.dst_port >> 8;
  const unsigned code = packet.dst_port & 0xFF;
  unsigned request = type;
  if (packet.proto == ip_proto::kIcmp) {
    if (type == 0)
      request = 8;  // echo
    else if (type == 14 || type == 16 || type == 18)
      request = type - 1;  // timestamp, information, address mask
  } else if (type == 129) {
    request = 128;  // echo
  }
  return static_cast<std::uint16_t>(request << 8 | code);
}

bool is_icmp(std::uint8_t proto) { return proto == ip_proto::kIcmp || proto == ip_proto::kIcmp6; }
std::int64_t distance(std::int64_t a, std::int64_t b) { return std::llabs(a - b); }

bool is_first_syn(const Packet& packet) {
  return (packet.tcp_flags & (tcp_flag::kSyn | tcp_flag::kAck)) == tcp_flag::kSyn;
}
bool is_answer_syn(const Packet& packet) {
  constexpr std::uint8_t kBoth = tcp_flag::kSyn | tcp_flag::kAck;
  return (packet.tcp_flags & kBoth) == kBoth;
}

}  // namespace

FlowAssembler::FlowAssembler(const DecodeOptions& options, std::string sensor, Emitter& emitter)
    : options_(options), sensor_(std::move(sensor)), emitter_(emitter), seed_(hash_seed()) {
  options_.max_flows = std::max<std::size_t>(options_.max_flows, 1);
}

FlowKey FlowAssembler::key(const Packet& packet) const {
  FlowKey key;
  std::uint16_t src_port = packet.src_port, dst_port = packet.dst_port;
  if (is_icmp(packet.proto)) {
    src_port = dst_port = request_code(packet);
    key.is_reply = dst_port != packet.dst_port;
  }
  key.src_is_high = packet.src > packet.dst || (packet.src == packet.dst && src_port > dst_port);
  key.low = key.src_is_high ? packet.dst : packet.src;
  key.high = key.src_is_high ? packet.src : packet.dst;
  key.low_port = key.src_is_high ? dst_port : src_port;
  key.high_port = key.src_is_high ? src_port : dst_port;
  key.proto = packet.proto;
  const std::uint64_t ports = std::uint64_t{key.low_port} << 24 | std::uint64_t{key.high_port} << 8 | key.proto;
  std::uint64_t h = hash_mix(key.low.lo ^ seed_, key.low.hi ^ 0x9E3779B97F4A7C15ULL);
  h = hash_mix(h ^ key.high.lo, key.high.hi ^ 0xC2B2AE3D27D4EB4FULL);
  h = hash_mix(h ^ ports, seed_ ^ 0x165667B19E3779F9ULL);
  key.hash = static_cast<std::uint32_t>(h >> 32);
  return key;
}

std::uint32_t FlowAssembler::find(const FlowKey& key) const {
  return table_.find(wide(key.hash), [&](std::uint32_t i) {
    const OpenFlow& f = flows_[i];
    return f.low == key.low && f.high == key.high && f.low_port == key.low_port && f.high_port == key.high_port &&
           f.proto == key.proto;
  });
}

FlowAssembler::Touched FlowAssembler::add(const FlowKey& key, const Packet& packet, const Counted& counted,
                                          Timestamp now) {
  std::uint32_t index = find(key);
  bool fresh = index == kNone;
  if (fresh) {
    index = create(key, now);
  } else if (starts_anew(flows_[index], packet, counted)) {
    finish(flows_[index]);
    fresh = true;
  }
  OpenFlow& flow = flows_[index];
  if (fresh) {
    begin(flow, key, packet, counted.first);
  } else if (counted.last.us - flow.first_us > options_.active_timeout.us || flow.packets[0] >= kMaxPackets ||
             flow.packets[1] >= kMaxPackets) {
    next_piece(flow, counted.first);
  }
  if (flow.proto == ip_proto::kTcp && is_first_syn(packet) && (flow.state & OpenFlow::kSynSeen) == 0) {
    orient(flow, key.src_is_high);
    flow.state |= OpenFlow::kSynSeen;
    flow.syn_seq = packet.tcp_seq;
  }
  const bool forward = key.src_is_high == flow.initiator_is_high;
  const int way = forward ? 0 : 1;
  flow.bytes[way] += counted.bytes;
  flow.packets[way] += counted.packets;
  flow.first_us = std::min(flow.first_us, counted.first.us);
  flow.last_us = std::max(flow.last_us, counted.last.us);
  if (flow.proto == ip_proto::kTcp) note_tcp(flow, packet, forward);
  return {flow, forward};
}

// ---- Beginning and end --------------------------------------------------------------------------------------------

std::uint32_t FlowAssembler::create(const FlowKey& key, Timestamp now) {
  if (table_.size() >= options_.max_flows) make_room();
  std::uint32_t index = free_;
  if (index != kNone) {
    free_ = flows_[index].next;
  } else {
    index = static_cast<std::uint32_t>(flows_.size());
    flows_.emplace_back();
  }
  table_.insert(wide(key.hash), index);
  queue(index, now);
  return index;
}

// Makes `flow` that of `packet`, with nothing counted; it keeps its place in the queue.
void FlowAssembler::begin(OpenFlow& flow, const FlowKey& key, const Packet& packet, Timestamp time) {
  const std::uint32_t next = flow.next;
  const std::int64_t queued_us = flow.queued_us;
  flow = OpenFlow{};
  flow.next = next;
  flow.queued_us = queued_us;
  flow.low = key.low;
  flow.high = key.high;
  flow.low_port = key.low_port;
  flow.high_port = key.high_port;
  flow.proto = key.proto;
  flow.hash = key.hash;
  flow.first_us = flow.last_us = time.us;
  flow.vlan = packet.vlan;
  flow.tos = packet.tos;
  const bool answer = key.is_reply || (key.proto == ip_proto::kTcp && is_answer_syn(packet));
  flow.initiator_is_high = key.src_is_high != answer;
  if (key.proto == ip_proto::kTcp && answer) {
    flow.state |= OpenFlow::kSynSeen;
    flow.syn_seq = packet.tcp_ack - 1;
  }
}

// The flow goes on after its active timeout: what was counted is told, and counting starts again.
void FlowAssembler::next_piece(OpenFlow& flow, Timestamp time) {
  tell(flow, false);
  for (int way = 0; way < 2; ++way) {
    flow.bytes[way] = 0;
    flow.packets[way] = 0;
    flow.flags[way] = 0;
  }
  flow.first_us = flow.last_us = time.us;
}

// How long the flow may be silent.
std::int64_t FlowAssembler::patience_us(const OpenFlow& flow) const {
  const std::int64_t idle = options_.idle_timeout.us;
  return (flow.state & OpenFlow::kClosed) != 0 ? std::min(idle, kClosedLinger.us) : idle;
}

// Whether a packet that fits an open flow is the first of another one.
bool FlowAssembler::starts_anew(const OpenFlow& flow, const Packet& packet, const Counted& counted) const {
  const std::int64_t silence =
      counted.first.us > flow.last_us ? counted.first.us - flow.last_us : flow.first_us - counted.last.us;
  if (silence > patience_us(flow)) return true;
  if (flow.proto != ip_proto::kTcp || !is_first_syn(packet)) return false;
  if ((flow.state & OpenFlow::kSynSeen) == 0)
    return flow.packets[0] + flow.packets[1] >= 3;   // else a SYN that came late
  if (packet.tcp_seq == flow.syn_seq) return false;  // sent again
  return (flow.state & OpenFlow::kClosed) != 0 || (flow.packets[0] > 0 && flow.packets[1] > 0);
}

void FlowAssembler::orient(OpenFlow& flow, bool src_is_high) {
  if (flow.initiator_is_high == src_is_high) return;
  flow.initiator_is_high = src_is_high;
  std::swap(flow.bytes[0], flow.bytes[1]);
  std::swap(flow.packets[0], flow.packets[1]);
  std::swap(flow.flags[0], flow.flags[1]);
}

void FlowAssembler::note_tcp(OpenFlow& flow, const Packet& packet, bool forward) {
  flow.flags[forward ? 0 : 1] |= packet.tcp_flags;
  constexpr std::uint8_t kBothFins = OpenFlow::kFinForward | OpenFlow::kFinReverse;
  if ((packet.tcp_flags & tcp_flag::kFin) != 0) flow.state |= forward ? OpenFlow::kFinForward : OpenFlow::kFinReverse;
  if ((packet.tcp_flags & tcp_flag::kRst) != 0 || (flow.state & kBothFins) == kBothFins)
    flow.state |= OpenFlow::kClosed;
}

// ---- Expiry -------------------------------------------------------------------------------------------------------
//
// A queue in the order in which flows were last looked at, not last used: a packet then touches only its own flow. A
// flow that was used since goes to the end again, so it is told at most one idle timeout late; where flows are split
// does not depend on it (starts_anew decides that by the packets' own times).

void FlowAssembler::queue(std::uint32_t index, Timestamp now) {
  flows_[index].next = kNone;
  flows_[index].queued_us = now.us;
  (queue_tail_ == kNone ? queue_head_ : flows_[queue_tail_].next) = index;
  queue_tail_ = index;
}

void FlowAssembler::advance(Timestamp now) {
  for (unsigned i = 0; i < kMaxPerAdvance && queue_head_ != kNone; ++i) {
    const std::uint32_t index = queue_head_;
    OpenFlow& flow = flows_[index];
    if (distance(now.us, flow.queued_us) <= options_.idle_timeout.us) return;
    queue_head_ = flow.next;
    if (queue_head_ == kNone)
      queue_tail_ = kNone;
    else
      __builtin_prefetch(&flows_[queue_head_]);
    if (distance(now.us, flow.last_us) > patience_us(flow))
      end(index);
    else
      queue(index, now);
  }
}

void FlowAssembler::make_room() {
  emitter_.weird("flow-table-full");
  for (unsigned i = 0;; ++i) {
    const std::uint32_t index = queue_head_;
    OpenFlow& flow = flows_[index];
    queue_head_ = flow.next;
    if (queue_head_ == kNone) queue_tail_ = kNone;
    const bool used = flow.last_us > flow.queued_us && (flow.state & OpenFlow::kClosed) == 0;
    if (!used || i >= kSecondChances) return end(index);
    queue(index, {flow.last_us});
  }
}

void FlowAssembler::flush() {
  while (queue_head_ != kNone) {
    const std::uint32_t index = queue_head_;
    queue_head_ = flows_[index].next;
    if (queue_head_ != kNone) __builtin_prefetch(&flows_[queue_head_]);
    end(index);
  }
  queue_tail_ = kNone;
  tell_held();
}

// The flow is out of the queue: tells it and frees its place.
void FlowAssembler::end(std::uint32_t index) {
  OpenFlow& flow = flows_[index];
  finish(flow);
  table_.erase(wide(flow.hash), index);
  flow.next = free_;
  free_ = index;
}

void FlowAssembler::finish(OpenFlow& flow) {
  if (listener_ != nullptr) listener_->flow_ends(flow);
  tell(flow, true);
  flow.name = kNone;
}

void FlowAssembler::free_name(std::uint32_t name) {
  if (name == kNone) return;
  name_bytes_ -= names_[name].size();
  names_[name] = std::string();  // its memory too
  free_names_.push_back(name);
}

// ---- Rows ---------------------------------------------------------------------------------------------------------

void FlowAssembler::set_server_name(OpenFlow& flow, std::string_view escaped) {
  if (flow.name != kNone || escaped.empty()) return;
  if (name_bytes_ + escaped.size() > kMaxNameBytes) return emitter_.weird("name-limit");
  name_bytes_ += escaped.size();
  if (free_names_.empty()) {
    free_names_.push_back(static_cast<std::uint32_t>(names_.size()));
    names_.emplace_back();
  }
  flow.name = free_names_.back();
  free_names_.pop_back();
  names_[flow.name] = escaped;
}

void FlowAssembler::tell(const OpenFlow& flow, bool last) {
  if (labels_ == nullptr) {
    write(flow);
    if (last) free_name(flow.name);
    return;
  }
  held_.push_back({flow, emitter_.offset(), last});
  if (!last) labels_->label_piece(held_.back().flow);
  if (held_.size() > kMaxHeld) tell_first_held();
}

void FlowAssembler::tell_held() {
  while (!held_.empty()) tell_first_held();
}

void FlowAssembler::tell_first_held() {
  Held& held = held_.front();
  const std::uint64_t now_at = emitter_.offset();
  emitter_.at(held.offset);
  if (held.last) labels_->label(held.flow);
  write(held.flow);
  if (held.last) free_name(held.flow.name);
  held_.pop_front();
  emitter_.at(now_at);
}

void FlowAssembler::write(const OpenFlow& flow) {
  if (flow.packets[0] == 0 && flow.packets[1] == 0) return;
  Flow row;
  row.start_time = flow.first_us;
  row.end_time = flow.last_us;
  row.src = flow.initiator();
  row.dst = flow.responder();
  row.src_port = is_icmp(flow.proto) ? std::uint16_t{0} : flow.initiator_port();
  row.dst_port = flow.responder_port();
  row.proto = flow.proto;
  row.tcp_flags = flow.flags[0];
  row.rev_tcp_flags = flow.flags[1];
  row.bytes = flow.bytes[0];
  row.packets = flow.packets[0];
  row.rev_bytes = flow.bytes[1];
  row.rev_packets = flow.packets[1];
  row.sampling = 1;
  row.sensor = sensor_;
  if (flow.app != App::kNone) row.app = app_name(flow.app);
  if (flow.name != kNone) row.server_name = names_[flow.name];
  if (flow.vlan != Packet::kNoVlan) row.vlan = flow.vlan;
  row.tos = flow.tos;
  if (flow.dpi_state == OpenFlow::kDpiLabelled) {
    if (flow.dpi_risks != 0) row.dpi_risks = flow.dpi_risks;
    if (flow.dpi != kNone) {
      const DpiLabel& label = dpi_labels_[flow.dpi];
      row.dpi = label.protocol;
      if (!label.category.empty()) row.dpi_category = label.category;
    }
  }
  emitter_.add(row);
}

}  // namespace rw
