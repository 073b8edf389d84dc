// The window table of DNS tunnels over batches on their way in: the same rows as the store's question gives for
// history, and a decision as soon as a window stands out, not at its end.
//
//   LiveWindows live(context);
//   for (const Detection& d : live.take(batch)) …        // batches of dns and flows; others are left alone
//   for (const Detection& d : live.look_at_keys()) …     // when all batches of a commit were taken
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "detect/dns_tunnel.h"
#include "detect/dns_tunnel_live_keys.h"
#include "model/batch.h"

namespace rw::dns_tunnel {

struct LiveOptions {
  Duration width = kLiveWindow;
  Duration lateness = kLiveWindow;            // a window is closed this long after its end, by the rows' own times
  std::size_t most_windows = 200'000;         // open at once; the least loud make room
  std::size_t most_names = 4'000'000;         // in all open windows, 16 bytes each or so
  std::size_t most_names_of_window = 20'000;  // a window of more has long been told; then every question counts as new
  std::size_t most_clients = 500'000;         // whose ordinary traffic is remembered
  LiveKeysOptions keys;
};

// A tunnel as it was when it first stood out.
struct Detection {
  Timestamp time;                 // of the row that told
  std::int64_t leaked_bytes = 0;  // in names before the domain, so far
  Tunnel tunnel;
};

class LiveWindows {
 public:
  explicit LiveWindows(DetectContext context, LiveOptions options = {});

  // Rows in any order; those of windows that are closed already are dropped and counted. One Detection for each client
  // and domain, until they were quiet for the quiet gap.
  std::vector<Detection> take(const Batch& batch);
  // Tunnels by the other keys (flows alone, client and server, several clients) that were not told yet. Call it when
  // all batches of a commit were taken: messages and flows of the same packets come in different ones.
  std::vector<Detection> look_at_keys();
  // All of those by what is remembered, told or not: what history says of the same rows.
  std::vector<Tunnel> keyed_tunnels() const;
  // Windows that were closed since the last call, in order of time, client, domain and sensor. With `all`, every open
  // one is closed first.
  std::vector<Window> closed(bool all = false);

  std::size_t open_windows() const { return open_.size(); }
  std::size_t remembered_of_keys() const { return keys_.entries(); }
  std::uint64_t dropped() const { return dropped_ + keys_.dropped(); }  // rows too late, or beyond the bounds

 private:
  struct Key {
    Ip client;
    std::string domain;
    std::int64_t start = 0;
    std::string sensor;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Open {
    Window row;
    std::unordered_set<std::uint64_t> names;
    std::vector<Sample> samples;
    std::int64_t look_at = 0;  // names at which the decision is made next
  };
  struct ClientTotal {  // of closed windows
    double windows = 0, domain_windows = 0, queries = 0, name_bytes = 0, bytes = 0, sized = 0;
    std::int64_t last_window = INT64_MIN;
  };
  struct Told {
    Timestamp last;
  };

  void add(const Batch& batch, std::size_t row, std::vector<Detection>& detections);
  void look(Open& open, Timestamp now, std::vector<Detection>& detections);
  void close_before(std::int64_t start_us);
  void make_room();
  Baseline baseline_of(const Window& window) const;

  DetectContext context_;
  LiveOptions options_;
  LiveKeys keys_;
  std::unordered_map<Key, Open, KeyHash> open_;
  std::unordered_map<Ip, ClientTotal, IpHash> clients_;
  std::map<std::pair<Ip, std::string>, Told> told_;
  std::vector<Window> closed_;
  std::int64_t latest_us_ = INT64_MIN;
  std::int64_t closed_before_us_ = INT64_MIN;
  std::size_t names_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace rw::dns_tunnel
