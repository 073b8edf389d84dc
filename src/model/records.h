// The records that decoders make, one struct per table, generated from one column list each (so a name has one
// spelling).
//
// A struct member has the column's name and type. Nullable numbers are std::optional; text is a std::string_view that
// is null when its data() is null, and needs to live only until Emitter::add returns. An ADDRESS is one Ip member here
// and two columns, NAME_hi and NAME_lo, in the store.
//
//   Flow flow;
//   flow.src = Ip::v4(0xC0000201);
//   flow.bytes = 1500;
//   emitter.add(flow);
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ip.h"
#include "model/columns.h"

namespace rw {

// COLUMN(name, type, unit, doc) is required, NULLABLE(...) may be unknown, ADDRESS(name, doc) is required,
// NULLABLE_ADDRESS(name, doc) may be unknown. Types: Time I64 U64 U32 U16 U8 F64 Text Symbol.
#define RW_FLOW_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                                                 \
  COLUMN(start_time, Time, "us", "first packet that the sensor counted")                                             \
  COLUMN(end_time, Time, "us", "last packet that the sensor counted, never before start_time")                       \
  ADDRESS(src, "initiator, or the sensor's source where the direction is not known")                                 \
  ADDRESS(dst, "responder")                                                                                          \
  COLUMN(src_port, U16, "", "0 where the protocol has no ports")                                                     \
  COLUMN(dst_port, U16, "", "ICMP: type times 256 plus code")                                                        \
  COLUMN(proto, U8, "", "IANA protocol number")                                                                      \
  COLUMN(tcp_flags, U8, "", "all TCP flags that src sent, ORed")                                                     \
  NULLABLE(rev_tcp_flags, U8, "", "all TCP flags that dst sent, ORed; null where unidirectional")                    \
  COLUMN(bytes, I64, "bytes", "IP-layer bytes that src sent, as counted, before scaling by sampling")                \
  COLUMN(packets, I64, "packets", "packets that src sent, as counted")                                               \
  NULLABLE(rev_bytes, I64, "bytes", "IP-layer bytes that dst sent; null where the sensor is unidirectional")         \
  NULLABLE(rev_packets, I64, "packets", "packets that dst sent; null where unidirectional")                          \
  COLUMN(sampling, U32, "", "one packet in this many was counted; 1 is all. A volume is counters times sampling")    \
  COLUMN(sensor, Symbol, "", "who saw it: exporter address and domain, or the source's name")                        \
  NULLABLE(app, Symbol, "", "application as payload or sensor told it, lower case; null where only ports are known") \
  NULLABLE(server_name, Text, "", "TLS or QUIC server name, or HTTP host, that the initiator asked for; escaped")    \
  NULLABLE(vlan, U16, "", "outermost VLAN id")                                                                       \
  NULLABLE(tos, U8, "", "IPv4 type of service or IPv6 traffic class of the first packet")                            \
  NULLABLE(input_interface, U32, "", "interface index at the exporter")                                              \
  NULLABLE(output_interface, U32, "", "interface index at the exporter")                                             \
  NULLABLE(direction, U8, "", "IPFIX flowDirection: 0 ingress, 1 egress")                                            \
  NULLABLE(src_asn, U32, "", "as the sensor said")                                                                   \
  NULLABLE(dst_asn, U32, "", "as the sensor said")                                                                   \
  NULLABLE(dpi, Symbol, "", "protocol that nDPI names, lower case; null where it was not asked or does not know")    \
  NULLABLE(dpi_category, Symbol, "", "nDPI's category of it, lower case")                                            \
  NULLABLE(dpi_risks, U64, "", "nDPI's risks of the flow as bits, numbered as in its ndpi_risk_enum")                \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_DNS_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                                        \
  COLUMN(time, Time, "us", "of the query, or of the response where no query was seen")                     \
  ADDRESS(client, "who asked")                                                                             \
  ADDRESS(server, "who was asked; the group for multicast DNS")                                            \
  COLUMN(client_port, U16, "", "")                                                                         \
  COLUMN(server_port, U16, "", "")                                                                         \
  COLUMN(transport, Symbol, "", "udp, tcp, mdns or llmnr")                                                 \
  COLUMN(id, U16, "", "message id")                                                                        \
  COLUMN(opcode, U8, "", "RFC 1035 4.1.1; 0 is a standard query")                                          \
  NULLABLE(name, Text, "", "the first question's name, lower case, escaped as RFC 1035 5.1, no final dot") \
  NULLABLE(name_bytes, U16, "bytes", "length of that name on the wire, RFC 1035 3.1")                      \
  NULLABLE(registered_domain, Symbol, "", "public suffix plus one label; null where the name has none")    \
  NULLABLE(type, U16, "", "question type, IANA number")                                                    \
  NULLABLE(rcode, U16, "", "response code with the EDNS extension; null where no response was seen")       \
  NULLABLE(query_bytes, U32, "bytes", "DNS message length of the query; null where not seen")              \
  NULLABLE(response_bytes, U32, "bytes", "DNS message length of the response; null where not seen")        \
  NULLABLE(response_time, Time, "us", "when the response was seen")                                        \
  NULLABLE(flags, U16, "", "header flags of the response, else of the query, as on the wire")              \
  NULLABLE(answers, U16, "", "answer records in the response")                                             \
  COLUMN(sensor, Symbol, "", "who saw it")                                                                 \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_DNS_ANSWER_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                           \
  COLUMN(time, Time, "us", "of the response")                                                        \
  ADDRESS(client, "who asked")                                                                       \
  ADDRESS(server, "who answered")                                                                    \
  NULLABLE(question, Text, "", "name of the question that was answered; escaped")                    \
  COLUMN(name, Text, "", "owner of the record; escaped")                                             \
  NULLABLE(type, U16, "", "IANA number; null where the sensor does not tell")                        \
  NULLABLE(ttl, U32, "s", "")                                                                        \
  NULLABLE_ADDRESS(address, "of A and AAAA records")                                                 \
  NULLABLE(target, Text, "", "name in NS, CNAME, PTR, MX and SRV; text of TXT, cut at 255; escaped") \
  COLUMN(sensor, Symbol, "", "who saw it")                                                           \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_TLS_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                                         \
  COLUMN(time, Time, "us", "of the client's hello")                                                         \
  ADDRESS(src, "client")                                                                                    \
  ADDRESS(dst, "server")                                                                                    \
  COLUMN(src_port, U16, "", "")                                                                             \
  COLUMN(dst_port, U16, "", "")                                                                             \
  COLUMN(proto, U8, "", "6 for TLS, 17 for QUIC and DTLS")                                                  \
  NULLABLE(server_name, Text, "", "RFC 6066 server name; escaped")                                          \
  NULLABLE(version, Symbol, "", "TLSv10 … TLSv13, QUICv1 …, highest offered or agreed as the sensor tells") \
  NULLABLE(cipher, Symbol, "", "agreed cipher suite as the sensor names it")                                \
  NULLABLE(alpn, Symbol, "", "first offered application protocol")                                          \
  NULLABLE(ja3, Symbol, "", "hash as the sensor tells it")                                                  \
  NULLABLE(ja3s, Symbol, "", "hash as the sensor tells it")                                                 \
  NULLABLE(ja4, Symbol, "", "fingerprint as the sensor tells it")                                           \
  NULLABLE(subject, Text, "", "of the server's certificate")                                                \
  NULLABLE(issuer, Text, "", "of the server's certificate")                                                 \
  COLUMN(sensor, Symbol, "", "who saw it")                                                                  \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_HTTP_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)         \
  COLUMN(time, Time, "us", "of the request")                                 \
  ADDRESS(src, "client")                                                     \
  ADDRESS(dst, "server")                                                     \
  COLUMN(src_port, U16, "", "")                                              \
  COLUMN(dst_port, U16, "", "")                                              \
  NULLABLE(method, Symbol, "", "")                                           \
  NULLABLE(host, Text, "", "Host header; escaped")                           \
  NULLABLE(uri, Text, "", "request target; escaped")                         \
  NULLABLE(referrer, Text, "", "")                                           \
  NULLABLE(user_agent, Text, "", "")                                         \
  NULLABLE(status, U16, "", "response status")                               \
  NULLABLE(request_body_bytes, I64, "bytes", "")                             \
  NULLABLE(response_body_bytes, I64, "bytes", "")                            \
  NULLABLE(mime_type, Symbol, "", "of the response, as the sensor tells it") \
  COLUMN(sensor, Symbol, "", "who saw it")                                   \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_ALERT_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)     \
  COLUMN(time, Time, "us", "")                                            \
  ADDRESS(src, "")                                                        \
  ADDRESS(dst, "")                                                        \
  COLUMN(src_port, U16, "", "")                                           \
  COLUMN(dst_port, U16, "", "")                                           \
  COLUMN(proto, U8, "", "")                                               \
  NULLABLE(signature_id, I64, "", "")                                     \
  NULLABLE(signature, Symbol, "", "")                                     \
  NULLABLE(category, Symbol, "", "")                                      \
  NULLABLE(severity, U8, "", "as the sensor grades it: 1 is the gravest") \
  NULLABLE(verdict, Symbol, "", "allowed or blocked")                     \
  COLUMN(sensor, Symbol, "", "who saw it")                                \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_INTERFACE_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)              \
  COLUMN(time, Time, "us", "when the counters were exported")                          \
  COLUMN(sensor, Symbol, "", "agent address and sub-agent")                            \
  COLUMN(interface_index, U32, "", "")                                                 \
  NULLABLE(speed_bps, U64, "bit/s", "")                                                \
  NULLABLE(input_bytes, U64, "bytes", "since the agent started")                       \
  NULLABLE(input_packets, U64, "packets", "unicast, multicast and broadcast together") \
  NULLABLE(input_errors, U64, "packets", "errors and discards")                        \
  NULLABLE(output_bytes, U64, "bytes", "since the agent started")                      \
  NULLABLE(output_packets, U64, "packets", "")                                         \
  NULLABLE(output_errors, U64, "packets", "errors and discards")                       \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_MINING_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                               \
  COLUMN(time, Time, "us", "of the session's first message that its protocol shows")                 \
  COLUMN(end_time, Time, "us", "of the last message seen")                                           \
  ADDRESS(client, "who mines, or who opened the connection between nodes")                           \
  ADDRESS(server, "pool, or the other node")                                                         \
  COLUMN(client_port, U16, "", "")                                                                   \
  COLUMN(server_port, U16, "", "")                                                                   \
  COLUMN(kind, Symbol, "", "pool or node")                                                           \
  COLUMN(protocol, Symbol, "", "stratum, stratum2, monero-login, ethproxy, getwork, levin, bitcoin") \
  NULLABLE(coin, Symbol, "", "where the payload says it: bitcoin, litecoin, monero, ethereum")       \
  NULLABLE(worker, Text, "", "name that the miner logs in with; escaped, cut at 128")                \
  NULLABLE(agent, Text, "", "mining software as it names itself; escaped, cut at 128")               \
  COLUMN(messages, I64, "messages", "that the client sent")                                          \
  COLUMN(rev_messages, I64, "messages", "that the server sent")                                      \
  COLUMN(sensor, Symbol, "", "who saw it")                                                           \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_FILE_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)      \
  COLUMN(time, Time, "us", "when its transfer began")                     \
  ADDRESS(src, "client of the transfer")                                  \
  ADDRESS(dst, "server of the transfer")                                  \
  NULLABLE(src_port, U16, "", "")                                         \
  NULLABLE(dst_port, U16, "", "")                                         \
  NULLABLE(name, Text, "", "file name as the protocol tells it; escaped") \
  NULLABLE(mime_type, Symbol, "", "as the sensor tells it")               \
  NULLABLE(bytes, I64, "bytes", "seen of it")                             \
  NULLABLE(md5, Text, "", "lower-case hexadecimal")                       \
  NULLABLE(sha1, Text, "", "lower-case hexadecimal")                      \
  NULLABLE(sha256, Text, "", "lower-case hexadecimal")                    \
  COLUMN(sensor, Symbol, "", "who saw it")                                \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_SCAN_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                            \
  COLUMN(time, Time, "us", "when the scanner saw it")                                           \
  ADDRESS(address, "the host that answered")                                                    \
  COLUMN(port, U16, "", "open port; 0 where the row is about the host alone")                   \
  COLUMN(proto, U8, "", "IANA protocol number; 0 where the row is about the host alone")        \
  NULLABLE(service, Symbol, "", "as the scanner names it, lower case: openvpn, isakmp, winbox") \
  NULLABLE(product, Symbol, "", "software or device that the banner shows")                     \
  NULLABLE(product_version, Symbol, "", "")                                                     \
  NULLABLE(os, Symbol, "", "operating system as the scanner guesses it")                        \
  NULLABLE(device, Symbol, "", "kind of device as the scanner says it")                         \
  NULLABLE(banner, Text, "", "first 255 bytes of the answer; escaped")                          \
  NULLABLE(name, Text, "", "host name that the scanner tells")                                  \
  COLUMN(scanner, Symbol, "", "shodan, censys, nmap or masscan")                                \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_INDICATOR_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                                       \
  COLUMN(time, Time, "us", "of the snapshot that holds it: the list's own date, else when it was ingested")     \
  COLUMN(purpose, Symbol, "", "threat, tor, hosting, cdn, vpn, proxy, pool, content")                           \
  COLUMN(kind, Symbol, "", "address, prefix, domain, url, hash, ja3, ja4")                                      \
  COLUMN(indicator, Text, "", "canonical text: address, prefix, lower-case domain, URL, hexadecimal hash")      \
  NULLABLE_ADDRESS(first, "first address of an address or prefix")                                              \
  NULLABLE_ADDRESS(last, "last address of it")                                                                  \
  NULLABLE(label, Symbol, "", "what it stands for: malware family, provider, category, relay flags")            \
  COLUMN(source_list, Symbol, "", "name of the list")                                                           \
  NULLABLE(valid_from, Time, "us", "inclusive; null where the list gives none: then the snapshot's time holds") \
  NULLABLE(valid_until, Time, "us", "exclusive; null where the list gives none")                                \
  NULLABLE(confidence, U8, "percent", "as the list grades it")                                                  \
  NULLABLE(reference, Text, "", "identifier of the entry in its source")                                        \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_MAIL_ROW_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                                               \
  COLUMN(time, Time, "us", "begin of the report's period; of a failure report the arrival of the message it is about") \
  COLUMN(end_time, Time, "us", "end of that period; the same for a failure report")                                    \
  COLUMN(kind, Symbol, "", "aggregate, failure or tls")                                                                \
  COLUMN(domain, Symbol, "", "whose report it is: the domain of the policy; lower case, A-labels")                     \
  COLUMN(reporter, Symbol, "", "organisation that sent the report, as it names itself; escaped")                       \
  NULLABLE(reporter_address, Symbol, "", "mail address that it gives")                                                 \
  NULLABLE(report_id, Text, "", "as the reporter numbers it; escaped")                                                 \
  NULLABLE_ADDRESS(source, "who sent the messages; null where the report tells none")                                  \
  COLUMN(messages, I64, "messages", "how many the row stands for; TLS: sessions")                                      \
  NULLABLE(disposition, Symbol, "",                                                                                    \
           "what the receiver did: none, quarantine, reject, pass (RFC 9990); failure: as it says")                    \
  NULLABLE(dkim_aligned, Symbol, "", "pass or fail: DMARC's view of DKIM")                                             \
  NULLABLE(spf_aligned, Symbol, "", "pass or fail: DMARC's view of SPF")                                               \
  NULLABLE(header_from, Symbol, "", "domain of the From field")                                                        \
  NULLABLE(envelope_from, Symbol, "", "domain of the reverse path")                                                    \
  NULLABLE(envelope_to, Symbol, "", "domain of the recipient")                                                         \
  NULLABLE(override_reason, Symbol, "", "why the receiver did otherwise than asked: forwarded, mailing_list, …")       \
  NULLABLE(override_comment, Text, "", "escaped")                                                                      \
  NULLABLE(spf_domain, Symbol, "", "domain that SPF was checked for")                                                  \
  NULLABLE(spf_scope, Symbol, "", "mfrom or helo")                                                                     \
  NULLABLE(spf_result, Symbol, "", "RFC 8601 2.7.2")                                                                   \
  NULLABLE(dkim_domain, Symbol, "", "d= of the signature that counts: an aligned pass, else a pass, else the first")   \
  NULLABLE(dkim_selector, Symbol, "", "s= of it")                                                                      \
  NULLABLE(dkim_result, Symbol, "", "RFC 8601 2.7.1")                                                                  \
  NULLABLE(dkim_others, Text, "", "the other signatures: domain/selector=result, separated by spaces")                 \
  NULLABLE(policy, Symbol, "", "p of the policy that the receiver found; TLS: sts, tlsa or no-policy-found")           \
  NULLABLE(policy_subdomains, Symbol, "", "sp")                                                                        \
  NULLABLE(policy_missing, Symbol, "", "np, for names that do not exist (RFC 9990)")                                   \
  NULLABLE(adkim, Symbol, "", "r or s")                                                                                \
  NULLABLE(aspf, Symbol, "", "r or s")                                                                                 \
  NULLABLE(pct, U8, "percent", "RFC 7489 only")                                                                        \
  NULLABLE(testing, Symbol, "", "y or n (RFC 9990)")                                                                   \
  NULLABLE(discovery, Symbol, "", "psl or treewalk (RFC 9990)")                                                        \
  NULLABLE(result, Symbol, "", "TLS: success or the failure's type (RFC 8460 4.3); failure: auth-failure's kind")      \
  NULLABLE(receiver, Symbol, "", "TLS: name of the receiving mail server")                                             \
  NULLABLE_ADDRESS(receiver_address, "TLS: address of it")                                                             \
  NULLABLE(detail, Text, "",                                                                                           \
           "TLS: failure reason and further information; failure: the message's identifier; escaped")                  \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_MESSAGE_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                                               \
  COLUMN(time, Time, "us", "received: the topmost Received field's time, else Date, else when it was checked")        \
  NULLABLE(message_id, Text, "", "without < and >; escaped")                                                          \
  NULLABLE(in_reply_to, Text, "", "the message it answers; escaped")                                                  \
  NULLABLE_ADDRESS(source, "client that handed the message over, as a trusted Received field or the milter tells it") \
  NULLABLE(helo, Text, "", "as the client said it; escaped")                                                          \
  NULLABLE(envelope_from, Text, "", "reverse path; empty for a bounce; escaped")                                      \
  NULLABLE(envelope_domain, Symbol, "", "registered domain of it")                                                    \
  COLUMN(author_state, Symbol, "", "one, none, several or ambiguous: what careful readers see in From")               \
  NULLABLE(from_address, Text, "", "of the author; escaped")                                                          \
  NULLABLE(from_domain, Symbol, "", "its domain; lower case, A-labels")                                               \
  NULLABLE(from_name, Text, "", "display name; escaped")                                                              \
  NULLABLE(reply_to_address, Text, "", "where answers go; null where From says it; escaped")                          \
  NULLABLE(reply_to_domain, Symbol, "", "")                                                                           \
  NULLABLE(recipient, Text, "",                                                                                       \
           "hash of the first recipient, under the lake's secret seed, so that correspondences can be followed")      \
  NULLABLE(recipient_domain, Symbol, "", "")                                                                          \
  NULLABLE(subject, Text, "", "decoded; or its hash where settings say so; escaped")                                  \
  COLUMN(spf, Symbol, "", "RFC 8601 2.7.2; none where the client is not known")                                       \
  NULLABLE(spf_domain, Symbol, "", "")                                                                                \
  COLUMN(dkim, Symbol, "", "best result of all signatures, RFC 8601 2.7.1")                                           \
  NULLABLE(dkim_domain, Symbol, "", "d= of it")                                                                       \
  NULLABLE(dkim_selector, Symbol, "", "s= of it")                                                                     \
  COLUMN(arc, Symbol, "", "none, pass or fail")                                                                       \
  COLUMN(dmarc, Symbol, "", "result under RFC 9989")                                                                  \
  COLUMN(dmarc_7489, Symbol, "", "result under RFC 7489")                                                             \
  NULLABLE(dmarc_domain, Symbol, "", "where the policy stands")                                                       \
  NULLABLE(dmarc_policy, Symbol, "",                                                                                  \
           "none, quarantine or reject as it applies to the author's domain; null: there is none")                    \
  COLUMN(verdict, Symbol, "", "see mail/verdict.h: pass, fail-reject, fail-quarantine, fail-delivered, …")            \
  NULLABLE(impersonates, Symbol, "", "own or partner domain or name that the author looks like")                      \
  NULLABLE(impersonation, Symbol, "", "how: confusable, distance, added-words, other-suffix, display-name, …")        \
  COLUMN(links, U32, "", "different link targets in the text")                                                        \
  COLUMN(misleading_links, U32, "", "links whose text names another domain than their target")                        \
  NULLABLE(link_domains, Text, "", "registered domains of targets, separated by spaces, at most 20")                  \
  COLUMN(attachments, U32, "", "")                                                                                    \
  COLUMN(macros, U32, "", "documents with macros, in archives too")                                                   \
  NULLABLE(attachment_types, Text, "", "types by content, separated by spaces, at most 20")                           \
  NULLABLE(malware, Text, "", "names that clamd or YARA gave; escaped")                                               \
  COLUMN(signs, Text, "", "short names of all that stood out, separated by spaces; empty: nothing did")               \
  NULLABLE(sketch, Text, "", "64 hexadecimal minima of the text's shingles, for reuse of text")                       \
  NULLABLE(text_bytes, U32, "bytes", "length of the text that the author wrote, quotes left out")                     \
  NULLABLE(body, Text, "", "the text; only where settings ask for it; escaped")                                       \
  COLUMN(sensor, Symbol, "", "milter, or the source's name")                                                          \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_MAIL_AUDIT_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                             \
  COLUMN(time, Time, "us", "when the audit asked")                                                     \
  COLUMN(domain, Symbol, "", "lower case, A-labels")                                                   \
  COLUMN(topic, Symbol, "", "spf, dkim, dmarc, mta-sts, tls-rpt, bimi, dane, dnssec, mx or grade")     \
  COLUMN(item, Symbol, "",                                                                             \
         "what was looked at: a short stable kebab-case word, with a selector or name behind a slash") \
  COLUMN(status, Symbol, "", "good, info, warning, bad or unknown (the DNS did not answer)")           \
  NULLABLE(value, Text, "", "what was found: the record's text, a number, a grade; escaped")           \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

