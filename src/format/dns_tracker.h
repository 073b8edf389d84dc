// DNS messages as they pass, made into transactions: one `dns` row a query with its response, one `dns_answers` row an
// answer.
//
// A response belongs to the oldest waiting query with the same client, server, port, id and question. A query that is
// sent again is a row of its own. What is not answered within kTimeout, and responses without a query, become rows with
// nulls. Multicast DNS is not paired (its answers go to the group, not to who asked): each message is one row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "format/dns.h"
#include "format/index_table.h"
#include "model/emitter.h"

namespace rw {

enum class DnsTransport : std::uint8_t { kUdp, kTcp, kMdns, kLlmnr };

class DnsTracker {
 public:
  static constexpr Duration kTimeout = Duration::seconds(10);  // resolvers give up after 5 s or less
  static constexpr std::size_t kMaxPending = 1 << 16;          // beyond it the oldest query is told as unanswered

  // `sensor` goes into every row.
  DnsTracker(Emitter& emitter, std::string sensor);

  struct Where {
    Timestamp time;
    Ip src, dst;
    std::uint16_t src_port = 0, dst_port = 0;
    DnsTransport transport = DnsTransport::kUdp;
    bool certain = true;  // false: somebody else may use the port; what is no message is then not weird
  };
  // One message. False when it is none; emits weird for what is wrong with it.
  bool message(const Where& where, Bytes bytes, std::size_t wire_bytes);

  // Tells the queries that waited too long.
  void advance(Timestamp now);
  // Tells all that wait.
  void flush();

 private:
  struct Pending {
    Ip client, server;
    std::uint64_t hash = 0;
    Timestamp time;
    std::uint32_t before = IndexTable::kNone;  // in the order of arrival
    std::uint32_t after = IndexTable::kNone;   // also: the next free one
    std::uint32_t newer = IndexTable::kNone;   // the next query with the same key; only the oldest is in the table
    std::uint32_t newest = IndexTable::kNone;  // the last one with the same key; kept in the oldest
    std::uint32_t query_bytes = 0;
    std::uint16_t client_port = 0, server_port = 0;
    std::uint16_t id = 0, flags = 0, type = 0, name_bytes = 0;
    DnsTransport transport = DnsTransport::kUdp;
    bool has_question = false;
    std::string name;
  };
  struct Key {
    Ip client, server;
    std::uint16_t port, id;
    DnsTransport transport;
  };

  std::uint64_t hash_of(const Key& key) const;
  std::uint32_t find(std::uint64_t hash, const Key& key) const;
  void query(const Where& where);
  void response(const Where& where);
  std::uint32_t take();
  void remove(std::uint32_t index, std::uint32_t older);
  void drop_oldest();
  void add_row(const Pending& pending, const Where* answered);
  void add_message(const Where& where);
  void add_answers(const Where& where, const Ip& client, const std::string* question);
  void fill_response(Dns& row, const Where& where) const;

  Emitter& emitter_;
  std::string sensor_;
  DnsMessage message_;
  IndexTable table_;
  std::vector<Pending> pending_;
  std::uint32_t free_ = IndexTable::kNone;
  std::uint32_t oldest_ = IndexTable::kNone;
  std::uint32_t newest_ = IndexTable::kNone;
  std::uint64_t seed_;
};

}  // namespace rw
