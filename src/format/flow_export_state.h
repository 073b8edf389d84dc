// What a flow-export decoder remembers between datagrams: exporters, domains, sampling rates, sequence numbers.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "format/netflow_template.h"
#include "model/emitter.h"
#include "model/records.h"

namespace rw::flow_export {

// Bounds. A capture can hold datagrams of anybody, so everything that a datagram can make us remember is counted here.
inline constexpr std::size_t kMaxDomains = 65'536;  // exporter × domain; a large carrier has some ten thousand
inline constexpr std::size_t kMaxTemplatesPerDomain = 4'096;   // routers announce below 100; ids allow 65,280
inline constexpr std::size_t kMaxTemplateFields = 1'024;       // of one template; the largest seen has some 120
inline constexpr std::size_t kMaxFieldsOverall = 2'000'000;    // at 22 bytes each: 44 MB for all templates together
inline constexpr std::size_t kTemplateOverhead = 10;           // what a template costs beside its fields, in fields
inline constexpr std::size_t kMaxSamplersPerDomain = 16'384;   // one per interface of a large chassis
inline constexpr std::size_t kMaxSamplersOverall = 1'000'000;  // some 50 MB
// Data before its template: half a minute of a busy exporter (20,000 records a second of 60 bytes), two of them.
inline constexpr std::size_t kMaxWaitingBytesPerExporter = 32 << 20;
inline constexpr std::size_t kMaxWaitingBytesOverall = 64 << 20;
inline constexpr std::size_t kMaxWaitingSetOverhead = 128;  // counted per set, so that tiny sets cannot cheat the bound
inline constexpr std::size_t kMaxHeldFlows = 262'144;       // flows that wait for their sampler's rate: some 60 MB
inline constexpr std::int64_t kMaxHoldUs = 1'800'000'000;   // half an hour: routers repeat options within minutes
inline constexpr std::size_t kMaxApplicationsOverall = 262'144;  // NBAR knows some 1,500 per router
inline constexpr std::size_t kMaxApplicationName = 64;           // the registry's names are shorter than 25
inline constexpr std::size_t kMaxDropCounters = 65'536;          // sFlow data sources whose drop counter is followed

enum class Protocol : std::uint8_t {
  kNetflow1 = 1,
  kNetflow5 = 5,
  kNetflow7 = 7,
  kNetflow9 = 9,
  kIpfix = 10,
  kSflow = 255
};

// Ids that come from datagrams are hashed with a seed of this process, so that nobody can choose them to collide.
struct SeededHash {
  static std::uint64_t seed();
  std::size_t operator()(std::uint64_t id) const noexcept {
    static const std::uint64_t kSeed = seed();
    std::uint64_t h = (id ^ kSeed) * 0xFF51AFD7ED558CCDULL;
    h = (h ^ h >> 32) * 0xC4CEB9FE1A85EC53ULL;
    return h ^ h >> 29;
  }
};
template <typename Value>
using IdMap = std::unordered_map<std::uint64_t, Value, SeededHash>;

// Finds gaps in 32-bit sequence numbers that wrap, and forgives datagrams that arrive late.
class SequenceTracker {
 public:
  struct Gap {
    std::uint32_t from = 0;
    std::uint32_t count = 0;
    std::uint32_t age = 0;  // datagrams seen since
  };
  // A datagram that carries `units` sequence numbers from `sequence` on. `other_units`: what it would carry for
  // exporters that count datagrams where the protocol wants records, or the reverse (both exist). Returns a gap that
  // has become certain.
  std::optional<Gap> see(std::uint32_t sequence, std::uint32_t units, std::uint32_t other_units);
  // How far the last datagram moved the sequence is not known: the next one is taken as it comes.
  void forget() { known_ = false; }
  // All gaps that are still open; call until empty at the end of an input. The next datagram starts afresh.
  std::optional<Gap> close();

 private:
  static constexpr std::uint32_t kReorderWindow = 32;        // datagrams: later than that is lost
  static constexpr std::uint32_t kRestartDistance = 10'000;  // further back than that is a restart, not a late datagram
  static constexpr std::size_t kMaxGaps = 8;

  bool fill(std::uint32_t sequence, std::uint32_t units);
  std::optional<Gap> open(Gap gap);
  Gap pop_front();

  bool known_ = false;
  std::uint32_t next_ = 0;
  std::uint32_t other_next_ = 0;
  std::size_t gap_count_ = 0;
  std::array<Gap, kMaxGaps> gaps_{};
};

// "One packet in N" as told by options, most specific first: sampler (v9 FLOW_SAMPLER_ID, IPFIX selectorId), interface,
// domain.
class SamplingTable {
 public:
  std::uint32_t for_domain() const { return domain_; }  // 0: never told
  void set_domain(std::uint32_t rate) { domain_ = rate; }
  std::uint32_t for_sampler(std::uint64_t id) const { return find(samplers_, id); }
  std::uint32_t for_interface(std::uint64_t id) const { return interfaces_.empty() ? 0 : find(interfaces_, id); }
  // False where the table is full; true and `added` where the key is new.
  bool set_sampler(std::uint64_t id, std::uint32_t rate, bool& added) { return set(samplers_, id, rate, added); }
  bool set_interface(std::uint64_t id, std::uint32_t rate, bool& added) { return set(interfaces_, id, rate, added); }

