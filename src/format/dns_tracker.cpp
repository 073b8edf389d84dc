// Pairing of DNS queries and responses.
#include "format/dns_tracker.h"

#include <cstdlib>
#include <utility>

namespace rw {
namespace {

constexpr std::uint32_t kNone = IndexTable::kNone;
// How many waiting queries with the same key are compared with a response: clients send a query again three or four
// times.
constexpr unsigned kMaxRepeats = 16;
// How many queries are told per packet when many are due at once.
constexpr unsigned kMaxPerAdvance = 64;

// Clocks may run backwards: a capture's packets are not always in order, and captures are put one behind another.
Duration distance(Timestamp a, Timestamp b) { return {std::llabs(a.us - b.us)}; }

constexpr std::string_view transport_name(DnsTransport transport) {
  switch (transport) {
    case DnsTransport::kTcp: return "tcp";
    case DnsTransport::kMdns: return "mdns";
    case DnsTransport::kLlmnr: return "llmnr";
    default: return "udp";
  }
}

// A link-local query goes to a group and is answered by a host: the server cannot be part of the key.
Ip key_server(const Ip& server, DnsTransport transport) { return transport == DnsTransport::kLlmnr ? Ip{} : server; }

}  // namespace

DnsTracker::DnsTracker(Emitter& emitter, std::string sensor)
    : emitter_(emitter), sensor_(std::move(sensor)), seed_(hash_seed()) {}

std::uint64_t DnsTracker::hash_of(const Key& key) const {
  const std::uint64_t low =
      std::uint64_t{key.port} << 24 | std::uint64_t{key.id} << 8 | static_cast<std::uint8_t>(key.transport);
  std::uint64_t h = hash_mix(key.client.lo ^ seed_, key.client.hi ^ 0x9E3779B97F4A7C15ULL);
  h = hash_mix(h ^ key.server.lo, key.server.hi ^ 0xC2B2AE3D27D4EB4FULL);
  return hash_mix(h ^ low, seed_ ^ 0x165667B19E3779F9ULL);
}

std::uint32_t DnsTracker::find(std::uint64_t hash, const Key& key) const {
  return table_.find(hash, [&](std::uint32_t i) {
    const Pending& p = pending_[i];
    return p.id == key.id && p.client_port == key.port && p.transport == key.transport && p.client == key.client &&
           key_server(p.server, p.transport) == key.server;
  });
}

bool DnsTracker::message(const Where& where, Bytes bytes, std::size_t wire_bytes) {
  const bool valid = message_.decode(bytes, wire_bytes);
  if (message_.problem() != nullptr && (valid || where.certain)) emitter_.weird(message_.problem(), message_.name);
  if (!valid) return false;
  if (where.transport == DnsTransport::kMdns) {
    add_message(where);
    if (message_.is_response()) add_answers(where, where.dst, nullptr);
  } else if (message_.is_response()) {
    response(where);
  } else {
    query(where);
  }
  return true;
}

// ---- Waiting queries ----------------------------------------------------------------------------------------------

// A free place.
std::uint32_t DnsTracker::take() {
  if (free_ == kNone && pending_.size() >= kMaxPending) {
    emitter_.weird("dns-table-full");
    drop_oldest();
  }
  if (free_ != kNone) return std::exchange(free_, pending_[free_].after);
  pending_.emplace_back();
  return static_cast<std::uint32_t>(pending_.size() - 1);
}

void DnsTracker::query(const Where& where) {
  const std::uint32_t index = take();
  Pending& p = pending_[index];
  p.client = where.src;
  p.server = where.dst;
  p.time = where.time;
  p.query_bytes = message_.wire_length;
  p.client_port = where.src_port;
  p.server_port = where.dst_port;
  p.id = message_.id;
  p.flags = message_.flags;
  p.type = message_.type;
  p.name_bytes = message_.name_bytes;
  p.transport = where.transport;
  p.has_question = message_.has_question;
  p.name = message_.name;
  p.newer = p.after = kNone;
  p.newest = index;
  p.before = newest_;
  (newest_ == kNone ? oldest_ : pending_[newest_].after) = index;
  newest_ = index;
  const Key key{p.client, key_server(p.server, p.transport), p.client_port, p.id, p.transport};
  p.hash = hash_of(key);
  const std::uint32_t same = find(p.hash, key);
  if (same == kNone) return table_.insert(p.hash, index);
  pending_[pending_[same].newest].newer = index;
  pending_[same].newest = index;
}

// Takes a query out; `older` is the one before it with the same key, or kNone when it is the oldest of them.
void DnsTracker::remove(std::uint32_t index, std::uint32_t older) {
  Pending& p = pending_[index];
  if (older != kNone) {
    pending_[older].newer = p.newer;
    if (p.newer == kNone) {  // it was the last: the oldest of the chain has to know the new last one
      const std::uint32_t head =
          find(p.hash, {p.client, key_server(p.server, p.transport), p.client_port, p.id, p.transport});
      pending_[head].newest = older;
    }
  } else if (p.newer != kNone) {
    pending_[p.newer].newest = p.newest;
    table_.replace(p.hash, index, p.newer);
  } else {
    table_.erase(p.hash, index);
  }
  (p.before == kNone ? oldest_ : pending_[p.before].after) = p.after;
  (p.after == kNone ? newest_ : pending_[p.after].before) = p.before;
  p.after = free_;
  free_ = index;
}

// Queries of one key wait in the order of arrival, so the oldest of all is the oldest of its key.
void DnsTracker::drop_oldest() {
  const std::uint32_t index = oldest_;
  add_row(pending_[index], nullptr);
  remove(index, kNone);
}

void DnsTracker::response(const Where& where) {
  const Key key{where.dst, key_server(where.src, where.transport), where.dst_port, message_.id, where.transport};
  std::uint32_t index = find(hash_of(key), key);
  std::uint32_t older = kNone;
  for (unsigned i = 0; index != kNone && i < kMaxRepeats; ++i) {
    const Pending& p = pending_[index];
    const bool same_question =
        !message_.has_question || !p.has_question || (p.type == message_.type && p.name == message_.name);
    if (same_question && distance(where.time, p.time) <= kTimeout) {
      add_row(p, &where);
      add_answers(where, where.dst, p.has_question ? &p.name : nullptr);
      return remove(index, older);
    }
    older = std::exchange(index, p.newer);
  }
  add_message(where);
  add_answers(where, where.dst, nullptr);
}

void DnsTracker::advance(Timestamp now) {
  for (unsigned i = 0; i < kMaxPerAdvance && oldest_ != kNone && distance(now, pending_[oldest_].time) > kTimeout; ++i)
    drop_oldest();
}

void DnsTracker::flush() {
  while (oldest_ != kNone) drop_oldest();
}

// ---- Rows ---------------------------------------------------------------------------------------------------------

void DnsTracker::fill_response(Dns& row, const Where& where) const {
  row.rcode = message_.rcode;
  row.response_bytes = message_.wire_length;
  row.response_time = where.time.us;
  row.flags = message_.flags;
  row.answers = message_.answer_count;
}

void DnsTracker::add_row(const Pending& p, const Where* answered) {
  Dns row;
  row.time = p.time.us;
  row.client = p.client;
  row.server = p.server;
  row.client_port = p.client_port;
  row.server_port = p.server_port;
  row.transport = transport_name(p.transport);
  row.id = p.id;
  row.opcode = (p.flags >> 11) & 0x0F;
  row.query_bytes = p.query_bytes;
  row.flags = p.flags;
  if (p.has_question) {
    row.name = p.name;
    row.name_bytes = p.name_bytes;
    row.type = p.type;
  }
  if (answered != nullptr) {
    fill_response(row, *answered);
    if (!p.has_question && message_.has_question) {
      row.name = message_.name;
      row.name_bytes = message_.name_bytes;
      row.type = message_.type;
    }
  }
  row.sensor = sensor_;
  emitter_.add(row);
}

// The message that was just decoded, alone: a response without its query, or multicast.
void DnsTracker::add_message(const Where& where) {
  const bool response = message_.is_response();
  // The server of a multicast message is the group, whoever speaks.
  const bool from_server = response && !where.dst.is_multicast();
  Dns row;
  row.time = where.time.us;
  row.client = from_server ? where.dst : where.src;
  row.server = from_server ? where.src : where.dst;
  row.client_port = from_server ? where.dst_port : where.src_port;
  row.server_port = from_server ? where.src_port : where.dst_port;
  row.transport = transport_name(where.transport);
  row.id = message_.id;
  row.opcode = message_.opcode();
  row.flags = message_.flags;
  if (response)
    fill_response(row, where);
  else
    row.query_bytes = message_.wire_length;
  if (message_.has_question) {
    row.name = message_.name;
    row.name_bytes = message_.name_bytes;
    row.type = message_.type;
  }
  row.sensor = sensor_;
  emitter_.add(row);
}

void DnsTracker::add_answers(const Where& where, const Ip& client, const std::string* question) {
  if (question == nullptr && message_.has_question) question = &message_.name;
  for (const DnsMessageRecord& record : message_.answers()) {
    DnsAnswer row;
    row.time = where.time.us;
    row.client = client;
    row.server = where.src;
    if (question != nullptr) row.question = *question;
    row.name = record.name;
    row.type = record.type;
    row.ttl = record.ttl;
    row.address = record.address;
    if (record.has_target) row.target = record.target;
    row.sensor = sensor_;
    emitter_.add(row);
  }
}

}  // namespace rw
