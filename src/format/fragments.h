// Joins IP fragments (RFC 791 3.2, RFC 8200 4.5), in bounded memory; where they overlap, what came first stays.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

#include "base/time.h"
#include "format/packet.h"
#include "format/range_buffer.h"
#include "model/emitter.h"

namespace rw {

class FragmentJoiner {
 public:
  static constexpr Duration kTimeout = Duration::seconds(30);  // hosts wait 30 to 60 s
  static constexpr std::size_t kMaxDatagrams = 4096;           // held at once
  static constexpr std::size_t kMaxMemoryBytes = std::size_t{32}
                                                 << 20;  // held at once: beyond it the oldest is given up
  static constexpr std::size_t kMaxPayload = 65535;      // of an IP packet

  explicit FragmentJoiner(Emitter& emitter) : emitter_(emitter) {}

  // Fragments that are done with: `packet` describes the first one, `payload` is what they carry together, up to the
  // first hole.
  struct Joined {
    Packet packet;
    Bytes payload;  // valid until the next call of anything here
    std::uint32_t payload_bytes =
        0;  // on the wire; more than payload.size() where something is missing, kMaxPayload if unknown
    Timestamp first, last;
    std::int64_t packets = 0, bytes = 0;  // what the fragments were, on the IP layer
    bool complete = false;                // false: given up
  };

  // Takes one fragment; returns the whole packet when it was the last one missing.
  std::optional<Joined> add(Timestamp time, const Packet& fragment);
  // The oldest packet that waited too long (or, with `all`, any), if there is one: call until there is none.
  std::optional<Joined> expired(Timestamp now, bool all = false);
  // One that had to go because memory ran out: call until there is none, after add().
  std::optional<Joined> evicted();
  bool empty() const { return datagrams_.empty(); }

 private:
  struct Key {
    Ip src, dst;
    std::uint32_t id;
    std::uint8_t proto;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Datagram {
    Key key;
    Packet packet;
    RangeBuffer bytes_seen;
    Timestamp first, last;
    std::int64_t packets = 0, bytes = 0;
    std::size_t cut_at = SIZE_MAX;  // from here on the capture lacks content
    std::size_t total = 0;          // payload length, known from the last fragment; 0 before
    bool has_first = false;
  };
  using List = std::list<Datagram>;

  void take(Datagram& datagram, Timestamp time, const Packet& fragment);
  Joined finish(List::iterator datagram, bool complete);

  Emitter& emitter_;
  List datagrams_;  // oldest first
  std::unordered_map<Key, List::iterator, KeyHash> index_;
  List done_;  // keeps the payload that was returned last
  std::size_t memory_ = 0;
};

}  // namespace rw
