// From the events of Suricata's EVE log to rows.
#include "format/eve_rows.h"

#include <algorithm>

#include "format/json_line.h"
#include "format/sensor_name.h"
#include "model/code_points.h"
#include "model/indicator_text.h"
#include "model/records.h"

namespace rw {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp6 = 58;
constexpr std::size_t kMaxTxt = 255;
constexpr std::uint16_t kTypeTxt = 16;

std::optional<std::uint8_t> protocol_of(std::string_view proto) {
  if (proto == "TCP") return kTcp;
  if (proto == "UDP") return kUdp;
  if (proto == "ICMP") return kIcmp;
  if (proto == "IPv6-ICMP") return kIcmp6;
  if (proto.starts_with('0') && proto.size() == 3) {  // "047": a number, as Suricata writes what it has no name for
    std::uint8_t number = 0;
    if (read_integer(proto, number)) return number;
  }
  return protocol_number(proto);
}

std::string_view transport_of(std::uint8_t proto, std::uint16_t server_port) {
  if (proto == kTcp) return "tcp";
  if (server_port == 5353) return "mdns";
  return server_port == 5355 ? "llmnr" : "udp";
}

bool is_dns_port(std::uint16_t port) { return port == 53 || port == 5353 || port == 5355; }

bool hexadecimal(std::string_view text, std::uint16_t& out) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return error == std::errc{} && stop == text.data() + text.size() && !text.empty();
}

// "TLS 1.2", "TLSv1.2", "TLSv1", "SSLv3", "TLS 1.3 draft-28" -> "TLSv12", "TLSv12", "TLSv10", "SSLv3", "TLSv13"
std::string_view tls_version(std::string_view told, std::string& slot) {
  if (told.starts_with("SSLv")) return slot = told.substr(0, 5);
  if (!told.starts_with("TLS")) return {};  // "UNDETERMINED"
  const std::size_t major = told.find_first_of("123456789");
  if (major == std::string_view::npos) return {};
  const bool minor =
      major + 2 < told.size() && told[major + 1] == '.' && told[major + 2] >= '0' && told[major + 2] <= '9';
  slot = "TLSv";
  slot += told[major];
  slot += minor ? told[major + 2] : '0';
  return slot;
}

}  // namespace

std::span<const std::string_view> eve_field_paths() {
#define RW_EVE_PATH(id, path) std::string_view(path),
  static constexpr std::string_view kPaths[] = {RW_EVE_FIELDS(RW_EVE_PATH)};
#undef RW_EVE_PATH
  return kPaths;
}

struct EveRows::Ends {
  std::int64_t time = 0;
  Ip src, dst;
  std::uint16_t src_port = 0, dst_port = 0;
  std::uint8_t proto = 0;
};

EveRows::EveRows(DecodeContext& context)
    : emitter_(context.emitter),
      sensor_(context.options.sensor.empty() ? sensor_from_input(context.emitter.source(), "suricata")
                                             : context.options.sensor),
      sensor_given_(!context.options.sensor.empty()) {}

bool EveRows::bad(std::string_view code, std::string_view detail) {
  emitter_.weird(code, detail);
  return false;
}

template <typename T>
bool EveRows::number(EveField field, T& out) {
  if (read_integer(text(field), out)) return true;
  return bad("bad-number", text(field));
}

template <typename T>
bool EveRows::optional_number(EveField field, std::optional<T>& out) {
  out.reset();
  T value = 0;
  if (!has(field)) return true;
  if (!number(field, value)) return false;
  out = value;
  return true;
}

bool EveRows::ends(Ends& out) {
  if (!read_time(text(EveField::kTimestamp), out.time)) return bad("bad-time", text(EveField::kTimestamp));
  if (!read_address(text(EveField::kSrcIp), out.src)) return bad("bad-address", text(EveField::kSrcIp));
  if (!read_address(text(EveField::kDestIp), out.dst)) return bad("bad-address", text(EveField::kDestIp));
  const auto proto = protocol_of(text(EveField::kProto));
  if (!proto) return bad("bad-protocol", text(EveField::kProto));
  out.proto = *proto;
  if (has(EveField::kSrcPort) && !number(EveField::kSrcPort, out.src_port)) return false;
  if (has(EveField::kDestPort) && !number(EveField::kDestPort, out.dst_port)) return false;
  if (*proto != kIcmp && *proto != kIcmp6) return true;
  std::optional<std::uint8_t> type, code;
  if (!optional_number(EveField::kIcmpType, type) || !optional_number(EveField::kIcmpCode, code)) return false;
  out.src_port = 0;
  out.dst_port = static_cast<std::uint16_t>(type.value_or(0) << 8 | code.value_or(0));
  return true;
}