#define RW_WEIRD_COLUMNS(COLUMN, NULLABLE, ADDRESS, NULLABLE_ADDRESS)                                               \
  COLUMN(time, Time, "us", "when it was ingested")                                                                  \
  COLUMN(source, Symbol, "", "the input's name")                                                                    \
  COLUMN(format, Symbol, "", "the format that was being read")                                                      \
  COLUMN(code, Symbol, "", "what kind of thing was wrong")                                                          \
  COLUMN(byte_offset, I64, "bytes", "where, after decompression")                                                   \
  COLUMN(occurrences, I64, "", "how many this row stands for: the first of a kind in an input are kept one by one") \
  NULLABLE(detail, Text, "", "what was found; escaped, cut at 200 characters")                                      \
  COLUMN(ingest, U32, "", "number of the ingest that brought the row")

namespace columns {
using Time = std::int64_t;
using I64 = std::int64_t;
using U64 = std::uint64_t;
using U32 = std::uint32_t;
using U16 = std::uint16_t;
using U8 = std::uint8_t;
using F64 = double;
using Text = std::string_view;
using Symbol = std::string_view;
template <typename T>
struct Nullable {
  using Value = std::optional<T>;
};
template <>
struct Nullable<std::string_view> {
  using Value = std::string_view;
};
}  // namespace columns

