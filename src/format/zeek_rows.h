// What Zeek's conn, dns, ssl, http and files logs mean, whichever way they are written (TSV or JSON).
//
// conn -> flows. bytes and packets are orig_ip_bytes and orig_pkts, rev_* are resp_ip_bytes and resp_pkts. Where a log
// has no
// *_ip_bytes (a Zeek without them), the payload counts orig_bytes and resp_bytes stand instead, which is too little by
// the headers; where it has no orig_pkts, packets is 1. tcp_flags come from `history`, which names SYN, SYN-ACK, ACK,
// FIN, RST and data (with which an ACK goes); PSH, URG, ECE and CWR it does not tell. Zeek puts ICMP's type and code,
// or the type of the expected answer, into the ports; here they are dst_port = type * 256 + code. A transport that is
// not told is 255. dns -> dns and dns_answers. Zeek does not name the owner of an answer, so the question's name stands
// there; the type is what the answer shows (an address, TXT) or what the question asked for (a name in answer to A or
// AAAA is a CNAME). Flags are put together again from AA, TC, RD, RA, Z and rcode. Message lengths are not known. ssl
// -> tls, http -> http, files -> files. A DTLS version makes proto 17. Of files, the client is the connection's
// originator; logs that do not name the connection say who sent and who received.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/format.h"
#include "format/text_fields.h"

namespace rw {

enum class ZeekLog : std::uint8_t { kUnknown, kConn, kDns, kSsl, kHttp, kFiles };

// The log that Zeek calls `path` ("conn"), kUnknown for those that are not read.
ZeekLog zeek_log_from_path(std::string_view path);

// How a log is called that neither says what it is nor has the fields of one that is read.
inline constexpr const char* kZeekLogUnnamed = "unnamed zeek log";
std::string zeek_log_not_read(const std::string& path);

// ZEEK_FIELD(Id, "name"): all fields that mean something to us. The last ones only tell which log a line is of.
#define RW_ZEEK_FIELDS(FIELD)                                                                                          \
  FIELD(Ts, "ts")                                                                                                      \
  FIELD(OrigH, "id.orig_h")                                                                                            \
  FIELD(OrigP, "id.orig_p")                                                                                            \
  FIELD(RespH, "id.resp_h")                                                                                            \
  FIELD(RespP, "id.resp_p")                                                                                            \
  FIELD(Proto, "proto")                                                                                                \
  FIELD(Service, "service")                                                                                            \
  FIELD(Duration, "duration") FIELD(OrigBytes, "orig_bytes") FIELD(RespBytes, "resp_bytes") FIELD(History, "history")  \
      FIELD(OrigPkts, "orig_pkts") FIELD(OrigIpBytes, "orig_ip_bytes") FIELD(RespPkts, "resp_pkts") FIELD(             \
          RespIpBytes, "resp_ip_bytes") FIELD(Vlan, "vlan") FIELD(IpProto, "ip_proto") FIELD(TransId, "trans_id")      \
          FIELD(Rtt, "rtt") FIELD(Query, "query") FIELD(Qtype, "qtype") FIELD(Rcode, "rcode") FIELD(Aa, "AA") FIELD(   \
              Tc, "TC") FIELD(Rd, "RD") FIELD(Ra, "RA") FIELD(Z, "Z") FIELD(Opcode, "opcode")                          \
              FIELD(Version, "version") FIELD(Cipher, "cipher") FIELD(ServerName, "server_name") FIELD(                \
                  NextProtocol, "next_protocol") FIELD(Subject, "subject") FIELD(Issuer, "issuer") FIELD(Ja3, "ja3")   \
                  FIELD(Ja3s, "ja3s") FIELD(Ja4, "ja4") FIELD(Method, "method") FIELD(Host, "host") FIELD(Uri, "uri")  \
                      FIELD(Referrer, "referrer") FIELD(UserAgent, "user_agent") FIELD(StatusCode, "status_code")      \
                          FIELD(RequestBodyLen, "request_body_len") FIELD(ResponseBodyLen, "response_body_len")        \
                              FIELD(SystemName, "_system_name") FIELD(Path, "_path")                                   \
                                  FIELD(ConnState, "conn_state") FIELD(Rejected, "rejected") FIELD(                    \
                                      Established, "established") FIELD(Resumed, "resumed") FIELD(CallId, "call_id")   \
                                      FIELD(Fuid, "fuid") FIELD(MimeType, "mime_type") FIELD(Filename, "filename")     \
                                          FIELD(IsOrig, "is_orig") FIELD(SeenBytes, "seen_bytes") FIELD(Md5, "md5")    \
                                              FIELD(Sha1, "sha1")                                                      \
                                                  FIELD(Sha256, "sha256") /* lists, which lie in ZeekValues::lists */  \
      FIELD(Answers, "answers") FIELD(Ttls, "TTLs") FIELD(RespMimeTypes, "resp_mime_types") FIELD(TxHosts, "tx_hosts") \
          FIELD(RxHosts, "rx_hosts")

enum class ZeekField : std::uint8_t {
#define RW_ZEEK_ENUM(id, name) k##id,
  RW_ZEEK_FIELDS(RW_ZEEK_ENUM)
#undef RW_ZEEK_ENUM
};
std::span<const std::string_view> zeek_field_names();  // in the order of ZeekField
inline constexpr std::size_t kZeekFirstList = static_cast<std::size_t>(ZeekField::kAnswers);
inline constexpr std::size_t kZeekFieldCount = static_cast<std::size_t>(ZeekField::kRxHosts) + 1;

// One line's fields as text; null data() where unset. Bytes that are not printable are written \xNN, as Zeek does.
struct ZeekValues {
  std::array<std::string_view, kZeekFirstList> texts{};
  std::array<std::span<const std::string_view>, kZeekFieldCount - kZeekFirstList> lists{};

