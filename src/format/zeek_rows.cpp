// From the fields of Zeek's logs to rows.
#include "format/zeek_rows.h"

#include <algorithm>
#include <optional>

#include "format/sensor_name.h"
#include "model/indicator_text.h"
#include "model/records.h"

namespace rw {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp6 = 58;
constexpr std::uint8_t kNotTold = 255;  // reserved by IANA
constexpr std::uint16_t kTypeA = 1, kTypeCname = 5, kTypeTxt = 16, kTypeAaaa = 28;
constexpr std::size_t kMaxTxt = 255;

// Zeek writes bytes that are not printable as \xNN and a backslash as two (in its JSON strings as well).
bool unescape(std::string_view raw, std::string& out) {
  const auto hex = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  bool changed = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 3 < raw.size() && raw[i + 1] == 'x' && hex(raw[i + 2]) >= 0 && hex(raw[i + 3]) >= 0) {
      out += static_cast<char>(hex(raw[i + 2]) << 4 | hex(raw[i + 3]));
      i += 3;
      changed = true;
    } else {
      out += raw[i];
      if (raw[i] == '\\' && i + 1 < raw.size() && raw[i + 1] == '\\') ++i, changed = true;
    }
  }
  return changed;
}

// Zeek's ICMP "ports" are the type, and the code or, for types that expect an answer, the answer's type.
std::uint16_t icmp_port(std::uint8_t proto, std::uint16_t type, std::uint16_t other) {
  struct Pair {
    std::uint8_t one, two;
  };
  constexpr Pair kFour[] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}};  // RFC 792, 950, 1256
  constexpr Pair kSix[] = {{128, 129}, {133, 134}, {135, 136}, {130, 131}, {139, 140}, {144, 145}};  // RFC 4443, 4861 …
  const std::span<const Pair> pairs = proto == kIcmp ? std::span<const Pair>(kFour) : std::span<const Pair>(kSix);
  const bool answered = std::any_of(pairs.begin(), pairs.end(), [&](Pair p) {
    return (p.one == type && p.two == other) || (p.two == type && p.one == other);
  });
  return static_cast<std::uint16_t>((type & 0xFF) << 8 | (answered ? 0 : other & 0xFF));
}

std::uint8_t protocol_of(std::string_view proto, bool six) {
  if (proto == "tcp") return kTcp;
  if (proto == "udp") return kUdp;
  if (proto == "icmp") return six ? kIcmp6 : kIcmp;
  if (proto == "sctp") return 132;
  return kNotTold;
}

// Flags that `history` names: capitals are the originator's, small letters the responder's.
void flags_from_history(std::string_view history, Flow& flow) {
  constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kAck = 16;
  std::uint8_t both[2] = {0, 0};
  for (const char c : history) {
    std::uint8_t& flags = both[c >= 'a' && c <= 'z' ? 1 : 0];
    switch (c | 0x20) {
      case 's': flags |= kSyn; break;
      case 'h': flags |= kSyn | kAck; break;
      case 'a':
      case 'd': flags |= kAck; break;
      case 'f': flags |= kFin; break;
      case 'r': flags |= kRst; break;
      default: break;  // retransmissions, gaps, windows …
    }
  }
  flow.tcp_flags = both[0];
  flow.rev_tcp_flags = both[1];
}

// Zeek names every analyzer that fitted ("http,ssl", "gssapi,smb"), with a "-" before those that gave up. The
// application is the first that is not a layer which others use.
std::string_view main_service(std::string_view service) {
  std::string_view first;
  while (!service.empty()) {
    const std::size_t comma = std::min(service.find(','), service.size());
    const std::string_view one = service.substr(0, comma);
    service.remove_prefix(std::min(comma + 1, service.size()));
    if (one.empty() || one[0] == '-') continue;
    if (first.empty()) first = one;
    const bool layer = one == "ssl" || one == "gssapi" || one == "ntlm" || one == "krb" || one == "krb_tcp" ||
                       one == "quic" || one == "spicy_ssl";
    if (!layer) return one;
  }
  return first;
}

// A hash in lower case; null data() where it is none.
std::string_view lower_hash(std::string_view raw, std::string& slot) {
  slot = canonical_hash(raw);
  return slot.empty() ? std::string_view() : std::string_view(slot);
}

bool is_true(std::string_view text) { return text == "T" || text == "true"; }

std::string_view transport_of(std::uint8_t proto, std::uint16_t server_port) {
  if (proto == kTcp) return "tcp";
  if (server_port == 5353) return "mdns";
  return server_port == 5355 ? "llmnr" : "udp";
}

