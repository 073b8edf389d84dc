// Payload inspection, flow by flow.
#include "format/inspector.h"

#include <algorithm>
#include <utility>

#include "format/tls_fingerprint.h"

namespace rw {
namespace {

constexpr std::uint32_t kNone = OpenFlow::kNone;

std::size_t memory_of(const TcpStream& stream) { return stream.memory_bytes(); }
std::size_t memory_of(const QuicInitial& quic) { return quic.memory_bytes(); }
std::size_t memory_of(const HttpRequest& request) {
  return request.target.capacity() + request.host.capacity() + request.referrer.capacity() +
         request.user_agent.capacity();
}
template <typename State>
requires requires(const State& state) { state.ja3.capacity(); }
std::size_t memory_of(const State& greeting) { return greeting.memory_bytes(); }
std::size_t memory_of(const MiningWatch& watch) { return watch.memory_bytes(); }

PayloadQuestion question_of(const OpenFlow& flow, bool forward, Bytes bytes) {
  return {bytes, flow.initiator_port(), flow.responder_port(), forward};
}

std::tuple<Ip, Ip, std::uint16_t, std::uint16_t> ends_of(const OpenFlow& flow) {
  return {flow.low, flow.high, flow.low_port, flow.high_port};
}

bool has_port(const OpenFlow& flow, std::uint16_t port) { return flow.low_port == port || flow.high_port == port; }

}  // namespace

Inspector::Inspector(FlowAssembler& flows, DnsTracker& dns, Emitter& emitter, std::string sensor)
    : flows_(flows), dns_(dns), emitter_(emitter), sensor_(std::move(sensor)) {
  flows_.set_listener(this);
}

// ---- State of flows -----------------------------------------------------------------------------------------------

template <typename State>
State* Inspector::start(OpenFlow& flow, State state) {
  if (buffered_ > kMaxBufferedBytes || inspections_.size() - free_.size() >= kMaxInspections) {
    emitter_.weird("inspection-limit");
    flow.state |= OpenFlow::kInspected;
    return nullptr;
  }
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(inspections_.size()));
    inspections_.emplace_back();
  }
  flow.inspection = free_.back();
  free_.pop_back();
  return &inspections_[flow.inspection].emplace<State>(std::move(state));
}

// Lets go of the flow's state; the flow is not looked at any more.
void Inspector::stop(OpenFlow& flow) {
  flow.state |= OpenFlow::kInspected;
  if (flow.inspection == kNone) return;
  Inspection& inspection = inspections_[flow.inspection];
  if (const auto* open = std::get_if<Opening>(&inspection)) buffered_ -= memory_of(open->stream);
  if (const auto* quic = std::get_if<QuicInitial>(&inspection)) buffered_ -= memory_of(*quic);
  if (const auto* exchange = std::get_if<HttpExchange>(&inspection)) buffered_ -= exchange->counted_bytes;
  if (const auto* greeting = std::get_if<Greeting>(&inspection)) buffered_ -= memory_of(*greeting);
  if (const auto* mining = std::get_if<Mining>(&inspection)) buffered_ -= memory_of(mining->watch);
  if (const auto* dns = std::get_if<DnsStreams>(&inspection))
    for (const TcpStream& stream : dns->streams) buffered_ -= memory_of(stream);
  inspection.emplace<std::monostate>();
  free_.push_back(flow.inspection);
  flow.inspection = kNone;
}

template <typename State, typename Use>
auto Inspector::accounted(State& state, Use use) {
  const std::size_t before = memory_of(state);
  auto result = use();
  buffered_ = buffered_ + memory_of(state) - before;
  return result;
}

void Inspector::flow_ends(OpenFlow& flow) {
  if (dpi_ != nullptr) dpi_->flow_ends(flow);
  if (flow.inspection == kNone) return;
  if (auto* exchange = std::get_if<HttpExchange>(&inspections_[flow.inspection])) {
    if (exchange->in_head) http_request(flow, *exchange);
    if (exchange->waiting) http_row(flow, *exchange, nullptr);
    if (exchange->mining) mining_row(ends_of(flow), flow.initiator_is_high, *exchange->mining);
  }
  if (const auto* greeting = std::get_if<Greeting>(&inspections_[flow.inspection])) answered(flow, *greeting);
  if (auto* mining = std::get_if<Mining>(&inspections_[flow.inspection])) mining_ends(flow, *mining);
  stop(flow);
}