bool EveRows::flow_common(EveField start, EveField end, Flow& flow) {
  Ends e;
  if (!ends(e)) return false;
  flow.src = e.src;
  flow.dst = e.dst;
  flow.src_port = e.src_port;
  flow.dst_port = e.dst_port;
  flow.proto = e.proto;
  flow.start_time = flow.end_time = e.time;
  if (has(start) && !read_time(text(start), flow.start_time)) return bad("bad-time", text(start));
  if (has(end) && !read_time(text(end), flow.end_time)) return bad("bad-time", text(end));
  if (!has(end)) flow.end_time = std::max(flow.start_time, flow.end_time);
  if (has(EveField::kAppProto)) flow.app = application_name(text(EveField::kAppProto), slots_.slot());
  const auto vlans = event_->list(static_cast<std::size_t>(EveField::kVlan));
  std::uint16_t vlan = 0;
  if (!vlans.empty() && read_integer(vlans.front(), vlan)) flow.vlan = vlan;
  flow.sampling = 1;
  return true;
}

void EveRows::flow() {
  Flow flow;
  if (!flow_common(EveField::kFlowStart, EveField::kFlowEnd, flow)) return;
  if (!number(EveField::kFlowBytesToServer, flow.bytes) || !number(EveField::kFlowPktsToServer, flow.packets) ||
      !optional_number(EveField::kFlowBytesToClient, flow.rev_bytes) ||
      !optional_number(EveField::kFlowPktsToClient, flow.rev_packets))
    return;
  std::uint16_t flags = 0;
  if (flow.proto == kTcp && hexadecimal(text(EveField::kTcpFlagsToServer), flags))
    flow.tcp_flags = static_cast<std::uint8_t>(flags);
  if (flow.proto == kTcp && hexadecimal(text(EveField::kTcpFlagsToClient), flags))
    flow.rev_tcp_flags = static_cast<std::uint8_t>(flags);
  flow.sensor = sensor_;
  emitter_.add(flow);
}

void EveRows::netflow() {
  Flow flow;
  if (!flow_common(EveField::kNetflowStart, EveField::kNetflowEnd, flow)) return;
  if (!number(EveField::kNetflowBytes, flow.bytes) || !number(EveField::kNetflowPkts, flow.packets)) return;
  std::uint16_t flags = 0;
  if (flow.proto == kTcp && hexadecimal(text(EveField::kTcpFlags), flags))
    flow.tcp_flags = static_cast<std::uint8_t>(flags);
  netflow_sensor_ = sensor_ + " netflow";
  flow.sensor = netflow_sensor_;
  emitter_.add(flow);
}

// Version 1 writes one event for each record of an answer: they are one transaction.
bool EveRows::same_answer_event(const Dns& dns) {
  std::string key(text(EveField::kFlowId));
  key += ' ';
  key += std::to_string(dns.id);
  key += ' ';
  key += text(EveField::kTimestamp);
  const bool same = key == last_answer_ && has(EveField::kFlowId);
  last_answer_ = std::move(key);
  return same;
}