 private:
  using Map = IdMap<std::uint32_t>;
  static std::uint32_t find(const Map& map, std::uint64_t id) {
    const auto it = map.find(id);
    return it == map.end() ? 0 : it->second;
  }
  static bool set(Map& map, std::uint64_t id, std::uint32_t rate, bool& added);

  std::uint32_t domain_ = 0;
  Map samplers_;
  Map interfaces_;
};

// The times of an export header, against which a record's relative times are read.
struct ExportClock {
  std::int64_t export_us = 0;   // the header's own time
  std::uint32_t uptime_ms = 0;  // sysUptime at that time
  bool has_uptime = false;      // NetFlow has it in the header, IPFIX has not
  std::int64_t init_ms = 0;     // systemInitTimeMilliseconds, where an options record told it; else 0
};

// A data set that waits for its template.
struct WaitingSet {
  ExportClock clock;
  std::vector<std::byte> body;
  bool told = false;  // counted as weird when its input ended
  std::size_t cost() const { return body.size() + kMaxWaitingSetOverhead; }
};

// A flow that names a sampler whose rate is not known yet.
struct HeldFlow {
  Flow flow;  // its text is the domain's
  std::int64_t export_us = 0;
};

struct Exporter;

// One observation domain (IPFIX), source id (v9), engine (v5) or sub-agent (sFlow) of one exporter.
struct Domain {
  Exporter* exporter = nullptr;
  std::string sensor;  // see flow_export.h
  SequenceTracker sequence;
  SamplingTable sampling;
  std::unordered_map<std::uint16_t, std::unique_ptr<Template>> templates;
  std::size_t options_templates = 0;  // of those
  std::unordered_map<std::uint16_t, std::deque<WaitingSet>> waiting;
  IdMap<std::deque<HeldFlow>> held;  // by sampler
  std::int64_t held_since_us = 0;    // export time of the first of them
  bool hold_flows = true;            // until the wait for a sampler proved to be in vain
  IdMap<std::string> applications;   // applicationId -> name, from options
  std::int64_t init_ms = 0;          // systemInitTimeMilliseconds from options
  IdMap<std::uint32_t> drops;        // sFlow: data source -> drop counter
};

struct ExporterKey {
  Ip address;
  std::uint16_t port = 0;
  friend bool operator==(const ExporterKey&, const ExporterKey&) = default;
};
struct ExporterKeyHash {
  std::size_t operator()(const ExporterKey& key) const noexcept {
    const SeededHash mix;
    return mix(mix(mix(key.address.hi) ^ key.address.lo) ^ key.port);
  }
};

struct Exporter {
  ExporterKey key;
  IdMap<std::unique_ptr<Domain>> domains;  // by protocol << 32 | domain id
  std::size_t waiting_bytes = 0;
  std::uint32_t protocols = 0;  // bit per Protocol % 32 that it has sent
};

// Flows of one datagram on their way to the emitter, which takes many at once for half the price. Text of a flow must
// outlive the flush.
class FlowBuffer {
 public:
  // The next flow to fill; whatever is in it is from before. Valid until push(), which keeps it.
  Flow& next() { return flows_[count_]; }
  void push(Emitter& emitter) {
    if (++count_ == kFlows) flush(emitter);
  }
  void flush(Emitter& emitter) {
    if (count_ > 0) emitter.add(std::span<const Flow>(flows_.data(), count_));
    count_ = 0;
  }

 private:
  static constexpr std::size_t kFlows = 64;  // more than a datagram of ordinary size holds; some 14 KB
  std::array<Flow, kFlows> flows_;
  std::size_t count_ = 0;
};

// All exporters of an ingest. Not thread-safe.
class State {
 public:
  // The domain, made where it is new; null where there are too many. For sFlow the key's address is the agent's.
  Domain* domain(const ExporterKey& key, Protocol protocol, std::uint32_t id);
  // Whether this exporter has sent this protocol before: then a damaged datagram is damage, not chance.
  bool knows(const ExporterKey& key, Protocol protocol) const;

  // In the order in which they appeared.
  template <typename Visit>
  void each_domain(Visit&& visit) {
    for (Domain* domain : domains_) visit(*domain);
  }

  FlowBuffer flows;
  std::size_t waiting_bytes = 0;  // of all exporters
  std::size_t held_flows = 0;
  std::size_t template_fields = 0;
  std::size_t samplers = 0;
  std::size_t drop_counters = 0;
  std::size_t applications = 0;

 private:
  std::unordered_map<ExporterKey, std::unique_ptr<Exporter>, ExporterKeyHash> exporters_;
  std::vector<Domain*> domains_;
  // The last answer: datagrams of one domain come in runs.
  Domain* last_domain_ = nullptr;
  ExporterKey last_key_;
  std::uint64_t last_id_ = 0;
};

}  // namespace rw::flow_export
