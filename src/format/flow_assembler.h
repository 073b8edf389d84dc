// Packets into bidirectional flows, initiator first, with active and idle timeouts, in bounded memory.
//
// Who is the initiator: TCP's SYN decides (a SYN with ACK says that the other side began), for ICMP the request of a
// request/reply pair, else whoever is seen first. Ports do not decide: a reflected answer without its request must stay
// a flow from the reflector to its victim.
//
// A TCP connection ends with a reset or with FINs from both sides; what comes late still belongs to it, until a new SYN
// opens the next one or kClosedLinger has passed. ICMP flows are keyed by type and code, request and reply together.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "format/format.h"
#include "format/index_table.h"
#include "format/packet.h"
#include "format/payload_app.h"
#include "model/emitter.h"

namespace rw {

// A flow that is not told yet. 128 bytes, two cache lines: the table holds up to DecodeOptions::max_flows of them.
struct alignas(64) OpenFlow {
  static constexpr std::uint32_t kNone = IndexTable::kNone;

  // Key: the two ends in address order.
  Ip low, high;
  std::uint16_t low_port = 0, high_port = 0;  // ICMP: both hold the type and code
  std::uint8_t proto = 0;
  std::uint8_t state = 0;          // kSynSeen …
  std::uint8_t flags[2] = {0, 0};  // TCP flags by direction; 0 is initiator to responder, also below
  std::int64_t first_us = 0, last_us = 0;
  std::int64_t bytes[2] = {0, 0};
  std::uint32_t packets[2] = {0, 0};
  std::int64_t queued_us = 0;        // clock when it was put into the expiry queue
  std::uint32_t next = kNone;        // in the expiry queue, or in the list of free ones
  std::uint32_t inspection = kNone;  // of the payload inspector
  std::uint32_t name = kNone;        // of the server name
  std::uint32_t syn_seq = 0;
  std::uint16_t vlan = Packet::kNoVlan;
  std::uint8_t tos = 0;
  App app = App::kNone;
  bool initiator_is_high = false;
  std::uint8_t probes = 0;       // of the payload inspector: what it looked at so far
  std::uint8_t dpi_state = 0;    // of nDPI: kDpiNew …
  std::uint8_t dpi_packets = 0;  // that it was given
  std::uint32_t hash = 0;        // upper half of the key's hash
  std::uint32_t dpi = kNone;     // its place there once it is asked; in a row that is labelled, the label
  std::uint64_t dpi_risks = 0;

  static constexpr std::uint8_t kSynSeen = 1;  // the initiator is certain
  static constexpr std::uint8_t kFinForward = 2;
  static constexpr std::uint8_t kFinReverse = 4;
  static constexpr std::uint8_t kClosed = 8;
  static constexpr std::uint8_t kInspected = 16;  // the inspector wants no more of it

  // Not asked; asked, and wants more; asked, and wants no more; a row that has its label.
  static constexpr std::uint8_t kDpiNew = 0, kDpiAsked = 1, kDpiTold = 2, kDpiLabelled = 3;

  const Ip& initiator() const { return initiator_is_high ? high : low; }
  const Ip& responder() const { return initiator_is_high ? low : high; }
  std::uint16_t initiator_port() const { return initiator_is_high ? high_port : low_port; }
  std::uint16_t responder_port() const { return initiator_is_high ? low_port : high_port; }
};

static_assert(sizeof(OpenFlow) == 128);

// Both ends of a packet in address order: the same for either direction.
struct FlowKey {
  Ip low, high;
  std::uint16_t low_port = 0, high_port = 0;
  std::uint8_t proto = 0;
  bool src_is_high = false;
  bool is_reply = false;  // an ICMP reply: its key is that of the request
  std::uint32_t hash = 0;
};

class FlowAssembler {
 public:
  static constexpr Duration kClosedLinger = Duration::seconds(10);
  static constexpr std::size_t kMaxNameBytes = std::size_t{64}
                                               << 20;  // of all server names that are held; 1 M flows have 25 MB

  // Told when a flow is about to end for good: the last moment to set its name, and to let go of what belongs to it.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void flow_ends(OpenFlow& flow) = 0;
  };