// "TXT 3 s=0 TXT 5 mv=22": each string with its length before it.
std::string txt_strings(std::string_view answer) {
  std::string out;
  constexpr std::string_view kMark = "TXT ";
  while (answer.starts_with(kMark)) {
    answer.remove_prefix(kMark.size());
    const std::size_t space = answer.find(' ');
    std::size_t length = 0;
    if (space == std::string_view::npos || !read_integer(answer.substr(0, space), length)) break;
    answer.remove_prefix(space + 1);
    out += answer.substr(0, std::min(length, answer.size()));
    answer.remove_prefix(std::min(length + 1, answer.size()));
  }
  if (out.size() > kMaxTxt) out.resize(kMaxTxt);
  return out;
}

}  // namespace

ZeekLog zeek_log_from_path(std::string_view path) {
  if (path == "conn" || path == "conn_red" || path == "conn_long") return ZeekLog::kConn;
  if (path == "dns" || path == "dns_red") return ZeekLog::kDns;
  if (path == "ssl" || path == "ssl_red") return ZeekLog::kSsl;
  if (path == "http" || path == "http_red") return ZeekLog::kHttp;
  if (path == "files" || path == "files_red") return ZeekLog::kFiles;
  return ZeekLog::kUnknown;
}

std::string zeek_log_not_read(const std::string& path) {
  if (path == kZeekLogUnnamed)
    return "a zeek log that does not say which it is, and whose fields fit none of conn, dns, ssl, http and files";
  return "zeek log '" + path + "' is not read; conn, dns, ssl, http and files are";
}

std::span<const std::string_view> zeek_field_names() {
#define RW_ZEEK_NAME(id, name) std::string_view(name),
  static constexpr std::string_view kNames[] = {RW_ZEEK_FIELDS(RW_ZEEK_NAME)};
#undef RW_ZEEK_NAME
  return kNames;
}

struct ZeekRows::Ends {
  std::int64_t time = 0;
  Ip orig, resp;
  std::uint16_t orig_port = 0, resp_port = 0;
};

ZeekRows::ZeekRows(DecodeContext& context)
    : emitter_(context.emitter),
      sensor_(context.options.sensor.empty() ? sensor_from_input(context.emitter.source(), "zeek")
                                             : context.options.sensor),
      sensor_given_(!context.options.sensor.empty()) {}

bool ZeekRows::bad(std::string_view code, std::string_view text) {
  emitter_.weird(code, text);
  return false;
}

std::string_view ZeekRows::text(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return slots_.escaped(raw);
  scratch_.clear();
  unescape(raw, scratch_);
  std::string& bytes = slots_.slot();
  bytes = scratch_;
  return slots_.escaped(bytes);
}

template <typename T>
bool ZeekRows::number(std::string_view raw, T& out) {
  if (read_integer(raw, out)) return true;
  return bad("bad-number", raw);
}

template <typename T>
bool ZeekRows::optional_number(std::string_view raw, std::optional<T>& out) {
  out.reset();
  if (raw.data() == nullptr) return true;
  T value = 0;
  if (!number(raw, value)) return false;
  out = value;
  return true;
}

std::string_view ZeekRows::sensor(const ZeekValues& values) {
  const std::string_view named = values[ZeekField::kSystemName];
  return sensor_given_ || named.empty() ? std::string_view(sensor_) : symbol(named);
}

bool ZeekRows::ends(const ZeekValues& values, Ends& out) {
  if (!read_time(values[ZeekField::kTs], out.time)) return bad("bad-time", values[ZeekField::kTs]);
  if (!read_address(values[ZeekField::kOrigH], out.orig)) return bad("bad-address", values[ZeekField::kOrigH]);
  if (!read_address(values[ZeekField::kRespH], out.resp)) return bad("bad-address", values[ZeekField::kRespH]);
  return number(values[ZeekField::kOrigP], out.orig_port) && number(values[ZeekField::kRespP], out.resp_port);
}

bool ZeekRows::counters(const ZeekValues& values, Flow& flow) {
  const auto either = [&](ZeekField ip_layer, ZeekField payload) {
    return values.has(ip_layer) ? values[ip_layer] : values[payload];
  };
  std::optional<std::int64_t> bytes, packets;
  if (!optional_number(either(ZeekField::kOrigIpBytes, ZeekField::kOrigBytes), bytes) ||
      !optional_number(values[ZeekField::kOrigPkts], packets) ||
      !optional_number(either(ZeekField::kRespIpBytes, ZeekField::kRespBytes), flow.rev_bytes) ||
      !optional_number(values[ZeekField::kRespPkts], flow.rev_packets))
    return false;
  flow.bytes = bytes.value_or(0);
  flow.packets = packets.value_or(1);
  return true;
}