#define RW_MEMBER(name, type, unit, doc) columns::type name{};
#define RW_MEMBER_NULLABLE(name, type, unit, doc) columns::Nullable<columns::type>::Value name{};
#define RW_MEMBER_ADDRESS(name, doc) Ip name{};
#define RW_MEMBER_NULLABLE_ADDRESS(name, doc) std::optional<Ip> name{};
#define RW_RECORD(Name, COLUMNS, spec)                                                    \
  struct Name {                                                                           \
    COLUMNS(RW_MEMBER, RW_MEMBER_NULLABLE, RW_MEMBER_ADDRESS, RW_MEMBER_NULLABLE_ADDRESS) \
  };                                                                                      \
  extern const TableSpec spec;

RW_RECORD(Flow, RW_FLOW_COLUMNS, kFlowTable)                         // flows
RW_RECORD(Dns, RW_DNS_COLUMNS, kDnsTable)                            // dns: one row a transaction
RW_RECORD(DnsAnswer, RW_DNS_ANSWER_COLUMNS, kDnsAnswerTable)         // dns_answers
RW_RECORD(Tls, RW_TLS_COLUMNS, kTlsTable)                            // tls
RW_RECORD(Http, RW_HTTP_COLUMNS, kHttpTable)                         // http
RW_RECORD(Alert, RW_ALERT_COLUMNS, kAlertTable)                      // alerts
RW_RECORD(InterfaceCounters, RW_INTERFACE_COLUMNS, kInterfaceTable)  // interfaces
RW_RECORD(MiningSession, RW_MINING_COLUMNS, kMiningTable)            // mining: one row a session seen by its payload
RW_RECORD(FileTransfer, RW_FILE_COLUMNS, kFileTable)                 // files
RW_RECORD(Scan, RW_SCAN_COLUMNS, kScanTable)                         // scans
RW_RECORD(Indicator, RW_INDICATOR_COLUMNS, kIndicatorTable)          // indicators: reference lists of all kinds
RW_RECORD(MailRow, RW_MAIL_ROW_COLUMNS, kMailRowTable)               // mail_rows: what mail reports say
RW_RECORD(MailMessage, RW_MESSAGE_COLUMNS, kMessageTable)            // messages: one row a message that was checked
RW_RECORD(MailAudit, RW_MAIL_AUDIT_COLUMNS, kMailAuditTable)         // mail_audits: what an audit of a domain found
RW_RECORD(Weird, RW_WEIRD_COLUMNS, kWeirdTable)                      // weird

}  // namespace rw
