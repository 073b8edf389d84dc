// The words of each table's filters, and the lines that document them.
#include "store/filter_words.h"

#include <algorithm>

#include "model/records.h"

namespace rw {
namespace {

using Kind = FilterWord::Kind;

// ---- expressions

template <const char* Name>
ExprPtr column() {
  return expr::column(Name);
}

#define RW_FILTER_COLUMN(identifier, name) constexpr char identifier[] = name
RW_FILTER_COLUMN(kProto, "proto");
RW_FILTER_COLUMN(kTransport, "transport");
RW_FILTER_COLUMN(kTcpFlags, "tcp_flags");
RW_FILTER_COLUMN(kRevTcpFlags, "rev_tcp_flags");
RW_FILTER_COLUMN(kServerName, "server_name");
RW_FILTER_COLUMN(kSensor, "sensor");
RW_FILTER_COLUMN(kDirectionColumn, "direction");
RW_FILTER_COLUMN(kName, "name");
RW_FILTER_COLUMN(kQuestion, "question");
RW_FILTER_COLUMN(kTarget, "target");
RW_FILTER_COLUMN(kType, "type");
RW_FILTER_COLUMN(kRcode, "rcode");
RW_FILTER_COLUMN(kRegisteredDomain, "registered_domain");
RW_FILTER_COLUMN(kResponseTime, "response_time");
#undef RW_FILTER_COLUMN

ExprPtr received_bytes() { return expr::binary(Expr::Kind::kMul, expr::column("rev_bytes"), expr::column("sampling")); }
ExprPtr received_packets() {
  return expr::binary(Expr::Kind::kMul, expr::column("rev_packets"), expr::column("sampling"));
}
// Null for a flow without duration: a rate that nobody knows is neither high nor low.
ExprPtr per_second(ExprPtr amount, std::int64_t factor) {
  return expr::binary(Expr::Kind::kDiv,
                      expr::binary(Expr::Kind::kMul, std::move(amount), expr::number(factor * 1'000'000)),
                      expr::duration_us());
}
ExprPtr bits_per_second() { return per_second(expr::volume_bytes(), 8); }
ExprPtr packets_per_second() { return per_second(expr::volume_packets(), 1); }
ExprPtr bytes_per_packet() { return expr::binary(Expr::Kind::kDiv, expr::volume_bytes(), expr::volume_packets()); }
ExprPtr response_us() { return expr::binary(Expr::Kind::kSub, expr::column("response_time"), expr::column("time")); }

// ---- flows

constexpr FilterSide kFlowSides[] = {{"src", "src", "src_port", "src_asn"}, {"dst", "dst", "dst_port", "dst_asn"}};

constexpr FilterWord kFlowWords[] = {
    {"host", Kind::kHost},
    {"addr", Kind::kHost},
    {"net", Kind::kNet},
    {"port", Kind::kPort},
    {"portrange", Kind::kPort},
    {"as", Kind::kAsn},
    {"asn", Kind::kAsn},
    {"country", Kind::kCountry},
    {"proto", Kind::kProtocol, column<kProto>},
    {"ip", Kind::kFamily, nullptr, 4},
    {"ip4", Kind::kFamily, nullptr, 4},
    {"ipv4", Kind::kFamily, nullptr, 4},
    {"inet", Kind::kFamily, nullptr, 4},
    {"ip6", Kind::kFamily, nullptr, 6},
    {"ipv6", Kind::kFamily, nullptr, 6},
    {"inet6", Kind::kFamily, nullptr, 6},
    {"tcp", Kind::kIsProtocol, column<kProto>, 6},
    {"udp", Kind::kIsProtocol, column<kProto>, 17},
    {"icmp", Kind::kIsProtocol, column<kProto>, 1},
    {"icmp6", Kind::kIsProtocol, column<kProto>, 58},
    {"igmp", Kind::kIsProtocol, column<kProto>, 2},
    {"gre", Kind::kIsProtocol, column<kProto>, 47},
    {"esp", Kind::kIsProtocol, column<kProto>, 50},
    {"ah", Kind::kIsProtocol, column<kProto>, 51},
    {"sctp", Kind::kIsProtocol, column<kProto>, 132},
    {"ipip", Kind::kIsProtocol, column<kProto>, 4},
    {"ospf", Kind::kIsProtocol, column<kProto>, 89},
    {"bytes", Kind::kNumber, expr::volume_bytes},
    {"packets", Kind::kNumber, expr::volume_packets},
    {"sent_bytes", Kind::kNumber, expr::sent_bytes},
    {"sent_packets", Kind::kNumber, expr::sent_packets},
    {"received_bytes", Kind::kNumber, received_bytes},
    {"received_packets", Kind::kNumber, received_packets},
    {"duration", Kind::kDuration, expr::duration_us},
    {"bps", Kind::kNumber, bits_per_second},
    {"pps", Kind::kNumber, packets_per_second},
    {"bpp", Kind::kNumber, bytes_per_packet},
    {"flags", Kind::kFlags, column<kTcpFlags>},
    {"rev_flags", Kind::kFlags, column<kRevTcpFlags>},
    {"app", Kind::kLowerText, expr::app},
    {"sensor", Kind::kText, column<kSensor>},
    {"server_name", Kind::kText, column<kServerName>},
    {"sni", Kind::kText, column<kServerName>},
    {"name", Kind::kText, column<kServerName>},
    {"domain", Kind::kDomain, column<kServerName>},
    {"direction", Kind::kDirection, column<kDirectionColumn>},
    {"icmp-type", Kind::kIcmpType},
    {"any", Kind::kAny},
};

constexpr FilterTerm kFlowTerms[] = {
    {"[src|dst] host ADDRESS", "either end, or the named one, is this address; 'src or dst', 'src and dst' also work"},
    {"[src|dst] net PREFIX", "lies in 192.0.2.0/24 or 2001:db8::/32; 'net 192.0.2.0 mask 255.255.255.0' also works"},
    {"[src|dst] port PORT", "a number, a service name, or a range: port 6881-6889"},
    {"[src|dst] as NUMBER", "AS number as the sensor told it"},
    {"[src|dst] country CODE", "country of the address, where geography was ingested: country KP"},
    {"proto NAME",
     "IP protocol by name or number; tcp, udp, icmp, icmp6, gre, esp also stand alone, and before "
     "port: tcp dst port 80"},
    {"ip, ip6", "IPv4 or IPv6"},
    {"bytes OP N", "volume, forward plus reverse, scaled by sampling; k M G T are decimal, Ki Mi Gi binary"},
    {"packets OP N", "the same in packets"},
    {"sent_bytes, sent_packets OP N", "what src sent; received_bytes, received_packets: what dst sent back"},
    {"duration OP TIME", "500ms, 10s, 5min, 2h, 1d; a bare number is seconds"},
    {"bps, pps, bpp OP N", "bits per second, packets per second, bytes per packet"},
    {"flags LETTERS",
     "all these TCP flags were sent by src (C E U A P R S F): flags S and not flags A; "
     "'flags = S' is exactly these; rev_flags: by dst"},
    {"app NAME", "application, as payload or sensor told it, else as the ports suggest"},
    {"sensor NAME", "who saw it"},
    {"server_name NAME", "TLS, QUIC or HTTP server name (also: name, sni)"},
    {"domain NAME", "the server name is this, or ends in it"},
    {"direction ingress|egress", "as the exporter told it"},
    {"icmp-type N", "ICMP or ICMPv6 type"},
    {"COLUMN OP VALUE", "any column of the flows table: vlan 20, sampling > 1, tos = 8, start_time >= 2019-04-23"},
};

// ---- dns

constexpr FilterSide kDnsSides[] = {{"client", "client", "client_port", ""},
                                    {"server", "server", "server_port", ""},
                                    {"src", "client", "client_port", ""},
                                    {"dst", "server", "server_port", ""}};

constexpr FilterWord kDnsWords[] = {
    {"host", Kind::kHost},
    {"addr", Kind::kHost},
    {"net", Kind::kNet},
    {"port", Kind::kPort},
    {"country", Kind::kCountry},
    {"ip", Kind::kFamily, nullptr, 4},
    {"ip4", Kind::kFamily, nullptr, 4},
    {"ip6", Kind::kFamily, nullptr, 6},
    {"name", Kind::kLowerText, column<kName>},
    {"domain", Kind::kDomain, column<kName>},
    {"registered_domain", Kind::kLowerText, column<kRegisteredDomain>},
    {"type", Kind::kDnsType, column<kType>},
    {"rcode", Kind::kDnsRcode, column<kRcode>},
    {"transport", Kind::kLowerText, column<kTransport>},
    {"proto", Kind::kLowerText, column<kTransport>},
    {"tcp", Kind::kIsProtocol, column<kTransport>, 6},
    {"udp", Kind::kIsProtocol, column<kTransport>, 17},
    {"sensor", Kind::kText, column<kSensor>},
    {"unanswered", Kind::kIsNull, column<kResponseTime>},
    {"delay", Kind::kDuration, response_us},
    {"any", Kind::kAny},
};

constexpr FilterTerm kDnsTerms[] = {
    {"[client|server] host ADDRESS", "who asked or who was asked, or the named one (also: src, dst)"},
    {"[client|server] net PREFIX", "lies in 192.0.2.0/24 or 2001:db8::/32"},
    {"[client|server] port PORT", "a number or a range"},
    {"name NAME", "the name asked for; * and ? are wild: name *.example.org"},
    {"domain NAME", "the name asked for is this, or ends in it"},
    {"registered_domain NAME", "public suffix plus one label"},
    {"type NAME", "question type: A, AAAA, TXT, NULL, TYPE65280 or a number; in [A AAAA] is a list"},
    {"rcode NAME", "response code: NOERROR, NXDOMAIN or a number"},
    {"udp, tcp, transport NAME", "udp, tcp, mdns or llmnr"},
    {"unanswered", "no response was seen"},
    {"delay OP TIME", "from query to response: delay > 500ms"},
    {"sensor NAME", "who saw it"},
    {"COLUMN OP VALUE", "any column of the dns table: query_bytes > 200, answers = 0, id 4660, opcode 5"},
};

// ---- dns_answers

constexpr FilterSide kAnswerSides[] = {{"client", "client", "", ""},
                                       {"server", "server", "", ""},
                                       {"address", "address", "", ""},
                                       {"src", "client", "", ""},
                                       {"dst", "server", "", ""}};

constexpr FilterWord kAnswerWords[] = {
    {"host", Kind::kHost},
    {"addr", Kind::kHost},
    {"net", Kind::kNet},
    {"country", Kind::kCountry},
    {"name", Kind::kLowerText, column<kName>},
    {"domain", Kind::kDomain, column<kName>},
    {"question", Kind::kLowerText, column<kQuestion>},
    {"target", Kind::kLowerText, column<kTarget>},
    {"type", Kind::kDnsType, column<kType>},
    {"sensor", Kind::kText, column<kSensor>},
    {"any", Kind::kAny},
};

constexpr FilterTerm kAnswerTerms[] = {
    {"address net PREFIX", "the answer's address lies in it; address ADDRESS for one"},
    {"[client|server] host ADDRESS", "who asked or who answered"},
    {"name NAME", "the record's owner; * and ? are wild"},
    {"domain NAME", "the record's owner is this, or ends in it"},
    {"question NAME", "the name asked for"},
    {"target NAME", "the name or text that the record holds"},
    {"type NAME", "record type: A, AAAA, MX, … or a number"},
    {"sensor NAME", "who saw it"},
    {"COLUMN OP VALUE", "any column of the dns_answers table: ttl < 60"},
};

}  // namespace

const FilterLanguage& flow_filter() {
  static constexpr FilterLanguage kLanguage{&kFlowTable, kFlowSides, 2, kFlowWords, kFlowTerms};
  return kLanguage;
}

const FilterLanguage& dns_filter() {
  static constexpr FilterLanguage kLanguage{&kDnsTable, kDnsSides, 2, kDnsWords, kDnsTerms};
  return kLanguage;
}

const FilterLanguage& dns_answer_filter() {
  static constexpr FilterLanguage kLanguage{&kDnsAnswerTable, kAnswerSides, 2, kAnswerWords, kAnswerTerms};
  return kLanguage;
}

std::string filter_help(const FilterLanguage& language) {
  std::string out = "Conditions on " + std::string(language.table->name) + ":\n";
  for (const FilterTerm& term : language.terms) {
    ((out += "  ") += term.form) += '\n';
    std::string line = "     ";
    for (std::string_view rest = term.doc; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (line.size() + 1 + end > 78) {
        out += line + '\n';
        line = "     ";
      }
      (line += ' ') += rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out += line + '\n';
  }
  out +=
      "\nJoin them with 'and' (&&), 'or' (||), 'not' (!) and parentheses. 'not' binds\n"
      "tightest; 'and' and 'or' have the same strength and read from left to right,\n"
      "as in tcpdump: 'a or b and c' is '(a or b) and c'.\n"
      "OP is = != < <= > >= (or eq ne lt le gt ge); without one, '=' is meant.\n"
      "Lists: port in [80 443 8000-8010], host 192.0.2.1,192.0.2.2. A bare value after\n"
      "'and' or 'or' repeats the words before: port 80 or 443.\n"
      "Names may hold * and ?, and may stand in quotation marks.\n";
  return out;
}

}  // namespace rw