void ZeekRows::conn(const ZeekValues& values) {
  Ends e;
  if (!ends(values, e)) return;
  Flow flow;
  flow.src = e.orig;
  flow.dst = e.resp;
  flow.proto = protocol_of(values[ZeekField::kProto], !e.resp.is_v4());
  if (values.has(ZeekField::kIpProto) && !number(values[ZeekField::kIpProto], flow.proto)) return;
  if (flow.proto == kIcmp || flow.proto == kIcmp6) {
    flow.dst_port = icmp_port(flow.proto, e.orig_port, e.resp_port);
  } else {
    flow.src_port = e.orig_port;
    flow.dst_port = e.resp_port;
  }
  flow.start_time = flow.end_time = e.time;
  if (const std::string_view duration = values[ZeekField::kDuration]; duration.data() != nullptr) {
    std::int64_t us = 0;
    if (!read_seconds(duration, us) || us < 0 || us > kYear.us) return void(bad("bad-duration", duration));
    flow.end_time += us;
  }
  if (!counters(values, flow)) return;
  if (!optional_number(values[ZeekField::kVlan], flow.vlan)) return;
  if (flow.proto == kTcp && values.has(ZeekField::kHistory)) flags_from_history(values[ZeekField::kHistory], flow);
  if (values.has(ZeekField::kService))
    flow.app = application_name(main_service(values[ZeekField::kService]), slots_.slot());
  flow.sampling = 1;
  flow.sensor = sensor(values);
  emitter_.add(flow);
}

void ZeekRows::dns(const ZeekValues& values) {
  Ends e;
  if (!ends(values, e)) return;
  Dns dns;
  dns.time = e.time;
  dns.client = e.orig;
  dns.server = e.resp;
  dns.client_port = e.orig_port;
  dns.server_port = e.resp_port;
  dns.transport = transport_of(protocol_of(values[ZeekField::kProto], false), e.resp_port);
  if (values.has(ZeekField::kTransId) && !number(values[ZeekField::kTransId], dns.id)) return;
  if (values.has(ZeekField::kOpcode) && !number(values[ZeekField::kOpcode], dns.opcode)) return;
  if (!optional_number(values[ZeekField::kQtype], dns.type) || !optional_number(values[ZeekField::kRcode], dns.rcode))
    return;
  if (values.has(ZeekField::kQuery)) {
    std::string_view query = values[ZeekField::kQuery];
    if (query.find('\\') != std::string_view::npos) {
      std::string& bytes = slots_.slot();
      unescape(query, bytes);
      query = bytes;
    }
    std::uint16_t wire_bytes = 0;
    dns.name = slots_.domain(query, wire_bytes);
    dns.name_bytes = wire_bytes;
  }
  if (values.has(ZeekField::kRtt)) {
    std::int64_t rtt = 0;
    if (!read_seconds(values[ZeekField::kRtt], rtt) || rtt < 0 || rtt > kDay.us)
      return void(bad("bad-duration", values[ZeekField::kRtt]));
    dns.response_time = dns.time + rtt;
  }
  const auto answers = values.list(ZeekField::kAnswers);
  if (dns.rcode || !answers.empty())
    dns.answers = static_cast<std::uint16_t>(std::min<std::size_t>(answers.size(), 65'535));
  if (values.has(ZeekField::kRd)) {
    std::uint16_t z = 0;
    if (values.has(ZeekField::kZ) && !number(values[ZeekField::kZ], z)) return;
    const auto bit = [&](ZeekField field, unsigned mask) { return is_true(values[field]) ? mask : 0U; };
    dns.flags = static_cast<std::uint16_t>(
        (dns.rcode ? 0x8000U | (*dns.rcode & 0xFU) : 0U) | (dns.opcode & 0xFU) << 11 | bit(ZeekField::kAa, 0x400) |
        bit(ZeekField::kTc, 0x200) | bit(ZeekField::kRd, 0x100) | bit(ZeekField::kRa, 0x80) | (z & 7U) << 4);
  }
  dns.sensor = sensor(values);
  emitter_.add(dns);
  if (!answers.empty()) dns_answers(values, dns);
}

void ZeekRows::dns_answers(const ZeekValues& values, const Dns& dns) {
  const auto answers = values.list(ZeekField::kAnswers);
  const auto ttls = values.list(ZeekField::kTtls);
  std::string bytes, target;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].data() == nullptr) continue;
    DnsAnswer answer;
    answer.time = dns.response_time.value_or(dns.time);
    answer.client = dns.client;
    answer.server = dns.server;
    answer.question = dns.name;
    answer.name = dns.name;
    answer.sensor = dns.sensor;
    std::int64_t ttl_us = 0;
    if (i < ttls.size() && read_seconds(ttls[i], ttl_us) && ttl_us >= 0 && ttl_us / 1'000'000 <= UINT32_MAX)
      answer.ttl = static_cast<std::uint32_t>(ttl_us / 1'000'000);
    bytes.clear();
    unescape(answers[i], bytes);
    Ip address;
    if (read_address(bytes, address)) {
      answer.address = address;
      answer.type = bytes.find(':') == std::string::npos ? kTypeA : kTypeAaaa;
    } else if (bytes.starts_with("TXT ")) {
      answer.type = kTypeTxt;
      target = txt_strings(bytes);
    } else {
      const std::uint16_t asked = dns.type.value_or(0);
      answer.type = asked == kTypeA || asked == kTypeAaaa ? std::optional(kTypeCname) : dns.type;
      target = bytes;
    }
    if (!answer.address) {
      answer_slots_.clear();
      std::uint16_t ignored = 0;
      answer.target = answer.type == kTypeTxt ? answer_slots_.escaped(target) : answer_slots_.domain(target, ignored);
    }
    emitter_.add(answer);
  }
}

