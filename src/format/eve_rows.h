// What the events of Suricata's EVE log mean.
//
// flow -> flows, initiator first. netflow -> flows too, one direction each, under the sensor's name with " netflow"
// after it: a Suricata that writes both tells the same packets twice, and volumes are counted from one sensor. Suricata
// counts link-layer bytes and does not say which link layer, so `bytes` is larger than the IP layer's by 14 per packet
// on Ethernet. dns -> dns and dns_answers, in the shapes of versions 1 (one event a record), 2 and 3; a query and its
// response are rows of their own, as they are events of their own. tls and quic -> tls, http -> http, alert -> alerts.
// Other events are counted by kind. A row's sensor is the --sensor option's, else the event's `host`, else the input's
// folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "format/format.h"
#include "format/text_fields.h"

namespace rw {

// EVE_FIELD(Id, "path"), as JsonLine names paths.
#define RW_EVE_FIELDS(FIELD)                                                                                           \
  FIELD(Timestamp, "timestamp")                                                                                        \
  FIELD(EventType, "event_type")                                                                                       \
  FIELD(Host, "host")                                                                                                  \
  FIELD(FlowId, "flow_id")                                                                                             \
  FIELD(SrcIp, "src_ip")                                                                                               \
  FIELD(SrcPort, "src_port")                                                                                           \
  FIELD(DestIp, "dest_ip")                                                                                             \
  FIELD(DestPort, "dest_port") FIELD(Proto, "proto") FIELD(AppProto, "app_proto") FIELD(IcmpType, "icmp_type") FIELD(  \
      IcmpCode, "icmp_code") FIELD(FlowPktsToServer, "flow/pkts_toserver")                                             \
      FIELD(FlowPktsToClient, "flow/pkts_toclient") FIELD(FlowBytesToServer, "flow/bytes_toserver") FIELD(             \
          FlowBytesToClient, "flow/bytes_toclient") FIELD(FlowStart, "flow/start") FIELD(FlowEnd, "flow/end")          \
          FIELD(NetflowPkts, "netflow/pkts") FIELD(NetflowBytes, "netflow/bytes") FIELD(NetflowStart, "netflow/start") \
              FIELD(NetflowEnd, "netflow/end") FIELD(TcpFlags, "tcp/tcp_flags") FIELD(                                 \
                  TcpFlagsToServer, "tcp/tcp_flags_ts") FIELD(TcpFlagsToClient, "tcp/tcp_flags_tc")                    \
                  FIELD(DnsType, "dns/type") FIELD(DnsId, "dns/id") FIELD(DnsFlags, "dns/flags") FIELD(                \
                      DnsOpcode, "dns/opcode") FIELD(DnsRcode, "dns/rcode") FIELD(DnsRrname, "dns/rrname")             \
                      FIELD(DnsRrtype, "dns/rrtype") FIELD(DnsTtl, "dns/ttl") FIELD(DnsRdata, "dns/rdata") FIELD(      \
                          TlsSni, "tls/sni") FIELD(TlsVersion, "tls/version") FIELD(TlsSubject, "tls/subject")         \
                          FIELD(TlsIssuer, "tls/issuerdn") FIELD(TlsJa3, "tls/ja3/hash") FIELD(                        \
                              TlsJa3s, "tls/ja3s/hash") FIELD(TlsJa4, "tls/ja4") FIELD(TlsCipher, "tls/cipher_suite")  \
                              FIELD(QuicSni, "quic/sni") FIELD(QuicVersion, "quic/version") FIELD(                     \
                                  QuicJa3, "quic/ja3/hash") FIELD(QuicJa3s, "quic/ja3s/hash")                          \
                                  FIELD(QuicJa4, "quic/ja4") FIELD(HttpHostname, "http/hostname")                      \
                                      FIELD(HttpUrl, "http/url") FIELD(HttpUserAgent, "http/http_user_agent")          \
                                          FIELD(HttpContentType, "http/http_content_type") FIELD(                      \
                                              HttpReferer, "http/http_refer") FIELD(HttpMethod, "http/http_method")    \
                                              FIELD(HttpStatus, "http/status") FIELD(HttpLength, "http/length")        \
                                                  FIELD(AlertAction, "alert/action")                                   \
                                                      FIELD(AlertSignatureId, "alert/signature_id")                    \
                                                          FIELD(AlertSignature, "alert/signature")                     \
                                                              FIELD(AlertCategory, "alert/category")                   \
                                                                  FIELD(AlertSeverity, "alert/severity")               \
                                                                      FIELD(FileName, "fileinfo/filename")             \
                                                                          FIELD(FileSize, "fileinfo/size")             \
                                                                              FIELD(FileMd5, "fileinfo/md5") FIELD(    \
                                                                                  FileSha1, "fileinfo/sha1")           \
                                                                                  FIELD(FileSha256,                    \
                                                                                        "fileinfo/sha256") /* lists */ \
      FIELD(Vlan, "vlan[]") FIELD(Alpn, "tls/client_alpns[]") FIELD(QueryRrname, "dns/queries[]/rrname")               \
          FIELD(QueryRrtype, "dns/queries[]/rrtype") FIELD(AnswerRrname, "dns/answers[]/rrname")                       \
              FIELD(AnswerRrtype, "dns/answers[]/rrtype") FIELD(AnswerTtl, "dns/answers[]/ttl")                        \
                  FIELD(AnswerRdata, "dns/answers[]/rdata") FIELD(AnswerSrvName, "dns/answers[]/srv/name")

enum class EveField : std::uint8_t {
#define RW_EVE_ENUM(id, path) k##id,
  RW_EVE_FIELDS(RW_EVE_ENUM)
#undef RW_EVE_ENUM
};
std::span<const std::string_view> eve_field_paths();  // in the order of EveField

class JsonLine;

class EveRows {
 public:
  explicit EveRows(DecodeContext& context);
  // Adds the rows of the event that `event` has parsed, tells what is weird about it, or counts it as of a kind not
  // read.
  void add(const JsonLine& event);

 private:
  struct Ends;  // time, both addresses and ports, transport
  std::string_view text(EveField field) const { return texts_[static_cast<std::size_t>(field)]; }
  std::string_view escaped(EveField field) { return slots_.escaped(text(field)); }
  bool has(EveField field) const { return text(field).data() != nullptr; }
  bool bad(std::string_view code, std::string_view detail);
  bool ends(Ends& out);
  template <typename T>
  bool number(EveField field, T& out);
  template <typename T>
  bool optional_number(EveField field, std::optional<T>& out);
  bool flow_common(EveField start, EveField end, struct Flow& flow);
  void flow();
  void netflow();
  void dns();
  void dns_answers(const struct Dns& dns);
  void tls();
  void quic();
  void http();
  void alert();
  void file();
  bool same_answer_event(const struct Dns& dns);

  Emitter& emitter_;
  const JsonLine* event_ = nullptr;
  std::span<const std::string_view> texts_;  // of event_
  std::string sensor_;
  bool sensor_given_;
  std::string netflow_sensor_;
  TextSlots slots_;
  TextSlots answer_slots_;
  std::string last_answer_;  // flow id, DNS id and question of the last version 1 answer event
};

}  // namespace rw
