// Mining of cryptocurrencies in payloads: what its protocols look like on any port, and what a session told.
//
//   if (app_is_mining(classify_mining(payload))) {
//     MiningWatch watch(app);
//     watch.payload(true, time, sequence_number, payload, wire_bytes);   // each one, either way
//     watch.row(row);                                                   // at the end
//   }
//
// Pools: Stratum v1 (its methods "mining.…"), the JSON-RPC logins of Monero pools and of Ethereum proxies, Stratum v2,
// getwork over HTTP. Nodes: Bitcoin's messages (network magic) and Monero's Levin. Only messages are counted and
// names kept: memory is a few hundred bytes a session, whatever its length.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "format/payload_app.h"
#include "model/records.h"

namespace rw {

// kStratum, kStratum2, kBitcoin, kLevin or kNone, for a TCP payload of either direction.
App classify_mining(Bytes payload);
bool app_is_mining(App app);

// Whether an HTTP request's body (or what there is of it) asks for work: getwork, getblocktemplate, eth_getWork.
bool asks_for_work(std::string_view text);

class MiningWatch {
 public:
  static constexpr std::size_t kMaxText = 128;  // of a worker's or agent's name

  // `app` is one of those above; App::kHttp stands for getwork.
  explicit MiningWatch(App app) : app_(app) {}

  // A payload that the flow's initiator (`forward`) or the other side sent. What was sent again is not counted twice.
  void payload(bool forward, Timestamp time, std::uint32_t sequence, Bytes bytes, std::size_t wire_bytes);
  // A request (or an answer) of getwork, whose HTTP head somebody else read.
  void http(bool forward, Timestamp time, std::string_view body, std::string_view user_agent);

  // Fills all but the addresses, ports and the sensor, which are the flow's. False while nothing was counted.
  bool row(MiningSession& row) const;
  // Whether the flow's initiator is who mines: the messages themselves tell.
  bool client_is_initiator() const { return client_is_initiator_; }
  App app() const { return app_; }
  // From its first message to its last, or since the last piece was told.
  Duration length() const { return {last_.us - first_.us}; }
  Timestamp last() const { return last_; }
  // Starts to count again; who it is stays known.
  void next_piece() { messages_ = {}, fresh_ = true; }
  std::size_t memory_bytes() const { return sizeof *this + worker_.capacity() + agent_.capacity(); }

 private:
  enum class Protocol : std::uint8_t { kStratum, kStratum2, kMoneroLogin, kEthProxy, kGetwork, kLevin, kBitcoin };
  // Where a direction's stream stands.
  struct Way {
    bool begun = false;
    bool lost = false;  // between messages, one knows not where: wait for a payload that begins one
    std::uint32_t next = 0;
    std::uint64_t skip = 0;  // of the message that goes on
    std::array<std::byte, 33> head;
    std::size_t head_bytes = 0;
  };

  void json(bool forward, std::string_view text);
  void json_line(bool forward, std::string_view line);
  void framed(bool forward, Bytes bytes);
  bool header(bool forward, const Way& way, Bytes rest);
  std::size_t header_bytes() const;
  void clock(Timestamp time);
  void set_client(bool forward) { client_is_initiator_ = forward, client_known_ = true; }
  void set_worker(std::string_view text);
  void set_agent(std::string_view text);

  App app_;
  Protocol protocol_ = Protocol::kStratum;
  bool protocol_known_ = false;
  bool client_is_initiator_ = true;
  bool client_known_ = false;
  std::string_view coin_;
  std::string worker_, agent_;
  std::array<Way, 2> ways_;
  std::array<std::int64_t, 2> messages_{};  // 0: from the initiator
  bool fresh_ = true;                       // no message yet that is counted
  Timestamp first_, last_;
};

}  // namespace rw
