// The other keys of DNS tunnels over batches on their way in: client and server by flows alone, client and server
// where names have no domain, and domains that several clients share.
//
// The tables hold what the store's questions answer for history, so that the same functions decide (flow_tunnels,
// unknown_tunnels, shared_tunnels); over the same rows both say the same.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "detect/dns_tunnel.h"
#include "model/batch.h"

namespace rw::dns_tunnel {

struct LiveKeysOptions {
  Duration lateness = kHour;             // behind the latest row: then a window that is not loud is forgotten
  std::size_t most_entries = 2'000'000;  // of all tables, about 100 bytes each; rows that would need more are dropped
};

class LiveKeys {
 public:
  using Options = LiveKeysOptions;
  explicit LiveKeys(DetectContext context, Options options = {}) : context_(std::move(context)), options_(options) {}

  // Batches of flows and dns; others are left alone.
  void take(const Batch& batch);
  // What is a tunnel by all that is remembered, in no order. `known`: tunnels by client and domain.
  std::vector<Tunnel> tunnels(std::vector<Tunnel> known) const;
  // Forgets what is older than the quiet gap, and what is late and was not loud.
  void forget();

  std::uint64_t dropped() const { return dropped_; }
  std::size_t entries() const { return entries_; }

 private:
  // The keys of one window: at the front what is sorted by time.
  using Place = std::tuple<Timestamp, Ip, Ip, std::string>;        // window, client, server, sensor
  using Shared = std::tuple<Timestamp, std::string, std::string>;  // window, domain, sensor

  struct Requests {  // of flows
    Timestamp first, last;
    std::int64_t counted = 0, flows = 0, packets = 0, bytes = 0, rev_packets = 0, rev_bytes = 0, busiest = 0;
    double busiest_minute = 0;
    std::map<std::int64_t, std::int64_t> sizes;  // of single packets
  };
  struct Replies {
    std::int64_t counted = 0, packets = 0, bytes = 0;
  };
  struct ClientTotal {
    std::map<std::int64_t, std::set<Ip>> open;  // servers by baseline window
    double pairs = 0, windows = 0;              // of those that were closed
    Timestamp last;
    double packets = 0, bytes = 0, rev_packets = 0, rev_bytes = 0;
  };
  struct Sums {  // of messages
    Timestamp first, last;
    std::int64_t queries = 0, responses = 0, name_bytes = 0, query_bytes = 0, sized_queries = 0, response_bytes = 0,
                 sized_responses = 0;
    std::uint16_t type = 0;
    std::uint16_t longest = 0;
  };
  struct Unknown {
    std::int64_t queries = 0;
    std::unordered_set<std::uint64_t> domains;
    std::map<std::string, Sums> names;  // below top-level domains that nobody knows
  };
  struct Domain {
    Sums sums;
    std::set<Ip> clients;
    std::unordered_set<std::uint64_t> names;
  };
  struct Message;

  void flow(const Batch& batch, std::size_t row);
  void request(const Batch& batch, std::size_t row, const Ip& client, const Ip& server);
  void reply(const Batch& batch, std::size_t row, const Ip& client, const Ip& server);
  void message(const Batch& batch, std::size_t row);
  void unknown(const Message& message);
  void shared(const Message& message);
  static void add(Sums& sums, const Message& message);
  // Whether another entry fits; counts it, or the row that it would have been.
  bool room();

  bool is_loud(const Requests& requests) const;
  bool is_loud(const Replies& replies) const;
  bool is_loud(const Unknown& unknown) const;
  bool is_loud(const Domain& domain) const;
  template <typename Table, typename Size>
  void forget(Table& table, Timestamp late, Timestamp old, Size size);
  void forget_totals(Timestamp late, Timestamp old);

  void answer_flows(std::vector<Answer>& answers) const;
  void answer_unknown(std::vector<Answer>& answers) const;
  void answer_shared(std::vector<Answer>& answers) const;

  DetectContext context_;
  Options options_;
  std::map<Place, Requests> requests_;
  std::map<Place, Replies> replies_;
  std::map<std::pair<Ip, std::string>, ClientTotal> totals_;  // client, sensor
  std::set<std::tuple<Timestamp, Ip, Ip>> covered_;           // hour, client, server
  std::map<Place, Unknown> unknown_;
  std::map<Shared, Domain> shared_;
  // Lowest and highest name: hour, domain, minute, type.
  std::map<std::tuple<Timestamp, std::string, Timestamp, std::uint16_t>, std::pair<std::string, std::string>> samples_;
  Timestamp latest_{INT64_MIN};
  std::size_t entries_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace rw::dns_tunnel