// Counts a payload that told nothing. False when it was the last one that is looked at.
bool Inspector::probe(OpenFlow& flow, bool forward) {
  const unsigned shift = forward ? 0 : 4;
  const unsigned count = ((flow.probes >> shift) & 0x0F) + 1U;
  flow.probes = static_cast<std::uint8_t>((flow.probes & (0xF0 >> shift)) | count << shift);
  if (count < kMaxProbes) return true;
  flow.state |= OpenFlow::kInspected;
  return false;
}

void Inspector::look(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet) {
  if (flow.proto == ip_proto::kUdp && is_dns_flow(flow) && dns_datagram(flow, time, packet)) return;
  if ((flow.state & OpenFlow::kInspected) != 0) return;
  if (flow.inspection == kNone) {
    if (flow.proto == ip_proto::kTcp) return first_tcp(flow, forward, time, packet);
    if (flow.proto == ip_proto::kUdp) return first_udp(flow, forward, time, packet);
    flow.app = classify_ip(flow.proto, packet.payload);
    flow.state |= OpenFlow::kInspected;
    return;
  }
  if (std::holds_alternative<Suspicion>(inspections_[flow.inspection])) {
    if (weighed(flow, forward, packet)) return;
    return flow.proto == ip_proto::kTcp ? first_tcp(flow, forward, time, packet)
                                        : first_udp(flow, forward, time, packet);
  }
  const Inspection& inspection = inspections_[flow.inspection];
  if (std::holds_alternative<Mining>(inspection))
    mining(flow, forward, time, packet.tcp_seq, packet.payload, packet.payload_bytes);
  else if (std::holds_alternative<Opening>(inspection))
    opening(flow, forward, packet);
  else if (std::holds_alternative<HttpExchange>(inspection))
    http(flow, forward, time, packet);
  else if (std::holds_alternative<DnsStreams>(inspection))
    dns_stream(flow, forward, time, packet);
  else if (std::holds_alternative<Greeting>(inspection))
    answer(flow, forward, packet);
  else if (std::holds_alternative<QuicInitial>(inspection))
    quic(flow, forward, time, packet);
}

// ---- What needs both sides -----------------------------------------------------------------------------------------

// Keeps the suspicion that a payload raised. False where there is none, or a more telling one already.
bool Inspector::suspect(OpenFlow& flow, const Suspicion& suspicion) {
  if (suspicion.app == App::kNone || flow.inspection != kNone) return false;
  return start(flow, suspicion) != nullptr;
}

// Weighs the flow's suspicion. True when nothing else needs to look at the payload; where the suspicion is over, the
// flow is as one that was not looked at yet.
bool Inspector::weighed(OpenFlow& flow, bool forward, const Packet& packet) {
  auto& suspicion = std::get<Suspicion>(inspections_[flow.inspection]);
  const PayloadQuestion question = question_of(flow, forward, packet.payload);
  const Weighed result = weigh(suspicion, question, packet.payload_bytes);
  if (result == Weighed::kYes) {
    const App app = suspicion.app;
    stop(flow);
    flow.app = app;
    return true;
  }
  const App other = flow.proto == ip_proto::kTcp ? classify_tcp(question) : classify_udp(question);
  if (result == Weighed::kWait && other == App::kNone) return true;
  stop(flow);
  flow.state &= static_cast<std::uint8_t>(~OpenFlow::kInspected);
  return false;
}

// ---- Mining -------------------------------------------------------------------------------------------------------

void Inspector::mining(OpenFlow& flow, bool forward, Timestamp time, std::uint32_t sequence, Bytes bytes,
                       std::size_t wire_bytes) {
  auto& session = std::get<Mining>(inspections_[flow.inspection]);
  if (session.initiator_is_high != flow.initiator_is_high) forward = !forward;
  accounted(session.watch, [&] {
    session.watch.payload(forward, time, sequence, bytes, wire_bytes);
    return 0;
  });
  if (session.watch.length() < kMiningPiece) return;
  mining_row(ends_of(flow), session.initiator_is_high, session.watch);
  session.watch.next_piece();
}