  std::string_view operator[](ZeekField field) const { return texts[static_cast<std::size_t>(field)]; }
  bool has(ZeekField field) const { return (*this)[field].data() != nullptr; }
  std::span<const std::string_view> list(ZeekField field) const {
    return lists[static_cast<std::size_t>(field) - kZeekFirstList];
  }
};

// Which log a record with these fields can only be of, for logs that do not say it.
template <typename Has>
ZeekLog zeek_log_from_fields(const Has& has) {
  if (has(ZeekField::kConnState) || has(ZeekField::kOrigIpBytes)) return ZeekLog::kConn;
  if (has(ZeekField::kTransId) && (has(ZeekField::kRejected) || has(ZeekField::kQtype) || has(ZeekField::kRcode)))
    return ZeekLog::kDns;
  if (has(ZeekField::kEstablished) || (has(ZeekField::kResumed) && has(ZeekField::kCipher))) return ZeekLog::kSsl;
  if (has(ZeekField::kRequestBodyLen) && !has(ZeekField::kCallId)) return ZeekLog::kHttp;  // SIP has a Call-ID
  if (has(ZeekField::kFuid) && has(ZeekField::kSeenBytes)) return ZeekLog::kFiles;
  return ZeekLog::kUnknown;
}

class ZeekRows {
 public:
  explicit ZeekRows(DecodeContext& context);
  // Adds the rows of one line, or tells what is weird about it.
  void add(ZeekLog log, const ZeekValues& values);

 private:
  struct Ends;  // time, both addresses and ports: what all logs but files begin with
  bool ends(const ZeekValues& values, Ends& out);
  bool bad(std::string_view code, std::string_view text);
  std::string_view text(std::string_view raw);
  std::string_view symbol(std::string_view raw) { return text(raw); }
  template <typename T>
  bool number(std::string_view raw, T& out);
  template <typename T>
  bool optional_number(std::string_view raw, std::optional<T>& out);
  bool counters(const ZeekValues& values, struct Flow& flow);
  void conn(const ZeekValues& values);
  void dns(const ZeekValues& values);
  void dns_answers(const ZeekValues& values, const struct Dns& dns);
  void ssl(const ZeekValues& values);
  void http(const ZeekValues& values);
  void files(const ZeekValues& values);
  std::string_view sensor(const ZeekValues& values);

  Emitter& emitter_;
  std::string sensor_;
  bool sensor_given_;
  TextSlots slots_;
  TextSlots answer_slots_;
  std::string scratch_;
};

}  // namespace rw