void ZeekRows::ssl(const ZeekValues& values) {
  Ends e;
  if (!ends(values, e)) return;
  Tls tls;
  tls.time = e.time;
  tls.src = e.orig;
  tls.dst = e.resp;
  tls.src_port = e.orig_port;
  tls.dst_port = e.resp_port;
  tls.proto = values[ZeekField::kVersion].starts_with("DTLS") ? kUdp : kTcp;
  tls.server_name = text(values[ZeekField::kServerName]);
  tls.version = symbol(values[ZeekField::kVersion]);
  tls.cipher = symbol(values[ZeekField::kCipher]);
  tls.alpn = symbol(values[ZeekField::kNextProtocol]);
  tls.ja3 = symbol(values[ZeekField::kJa3]);
  tls.ja3s = symbol(values[ZeekField::kJa3s]);
  tls.ja4 = symbol(values[ZeekField::kJa4]);
  tls.subject = text(values[ZeekField::kSubject]);
  tls.issuer = text(values[ZeekField::kIssuer]);
  tls.sensor = sensor(values);
  emitter_.add(tls);
}

void ZeekRows::http(const ZeekValues& values) {
  Ends e;
  if (!ends(values, e)) return;
  Http http;
  http.time = e.time;
  http.src = e.orig;
  http.dst = e.resp;
  http.src_port = e.orig_port;
  http.dst_port = e.resp_port;
  if (!optional_number(values[ZeekField::kStatusCode], http.status) ||
      !optional_number(values[ZeekField::kRequestBodyLen], http.request_body_bytes) ||
      !optional_number(values[ZeekField::kResponseBodyLen], http.response_body_bytes))
    return;
  http.method = symbol(values[ZeekField::kMethod]);
  http.host = text(values[ZeekField::kHost]);
  http.uri = text(values[ZeekField::kUri]);
  http.referrer = text(values[ZeekField::kReferrer]);
  http.user_agent = text(values[ZeekField::kUserAgent]);
  if (const auto types = values.list(ZeekField::kRespMimeTypes); !types.empty()) http.mime_type = symbol(types.front());
  http.sensor = sensor(values);
  emitter_.add(http);
}

void ZeekRows::files(const ZeekValues& values) {
  FileTransfer file;
  if (!read_time(values[ZeekField::kTs], file.time)) return void(bad("bad-time", values[ZeekField::kTs]));
  const auto sent = values.list(ZeekField::kTxHosts), received = values.list(ZeekField::kRxHosts);
  if (values.has(ZeekField::kOrigH)) {
    Ends e;
    if (!ends(values, e)) return;
    file.src = e.orig;
    file.dst = e.resp;
    file.src_port = e.orig_port;
    file.dst_port = e.resp_port;
  } else if (!sent.empty() && !received.empty()) {
    const bool by_client = is_true(values[ZeekField::kIsOrig]);
    const std::string_view client = by_client ? sent.front() : received.front();
    const std::string_view server = by_client ? received.front() : sent.front();
    if (!read_address(client, file.src)) return void(bad("bad-address", client));
    if (!read_address(server, file.dst)) return void(bad("bad-address", server));
  } else {
    return emitter_.skipped("file without a connection");
  }
  if (!optional_number(values[ZeekField::kSeenBytes], file.bytes)) return;
  const auto hash = [&](ZeekField field) { return text(lower_hash(values[field], slots_.slot())); };
  file.name = text(values[ZeekField::kFilename]);
  file.mime_type = symbol(values[ZeekField::kMimeType]);
  file.md5 = hash(ZeekField::kMd5);
  file.sha1 = hash(ZeekField::kSha1);
  file.sha256 = hash(ZeekField::kSha256);
  file.sensor = sensor(values);
  emitter_.add(file);
}

void ZeekRows::add(ZeekLog log, const ZeekValues& values) {
  slots_.clear();
  switch (log) {
    case ZeekLog::kConn: return conn(values);
    case ZeekLog::kDns: return dns(values);
    case ZeekLog::kSsl: return ssl(values);
    case ZeekLog::kHttp: return http(values);
    case ZeekLog::kFiles: return files(values);
    case ZeekLog::kUnknown: break;
  }
}

}  // namespace rw