  // Labels that are found elsewhere and later. With them, the last kMaxHeld rows wait: for a count of rows and not for
  // a time, so that rows leave in the same order and at the same points of the input however fast the labels come.
  class Labels {
   public:
    virtual ~Labels() = default;
    // Gives the row of a flow that goes on what is known of it at this point of the input.
    virtual void label_piece(OpenFlow& row) = 0;
    // Gives the row of a flow that has ended its label; waits for it.
    virtual void label(OpenFlow& row) = 0;
  };
  static constexpr std::size_t kMaxHeld = 4096;

  FlowAssembler(const DecodeOptions& options, std::string sensor, Emitter& emitter);
  void set_listener(Listener* listener) { listener_ = listener; }
  void set_labels(Labels* labels) { labels_ = labels; }

  // What is counted: one packet, or the fragments of one.
  struct Counted {
    Timestamp first, last;
    std::uint32_t packets = 1;
    std::int64_t bytes = 0;
  };
  struct Touched {
    OpenFlow& flow;  // valid until the next call of anything here
    bool forward;    // from the initiator
  };

  FlowKey key(const Packet& packet) const;
  // For speed only: make the keys of a batch of packets, prefetch slots, then flows, then add.
  void prefetch_slot(const FlowKey& key) const { table_.prefetch(wide(key.hash)); }
  void prefetch_flow(const FlowKey& key) const {
    const std::uint32_t index = table_.likely(wide(key.hash));
    if (index == IndexTable::kNone) return;
    __builtin_prefetch(&flows_[index], 1);
    __builtin_prefetch(reinterpret_cast<const char*>(&flows_[index]) + 64, 1);
  }

  // Counts a packet. `now` is the capture's clock: the latest time that can be believed.
  Touched add(const FlowKey& key, const Packet& packet, const Counted& counted, Timestamp now);

  // Gives the flow its server name, unless it has one (or there is no room).
  void set_server_name(OpenFlow& flow, std::string_view escaped);

  // What nDPI calls a flow: OpenFlow::dpi is the number that this returns. There are a few hundred.
  struct DpiLabel {
    std::string protocol, category;  // empty: none
  };
  std::uint32_t add_dpi_label(DpiLabel label) {
    dpi_labels_.push_back(std::move(label));
    return static_cast<std::uint32_t>(dpi_labels_.size() - 1);
  }

  // Tells flows that were silent too long, a few per call so that no packet waits long.
  void advance(Timestamp now);
  // Tells all.
  void flush();
  // Waits for the labels of all rows that wait, and tells them.
  void tell_held();

  std::size_t size() const { return table_.size(); }

 private:
  static std::uint64_t wide(std::uint32_t hash) { return std::uint64_t{hash} << 32; }
  std::uint32_t find(const FlowKey& key) const;
  std::uint32_t create(const FlowKey& key, Timestamp now);
  void begin(OpenFlow& flow, const FlowKey& key, const Packet& packet, Timestamp time);
  void next_piece(OpenFlow& flow, Timestamp time);
  bool starts_anew(const OpenFlow& flow, const Packet& packet, const Counted& counted) const;
  void orient(OpenFlow& flow, bool src_is_high);
  void note_tcp(OpenFlow& flow, const Packet& packet, bool forward);
  std::int64_t patience_us(const OpenFlow& flow) const;
  void make_room();
  void queue(std::uint32_t index, Timestamp now);
  void end(std::uint32_t index);
  void finish(OpenFlow& flow);
  void free_name(std::uint32_t name);
  void tell(const OpenFlow& flow, bool last);
  void tell_first_held();
  void write(const OpenFlow& flow);

  // A row that waits for its label.
  struct Held {
    OpenFlow flow;
    std::uint64_t offset;  // in the input, where it was told
    bool last;             // of its flow: the name goes with it
  };

  DecodeOptions options_;
  std::string sensor_;
  Emitter& emitter_;
  Listener* listener_ = nullptr;
  Labels* labels_ = nullptr;
  std::deque<Held> held_;
  std::uint64_t seed_;
  IndexTable table_;
  std::vector<OpenFlow> flows_;
  std::uint32_t free_ = OpenFlow::kNone;
  std::uint32_t queue_head_ = OpenFlow::kNone;
  std::uint32_t queue_tail_ = OpenFlow::kNone;
  std::vector<DpiLabel> dpi_labels_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> free_names_;
  std::size_t name_bytes_ = 0;
};

}  // namespace rw