void EveRows::dns() {
  Ends e;
  if (!ends(e)) return;
  const std::string_view type = text(EveField::kDnsType);
  const bool response = type == "answer" || type == "response";
  // Old versions write an answer as its packet went, from the server.
  if (response && is_dns_port(e.src_port) && !is_dns_port(e.dst_port)) {
    std::swap(e.src, e.dst);
    std::swap(e.src_port, e.dst_port);
  }
  Dns dns;
  dns.time = e.time;
  dns.client = e.src;
  dns.server = e.dst;
  dns.client_port = e.src_port;
  dns.server_port = e.dst_port;
  dns.transport = transport_of(e.proto, e.dst_port);
  dns.sensor = sensor_;
  if (has(EveField::kDnsId) && !number(EveField::kDnsId, dns.id)) return;
  if (has(EveField::kDnsOpcode) && !number(EveField::kDnsOpcode, dns.opcode)) return;
  std::uint16_t flags = 0;
  if (hexadecimal(text(EveField::kDnsFlags), flags)) dns.flags = flags;
  const auto first_of = [this](EveField list) {
    const auto items = event_->list(static_cast<std::size_t>(list));
    return items.empty() ? std::string_view() : items.front();
  };
  std::string_view name = text(EveField::kDnsRrname);
  std::string_view rrtype = text(EveField::kDnsRrtype);
  if (name.data() == nullptr) {  // version 3
    name = first_of(EveField::kQueryRrname);
    rrtype = first_of(EveField::kQueryRrtype);
  }
  if (name.data() != nullptr) {
    std::uint16_t wire_bytes = 0;
    dns.name = slots_.domain(name, wire_bytes);
    dns.name_bytes = wire_bytes;
  }
  if (rrtype.data() != nullptr) dns.type = dns_type_number(rrtype);
  if (response) {
    dns.rcode = has(EveField::kDnsRcode) ? dns_rcode_number(text(EveField::kDnsRcode)) : std::nullopt;
    if (!dns.rcode && dns.flags) dns.rcode = static_cast<std::uint16_t>(*dns.flags & 0xF);
    dns.response_time = e.time;
    const std::size_t listed = event_->list(static_cast<std::size_t>(EveField::kAnswerRrtype)).size();
    dns.answers = static_cast<std::uint16_t>(std::max<std::size_t>(listed, has(EveField::kDnsRdata) ? 1 : 0));
  }
  const bool single_record = response && has(EveField::kDnsRdata);
  if (single_record) dns.answers.reset();  // how many there are, the event does not say
  if (!single_record || !same_answer_event(dns)) emitter_.add(dns);
  if (response) dns_answers(dns);
}

void EveRows::dns_answers(const Dns& dns) {
  const auto list = [this](EveField field) { return event_->list(static_cast<std::size_t>(field)); };
  const auto emit = [&](std::string_view name, std::string_view rrtype, std::string_view ttl, std::string_view rdata) {
    answer_slots_.clear();
    DnsAnswer answer;
    answer.time = dns.time;
    answer.client = dns.client;
    answer.server = dns.server;
    answer.question = dns.name;
    std::uint16_t ignored = 0;
    answer.name = name.data() == nullptr ? dns.name : answer_slots_.domain(name, ignored);
    if (rrtype.data() != nullptr) answer.type = dns_type_number(rrtype);
    std::uint32_t seconds = 0;
    if (read_integer(ttl, seconds)) answer.ttl = seconds;
    Ip address;
    if (read_address(rdata, address))
      answer.address = address;
    else if (answer.type == kTypeTxt)
      answer.target = answer_slots_.escaped(rdata.substr(0, kMaxTxt));
    else if (rdata.data() != nullptr)
      answer.target = answer_slots_.domain(rdata, ignored);
    answer.sensor = dns.sensor;
    emitter_.add(answer);
  };
  if (has(EveField::kDnsRdata)) {  // version 1
    emit(text(EveField::kDnsRrname), text(EveField::kDnsRrtype), text(EveField::kDnsTtl), text(EveField::kDnsRdata));
    return;
  }
  const auto types = list(EveField::kAnswerRrtype);
  const auto at = [](std::span<const std::string_view> items, std::size_t i) {
    return i < items.size() ? items[i] : std::string_view();
  };
  for (std::size_t i = 0; i < types.size(); ++i) {
    std::string_view rdata = at(list(EveField::kAnswerRdata), i);
    if (rdata.data() == nullptr) rdata = at(list(EveField::kAnswerSrvName), i);
    emit(at(list(EveField::kAnswerRrname), i), types[i], at(list(EveField::kAnswerTtl), i), rdata);
  }
}

void EveRows::tls() {
  Ends e;
  if (!ends(e)) return;
  Tls tls;
  tls.time = e.time;
  tls.src = e.src;
  tls.dst = e.dst;
  tls.src_port = e.src_port;
  tls.dst_port = e.dst_port;
  tls.proto = e.proto;
  tls.server_name = escaped(EveField::kTlsSni);
  tls.version = tls_version(text(EveField::kTlsVersion), slots_.slot());
  tls.cipher = escaped(EveField::kTlsCipher);
  const auto alpns = event_->list(static_cast<std::size_t>(EveField::kAlpn));
  if (!alpns.empty()) tls.alpn = slots_.escaped(alpns.front());
  tls.ja3 = escaped(EveField::kTlsJa3);
  tls.ja3s = escaped(EveField::kTlsJa3s);
  tls.ja4 = escaped(EveField::kTlsJa4);
  tls.subject = escaped(EveField::kTlsSubject);
  tls.issuer = escaped(EveField::kTlsIssuer);
  tls.sensor = sensor_;
  emitter_.add(tls);
}

