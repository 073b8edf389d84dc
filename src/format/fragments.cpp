// Joining of IP fragments.
#include "format/fragments.h"

#include <algorithm>
#include <cstdlib>

#include "format/index_table.h"

namespace rw {

std::size_t FragmentJoiner::KeyHash::operator()(const Key& key) const noexcept {
  const std::uint64_t a = hash_mix(key.src.lo ^ hash_seed(), key.src.hi ^ 0x9E3779B97F4A7C15ULL);
  const std::uint64_t b = hash_mix(key.dst.lo ^ a, key.dst.hi ^ 0xC2B2AE3D27D4EB4FULL);
  return hash_mix(b ^ (std::uint64_t{key.id} << 8 | key.proto), 0x165667B19E3779F9ULL ^ hash_seed());
}

std::optional<FragmentJoiner::Joined> FragmentJoiner::add(Timestamp time, const Packet& fragment) {
  done_.clear();
  // RFC 791 joins by protocol too; RFC 8200 by addresses and id alone (later fragments may name another next header).
  const Key key{fragment.src, fragment.dst, fragment.fragment_id,
                fragment.src.is_v4() ? fragment.proto : std::uint8_t{0}};
  auto found = index_.find(key);
  if (found == index_.end()) {
    datagrams_.emplace_back();
    Datagram& fresh = datagrams_.back();
    fresh.key = key;
    fresh.packet = fragment;
    fresh.packet.payload = fresh.packet.ip_payload = {};
    fresh.first = fresh.last = time;
    found = index_.emplace(key, std::prev(datagrams_.end())).first;
    memory_ += sizeof(Datagram);
  }
  const List::iterator datagram = found->second;
  memory_ -= datagram->bytes_seen.memory_bytes();
  take(*datagram, time, fragment);
  memory_ += datagram->bytes_seen.memory_bytes();
  if (datagram->total == 0 || datagram->bytes_seen.prefix_size() < datagram->total || !datagram->has_first)
    return std::nullopt;
  return finish(datagram, true);
}

void FragmentJoiner::take(Datagram& d, Timestamp time, const Packet& fragment) {
  d.first = std::min(d.first, time);
  d.last = std::max(d.last, time);
  ++d.packets;
  d.bytes += fragment.ip_bytes;
  const std::size_t length = fragment.ip_payload_bytes;
  const std::size_t end = fragment.fragment_offset + length;
  if (length == 0 || (fragment.more_fragments && length % 8 != 0)) emitter_.weird("fragment-length");
  if (!fragment.more_fragments) {
    if (d.total == 0 && end >= d.bytes_seen.end())
      d.total = end;
    else if (end != d.total)
      emitter_.weird("fragment-length");
  } else if (d.total != 0 && end > d.total) {
    emitter_.weird("fragment-length");
  }
  const auto added = d.bytes_seen.add(fragment.fragment_offset, fragment.ip_payload, length, kMaxPayload);
  if (added == RangeBuffer::Added::kOverlap) emitter_.weird("fragment-overlap");
  if (added == RangeBuffer::Added::kRefused) return emitter_.weird("fragment-too-long");
  if (fragment.ip_payload.size() < length)
    d.cut_at = std::min(d.cut_at, fragment.fragment_offset + fragment.ip_payload.size());
  if (fragment.fragment_offset == 0 && !d.has_first) {
    d.has_first = true;
    d.packet = fragment;  // its ports
    d.packet.payload = d.packet.ip_payload = {};
  }
}

FragmentJoiner::Joined FragmentJoiner::finish(List::iterator datagram, bool complete) {
  memory_ -= sizeof(Datagram) + datagram->bytes_seen.memory_bytes();
  index_.erase(datagram->key);
  done_.clear();
  done_.splice(done_.begin(), datagrams_, datagram);
  const Datagram& d = done_.front();
  Joined joined;
  joined.packet = d.packet;
  // What is missing counts as cut off: the transport header knows how long it is.
  joined.payload_bytes = static_cast<std::uint32_t>(d.total > 0 ? d.total : kMaxPayload);
  const Bytes seen = d.bytes_seen.prefix();
  joined.payload = seen.first(std::min({seen.size(), static_cast<std::size_t>(joined.payload_bytes), d.cut_at}));
  joined.first = d.first;
  joined.last = d.last;
  joined.packets = d.packets;
  joined.bytes = d.bytes;
  joined.complete = complete;
  if (!complete) emitter_.weird("fragment-missing");
  return joined;
}

std::optional<FragmentJoiner::Joined> FragmentJoiner::expired(Timestamp now, bool all) {
  if (datagrams_.empty()) return std::nullopt;
  if (!all && std::llabs(now.us - datagrams_.front().first.us) <= kTimeout.us) return std::nullopt;
  return finish(datagrams_.begin(), false);
}

std::optional<FragmentJoiner::Joined> FragmentJoiner::evicted() {
  if (datagrams_.size() <= kMaxDatagrams && memory_ <= kMaxMemoryBytes) return std::nullopt;
  return finish(datagrams_.begin(), false);
}

}  // namespace rw
