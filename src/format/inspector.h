// Looks into the payloads of open flows: application, TLS and QUIC server names, HTTP requests, DNS over UDP and TCP.
//
// Only the first few payloads of a flow are looked at, and bytes are kept only while a ClientHello, a request head or a
// DNS message over TCP is incomplete. DNS over UDP and multicast DNS are read in every packet; on other ports than
// theirs only where the flow begins with what can hardly be anything but a query.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "base/time.h"
#include "format/dns_tracker.h"
#include "format/dpi.h"
#include "format/flow_assembler.h"
#include "format/http.h"
#include "format/mining.h"
#include "format/packet.h"
#include "format/payload_pair.h"
#include "format/quic.h"
#include "format/range_buffer.h"
#include "format/tls.h"
#include "format/tls_server.h"
#include "model/emitter.h"

namespace rw {

class Inspector : public FlowAssembler::Listener {
 public:
  static constexpr unsigned kMaxProbes = 4;                // payloads per direction until we give up
  static constexpr unsigned kMaxOpeningSegments = 24;      // each reads the ClientHello anew; two are usual
  static constexpr std::size_t kMaxInspections = 1 << 16;  // flows with state here at once
  static constexpr std::size_t kMaxBufferedBytes = std::size_t{64} << 20;  // held by all of them together
  static constexpr unsigned kMaxAnswerSegments = 8;                        // of a TLS server, until its certificate
  static constexpr std::size_t kMaxDnsStreamBytes = 2 + 65535;             // one message over TCP
  // A miner and its pool are often silent for longer than a flow may be: the session waits this long for the next one.
  static constexpr Duration kMiningLinger = Duration::seconds(600);
  static constexpr Duration kMiningPiece = Duration::seconds(1800);  // and longer ones are told in pieces, as flows are
  static constexpr std::size_t kMaxWaiting = 16384;

  // Installs itself as the assembler's listener; all references must outlive it.
  Inspector(FlowAssembler& flows, DnsTracker& dns, Emitter& emitter, std::string sensor);

  // A packet of `flow` that was just counted; `forward` says that the flow's initiator sent it.
  void packet(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet) {
    if (!packet.payload.empty() && ((flow.state & OpenFlow::kInspected) == 0 || is_dns_flow(flow)))
      look(flow, forward, time, packet);
  }
  void flow_ends(OpenFlow& flow) override;
  // Told of flows' ends too.
  void set_dpi(Dpi* dpi) { dpi_ = dpi; }
  // Tells mining sessions that waited too long for their next flow.
  void advance(Timestamp now) {
    if (!waiting_.empty() && (now.us - swept_.us > kMinute.us || now.us < swept_.us)) sweep(now, false);
  }
  // Tells all that wait. After the flows were flushed.
  void flush() { sweep({}, true); }

 private:
  // The first bytes of a TCP client, until its ClientHello is there.
  struct Opening {
    TcpStream stream;
    Timestamp time;
    unsigned segments = 0;
  };
  // A ClientHello that waits for what the server answers.
  struct Greeting {
    TcpStream stream;  // of the server
    bool client_is_initiator;
    unsigned segments = 0;
    std::string_view version;
    Timestamp time;  // of the ClientHello
    std::string server_name, alpn, ja3, ja4;
    bool has_server_name = false;
    std::size_t memory_bytes() const {
      return stream.memory_bytes() + server_name.capacity() + alpn.capacity() + ja3.capacity() + ja4.capacity();
    }
  };
  // Both directions of DNS over TCP (RFC 7766).
  struct DnsStreams {
    std::array<TcpStream, 2> streams;  // 0: from the initiator
    std::array<bool, 2> lost{};        // a hole that will not close: nothing more is read
  };
  struct HttpExchange {
    bool in_head = false;  // `head` goes on at next_seq
    bool waiting = false;  // `request` has no response yet
    bool client_is_initiator = true;
    std::uint32_t next_seq = 0;
    std::string head;
    Timestamp time;  // of the request
    HttpRequest request;
    std::size_t counted_bytes = 0;        // of `head`, `request` and `mining`, as they are in buffered_
    std::unique_ptr<MiningWatch> mining;  // where the requests ask for work
  };
  // A mining session, which may last longer than one flow.
  struct Mining {
    MiningWatch watch;
    bool initiator_is_high;  // of the session's first flow: what `watch` calls forward
  };
  using Ends = std::tuple<Ip, Ip, std::uint16_t, std::uint16_t>;  // low, high, their ports
  using Inspection =
      std::variant<std::monostate, Opening, DnsStreams, QuicInitial, HttpExchange, Suspicion, Mining, Greeting>;

  static bool is_dns_port(std::uint16_t port) { return port == 53 || port == 5353 || port == 5355; }
  static bool is_dns_flow(const OpenFlow& flow) {
    return flow.proto == ip_proto::kUdp &&
           (is_dns_port(flow.low_port) || is_dns_port(flow.high_port) || flow.app == App::kDns);
  }

  void look(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet);
  bool dns_datagram(OpenFlow& flow, Timestamp time, const Packet& packet);
  void first_udp(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet);
  void first_tcp(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet);
  void found(OpenFlow& flow, App app, bool forward, Timestamp time, const Packet& packet, Bytes bytes);
  void client_hello(OpenFlow& flow, Timestamp time, const Packet& packet, Bytes bytes);
  void opening(OpenFlow& flow, bool forward, const Packet& packet);
  void quic(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet);
  void dns_stream(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet);
  void dns_messages(OpenFlow& flow, DnsStreams& dns, bool forward, Timestamp time);
  void http(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet);
  void http_packet(OpenFlow& flow, HttpExchange& exchange, bool forward, Timestamp time, const Packet& packet);
  void http_request(OpenFlow& flow, HttpExchange& exchange);
  static void work_request(HttpExchange& exchange, bool forward, Timestamp time, std::string_view text);
  void http_row(const OpenFlow& flow, HttpExchange& exchange, const HttpResponse* response);
  void greeted(OpenFlow& flow, const ClientHello& hello, Timestamp time, const Packet& packet);
  void answer(OpenFlow& flow, bool forward, const Packet& packet);
  void answered(OpenFlow& flow, const Greeting& greeting);
  void tls_row(const OpenFlow& flow, const Greeting& greeting, const ServerFlight& flight);
  bool suspect(OpenFlow& flow, const Suspicion& suspicion);
  bool weighed(OpenFlow& flow, bool forward, const Packet& packet);
  void mining(OpenFlow& flow, bool forward, Timestamp time, std::uint32_t sequence, Bytes bytes,
              std::size_t wire_bytes);
  bool resume_mining(OpenFlow& flow);
  void mining_ends(const OpenFlow& flow, Mining& mining);
  void mining_row(const Ends& ends, bool initiator_is_high, const MiningWatch& watch);
  void sweep(Timestamp now, bool all);
  bool probe(OpenFlow& flow, bool forward);

  template <typename State>
  State* start(OpenFlow& flow, State state);
  void stop(OpenFlow& flow);
  // Calls use() on state that may grow or shrink, and keeps the sum of all.
  template <typename State, typename Use>
  auto accounted(State& state, Use use);

  FlowAssembler& flows_;
  DnsTracker& dns_;
  Emitter& emitter_;
  Dpi* dpi_ = nullptr;
  std::string sensor_;
  std::vector<Inspection> inspections_;
  std::vector<std::uint32_t> free_;
  std::map<Ends, Mining> waiting_;
  Timestamp swept_;
  std::size_t buffered_ = 0;
};

}  // namespace rw