void EveRows::quic() {
  Ends e;
  if (!ends(e)) return;
  Tls tls;
  tls.time = e.time;
  tls.src = e.src;
  tls.dst = e.dst;
  tls.src_port = e.src_port;
  tls.dst_port = e.dst_port;
  tls.proto = e.proto;
  tls.server_name = escaped(EveField::kQuicSni);
  if (const std::string_view version = escaped(EveField::kQuicVersion); !version.empty()) {
    std::string& slot = slots_.slot();
    slot = "QUIC";
    if (version[0] >= '0' && version[0] <= '9') slot += 'v';
    slot += version;
    tls.version = slot;
  }
  tls.ja3 = escaped(EveField::kQuicJa3);
  tls.ja3s = escaped(EveField::kQuicJa3s);
  tls.ja4 = escaped(EveField::kQuicJa4);
  tls.sensor = sensor_;
  emitter_.add(tls);
}

void EveRows::http() {
  Ends e;
  if (!ends(e)) return;
  Http http;
  http.time = e.time;
  http.src = e.src;
  http.dst = e.dst;
  http.src_port = e.src_port;
  http.dst_port = e.dst_port;
  if (!optional_number(EveField::kHttpStatus, http.status) ||
      !optional_number(EveField::kHttpLength, http.response_body_bytes))
    return;
  http.method = escaped(EveField::kHttpMethod);
  http.host = escaped(EveField::kHttpHostname);
  http.uri = escaped(EveField::kHttpUrl);
  http.referrer = escaped(EveField::kHttpReferer);
  http.user_agent = escaped(EveField::kHttpUserAgent);
  http.mime_type = escaped(EveField::kHttpContentType);
  http.sensor = sensor_;
  emitter_.add(http);
}

void EveRows::alert() {
  Ends e;
  if (!ends(e)) return;
  Alert alert;
  alert.time = e.time;
  alert.src = e.src;
  alert.dst = e.dst;
  alert.src_port = e.src_port;
  alert.dst_port = e.dst_port;
  alert.proto = e.proto;
  if (!optional_number(EveField::kAlertSignatureId, alert.signature_id) ||
      !optional_number(EveField::kAlertSeverity, alert.severity))
    return;
  alert.signature = escaped(EveField::kAlertSignature);
  alert.category = escaped(EveField::kAlertCategory);
  alert.verdict = escaped(EveField::kAlertAction);
  alert.sensor = sensor_;
  emitter_.add(alert);
}

void EveRows::file() {
  Ends e;
  if (!ends(e)) return;
  // A file's event goes from who sent it to who received it; the client is the end with the ephemeral port.
  constexpr std::uint16_t kEphemeral = 32'768;
  if (e.src_port < kEphemeral && e.dst_port >= kEphemeral) {
    std::swap(e.src, e.dst);
    std::swap(e.src_port, e.dst_port);
  }
  FileTransfer file;
  file.time = e.time;
  file.src = e.src;
  file.dst = e.dst;
  file.src_port = e.src_port;
  file.dst_port = e.dst_port;
  if (!optional_number(EveField::kFileSize, file.bytes)) return;
  const auto hash = [this](EveField field) {
    std::string& slot = slots_.slot();
    slot = canonical_hash(text(field));
    return slot.empty() ? std::string_view() : std::string_view(slot);
  };
  file.name = escaped(EveField::kFileName);
  file.mime_type = escaped(EveField::kHttpContentType);
  file.md5 = hash(EveField::kFileMd5);
  file.sha1 = hash(EveField::kFileSha1);
  file.sha256 = hash(EveField::kFileSha256);
  file.sensor = sensor_;
  emitter_.add(file);
}

void EveRows::add(const JsonLine& event) {
  event_ = &event;
  texts_ = event.texts();
  slots_.clear();
  if (!sensor_given_ && !text(EveField::kHost).empty()) sensor_ = slots_.escaped(text(EveField::kHost));
  const std::string_view kind = text(EveField::kEventType);
  if (kind == "flow")
    flow();
  else if (kind == "netflow")
    netflow();
  else if (kind == "dns" || kind == "mdns")
    dns();
  else if (kind == "tls")
    tls();
  else if (kind == "quic")
    quic();
  else if (kind == "http")
    http();
  else if (kind == "alert")
    alert();
  else if (kind == "fileinfo")
    file();
  else if (kind.data() == nullptr)
    emitter_.weird("no-event-type");
  else
    emitter_.skipped(kind);
}

}  // namespace rw