// A flow that begins in the middle of a connection: perhaps that of a session that waits. True if so.
bool Inspector::resume_mining(OpenFlow& flow) {
  if ((flow.state & OpenFlow::kSynSeen) != 0) return false;
  const auto found = waiting_.find(ends_of(flow));
  if (found == waiting_.end()) return false;
  const App app = found->second.watch.app();
  if (start(flow, std::move(found->second)) == nullptr) return false;
  waiting_.erase(found);
  flow.app = app;
  buffered_ += memory_of(std::get<Mining>(inspections_[flow.inspection]).watch);
  return true;
}

void Inspector::mining_ends(const OpenFlow& flow, Mining& mining) {
  const Ends ends = ends_of(flow);
  if ((flow.state & OpenFlow::kClosed) != 0 || waiting_.size() >= kMaxWaiting)
    return mining_row(ends, mining.initiator_is_high, mining.watch);
  const auto [at, fresh] = waiting_.try_emplace(ends, mining);
  if (fresh) return;
  mining_row(ends, at->second.initiator_is_high, at->second.watch);
  at->second = mining;
}

void Inspector::sweep(Timestamp now, bool all) {
  swept_ = now;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const std::int64_t silence = now.us - it->second.watch.last().us;
    if (all || silence > kMiningLinger.us || silence < -kMiningLinger.us) {
      mining_row(it->first, it->second.initiator_is_high, it->second.watch);
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
}

void Inspector::mining_row(const Ends& ends, bool initiator_is_high, const MiningWatch& watch) {
  MiningSession row;
  if (!watch.row(row)) return;
  const auto& [low, high, low_port, high_port] = ends;
  const bool client_is_high = watch.client_is_initiator() == initiator_is_high;
  row.client = client_is_high ? high : low;
  row.server = client_is_high ? low : high;
  row.client_port = client_is_high ? high_port : low_port;
  row.server_port = client_is_high ? low_port : high_port;
  row.sensor = sensor_;
  emitter_.add(row);
}

// ---- UDP ----------------------------------------------------------------------------------------------------------

bool Inspector::dns_datagram(OpenFlow& flow, Timestamp time, const Packet& packet) {
  DnsTracker::Where where{time, packet.src, packet.dst, packet.src_port, packet.dst_port, DnsTransport::kUdp};
  App app = App::kDns;
  if (packet.src_port == 5353 || packet.dst_port == 5353)
    where.transport = DnsTransport::kMdns, app = App::kMdns;
  else if (packet.src_port == 5355 || packet.dst_port == 5355)
    where.transport = DnsTransport::kLlmnr, app = App::kLlmnr;
  // 5353 and 5355 lie among the ports that clients take for anything.
  where.certain = where.transport == DnsTransport::kUdp || flow.app == app;
  if (!dns_.message(where, packet.payload, packet.payload_bytes)) return false;
  if (flow.app == App::kNone) flow.app = app;
  return true;
}

void Inspector::first_udp(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet) {
  if (looks_like_quic_initial(packet.payload)) {
    if (start(flow, QuicInitial{}) == nullptr) return;
    buffered_ += memory_of(std::get<QuicInitial>(inspections_[flow.inspection]));
    return quic(flow, forward, time, packet);
  }
  const App app = classify_udp(question_of(flow, forward, packet.payload));
  constexpr std::uint16_t kNetbios = 137;  // speaks a dialect of DNS
  const bool query = app == App::kNone && forward && !has_port(flow, kNetbios) && looks_like_dns_query(packet.payload);
  if (query && dns_datagram(flow, time, packet)) return;
  if (app == App::kNone) {
    if (suspect(flow, suspect_udp(question_of(flow, forward, packet.payload), packet.payload_bytes))) return;
    probe(flow, forward);
    return;
  }
  flow.app = app;
  flow.state |= OpenFlow::kInspected;
}

void Inspector::quic(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet) {
  auto& quic = std::get<QuicInitial>(inspections_[flow.inspection]);
  if (!looks_like_quic_initial(packet.payload)) {  // the server's answers, or the client's later packets
    if (!probe(flow, forward)) stop(flow);
    return;
  }
  const HelloStatus status = accounted(quic, [&] { return quic.datagram(packet.payload); });
  if (quic.authenticated()) flow.app = App::kQuic;
  if (status == HelloStatus::kDone) {
    flow.app = dns_over_tls(quic.hello().alpn, quic.hello().server_name, packet.dst_port, App::kQuic);
    flows_.set_server_name(flow, quic.hello().server_name);
    const ClientHello& hello = quic.hello();
    const Greeting greeting{.stream = TcpStream(0),
                            .client_is_initiator = forward,
                            .version = quic.version_name(),
                            .time = time,
                            .server_name = hello.server_name,
                            .alpn = hello.alpn,
                            .ja3 = ja3(hello),
                            .ja4 = ja4(hello, 'q'),
                            .has_server_name = hello.has_server_name};
    tls_row(flow, greeting, {});
    return stop(flow);
  }
  if (status == HelloStatus::kNot && quic.authenticated()) {
    emitter_.weird("quic-client-hello");
    return stop(flow);
  }
  // Not decrypted: perhaps the server's direction, or a capture that begins in the middle.
  if (status == HelloStatus::kNot && !probe(flow, forward)) stop(flow);
}

// ---- TCP ----------------------------------------------------------------------------------------------------------

void Inspector::first_tcp(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet) {
  if (has_port(flow, 53)) {
    // The server's first sequence number is what the client acknowledges, until data came.
    const std::uint32_t other = packet.tcp_ack;
    TcpStream mine(packet.tcp_seq), theirs(other);
    const bool known_start = forward && (flow.state & OpenFlow::kSynSeen) != 0;
    if (known_start && static_cast<std::int32_t>(packet.tcp_seq - (flow.syn_seq + 1)) > 0)
      mine = TcpStream(flow.syn_seq + 1);
    if (start(flow, DnsStreams{forward ? std::array{mine, theirs} : std::array{theirs, mine}, {}}) == nullptr) return;
    return dns_stream(flow, forward, time, packet);
  }
  if (!waiting_.empty() && resume_mining(flow))
    return mining(flow, forward, time, packet.tcp_seq, packet.payload, packet.payload_bytes);
  const bool first_from_client = forward && (flow.state & OpenFlow::kSynSeen) != 0 && (flow.probes & 0x0F) == 0;
  const auto ahead = static_cast<std::int32_t>(packet.tcp_seq - (flow.syn_seq + 1));
  if (first_from_client && ahead > 0 && static_cast<std::size_t>(ahead) < kMaxClientHelloBytes) {  // out of order
    if (start(flow, Opening{TcpStream(flow.syn_seq + 1), time, 0}) != nullptr) opening(flow, forward, packet);
    return;
  }
  const App app = classify_tcp(question_of(flow, forward, packet.payload));
  if (app == App::kNone) {
    if (!suspect(flow, suspect_tcp(question_of(flow, forward, packet.payload), packet.payload_bytes)))
      probe(flow, forward);
  } else {
    found(flow, app, forward, time, packet, packet.payload);
  }
}

// `bytes` begin the stream of who sent `packet`, and belong to `app`.
void Inspector::found(OpenFlow& flow, App app, bool forward, Timestamp time, const Packet& packet, Bytes bytes) {
  flow.app = app;
  if (app == App::kTls) return client_hello(flow, time, packet, bytes);
  if (app_is_mining(app)) {
    if (flow.inspection != kNone) stop(flow);
    flow.state &= static_cast<std::uint8_t>(~OpenFlow::kInspected);
    if (start(flow, Mining{MiningWatch(app), flow.initiator_is_high}) == nullptr) return;
    buffered_ += memory_of(std::get<Mining>(inspections_[flow.inspection]).watch);
    // Where earlier segments were missing, the last byte of what is there now is that of this packet.
    const bool collected = bytes.data() != packet.payload.data();
    const std::uint32_t end = packet.tcp_seq + packet.payload_bytes;
    return mining(flow, forward, time, collected ? end - static_cast<std::uint32_t>(bytes.size()) : packet.tcp_seq,
                  bytes, collected ? bytes.size() : packet.payload_bytes);
  }
  if (app != App::kHttp || !looks_like_http_request(bytes)) {
    if (app != App::kHttp || !probe(flow, forward)) stop(flow);
    return;
  }
  if (flow.inspection != kNone) stop(flow);
  flow.state &= static_cast<std::uint8_t>(~OpenFlow::kInspected);
  HttpExchange exchange;
  exchange.client_is_initiator = forward;
  if (start(flow, std::move(exchange)) != nullptr) http(flow, forward, time, packet);
}

void Inspector::client_hello(OpenFlow& flow, Timestamp time, const Packet& packet, Bytes bytes) {
  ClientHello hello;
  const HelloStatus status = read_client_hello(bytes, hello);
  if (status == HelloStatus::kDone) {
    flow.app = dns_over_tls(hello.alpn, hello.server_name, packet.dst_port, App::kTls);
    flows_.set_server_name(flow, hello.server_name);
    return greeted(flow, hello, time, packet);
  }
  if (status == HelloStatus::kNot) {  // the server's hello, where the client's was not seen; or a broken one
    if (bytes.size() > 5 && bytes[5] == std::byte{1}) emitter_.weird("tls-client-hello");
    return stop(flow);
  }
  if (hello.has_server_name)
    flows_.set_server_name(flow, hello.server_name);  // enough for the flow, should the rest never come
  if (flow.inspection != kNone) return;               // it is being collected
  Opening* open = start(flow, Opening{TcpStream(packet.tcp_seq), time, 0});
  if (open == nullptr) return;
  buffered_ += memory_of(open->stream);
  accounted(open->stream, [&] { return open->stream.add(packet.tcp_seq, bytes, kMaxClientHelloBytes); });
}

// More of a client's first bytes.
void Inspector::opening(OpenFlow& flow, bool forward, const Packet& packet) {
  auto& open = std::get<Opening>(inspections_[flow.inspection]);
  if (!forward) {
    if (!probe(flow, forward)) stop(flow);
    return;
  }
  const auto added =
      accounted(open.stream, [&] { return open.stream.add(packet.tcp_seq, packet.payload, kMaxClientHelloBytes); });
  const bool too_much = ++open.segments > kMaxOpeningSegments || buffered_ > kMaxBufferedBytes;
  if (added == RangeBuffer::Added::kRefused || too_much) return stop(flow);
  if (open.stream.available().empty()) return;
  if (flow.app == App::kTls) return client_hello(flow, open.time, packet, open.stream.available());
  // The segment that was missing is there: what is it?
  const App app = classify_tcp(question_of(flow, forward, open.stream.available()));
  if (app == App::kNone) return stop(flow);
  if (app != App::kHttp) return found(flow, app, forward, open.time, packet, open.stream.available());
  flow.app = app;
  stop(flow);
}

// The ClientHello is whole: it waits for the server's answer, where there is room.
void Inspector::greeted(OpenFlow& flow, const ClientHello& hello, Timestamp time, const Packet& packet) {
  stop(flow);
  Greeting greeting{.stream = TcpStream(packet.tcp_ack),  // what the client expects next is the server's first byte
                    .client_is_initiator = packet.src == flow.initiator() && packet.src_port == flow.initiator_port(),
                    .version = tls_version_name(hello.version),
                    .time = time,
                    .server_name = hello.server_name,
                    .alpn = hello.alpn,
                    .ja3 = ja3(hello),
                    .ja4 = ja4(hello, 't'),
                    .has_server_name = hello.has_server_name};
  if (buffered_ > kMaxBufferedBytes || inspections_.size() - free_.size() >= kMaxInspections)
    return tls_row(flow, greeting, {});
  const Greeting* waits = start(flow, std::move(greeting));
  buffered_ += memory_of(*waits);
  flow.state &= static_cast<std::uint8_t>(~OpenFlow::kInspected);
}

void Inspector::answer(OpenFlow& flow, bool forward, const Packet& packet) {
  auto& greeting = std::get<Greeting>(inspections_[flow.inspection]);
  if (forward == greeting.client_is_initiator) return;
  const auto added =
      accounted(greeting, [&] { return greeting.stream.add(packet.tcp_seq, packet.payload, kMaxServerFlightBytes); });
  const bool enough = added == RangeBuffer::Added::kRefused || ++greeting.segments >= kMaxAnswerSegments;
  ServerFlight flight;
  const Bytes there = greeting.stream.available();
  const bool more = there.empty() || read_server_flight(there, flight) == HelloStatus::kNeedMore;
  if (more && !enough && buffered_ <= kMaxBufferedBytes) return;
  answered(flow, greeting);
  stop(flow);
}

void Inspector::answered(OpenFlow& flow, const Greeting& greeting) {
  ServerFlight flight;
  const Bytes there = greeting.stream.available();
  if (!there.empty()) read_server_flight(there, flight);
  if (looks_like_tor(greeting.server_name, flight)) flow.app = App::kTor;
  tls_row(flow, greeting, flight);
}

void Inspector::tls_row(const OpenFlow& flow, const Greeting& greeting, const ServerFlight& flight) {
  const bool straight = greeting.client_is_initiator;
  Tls row;
  row.time = greeting.time.us;
  row.src = straight ? flow.initiator() : flow.responder();
  row.dst = straight ? flow.responder() : flow.initiator();
  row.src_port = straight ? flow.initiator_port() : flow.responder_port();
  row.dst_port = straight ? flow.responder_port() : flow.initiator_port();
  row.proto = flow.proto;
  if (greeting.has_server_name) row.server_name = greeting.server_name;
  row.version = greeting.version;
  if (!greeting.alpn.empty()) row.alpn = greeting.alpn;
  row.ja3 = greeting.ja3;
  row.ja4 = greeting.ja4;
  if (flight.has_hello) {
    row.ja3s = flight.ja3s;
    row.cipher = cipher_name(flight.cipher);
  }
  if (!flight.subject.empty()) row.subject = flight.subject;
  if (!flight.issuer.empty()) row.issuer = flight.issuer;
  row.sensor = sensor_;
  emitter_.add(row);
}

// ---- DNS over TCP -------------------------------------------------------------------------------------------------

void Inspector::dns_stream(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet) {
  auto& dns = std::get<DnsStreams>(inspections_[flow.inspection]);
  const std::size_t way = forward ? 0 : 1;
  if (dns.lost[way]) return;
  TcpStream& stream = dns.streams[way];
  auto added = accounted(stream, [&] { return stream.add(packet.tcp_seq, packet.payload, kMaxDnsStreamBytes); });
  // What a capture cut off leaves a hole like a lost segment.
  const bool cut = packet.payload_bytes > packet.payload.size();
  if (added == RangeBuffer::Added::kRefused || cut || buffered_ > kMaxBufferedBytes) {
    emitter_.weird("dns-stream-gap");
    dns.lost[way] = true;
    accounted(stream, [&] {
      stream = TcpStream(0);
      return 0;
    });
    if (dns.lost[0] && dns.lost[1]) stop(flow);
    return;
  }
  dns_messages(flow, dns, forward, time);
}

void Inspector::dns_messages(OpenFlow& flow, DnsStreams& dns, bool forward, Timestamp time) {
  TcpStream& stream = dns.streams[forward ? 0 : 1];
  DnsTracker::Where where{
      time, flow.initiator(), flow.responder(), flow.initiator_port(), flow.responder_port(), DnsTransport::kTcp};
  if (!forward) {
    std::swap(where.src, where.dst);
    std::swap(where.src_port, where.dst_port);
  }
  const Bytes bytes = stream.available();
  std::size_t used = 0;
  while (bytes.size() - used >= 2) {
    const std::size_t length = Cursor(bytes.subspan(used)).u16();
    if (bytes.size() - used - 2 < length) break;
    if (!dns_.message(where, bytes.subspan(used + 2, length), length)) return stop(flow);  // not DNS, or out of step
    flow.app = App::kDns;
    used += 2 + length;
  }
  accounted(stream, [&] {
    stream.consume(used);
    return 0;
  });
}

// ---- HTTP ---------------------------------------------------------------------------------------------------------

void Inspector::http(OpenFlow& flow, bool forward, Timestamp time, const Packet& packet) {
  auto& exchange = std::get<HttpExchange>(inspections_[flow.inspection]);
  http_packet(flow, exchange, forward, time, packet);
  const std::size_t held =
      exchange.head.capacity() + memory_of(exchange.request) + (exchange.mining ? memory_of(*exchange.mining) : 0);
  buffered_ = buffered_ + held - std::exchange(exchange.counted_bytes, held);
  if (buffered_ <= kMaxBufferedBytes) return;
  emitter_.weird("inspection-limit");
  flow_ends(flow);  // tells what it has, and is looked at no more
}

void Inspector::http_packet(OpenFlow& flow, HttpExchange& exchange, bool forward, Timestamp time,
                            const Packet& packet) {
  const Bytes payload = packet.payload;
  if (forward != exchange.client_is_initiator) {
    if (exchange.in_head) http_request(flow, exchange);  // an answer: the head is as complete as it will be
    HttpResponse response;
    if (!exchange.waiting || !parse_http_response(payload, response)) return;
    if (is_proxy_exchange(exchange.request, response)) flow.app = App::kHttpProxy;
    if (exchange.mining) exchange.mining->http(forward, time, {}, {});
    if (response.status >= 200 || response.status == 101) http_row(flow, exchange, &response);  // not the interim ones
    return;
  }
  if (exchange.in_head) {
    if (packet.tcp_seq == exchange.next_seq) {
      exchange.head += as_text(payload.first(std::min(payload.size(), kMaxHttpHeadBytes - exchange.head.size())));
      exchange.next_seq += packet.payload_bytes;
    }
  } else if (looks_like_http_request(payload)) {
    if (packet.tcp_seq + packet.payload_bytes == exchange.next_seq) return;  // sent again
    if (exchange.waiting) http_row(flow, exchange, nullptr);
    exchange.head = as_text(payload.first(std::min(payload.size(), kMaxHttpHeadBytes)));
    exchange.next_seq = packet.tcp_seq + packet.payload_bytes;
    exchange.time = time;
    exchange.in_head = true;
  } else {
    if (exchange.waiting && exchange.request.method == "POST") work_request(exchange, forward, time, as_text(payload));
    return;  // a request's body
  }
  if (http_head_complete(as_bytes(exchange.head)) || exchange.head.size() >= kMaxHttpHeadBytes) {
    http_request(flow, exchange);
    if (exchange.waiting && exchange.request.method == "POST") work_request(exchange, forward, time, as_text(payload));
  }
}

// The body (or what came of it in this packet) of a request: does it ask for something to mine?
void Inspector::work_request(HttpExchange& exchange, bool forward, Timestamp time, std::string_view text) {
  constexpr std::size_t kLooked = 2048;
  if (!asks_for_work(text.substr(0, kLooked))) return;
  if (!exchange.mining) exchange.mining = std::make_unique<MiningWatch>(App::kHttp);
  exchange.mining->http(forward, time, text.substr(0, kLooked), exchange.request.user_agent);
}

// The head is there: reads it, and waits for the response.
void Inspector::http_request(OpenFlow& flow, HttpExchange& exchange) {
  exchange.in_head = false;
  exchange.waiting = parse_http_request(as_bytes(exchange.head), exchange.request);
  exchange.head = std::string();
  if (exchange.waiting) flows_.set_server_name(flow, exchange.request.host);
}

void Inspector::http_row(const OpenFlow& flow, HttpExchange& exchange, const HttpResponse* response) {
  const HttpRequest& request = exchange.request;
  const auto text = [](const std::string& value) {
    return value.empty() ? std::string_view{} : std::string_view(value);
  };
  const bool straight = exchange.client_is_initiator;
  Http row;
  row.time = exchange.time.us;
  row.src = straight ? flow.initiator() : flow.responder();
  row.dst = straight ? flow.responder() : flow.initiator();
  row.src_port = straight ? flow.initiator_port() : flow.responder_port();
  row.dst_port = straight ? flow.responder_port() : flow.initiator_port();
  row.method = request.method;
  row.host = text(request.host);
  row.uri = text(request.target);
  row.referrer = text(request.referrer);
  row.user_agent = text(request.user_agent);
  row.request_body_bytes = request.body_bytes;
  if (response != nullptr) {
    row.status = response->status;
    row.response_body_bytes = response->body_bytes;
    row.mime_type = text(response->mime_type);
  }
  row.sensor = sensor_;
  emitter_.add(row);
  exchange.waiting = false;
  exchange.request = HttpRequest{};
}

}  // namespace rw
